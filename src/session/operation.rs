//! One script on many targets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::pool::THROTTLE;
use super::report::{cancelled, late};
use super::{
    Finished, HostEvent, Invoke, OpenRequest, OpeningEvent, PipelineEvent, PipelineState, Pool,
    PromptReply, Report, Session, SessionInfo, SessionState, Stopper,
};
use crate::transport::{Ask, Stage};

/// What to run where. Sessions are opened for it and removed after it.
pub struct InvokeRequest {
    /// The targets, in the order that events number them.
    pub targets: Vec<OpenRequest>,
    /// The script.
    pub invoke: Invoke,
    /// How long each target may take, opening included; afterwards its pipeline is stopped.
    pub timeout: Option<Duration>,
}

/// A script being run on several targets, at most 32 at a time. Events are pulled; what nobody pulls holds its server
/// back. Dropping it stops nothing, and discards what comes; the token given to [`Pool::invoke`] stops it.
#[derive(Debug)]
pub struct Operation {
    events: mpsc::Receiver<OperationEvent>,
    running: Arc<Mutex<HashMap<usize, Stopper>>>,
}

/// What one target tells.
#[derive(Debug)]
pub struct OperationEvent {
    /// Which target, by its place in the request.
    pub target: usize,
    /// What happened.
    pub kind: OperationKind,
}

/// What happened on one target. Each ends with exactly one `Finished` or `Failed`.
#[derive(Debug)]
pub enum OperationKind {
    /// Waits for its turn.
    Queued,
    /// A stage of getting in begins.
    Stage(Stage),
    /// The session is open; the script starts.
    Opened(Box<SessionInfo>),
    /// The script put something out (never `Finished`).
    Pipeline(PipelineEvent),
    /// The script has ended.
    Finished(Finished),
    /// It did not get that far, was late, was cancelled, or the session was lost.
    Failed(Box<Report>),
}

impl Operation {
    /// The next event of any target; `None` when all have ended. May be dropped and called again.
    pub async fn next(&mut self) -> Option<OperationEvent> {
        self.events.recv().await
    }

    /// Answers a prompt of a target.
    pub fn answer(&self, target: usize, id: u64, reply: PromptReply) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = running.get(&target) {
            running.answer(id, reply);
        }
    }
}

impl Pool {
    /// Runs a script on every target. Cancelling stops what runs, forces it shut when that takes long, and drops what is
    /// queued; so does the timeout. The sessions are removed; those that do not close are dropped with their
    /// connections. One that is `Disconnected` meanwhile stays in the list, and its script goes on.
    pub fn invoke(
        &self,
        request: InvokeRequest,
        ask: &Arc<dyn Ask>,
        cancel: &CancellationToken,
    ) -> Operation {
        let (sender, events) = mpsc::channel(16);
        let running: Arc<Mutex<HashMap<usize, Stopper>>> = Arc::default();
        let turns = Arc::new(Semaphore::new(THROTTLE));
        let invoke = Arc::new(request.invoke);
        for (target, open) in request.targets.into_iter().enumerate() {
            let one = One {
                target,
                pool: self.clone(),
                events: sender.clone(),
                running: Arc::clone(&running),
                cancel: cancel.clone(),
                computer: open.target.computer().to_owned(),
                deadline: request.timeout.map(|limit| Instant::now() + limit),
            };
            let (ask, turns, invoke) = (Arc::clone(ask), Arc::clone(&turns), Arc::clone(&invoke));
            tokio::spawn(one.run(open, invoke, ask, turns));
        }
        Operation { events, running }
    }
}

const SCRIPT: &str = "the script did not end in time";

/// One target of an operation.
struct One {
    target: usize,
    pool: Pool,
    events: mpsc::Sender<OperationEvent>,
    running: Arc<Mutex<HashMap<usize, Stopper>>>,
    cancel: CancellationToken,
    computer: String,
    deadline: Option<Instant>,
}

impl One {
    async fn run(
        self,
        open: OpenRequest,
        invoke: Arc<Invoke>,
        ask: Arc<dyn Ask>,
        turns: Arc<Semaphore>,
    ) {
        self.tell(OperationKind::Queued).await;
        let turn = tokio::select! {
            biased;
            report = self.ended("cannot open a session") => return self.failed(report).await,
            turn = turns.acquire_owned() => turn,
        };
        let cancel = self.cancel.child_token();
        let opening = self.pool.open(&open, Arc::clone(&ask), cancel.clone());
        let mut opening = opening.await;
        let id = opening.id();
        let opened = loop {
            tokio::select! {
                biased;
                report = self.ended("cannot open a session") => {
                    // Late: nobody is to be asked for a password any more.
                    cancel.cancel();
                    break Err(report);
                }
                event = opening.next() => match event {
                    Some(OpeningEvent::Stage(stage)) => self.tell(OperationKind::Stage(stage)).await,
                    Some(OpeningEvent::Opened(session)) => break Ok(session),
                    Some(OpeningEvent::Failed(report)) => break Err(*report),
                    Some(OpeningEvent::Queued) => {}
                    None => return,
                }
            }
        };
        // What did not open is ended by its opening.
        let opened_as = id.filter(|_| opened.is_ok());
        let last = match opened {
            Ok(session) => {
                self.tell(OperationKind::Opened(Box::new(session.info())))
                    .await;
                self.script(&session, &invoke).await
            }
            Err(report) => OperationKind::Failed(Box::new(report)),
        };
        self.forget();
        let runs_on = matches!(
            &last,
            OperationKind::Finished(finished) if finished.state == PipelineState::Disconnected
        );
        // Nobody waits for the close: what the script did is known.
        if let Some(id) = opened_as.filter(|_| !runs_on) {
            let (pool, ask) = (self.pool.clone(), Arc::clone(&ask));
            self.pool.inner.farewell(async move {
                if let Err(report) = pool.remove(id, ask, CancellationToken::new()).await {
                    pool.inner.loose().insert(id, report);
                }
                drop(turn);
            });
        }
        self.tell(last).await;
    }

    async fn script(&self, session: &Session, invoke: &Invoke) -> OperationKind {
        let mut running = session.invoke(invoke);
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(self.target, running.stopper());
        let mut stopped = None;
        loop {
            let event = tokio::select! {
                biased;
                report = self.ended(SCRIPT), if stopped.is_none() => {
                    stopped = Some(report);
                    running.stop();
                    continue;
                }
                event = running.next() => event,
            };
            match event {
                Some(PipelineEvent::Finished(finished)) => {
                    let report = stopped.or_else(|| finished.lost.as_deref().cloned());
                    return match report {
                        Some(report) => OperationKind::Failed(Box::new(report)),
                        None => OperationKind::Finished(finished),
                    };
                }
                // The network was lost for too long, or somebody has left the session.
                Some(PipelineEvent::Disconnected) => {
                    return OperationKind::Finished(Finished {
                        state: PipelineState::Disconnected,
                        lost: Some(Box::new(Report::left_behind(&session.info()))),
                        ..Finished::default()
                    });
                }
                Some(PipelineEvent::StopPending) if stopped.is_some() => running.force_close(),
                // What comes after the stop is for nobody, but that a question is void.
                Some(event @ PipelineEvent::Host(HostEvent::PromptCancelled(_)))
                    if stopped.is_some() =>
                {
                    self.tell(OperationKind::Pipeline(event)).await;
                }
                Some(_) if stopped.is_some() => {}
                Some(event) => {
                    tokio::select! {
                        biased;
                        () = self.tell(OperationKind::Pipeline(event)) => {}
                        report = self.ended(SCRIPT) => {
                            stopped = Some(report);
                            running.stop();
                        }
                    }
                }
                None => {
                    let state = session.info().state;
                    debug_assert_ne!(state, SessionState::Opened, "the last event is Finished");
                    return OperationKind::Failed(Box::new(session.gone()));
                }
            }
        }
    }

    /// Waits for the cancellation or the deadline.
    async fn ended(&self, what: &str) -> Report {
        let late_at = async {
            match self.deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => cancelled(&self.computer),
            () = late_at => late(what, &self.computer, "--timeout allows more time"),
        }
    }

    async fn failed(&self, report: Report) {
        self.tell(OperationKind::Failed(Box::new(report))).await;
    }

    async fn tell(&self, kind: OperationKind) {
        let target = self.target;
        let _ = self.events.send(OperationEvent { target, kind }).await;
    }

    fn forget(&self) {
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.target);
    }
}
