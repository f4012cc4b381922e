//! Getting a session open, and following it meanwhile.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::host::host_info;
use super::pool::Entry;
use super::report::{MORE_TIME, OVERLOADED, cancelled, late};
use super::task::{First, New, Task};
use super::{ExitCode, Pool, Report, Session, SessionId, SessionInfo, SessionState, Size};
use crate::psrp::client::{Client, PoolOptions};
use crate::transport::{Ask, Options, Stage, TargetAddress};

/// What to open.
#[derive(Clone, Debug)]
pub struct OpenRequest {
    /// Where.
    pub target: TargetAddress,
    /// The session's name; `Runspace1` and so on without one.
    pub name: Option<String>,
    /// How to get in.
    pub options: Options,
    /// The window that the session's host says it has; none for an unattended run.
    pub window: Option<Size>,
    /// How long the whole opening may take; the stages have deadlines of their own too.
    pub deadline: Option<Duration>,
    /// It is for later: where it cannot be remembered, it is not opened.
    pub kept: bool,
}

/// A session being opened: its events, then its result. Dropping it cancels nothing.
#[derive(Debug)]
pub struct Opening {
    id: Option<SessionId>,
    events: mpsc::UnboundedReceiver<OpeningEvent>,
}

/// A step of opening.
#[derive(Debug)]
pub enum OpeningEvent {
    /// Waits for its turn.
    Queued,
    /// A stage begins.
    Stage(Stage),
    /// Opened. The last event.
    Opened(Session),
    /// Failed, late or cancelled. The last event.
    Failed(Box<Report>),
}

impl Opening {
    /// The number under which it is listed; none if it failed before that.
    pub fn id(&self) -> Option<SessionId> {
        self.id
    }

    /// The next event; `None` after the last. May be dropped and called again.
    pub async fn next(&mut self) -> Option<OpeningEvent> {
        self.events.recv().await
    }

    /// Waits for the result, past the stages.
    pub async fn session(mut self) -> Result<Session, Report> {
        while let Some(event) = self.next().await {
            match event {
                OpeningEvent::Opened(session) => return Ok(session),
                OpeningEvent::Failed(report) => return Err(*report),
                OpeningEvent::Queued | OpeningEvent::Stage(_) => {}
            }
        }
        let what = "the opening ended without a result";
        Err(Report::new(ExitCode::Defect, what))
    }

    pub(super) fn failed(report: Report) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let _ = sender.send(OpeningEvent::Failed(Box::new(report)));
        Self { id: None, events }
    }

    pub(super) fn begin(
        pool: Pool,
        id: SessionId,
        entry: Entry,
        request: &OpenRequest,
        ask: Arc<dyn Ask>,
        cancel: CancellationToken,
    ) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let deadline = request.deadline.map(|limit| Instant::now() + limit);
        let (window, first) = (request.window, First::Open { kept: request.kept });
        let farewells = pool.inner.farewells.clone();
        farewells.spawn(async move {
            let computer = entry.info.borrow().computer_name.clone();
            let told = sender.clone();
            let mut parting = None;
            let work = async {
                let _ = told.send(OpeningEvent::Queued);
                let turn = Arc::clone(&pool.inner.throttle).acquire_owned().await;
                let opened =
                    attach(&pool, &entry, first, window, ask, Some(&told), &mut parting).await;
                drop(turn);
                opened.map(|opened| serve(&pool, id, opened))
            };
            let result = tokio::select! {
                biased;
                () = cancel.cancelled() => Err(cancelled(&computer)),
                () = entry.removed.cancelled() => Err(cancelled(&computer)),
                () = pool.inner.ended() => Err(cancelled(&computer)),
                () = passed(deadline) => {
                    let mut report = late("cannot open a session", &computer, MORE_TIME);
                    report.reasons.extend(entry.info.borrow().reason.clone());
                    Err(report)
                }
                result = work => result,
            }
            .map_err(|report| identified(report, "PSSessionOpenFailed"));
            match &result {
                Ok(session) => told_of(&session.info()),
                Err(report) => {
                    tracing::info!(%computer, why = report.reasons.first(), "{}", report.what)
                }
            }
            let event = match result {
                Ok(session) => OpeningEvent::Opened(session),
                Err(report) => {
                    pool.inner.give_up(id);
                    OpeningEvent::Failed(Box::new(report))
                }
            };
            let is_open = matches!(event, OpeningEvent::Opened(_));
            let _ = sender.send(event);
            drop(sender);
            if let Some(parting) = parting.filter(|_| !is_open) {
                let is_gone = parting.await.ok().flatten().unwrap_or(false);
                pool.inner.given_up(&entry, is_gone).await;
            }
        });
        Self {
            id: Some(id),
            events,
        }
    }
}

/// Takes up a session that a server holds, over a connection of its own. Whoever has a handle of it goes on with that.
pub(super) async fn connect(
    pool: &Pool,
    id: SessionId,
    entry: &Entry,
    first: First,
    ask: Arc<dyn Ask>,
    cancel: &CancellationToken,
) -> Result<Session, Report> {
    let before = entry.info.borrow().availability;
    entry.info.send_modify(|info| {
        info.state = SessionState::Connecting;
        info.reason = None;
    });
    let computer = entry.info.borrow().computer_name.clone();
    let mut parting = None;
    let result = tokio::select! {
        biased;
        () = cancel.cancelled() => Err(cancelled(&computer)),
        () = passed(Some(Instant::now() + pool.inner.limits.connect)) => {
            Err(late("cannot connect the session", &computer, OVERLOADED))
        }
        result = Box::pin(attach(pool, entry, first, None, ask, None, &mut parting)) => result,
    };
    match result {
        Ok(Attached { task, session }) => {
            let Some(known) = &entry.live else {
                return Ok(serve(pool, id, Attached { task, session }));
            };
            match known.succeed(Box::new(task)).await {
                Ok(()) => Ok(known.clone()),
                Err(task) => Ok(serve(
                    pool,
                    id,
                    Attached {
                        task: *task,
                        session,
                    },
                )),
            }
        }
        Err(mut report) => {
            if !matches!(report.code, ExitCode::Usage | ExitCode::Cancelled) {
                report.error_id = Some("PSSessionConnectFailed".to_owned());
            }
            entry.info.send_modify(|info| {
                info.state = SessionState::Disconnected;
                info.availability = before;
                info.reason = report
                    .reasons
                    .first()
                    .cloned()
                    .or_else(|| Some(report.what.clone()));
            });
            Err(report)
        }
    }
}

/// A session whose first exchange is made, and whose task does not run yet.
struct Attached {
    task: Task,
    session: Session,
}

/// Lets a session's task run.
fn serve(pool: &Pool, id: SessionId, Attached { task, session }: Attached) -> Session {
    pool.inner.live(id, session.clone());
    tokio::spawn(task.run());
    session
}

/// Connects, and makes the first exchange. Dropping the future drops the connection; `parting` tells then how that ends.
async fn attach(
    pool: &Pool,
    entry: &Entry,
    first: First,
    window: Option<Size>,
    ask: Arc<dyn Ask>,
    told: Option<&mpsc::UnboundedSender<OpeningEvent>>,
    parting: &mut Option<JoinHandle<Option<bool>>>,
) -> Result<Attached, Report> {
    let (what, computer, instance_id) = {
        let info = entry.info.borrow();
        let what = match first {
            First::Open { .. } => "cannot open a session",
            First::Connect { .. } => "cannot connect the session",
        };
        (what, info.computer_name.clone(), info.instance_id)
    };
    let stages = told.cloned();
    let host = computer.clone();
    let stages: super::Stages = Arc::new(move |stage| {
        tracing::info!(computer = %host, ?stage, "getting in");
        if let Some(told) = &stages {
            let _ = told.send(OpeningEvent::Stage(stage));
        }
    });
    let connected = entry
        .connector
        .connect(
            entry.target.clone(),
            entry.options.clone(),
            entry.client,
            ask,
            Arc::clone(&stages),
        )
        .await
        .map_err(|failure| Report::of(&failure, what, &computer))?;
    entry.info.send_modify(|info| {
        if connected.user.is_some() {
            info.user.clone_from(&connected.user);
        }
        info.authentication.clone_from(&connected.authentication);
    });
    stages(Stage::Open);
    // If this is given up, the connection takes away what the server made of it, and the program's end waits for that.
    let farewell = parting.insert(pool.inner.farewell(connected.connection.over()));
    let limits = pool.inner.limits;
    let window = window.unwrap_or(Size::UNATTENDED);
    let client = Client::new(PoolOptions {
        id: instance_id,
        host: host_info(window),
        fragment_size: connected.connection.capabilities().fragment_size,
        opening_size: connected.connection.packet_size(),
        ..PoolOptions::default()
    });
    let New {
        mut task,
        control,
        lost,
        unread,
    } = Task::prepare(
        client,
        connected.connection,
        entry.info.clone(),
        limits,
        window,
    );
    match first {
        // Before the server is asked for it: whoever dies after that finds it again.
        First::Open { kept } => pool.inner.remember(entry, kept).await?,
        First::Connect { .. } => task.found(entry.running.clone()),
    }
    let limit = task.exchange_limit(limits.open);
    task.open(first, what, Instant::now() + limit).await?;
    farewell.abort();
    let session = Session::new(control, entry.info.subscribe(), lost, unread, limits);
    Ok(Attached { task, session })
}

/// PowerShell's id for what a server did; a wrong command line and a cancellation have none.
fn identified(mut report: Report, id: &str) -> Report {
    if !matches!(report.code, ExitCode::Usage | ExitCode::Cancelled) {
        report.error_id.get_or_insert_with(|| id.to_owned());
    }
    report
}

fn told_of(info: &SessionInfo) {
    tracing::info!(
        computer = %info.computer_name,
        user = info.user,
        authentication = info.authentication,
        protocol = info.protocol,
        powershell = info.ps_version,
        "opened"
    );
}

async fn passed(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
