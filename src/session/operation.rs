//! One script on many targets.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Finished, Invoke, OpenRequest, PipelineEvent, Pool, PromptReply, Report, SessionInfo};
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

/// A script being run on several targets, at most 32 at a time. Events are pulled. Dropping it stops nothing; the token
/// given to [`Pool::invoke`] does.
pub struct Operation {
    events: mpsc::Receiver<OperationEvent>,
    _pool: Pool,
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
    /// It did not get that far, was late, or was cancelled.
    Failed(Box<Report>),
}

impl Operation {
    /// The next event of any target; `None` when all have ended. May be dropped and called again.
    pub async fn next(&mut self) -> Option<OperationEvent> {
        self.events.recv().await
    }

    /// Answers a prompt of a target.
    pub fn answer(&self, target: usize, id: u64, reply: PromptReply) {
        drop((target, id, reply));
    }
}

impl Pool {
    /// Runs a script on every target. Cancelling stops what runs, forces it shut when that takes long, and drops what is
    /// queued.
    pub fn invoke(
        &self,
        request: InvokeRequest,
        ask: Arc<dyn Ask>,
        cancel: CancellationToken,
    ) -> Operation {
        let (sender, events) = mpsc::channel(16);
        for target in 0..request.targets.len() {
            let _ = sender.try_send(OperationEvent {
                target,
                kind: OperationKind::Failed(Box::new(Report::new(
                    super::ExitCode::Defect,
                    "not available yet",
                ))),
            });
        }
        drop((ask, cancel));
        Operation {
            events,
            _pool: self.clone(),
        }
    }
}
