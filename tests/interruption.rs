//! A network that is lost, and programs that end, while something is on its way.

use std::sync::Arc;
use std::time::Duration;

use psdeck::session::{Availability, ExitCode, Invoke, Limits, PipelineEvent, Pool, SessionState};
use psdeck::transport::{Ask, Leave};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::session;
use crate::support::console::Lines;
use crate::support::peer::Peer;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_begun_while_the_network_is_lost_hears_of_it_at_once() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let pool = Pool::new(Vec::new());
    let mut lines = Lines::over("", pool.clone());
    let session = session::open(&pool, &peer).await.unwrap();
    lines.good("$s = Get-PSSession").await;
    let server = peer.as_wsman().unwrap();
    server.cut_for(Duration::from_mins(5), "refuse");
    let mut info = session.changes();
    let lost = info.wait_for(|info| info.availability == Availability::None);
    assert_eq!(lost.await.unwrap().state, SessionState::Opened);

    let mut running = session.invoke(&Invoke::objects("7"));
    let first = running.next().await;
    let told = |text: &str| text.contains("is interrupted") && text.contains(" at most");
    assert!(
        matches!(&first, Some(PipelineEvent::Notice(text)) if told(text)),
        "{first:?}"
    );
    let busy = info.wait_for(|info| info.availability == Availability::Busy);
    assert!(busy.await.is_ok());
    for line in ["Disconnect-PSSession $s", "Remove-PSSession $s"] {
        let mut told = lines.asked();
        let before = told.borrow().warnings;
        tokio::select! {
            warned = told.wait_for(|told| told.warnings > before) => assert!(warned.is_ok()),
            done = lines.run(line) => panic!("{line} did not wait: {:?}", done.blocks),
        }
    }
    let warned = lines.told().streams;
    assert!(warned.iter().all(|text| told(text)), "{warned:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_ends_waits_for_what_is_being_left() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let pool = Pool::new(Vec::new());
    let session = session::open(&pool, &peer).await.unwrap();
    let (id, mut info) = (session.info().id, session.changes());
    let server = peer.as_wsman().unwrap();
    server.rule(
        "delay",
        json!({ "op": "Disconnect", "count": 1, "seconds": 3 }),
    );
    let leaving = pool.clone();
    let leaving = tokio::spawn(async move {
        let left = leaving.disconnect(id, Leave::default(), CancellationToken::new());
        left.await
    });
    let leaves = info.wait_for(|info| info.state == SessionState::Disconnecting);
    assert!(leaves.await.is_ok());
    assert_eq!(pool.leave_all(Duration::from_mins(1)).await, [id]);
    assert_eq!(pool.info(id).unwrap().state, SessionState::Disconnected);
    leaving.await.unwrap().unwrap();
    assert_eq!(server.count("executed", "Disconnect"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_ends_gives_up_what_is_being_connected() {
    // Over the connection that left it, and over another one; in good order, and because of a signal.
    let ends = ["Reconnect", "Connect"].map(|op| [(op, false), (op, true)]);
    for (op, by_signal) in ends.into_iter().flatten() {
        let Some(peer) = Peer::wsman().start() else {
            return;
        };
        let pool = Pool::new(Vec::new());
        let ask: Arc<dyn Ask> = Arc::new(peer.answers());
        let request = session::request(&peer);
        let id = session::open(&pool, &peer).await.unwrap().info().id;
        let left = pool.disconnect(id, Leave::default(), CancellationToken::new());
        left.await.unwrap();
        let (pool, id) = if op == "Reconnect" {
            (pool, id)
        } else {
            let other = Pool::new(Vec::new());
            let (target, options, ask) = (&request.target, &request.options, Arc::clone(&ask));
            let listing = other.refresh(target, options, ask, CancellationToken::new());
            let id = listing.await.unwrap()[0];
            (other, id)
        };
        let server = peer.as_wsman().unwrap();
        server.rule("delay_after", json!({ "op": op, "count": 1, "seconds": 3 }));
        let other = pool.clone();
        let connecting =
            tokio::spawn(async move { other.connect(id, ask, CancellationToken::new()).await });
        server.until("it is being connected", |state| {
            state["received"][op].as_u64() > Some(0)
        });
        if by_signal {
            assert_eq!(pool.leave_all(Duration::from_mins(1)).await, [id]);
        } else {
            assert!(pool.close_all(Duration::ZERO).await.is_empty());
        }
        assert!(connecting.await.unwrap().is_err(), "{op}");
        assert_eq!(pool.info(id).unwrap().state, SessionState::Disconnected);
        let shells = server.state()["shells"].clone();
        assert_eq!(shells[0]["state"], "Disconnected", "{op}: {shells}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gives_a_connect_up_waits_for_no_answer() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let pool = Pool::new(Vec::new());
    let session = session::open(&pool, &peer).await.unwrap();
    let (id, mut info) = (session.info().id, session.changes());
    let left = pool.disconnect(id, Leave::default(), CancellationToken::new());
    left.await.unwrap();
    let server = peer.as_wsman().unwrap();
    server.rule(
        "delay",
        json!({ "op": "Reconnect", "count": 1, "seconds": 3 }),
    );
    let cancel = CancellationToken::new();
    let ask: Arc<dyn Ask> = Arc::new(peer.answers());
    let connecting = tokio::spawn({
        let (pool, cancel) = (pool.clone(), cancel.clone());
        async move { pool.connect(id, ask, cancel).await }
    });
    let begun = info.wait_for(|info| info.state == SessionState::Connecting);
    assert!(begun.await.is_ok());
    cancel.cancel();
    let report = connecting.await.unwrap().unwrap_err();
    assert_eq!(report.code, ExitCode::Cancelled);
    assert_eq!(pool.info(id).unwrap().state, SessionState::Connecting);
    // The server was asked: what it gives back is ours.
    let back = info.wait_for(|info| info.state == SessionState::Opened);
    assert!(back.await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_ends_gives_up_what_is_begun_meanwhile() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let limits = Limits {
        close: Duration::from_mins(5),
        ..Limits::default()
    };
    let pool = Pool::with_limits(Vec::new(), limits);
    let ask: Arc<dyn Ask> = Arc::new(peer.answers());
    let left = session::open(&pool, &peer).await.unwrap().info().id;
    let leaving = pool.disconnect(left, Leave::default(), CancellationToken::new());
    leaving.await.unwrap();
    // Its Delete is not answered: the end waits for that.
    session::open(&pool, &peer).await.unwrap();
    let server = peer.as_wsman().unwrap();
    for op in ["Create", "Delete"] {
        server.rule("hang", json!({ "op": op, "count": 0, "seconds": 60 }));
    }
    let request = session::request(&peer);
    let open = || pool.open(&request, Arc::clone(&ask), CancellationToken::new());
    let first = open().await;
    server.until("a Create came", |state| {
        state["rules"][0]["seen"].as_u64() > Some(0)
    });
    let enough = CancellationToken::new();
    let meanwhile = async {
        let given_up = first.session().await.unwrap_err();
        let opened = open().await.session().await;
        let connecting = pool.connect(left, Arc::clone(&ask), CancellationToken::new());
        let connected = connecting.await;
        enough.cancel();
        [Some(given_up), opened.err(), connected.err()]
    };
    let (_, failed) = tokio::join!(pool.close_made(Duration::from_mins(5), &enough), meanwhile);
    let codes = failed.map(|report| report.map(|report| report.code));
    assert_eq!(codes, [Some(ExitCode::Cancelled); 3]);
    let shells = server.state()["shells"].clone();
    assert_eq!(shells[0]["state"], "Disconnected", "{shells}");
}
