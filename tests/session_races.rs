//! What is asked of a session at the worst moment: while it is lost, entered, stopped, late. Over the demonstration, with
//! a connection between that holds events back.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use futures_util::FutureExt as _;
use psdeck::psrp::Target;
use psdeck::server::Demonstration;
use psdeck::session::{
    BoxFuture, Connected, Connector, Demo, Description, ExitCode, HostEvent, Interactive,
    InteractiveEvent, Invoke, InvokeRequest, Limits, OpenRequest, OperationKind, PipelineEvent,
    Pool, Running, Session, SessionState, Size, Stages,
};
use psdeck::transport::{
    Ask, Capabilities, Command, Connection, Event, Failure, FailureKind, Leave, Nobody, Options,
    TargetAddress,
};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const WINDOW: Size = Size {
    columns: 80,
    rows: 24,
};
const PASSES: u8 = 0;
/// Data of pipelines stays away.
const HOLDS_DATA: u8 = 1;
/// Acknowledgements stay away.
pub const HOLDS_ACKNOWLEDGEMENTS: u8 = 2;
/// That the session is left stays away.
const HOLDS_LEAVING: u8 = 3;
/// No pipeline reaches the server, and after the first the session is left to itself, until it is taken up again.
const TAKES_NOTHING: u8 = 4;

/// The demonstration, and what the test does to its connections.
#[derive(Clone)]
pub struct Between {
    demo: Demo,
    holds: Arc<AtomicU8>,
    cut: Arc<Notify>,
    stops: Arc<Mutex<usize>>,
    closes: Arc<AtomicU8>,
    lefts: Arc<AtomicU8>,
}

struct Held {
    inner: Box<dyn Connection>,
    between: Between,
    own: VecDeque<Event>,
}

impl Between {
    pub fn new() -> Self {
        Self {
            demo: Demo(Demonstration::new(4)),
            holds: Arc::default(),
            cut: Arc::default(),
            stops: Arc::default(),
            closes: Arc::default(),
            lefts: Arc::default(),
        }
    }

    pub fn pool(&self) -> Pool {
        let limits = Limits {
            stop: Duration::from_secs(1),
            ..Limits::default()
        };
        Pool::with_limits(vec![Arc::new(self.clone())], limits)
    }

    pub fn hold(&self, what: u8) {
        self.holds.store(what, Ordering::SeqCst);
    }

    fn stops(&self) -> usize {
        *self.stops.lock().unwrap()
    }
}

impl Connector for Between {
    fn describe(&self, target: &TargetAddress, options: &Options) -> Option<Description> {
        self.demo.describe(target, options)
    }

    fn connect(
        &self,
        target: TargetAddress,
        options: Options,
        client: uuid::Uuid,
        ask: Arc<dyn Ask>,
        stages: Stages,
    ) -> BoxFuture<'static, Result<Connected, Failure>> {
        let between = self.clone();
        let connecting = self.demo.connect(target, options, client, ask, stages);
        Box::pin(async move {
            let made = connecting.await?;
            Ok(Connected {
                connection: Box::new(Held {
                    inner: made.connection,
                    between,
                    own: VecDeque::new(),
                }),
                ..made
            })
        })
    }
}

impl Connection for Held {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn submit(&mut self, command: Command) {
        if matches!(command, Command::Stop(_)) {
            *self.between.stops.lock().unwrap() += 1;
        }
        let count = match command {
            Command::Close => Some(&self.between.closes),
            Command::Disconnect(_) => Some(&self.between.lefts),
            _ => None,
        };
        count.map(|count| count.fetch_add(1, Ordering::SeqCst));
        if self.between.holds.load(Ordering::SeqCst) != TAKES_NOTHING {
            return self.inner.submit(command);
        }
        let failure = |kind| Failure::new(kind, "no network");
        match command {
            Command::CreatePipeline { id, .. } => self.own.extend([
                Event::Fault {
                    target: Target::Pipeline(id),
                    failure: failure(FailureKind::NotSent),
                },
                Event::Disconnected(Some(failure(FailureKind::Unreachable))),
            ]),
            Command::ClosePipeline(id) => self.own.push_back(Event::PipelineClosed(id)),
            Command::Reconnect => {
                self.between.hold(PASSES);
                self.own.push_back(Event::Reconnected);
            }
            _ => {}
        }
    }

    fn event(&mut self) -> Pin<Box<dyn Future<Output = Event> + Send + '_>> {
        Box::pin(async {
            loop {
                if let Some(event) = self.own.pop_front() {
                    return event;
                }
                let event = tokio::select! {
                    () = self.between.cut.notified() => {
                        return Event::Lost(Failure::new(FailureKind::Unreachable, "cut"));
                    }
                    event = self.inner.event() => event,
                };
                match (self.between.holds.load(Ordering::SeqCst), &event) {
                    (
                        HOLDS_DATA,
                        Event::Data {
                            target: Target::Pipeline(_),
                            ..
                        },
                    )
                    | (HOLDS_ACKNOWLEDGEMENTS, Event::Acknowledged(Target::Pipeline(_)))
                    | (HOLDS_LEAVING, Event::Disconnected(_)) => {}
                    _ => return event,
                }
            }
        })
    }
}

fn request() -> OpenRequest {
    OpenRequest {
        target: TargetAddress::Demo("Server01".to_owned()),
        name: None,
        options: Options::default(),
        window: Some(WINDOW),
        deadline: None,
        kept: false,
    }
}

async fn open(pool: &Pool) -> Session {
    pool.open(&request(), Arc::new(Nobody), CancellationToken::new())
        .await
        .session()
        .await
        .unwrap()
}

async fn next(running: &mut Running) -> PipelineEvent {
    let next = timeout(Duration::from_secs(20), running.next());
    next.await.expect("nothing came").expect("it has ended")
}

/// Woken with the end of a pipeline, while the session's task is still at it.
struct AtTheEnd {
    session: Session,
    found: Mutex<Option<(SessionState, Running)>>,
}

impl Wake for AtTheEnd {
    fn wake(self: Arc<Self>) {
        let state = self.session.info().state;
        let late = self.session.invoke(&Invoke::objects("1"));
        self.found.lock().unwrap().get_or_insert((state, late));
    }
}

#[tokio::test]
async fn whoever_learns_of_a_lost_pipeline_finds_the_session_broken() {
    let between = Between::new();
    let pool = between.pool();
    let session = open(&pool).await;
    let mut running = session.invoke(&Invoke::objects("Start-Sleep 60"));
    let at_the_end = Arc::new(AtTheEnd {
        session: session.clone(),
        found: Mutex::default(),
    });
    let waker = Waker::from(Arc::clone(&at_the_end));
    let mut end = std::pin::pin!(running.next());
    assert!(
        end.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    between.cut.notify_one();
    let found = timeout(Duration::from_secs(20), async {
        loop {
            if let Some(found) = at_the_end.found.lock().unwrap().take() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let (state, mut late) = found.await.expect("nothing came");
    let Some(PipelineEvent::Finished(finished)) = end.await else {
        panic!("no end")
    };
    let lost = finished.lost.unwrap();
    assert_eq!(state, SessionState::Broken);
    // What was asked for in that moment is told the same.
    let PipelineEvent::Finished(finished) = next(&mut late).await else {
        panic!("output of a lost session")
    };
    let why = finished.lost.unwrap();
    assert_eq!(
        (why.code, &why.reasons),
        (ExitCode::Unreachable, &lost.reasons)
    );
}

#[tokio::test]
async fn a_stop_while_entering_is_no_fault_of_the_endpoint() {
    let between = Between::new();
    let pool = between.pool();
    let session = open(&pool).await;
    between.hold(HOLDS_DATA);
    let (handle, mut events) = Interactive::enter(session, WINDOW);
    handle.interrupt();
    let last = timeout(Duration::from_secs(20), events.next()).await;
    match last.expect("nothing came") {
        Some(InteractiveEvent::Broken(report)) => {
            assert_eq!(report.code, ExitCode::Cancelled, "{report:?}");
            assert!(report.error_id.is_none(), "{report:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_completion_that_nobody_waits_for_is_stopped() {
    let between = Between::new();
    let pool = between.pool();
    let session = open(&pool).await;
    let (handle, mut events) = Interactive::enter(session, WINDOW);
    assert!(matches!(
        events.next().await,
        Some(InteractiveEvent::Ready(_))
    ));
    between.hold(HOLDS_DATA);
    {
        let completing = handle.complete("Get-Pro".to_owned(), 7);
        let waited = timeout(Duration::from_millis(300), completing).await;
        assert!(waited.is_err(), "{waited:?}");
    }
    timeout(Duration::from_secs(10), async {
        while between.stops() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("the server goes on completing");
    between.hold(PASSES);
    handle.submit("'next'".to_owned());
    let text = timeout(Duration::from_secs(20), async {
        loop {
            match events.next().await {
                Some(InteractiveEvent::Write(line)) => return line.text,
                Some(_) => {}
                None => panic!("left"),
            }
        }
    });
    assert_eq!(text.await.unwrap(), "next");
}

#[tokio::test]
async fn a_stop_of_what_was_never_acknowledged_offers_the_forced_close_in_time() {
    let between = Between::new();
    let pool = between.pool();
    let session = open(&pool).await;
    between.hold(HOLDS_ACKNOWLEDGEMENTS);
    let mut running = session.invoke(&Invoke::objects("Start-Sleep 60"));
    running.stop();
    assert!(matches!(
        next(&mut running).await,
        PipelineEvent::StopPending
    ));
    running.force_close();
    assert!(matches!(
        next(&mut running).await,
        PipelineEvent::Finished(_)
    ));
}

/// Connects for ever, and tells when nobody waits for it any more.
struct Never(Arc<Notify>);

struct Given(Arc<Notify>);

impl Drop for Given {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Connector for Never {
    fn describe(&self, target: &TargetAddress, options: &Options) -> Option<Description> {
        Demo(Demonstration::new(1)).describe(target, options)
    }

    fn connect(
        &self,
        _: TargetAddress,
        _: Options,
        _: uuid::Uuid,
        _: Arc<dyn Ask>,
        _: Stages,
    ) -> BoxFuture<'static, Result<Connected, Failure>> {
        let given = Given(Arc::clone(&self.0));
        Box::pin(async move {
            let _given = given;
            poll_fn(|_| std::task::Poll::Pending).await
        })
    }
}

#[tokio::test]
async fn a_script_that_is_late_gives_up_getting_in() {
    let given_up = Arc::new(Notify::new());
    let pool = Pool::new(vec![Arc::new(Never(Arc::clone(&given_up)))]);
    let request = InvokeRequest {
        targets: vec![request()],
        invoke: Invoke::objects("1"),
        timeout: Some(Duration::from_millis(100)),
    };
    let ask: Arc<dyn Ask> = Arc::new(Nobody);
    let mut operation = pool.invoke(request, &ask, &CancellationToken::new());
    let mut report = None;
    while let Some(event) = operation.next().await {
        if let OperationKind::Failed(failed) = event.kind {
            report = Some(failed);
        }
    }
    assert_eq!(report.unwrap().code, ExitCode::TimedOut);
    timeout(Duration::from_secs(5), given_up.notified())
        .await
        .expect("it still connects");
}

#[tokio::test]
async fn a_question_of_a_script_that_is_late_is_void() {
    let pool = Between::new().pool();
    let request = InvokeRequest {
        targets: vec![request()],
        invoke: Invoke::objects("Read-Host Name"),
        timeout: Some(Duration::from_secs(1)),
    };
    let ask: Arc<dyn Ask> = Arc::new(Nobody);
    let mut operation = pool.invoke(request, &ask, &CancellationToken::new());
    let (mut asked, mut void) = (None, None);
    while let Some(event) = operation.next().await {
        match event.kind {
            OperationKind::Pipeline(PipelineEvent::Host(HostEvent::Prompt { id, .. })) => {
                asked = Some(id);
            }
            OperationKind::Pipeline(PipelineEvent::Host(HostEvent::PromptCancelled(id))) => {
                void = Some(id);
            }
            _ => {}
        }
    }
    assert!(asked.is_some());
    assert_eq!(asked, void);
    assert!(operation.next().now_or_never().is_some());
}

/// Never gets in.
struct Stuck(Demo, Arc<Notify>);

impl Connector for Stuck {
    fn describe(&self, target: &TargetAddress, options: &Options) -> Option<Description> {
        self.0.describe(target, options)
    }

    fn connect(
        &self,
        _: TargetAddress,
        _: Options,
        _: uuid::Uuid,
        _: Arc<dyn Ask>,
        _: Stages,
    ) -> BoxFuture<'static, Result<Connected, Failure>> {
        self.1.notify_one();
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_session_that_is_removed_while_it_opens_is_given_up() {
    let trying = Arc::new(Notify::new());
    let connector = Stuck(Demo(Demonstration::new(1)), Arc::clone(&trying));
    let pool = Pool::new(vec![Arc::new(connector)]);
    let request = OpenRequest {
        target: TargetAddress::Demo("Server01".to_owned()),
        name: None,
        options: Options::default(),
        window: None,
        deadline: None,
        kept: false,
    };
    let opening = pool
        .open(&request, Arc::new(Nobody), CancellationToken::new())
        .await;
    let id = opening.id().unwrap();
    trying.notified().await;
    pool.remove(id, Arc::new(Nobody), CancellationToken::new())
        .await
        .unwrap();
    let ended = timeout(Duration::from_secs(5), opening.session());
    let report = ended.await.expect("the opening goes on").unwrap_err();
    assert_eq!(report.code, ExitCode::Cancelled);
    pool.sessions().wait_for(<[_]>::is_empty).await;
}

#[tokio::test]
async fn a_session_whose_leaving_is_not_answered_is_not_closed() {
    let between = Between::new();
    let limits = Limits {
        connect: Duration::from_millis(300),
        ..Limits::default()
    };
    let pool = Pool::with_limits(vec![Arc::new(between.clone())], limits);
    let session = open(&pool).await;
    between.hold(HOLDS_LEAVING);
    let id = session.info().id;
    let left = pool.disconnect(id, Leave::default(), CancellationToken::new());
    let left = timeout(Duration::from_secs(20), left).await;
    let report = left.expect("it waits").unwrap_err();
    assert_eq!(report.code, ExitCode::TimedOut, "{}", report.block());
    let info = session.info();
    assert_eq!(info.state, SessionState::Disconnected);
    let why = info.reason.unwrap();
    assert!(why.contains("did not answer in time"), "{why}");
    assert_eq!(between.closes.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_session_that_is_dropped_while_it_is_left_is_not_closed() {
    for hold in [PASSES, HOLDS_LEAVING] {
        let between = Between::new();
        let pool = between.pool();
        let session = open(&pool).await;
        between.hold(hold);
        let id = session.info().id;
        // Cancelling stops the waiting, not the leaving.
        let cancel = CancellationToken::new();
        cancel.cancel();
        let left = pool.disconnect(id, Leave::default(), cancel).await;
        assert_eq!(left.unwrap_err().code, ExitCode::Cancelled);
        drop((session, pool));
        timeout(Duration::from_secs(20), async {
            while between.lefts.load(Ordering::SeqCst) == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .expect("it is not left");
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(between.closes.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn a_line_that_was_never_sent_goes_back_to_whoever_typed_it() {
    let between = Between::new();
    let pool = between.pool();
    let session = open(&pool).await;
    let (handle, mut events) = Interactive::enter(session.clone(), WINDOW);
    let mut until = async |ends: fn(&InteractiveEvent) -> bool| {
        let mut notices = Vec::new();
        loop {
            let next = timeout(Duration::from_secs(20), events.next()).await;
            match next.expect("nothing came").expect("it was left") {
                event if ends(&event) => return (event, notices),
                InteractiveEvent::Notice(text) => notices.push(text),
                InteractiveEvent::Write(line) => panic!("it ran: {line:?}"),
                _ => {}
            }
        }
    };
    let ready = |event: &InteractiveEvent| matches!(event, InteractiveEvent::Ready(_));
    let (InteractiveEvent::Ready(first), _) = until(ready).await else {
        unreachable!();
    };
    between.hold(TAKES_NOTHING);
    handle.submit("'ran'".to_owned());
    let left = |event: &InteractiveEvent| matches!(event, InteractiveEvent::Disconnected { .. });
    let (_, told) = until(left).await;
    assert!(
        matches!(&told[..], [text] if text.contains("no network")),
        "{told:?}"
    );
    let connecting = pool.connect(
        session.info().id,
        Arc::new(Nobody),
        CancellationToken::new(),
    );
    connecting.await.unwrap();
    let back = |event: &InteractiveEvent| matches!(event, InteractiveEvent::Reconnected { .. });
    let (InteractiveEvent::Reconnected { lines }, _) = until(back).await else {
        unreachable!();
    };
    assert_eq!(lines, ["'ran'"]);
    let (InteractiveEvent::Ready(again), _) = until(ready).await else {
        unreachable!();
    };
    assert_eq!(again, first);

    // The question for the first prompt is asked again.
    between.hold(TAKES_NOTHING);
    let (_handle, mut events) = Interactive::resume(session.clone(), WINDOW);
    while !matches!(
        events.next().await.unwrap(),
        InteractiveEvent::Disconnected { .. }
    ) {}
    let connecting = pool.connect(
        session.info().id,
        Arc::new(Nobody),
        CancellationToken::new(),
    );
    connecting.await.unwrap();
    while !matches!(events.next().await.unwrap(), InteractiveEvent::Ready(prompt) if prompt == first)
    {
    }
}
