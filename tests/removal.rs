//! Sessions that are to end, and servers that do not say that they have.

use std::sync::Arc;
use std::time::Duration;

use psdeck::session::registry::Registry;
use psdeck::session::{ExitCode, Limits, OpenRequest, Pool, SessionId, SessionState};
use psdeck::transport::{Ask, Leave};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::peer::Peer;
use crate::support::wsman::WsmanPeer;

/// A psdeck that remembers, and its server.
struct Deck {
    pool: Pool,
    registry: Registry,
    request: OpenRequest,
    ask: Arc<dyn Ask>,
    peer: Peer,
    _data: tempfile::TempDir,
}

fn pool(registry: &Registry, limits: Limits) -> Pool {
    let pool = Pool::with_limits(Vec::new(), limits);
    pool.remembering(registry.clone(), None, |_| None, |_| ())
}

impl Deck {
    fn new() -> Option<Self> {
        let peer = Peer::wsman().start()?;
        let data = tempfile::tempdir().unwrap();
        let registry = Registry::open(data.path().join("sessions")).unwrap();
        let mut request = crate::session::request(&peer);
        request.options.retry_window = Some(Duration::from_secs(1));
        Some(Self {
            pool: pool(&registry, Limits::default()),
            registry,
            request,
            ask: Arc::new(peer.answers()),
            peer,
            _data: data,
        })
    }

    fn server(&self) -> &WsmanPeer {
        self.peer.as_wsman().unwrap()
    }

    async fn open(&self) -> SessionId {
        let cancel = CancellationToken::new();
        let opening = self.pool.open(&self.request, Arc::clone(&self.ask), cancel);
        opening.await.session().await.unwrap().info().id
    }

    async fn remove(&self, id: SessionId) -> Result<(), psdeck::session::Report> {
        let removing = self
            .pool
            .remove(id, Arc::clone(&self.ask), CancellationToken::new());
        removing.await
    }

    /// The numbers that are remembered.
    fn remembered(&self) -> Vec<u32> {
        let found = self.registry.records().unwrap().records;
        found.iter().map(|(record, _)| record.id).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_close_is_not_answered_is_removed_by_the_next_remove() {
    let Some(mut deck) = Deck::new() else { return };
    let hasty = Limits {
        close: Duration::from_millis(500),
        ..Limits::default()
    };
    deck.pool = pool(&deck.registry, hasty);
    let id = deck.open().await;
    deck.server()
        .rule("hang", json!({"op": "Delete", "count": 0, "seconds": 60}));
    let report = deck.remove(id).await.unwrap_err();
    assert_eq!(report.code, ExitCode::TimedOut, "{}", report.block());
    assert!(
        report.block().contains("psdeck remove 1 "),
        "{}",
        report.block()
    );
    assert_eq!(deck.pool.info(id).unwrap().state, SessionState::Broken);
    assert_eq!(deck.remembered(), [1]);
    // Asked once more while nothing has changed, it says so once more.
    assert!(deck.remove(id).await.is_err());
    assert_eq!(deck.remembered(), [1]);

    deck.server().heal();
    // That a server answers is not a matter of half a second.
    deck.pool = pool(&deck.registry, Limits::default());
    deck.pool.recall().await;
    deck.remove(id).await.unwrap();
    assert_eq!(deck.remembered(), Vec::<u32>::new());
    assert!(deck.pool.info(id).is_none());
    assert_eq!(deck.server().state()["shells"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_a_dead_server_stays_until_it_is_to_be_forgotten() {
    let Some(deck) = Deck::new() else { return };
    let id = deck.open().await;
    let refused = deck.pool.forget(id).await.unwrap_err();
    assert_eq!(refused.code, ExitCode::Refused, "it is open");
    let left = deck
        .pool
        .disconnect(id, Leave::default(), CancellationToken::new());
    left.await.unwrap();
    let Deck {
        peer,
        pool,
        registry,
        ask,
        _data,
        ..
    } = deck;
    drop(peer);
    let removed = pool.remove(id, ask, CancellationToken::new()).await;
    let report = removed.unwrap_err();
    let hint = "psdeck remove --forget 1";
    assert!(report.block().contains(hint), "{}", report.block());
    assert_eq!(pool.info(id).unwrap().state, SessionState::Disconnected);
    assert_eq!(registry.records().unwrap().records.len(), 1);
    pool.forget(id).await.unwrap();
    assert!(pool.info(id).is_none());
    assert_eq!(registry.records().unwrap().records.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_an_opening_that_was_cancelled_is_known_or_remembered() {
    for answers in [true, false] {
        let Some(deck) = Deck::new() else { return };
        let rule = |kind, op, seconds| {
            let arguments = json!({"op": op, "count": 0, "seconds": seconds});
            deck.server().rule(kind, arguments);
        };
        rule("delay_after", "Create", 1);
        // It never opens, however late it is cancelled.
        rule("hang", "Receive", 60);
        if !answers {
            rule("hang", "Delete", 60);
        }
        let cancel = CancellationToken::new();
        let opening = deck
            .pool
            .open(&deck.request, Arc::clone(&deck.ask), cancel.clone());
        let opening = opening.await;
        deck.server().until("a Create came", |state| {
            state["received"]["Create"].as_u64() > Some(0)
        });
        cancel.cancel();
        let report = opening.session().await.unwrap_err();
        assert_eq!(report.code, ExitCode::Cancelled);
        let loose = deck.pool.close_all(Duration::ZERO).await;
        let expected: &[u32] = if answers { &[] } else { &[1] };
        assert_eq!(deck.remembered(), expected);
        assert_eq!(loose.len(), expected.len(), "{loose:?}");
        assert!(loose.iter().all(|one| one.code == ExitCode::Unreachable));
        if answers {
            continue;
        }
        // It is found and ended in good order: there is nothing to tell any more.
        deck.server().heal();
        deck.pool.recall().await;
        deck.remove(SessionId(1)).await.unwrap();
        assert_eq!(deck.pool.close_all(Duration::ZERO).await.len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opening_that_is_refused_halfway_is_remembered_until_it_is_taken_away() {
    let Some(deck) = Deck::new() else { return };
    let rule = |kind, op| {
        let arguments = json!({"op": op, "count": 0, "seconds": 60, "code": 5});
        deck.server().rule(kind, arguments);
    };
    rule("fault", "Receive");
    rule("hang", "Delete");
    let opening = deck.pool.open(
        &deck.request,
        Arc::clone(&deck.ask),
        CancellationToken::new(),
    );
    let report = opening.await.session().await.unwrap_err();
    assert_eq!(report.code, ExitCode::Refused, "{}", report.block());
    assert_eq!(deck.pool.close_all(Duration::ZERO).await.len(), 1);
    assert_eq!(deck.remembered(), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_being_connected_is_removed_once_it_is() {
    let Some(mut deck) = Deck::new() else { return };
    let id = deck.open().await;
    let left = deck
        .pool
        .disconnect(id, Leave::default(), CancellationToken::new());
    left.await.unwrap();
    deck.pool = pool(&deck.registry, Limits::default());
    deck.pool.recall().await;
    deck.server().rule(
        "delay_after",
        json!({"op": "Connect", "count": 1, "seconds": 1}),
    );
    let (other, ask) = (deck.pool.clone(), Arc::clone(&deck.ask));
    let connecting =
        tokio::spawn(async move { other.connect(id, ask, CancellationToken::new()).await });
    deck.server().until("a Connect came", |state| {
        state["received"]["Connect"].as_u64() > Some(0)
    });
    deck.remove(id).await.unwrap();
    assert_eq!(deck.server().state()["shells"], json!([]));
    assert_eq!(deck.remembered(), Vec::<u32>::new());
    connecting.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_waits_for_any_more_is_told_to_go_on() {
    let Some(deck) = Deck::new() else { return };
    let open = deck.open().await;
    let hangs = |op| {
        let arguments = json!({"op": op, "count": 0, "seconds": 60});
        deck.server().rule("hang", arguments);
    };
    hangs("Create");
    hangs("Delete");
    let cancel = CancellationToken::new();
    let opening = deck
        .pool
        .open(&deck.request, Arc::clone(&deck.ask), cancel.clone())
        .await;
    let asked = |op: usize| {
        let seen = move |state: &serde_json::Value| state["rules"][op]["seen"].as_u64() > Some(0);
        tokio::task::block_in_place(|| deck.server().until("it was asked", seen));
    };
    asked(0);
    let given_up = CancellationToken::new();
    let minutes = Duration::from_mins(5);
    let closing = deck.pool.close_made(minutes, &given_up);
    let pressed = async {
        assert!(opening.session().await.is_err());
        asked(1);
        given_up.cancel();
    };
    let (loose, ()) = tokio::join!(closing, pressed);
    let told: Vec<_> = loose.iter().map(|report| report.code).collect();
    assert_eq!(told, [ExitCode::Cancelled, ExitCode::Unreachable]);
    assert!(loose[0].block().contains(&format!("psdeck remove {open} ")));
    assert!(loose[1].block().contains("psdeck remove 2 "));
    assert_eq!(deck.remembered(), [1, 2]);
}
