//! A running pipeline.

use tokio::sync::mpsc;

use super::{Finished, PipelineEvent, PipelineState, PromptReply, Report};
use crate::clixml::Value;

/// A pipeline that runs in a session. Its events are pulled: the server is held back while nobody pulls. Dropping it
/// stops nothing on the server: what it still puts out is discarded, and what it asks gets the error answer.
#[derive(Debug)]
pub struct Running {
    events: mpsc::UnboundedReceiver<PipelineEvent>,
}

/// Where a pipeline's input goes.
#[derive(Debug)]
pub struct Input(());

impl Running {
    /// The next event; `None` after [`PipelineEvent::Finished`]. May be dropped and called again.
    pub async fn next(&mut self) -> Option<PipelineEvent> {
        self.events.recv().await
    }

    /// The way in, once; `None` for a pipeline that takes no input.
    pub fn input(&mut self) -> Option<Input> {
        None
    }

    /// Asks the server to stop it. Its end comes as an event; after ten seconds without one,
    /// [`PipelineEvent::StopPending`].
    pub fn stop(&self) {}

    /// Ends its channel without waiting for its end; a server that does not let go within ten seconds costs the session,
    /// which is `Broken` then.
    pub fn force_close(&self) {}

    /// Answers a prompt. An answer that does not fit the prompt, or an id that is not open, is a refusal or nothing.
    pub fn answer(&self, id: u64, reply: PromptReply) {
        drop((id, reply));
    }

    pub(super) fn lost(report: Report) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let _ = sender.send(PipelineEvent::Finished(Finished {
            state: PipelineState::Failed,
            reason: None,
            lost: Some(Box::new(report)),
            exit_code: None,
        }));
        Self { events }
    }
}

impl Input {
    /// Sends one object; waits while the server is behind. `false` when the pipeline takes no more.
    #[expect(clippy::unused_async, reason = "not available yet")]
    pub async fn send(&self, value: Value) -> bool {
        drop(value);
        false
    }

    /// Ends the input; dropping it does the same.
    pub fn finish(self) {}
}
