//! Several psdecks that share the sessions of one user: what one does, the others' lists tell.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use psdeck::server::Demonstration;
use psdeck::session::registry::{RecordState, Registry};
use psdeck::session::{
    Availability, BoxFuture, Connected, Connector, Demo, Description, ExitCode, Holder, Listed,
    OpenRequest, Pool, Report, Session, SessionId, SessionInfo, SessionState, Stages,
};
use psdeck::transport::{
    Answer, Ask, Buffering, Failure, Leave, Nobody, Options, Question, Secret, TargetAddress,
};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::session::objects;

/// The demonstration as servers that outlive a psdeck.
struct Lasting(Demo, Arc<Lists>);

/// What is peculiar about the servers' lists.
#[derive(Default)]
struct Lists {
    /// They come late: told when one is made, and given when it may be.
    slow: Option<(Notify, Semaphore)>,
    /// The account is asked for; all is alice's.
    asks: bool,
    /// What they say, instead of an hour from now on.
    told: Mutex<Option<Told>>,
}

/// What a server says of a session that nobody has.
#[derive(Clone, Copy)]
struct Told {
    left: SystemTime,
    expires: SystemTime,
    runs: bool,
}

/// How long a lost network is tried again.
const WINDOW: Duration = Duration::from_mins(9);

/// Who says that they are there.
struct As(&'static str);

impl Ask for As {
    fn ask(&self, question: Question) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
        assert!(matches!(question, Question::UserName { .. }));
        Box::pin(std::future::ready(Answer::Secret(Secret::new(
            self.0.into(),
        ))))
    }
}

async fn account(target: &TargetAddress, ask: &dyn Ask) -> String {
    let host = target.computer().to_owned();
    match ask.ask(Question::UserName { host }).await {
        Answer::Secret(user) => user.expose().to_owned(),
        other => panic!("{other:?}"),
    }
}

impl Connector for Lasting {
    fn describe(&self, target: &TargetAddress, options: &Options) -> Option<Description> {
        let mut description = self.0.describe(target, options)?;
        if self.1.asks {
            description.user = None;
        }
        Some(description)
    }

    fn connect(
        &self,
        target: TargetAddress,
        options: Options,
        client: Uuid,
        ask: Arc<dyn Ask>,
        stages: Stages,
    ) -> BoxFuture<'static, Result<Connected, Failure>> {
        let (asks, asked) = (self.1.asks, Arc::clone(&ask));
        let connecting = self.0.connect(target.clone(), options, client, ask, stages);
        Box::pin(async move {
            let mut connected = connecting.await?;
            if asks {
                connected.user = Some(account(&target, &*asked).await);
            }
            Ok(connected)
        })
    }

    fn keeps_sessions(&self) -> bool {
        true
    }

    fn list(
        &self,
        target: TargetAddress,
        options: Options,
        ask: Arc<dyn Ask>,
    ) -> BoxFuture<'static, Result<Vec<Listed>, Failure>> {
        let (list, lists) = (
            self.0.list(target.clone(), options, Arc::clone(&ask)),
            Arc::clone(&self.1),
        );
        Box::pin(async move {
            let mut list = list.await?;
            if lists.asks && account(&target, &*ask).await != "alice" {
                list.clear();
            }
            for found in &mut list {
                let idle = Duration::from_hours(1);
                let left = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
                found.disconnected = Some(left);
                found.expires = SystemTime::now().checked_add(idle);
                if let Some(told) = *lists.told.lock().unwrap() {
                    found.disconnected = Some(told.left);
                    found.expires = Some(told.expires);
                    found.running.clear();
                    let command = (Uuid::nil(), "Start-Sleep 600".to_owned());
                    found.running.extend(told.runs.then_some(command));
                }
                found.keeping.idle_timeout = Some(idle);
                found.keeping.buffering = Some(Buffering::Drop);
            }
            if let Some((made, may)) = &lists.slow {
                made.notify_one();
                may.acquire().await.unwrap().forget();
            }
            Ok(list)
        })
    }
}

/// Psdecks on one computer, and the servers that they go to.
struct Computer {
    data: tempfile::TempDir,
    servers: Demonstration,
}

/// One psdeck.
struct Deck {
    pool: Pool,
    registry: Registry,
}

impl Computer {
    fn new() -> Self {
        Self {
            data: tempfile::tempdir().unwrap(),
            servers: Demonstration::new(0),
        }
    }

    fn deck(&self) -> Deck {
        self.deck_of(Lists::default())
    }

    fn deck_of(&self, lists: Lists) -> Deck {
        self.deck_with(Arc::new(lists))
    }

    fn deck_with(&self, lists: Arc<Lists>) -> Deck {
        let registry = Registry::open(self.data.path().join("sessions")).unwrap();
        let pool = Pool::new(vec![Arc::new(Lasting(Demo(self.servers.clone()), lists))]);
        let pool = pool.remembering(registry.clone(), Some(WINDOW), |_| None, |_| ());
        Deck { pool, registry }
    }
}

impl Deck {
    async fn open(&self, name: &str) -> Session {
        self.open_as(name, Arc::new(Nobody)).await
    }

    async fn open_as(&self, name: &str, ask: Arc<dyn Ask>) -> Session {
        let request = OpenRequest {
            target: "demo:Server03".parse().unwrap(),
            name: Some(name.into()),
            options: Options::default(),
            window: None,
            deadline: None,
            kept: false,
        };
        let opening = self
            .pool
            .open(&request, ask, CancellationToken::new())
            .await;
        opening.session().await.unwrap()
    }

    /// Asks the server for its list.
    async fn refresh(&self, options: &Options, ask: Arc<dyn Ask>) -> Vec<SessionId> {
        let target = "demo:Server03".parse().unwrap();
        let listing = self
            .pool
            .refresh(&target, options, ask, CancellationToken::new());
        listing.await.unwrap()
    }

    async fn connect(&self, id: SessionId) -> Result<Session, Report> {
        self.pool
            .connect(id, Arc::new(Nobody), CancellationToken::new())
            .await
    }

    async fn leave(&self, id: SessionId) {
        let left = self
            .pool
            .disconnect(id, Leave::default(), CancellationToken::new());
        left.await.unwrap();
    }

    /// The list, read anew.
    async fn list(&self) -> Vec<SessionInfo> {
        assert_eq!(self.pool.recall().await, Vec::<String>::new());
        self.pool.sessions().now().to_vec()
    }

    async fn states(&self) -> Vec<(u32, SessionState, Availability)> {
        let list = self.list().await.into_iter();
        list.map(|info| (info.id.0, info.state, info.availability))
            .collect()
    }
}

use Availability::{Available, Busy, None as Free};
use SessionState::{Disconnected, Opened};

#[tokio::test]
async fn a_session_goes_from_one_psdeck_to_another_and_back() {
    let computer = Computer::new();
    let (a, b) = (computer.deck(), computer.deck());
    let session = a.open("ITTask").await;
    let id = session.info().id;
    assert_eq!(objects(&session, "$x = 7; $x").await.len(), 1);
    assert_eq!(a.states().await, [(1, Opened, Available)]);
    assert_eq!(b.states().await, [(1, Disconnected, Busy)]);
    let reason = b.list().await[0].reason.clone().unwrap();
    assert!(reason.contains("another psdeck"), "{reason}");
    let refused = b.connect(id).await.unwrap_err();
    assert_eq!(refused.code, ExitCode::Refused);
    assert_eq!(refused.error_id.as_deref(), Some("PSSessionConnectFailed"));

    a.leave(id).await;
    assert_eq!(a.states().await, [(1, Disconnected, Free)]);
    assert_eq!(b.states().await, [(1, Disconnected, Free)]);
    let taken = b.connect(id).await.unwrap();
    assert_eq!(objects(&taken, "$x").await.len(), 1);
    assert_eq!(taken.info().name, "ITTask");
    assert_eq!(a.states().await, [(1, Disconnected, Busy)]);
    assert_eq!(a.connect(id).await.unwrap_err().code, ExitCode::Refused);

    // What this psdeck left once, another one had since: it is connected anew, not gone on with.
    b.leave(id).await;
    let back = a.connect(id).await.unwrap();
    assert_eq!(objects(&back, "$x").await.len(), 1);
    assert_eq!(b.states().await, [(1, Disconnected, Busy)]);
    let removed = a
        .pool
        .remove(id, Arc::new(Nobody), CancellationToken::new());
    removed.await.unwrap();
    assert_eq!(b.states().await, []);
}

#[tokio::test]
async fn a_session_whose_psdeck_is_gone_is_found_and_connected() {
    let computer = Computer::new();
    // A psdeck that ends in the middle of everything: nothing of it has time to do anything.
    let dead = computer.deck();
    let state = |deck: &Deck| deck.registry.records().unwrap().records.remove(0).0.state;
    let dies = move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let session = runtime.block_on(async {
            let session = dead.open("ITTask").await;
            objects(&session, "$x = 7").await;
            // Files are written beside the session.
            for _ in 0..2000 {
                if state(&dead) == RecordState::Opened {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            session
        });
        let written = state(&dead);
        runtime.shutdown_timeout(Duration::from_secs(10));
        drop((session, dead));
        written
    };
    let written = std::thread::spawn(dies).join().unwrap();
    assert_eq!(written, RecordState::Opened);

    let deck = computer.deck();
    let list = deck.list().await;
    let (_, options) = deck.pool.target(list[0].id).unwrap();
    assert_eq!(options.retry_window, Some(WINDOW));
    assert_eq!(list[0].availability, Free);
    let reason = list[0].reason.clone().unwrap();
    assert!(reason.contains("ended without leaving it"), "{reason}");
    assert!(list[0].expires.is_some());
    let session = deck.connect(list[0].id).await.unwrap();
    assert_eq!(objects(&session, "$x").await.len(), 1);
    assert_eq!(session.info().reason, None);
    let written = deck.registry.records().unwrap().records.remove(0).0;
    assert_eq!(written.state, RecordState::Opened);
    assert_eq!(written.expires, None);
}

#[tokio::test]
async fn what_is_closed_is_forgotten_and_what_is_left_is_kept() {
    let computer = Computer::new();
    let deck = computer.deck();
    let closed = deck.open("closed").await.info().id;
    let left = deck.open("left").await.info().id;
    assert_eq!((closed.0, left.0), (1, 2));
    deck.leave(left).await;
    deck.pool.close_all(Duration::from_secs(5)).await;
    let records = deck.registry.records().unwrap().records;
    let records: Vec<_> = records
        .iter()
        .map(|(record, _)| (record.id, record.state))
        .collect();
    assert_eq!(records, [(2, RecordState::Disconnected)]);
}

#[tokio::test]
async fn what_a_server_tells_of_keeps_its_number_until_the_server_has_it_no_more() {
    let computer = Computer::new();
    let ask = |deck: &Deck| {
        let pool = deck.pool.clone();
        async move {
            let target = "demo:Server02".parse().unwrap();
            let options = Options::default();
            pool.refresh(
                &target,
                &options,
                Arc::new(Nobody),
                CancellationToken::new(),
            )
            .await
            .unwrap()
        }
    };
    let first = computer.deck();
    let found = ask(&first).await;
    assert_eq!(found, ask(&computer.deck()).await);
    let told = first.pool.info(found[0]).unwrap();
    assert_eq!(told.keeping.buffering, Some(Buffering::Drop));
    let third = computer.deck();
    assert_eq!(third.states().await, [(1, Disconnected, Free)]);
    let remembered = third.pool.info(found[0]).unwrap();
    assert_eq!(
        (remembered.disconnected, remembered.expires, remembered.user),
        (told.disconnected, told.expires, told.user)
    );
    assert_eq!(remembered.keeping, told.keeping);
    let session = third.connect(found[0]).await.unwrap();
    assert_eq!(session.info().name, "Backups");
    session.close().await.unwrap();
    third.pool.close_all(Duration::ZERO).await;
    assert_eq!(ask(&first).await, []);
    assert_eq!(first.states().await, []);
}

#[tokio::test]
async fn no_session_gets_the_number_of_another() {
    let computer = Computer::new();
    let deck = computer.deck();
    deck.open("first").await;
    // The registry cannot count any more, for a while.
    let wall = deck.registry.folder().join("counter.new");
    std::fs::create_dir_all(wall.join("full")).unwrap();
    deck.open("second").await;
    std::fs::remove_dir_all(&wall).unwrap();
    deck.open("third").await;
    let list = deck.list().await;
    let list: Vec<_> = list.iter().map(|info| (info.id.0, &*info.name)).collect();
    assert_eq!(list, [(1, "first"), (2, "second"), (3, "third")]);
}

#[tokio::test]
async fn a_list_forgets_nothing_that_is_newer_than_its_question() {
    let computer = Computer::new();
    let made = computer.deck();
    let old = made.open("old").await.info().id;
    made.leave(old).await;
    let slow = Some((Notify::new(), Semaphore::new(0)));
    let lists = Arc::new(Lists {
        slow,
        ..Lists::default()
    });
    let asking = computer.deck_with(Arc::clone(&lists));
    let target = "demo:Server03".parse().unwrap();
    let (options, cancel) = (Options::default(), CancellationToken::new());
    let listing = asking
        .pool
        .refresh(&target, &options, Arc::new(Nobody), cancel);
    let (made_of, may) = lists.slow.as_ref().unwrap();
    let meanwhile = async {
        made_of.notified().await;
        let new = made.open("new").await.info().id;
        made.leave(new).await;
        may.add_permits(1);
        new
    };
    let (listed, new) = tokio::join!(listing, meanwhile);
    assert!(!listed.unwrap().contains(&new));
    let left = [(old.0, Disconnected, Free), (new.0, Disconnected, Free)];
    for deck in [&asking, &made, &computer.deck()] {
        let states = deck.states().await;
        assert!(left.iter().all(|left| states.contains(left)), "{states:?}");
    }
}

#[tokio::test]
async fn a_list_forgets_sessions_of_the_account_that_asked_only() {
    let computer = Computer::new();
    let lists = || Lists {
        asks: true,
        ..Lists::default()
    };
    let alices = computer.deck_of(lists());
    let id = alices
        .open_as("ITTask", Arc::new(As("alice")))
        .await
        .info()
        .id;
    alices.leave(id).await;
    let options = Options::default();
    let later = computer.deck_of(lists());
    assert_eq!(later.refresh(&options, Arc::new(As("bob"))).await, []);
    let states = computer.deck().states().await;
    assert!(states.contains(&(id.0, Disconnected, Free)), "{states:?}");
}

#[tokio::test]
async fn whoever_waits_for_the_registry_holds_nobody_up() {
    let computer = Computer::new();
    let deck = computer.deck();
    assert_eq!(deck.registry.next_id(0).unwrap(), 1);
    let all = std::fs::File::open(deck.registry.folder().join("registry.lock")).unwrap();
    all.lock().unwrap();
    // On one thread: whoever keeps it while waiting for a number never gets one.
    let (session, ()) = tokio::join!(deck.open("ITTask"), async { drop(all) });
    assert_eq!(session.info().id.0, 2);
}

#[tokio::test]
async fn what_a_server_told_last_stands() {
    let computer = Computer::new();
    let lists = Arc::new(Lists::default());
    let deck = computer.deck_with(Arc::clone(&lists));
    let hours = |count| Duration::from_hours(count);
    let now = SystemTime::now();
    let says = |told| *lists.told.lock().unwrap() = Some(told);
    let left = deck.open("ITTask").await.info().id;
    deck.leave(left).await;
    let other = computer.deck();
    let options = Options::default();
    let shown = |list: Vec<SessionInfo>| {
        let shown = list.into_iter().find(|info| info.id == left);
        shown.map(|info| (info.disconnected, info.expires, info.running.is_some()))
    };
    // Then a client on another computer has it, and leaves it again.
    for (told, is_written) in [
        (
            Told {
                left: now - hours(3),
                expires: now - hours(1),
                runs: true,
            },
            true,
        ),
        (
            Told {
                left: now - hours(2),
                expires: now + hours(3),
                runs: false,
            },
            true,
        ),
        (
            Told {
                left: now - hours(1),
                expires: now + hours(4),
                runs: true,
            },
            false,
        ),
    ] {
        let wall = deck.registry.folder().join(format!("{left}.json.new"));
        if !is_written {
            std::fs::create_dir_all(wall.join("full")).unwrap();
        }
        says(told);
        assert!(
            deck.refresh(&options, Arc::new(Nobody))
                .await
                .contains(&left)
        );
        let now = Some((Some(told.left), Some(told.expires), told.runs));
        assert_eq!(shown(deck.pool.sessions().now().to_vec()), now);
        if told.expires < SystemTime::now() {
            // Whoever hears nothing from the server takes it for gone.
            continue;
        }
        assert_eq!(shown(deck.list().await), now, "its record is read again");
        assert_eq!(shown(other.list().await) == now, is_written);
    }
}

#[tokio::test]
async fn a_server_that_has_missed_a_dead_psdeck_is_believed() {
    let computer = Computer::new();
    let dead = computer.deck();
    let id = dead.open("ITTask").await.info().id;
    dead.leave(id).await;
    // As if it had been killed in between.
    let (mut record, held) = dead.registry.take(id.0).unwrap().unwrap();
    record.state = RecordState::Opened;
    record.revision += 1;
    held.write(&record).unwrap();
    drop(held);
    let deck = computer.deck();
    let holder = |list: Vec<SessionInfo>| {
        let found = list.into_iter().find(|info| info.id == id);
        found.map(|info| (info.holder, info.reason.is_some()))
    };
    assert_eq!(holder(deck.list().await), Some((Holder::Dead, true)));
    deck.refresh(&Options::default(), Arc::new(Nobody)).await;
    let list = deck.pool.sessions().now().to_vec();
    assert_eq!(holder(list), Some((Holder::Unknown, false)));
    for deck in [deck, computer.deck()] {
        assert_eq!(holder(deck.list().await), Some((Holder::Unknown, false)));
        assert!(!deck.pool.is_abandoned(id));
    }
}
