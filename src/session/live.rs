//! A live session, as everybody but its task sees it.

use tokio::sync::watch;

use super::{Invoke, Report, Running, SessionInfo};

/// A handle of a live session; clones are the same session. Dropping every handle closes nothing: the pool keeps the
/// session until it is removed.
#[derive(Clone, Debug)]
pub struct Session {
    info: watch::Receiver<SessionInfo>,
}

impl Session {
    /// How it is now.
    pub fn info(&self) -> SessionInfo {
        self.info.borrow().clone()
    }

    /// Changes of that.
    pub fn changes(&self) -> watch::Receiver<SessionInfo> {
        self.info.clone()
    }

    /// Runs a script. Returns at once; what goes wrong is the pipeline's end.
    pub fn invoke(&self, invoke: Invoke) -> Running {
        drop(invoke);
        Running::lost(Report::new(super::ExitCode::Defect, "not available yet"))
    }

    /// Closes it in good order; after a few seconds by force. It is `Closed` (or `Broken`) afterwards, and stays in the
    /// list: [`Pool::remove`](super::Pool::remove) takes it off too.
    #[expect(clippy::unused_async, reason = "not available yet")]
    pub async fn close(&self) {}
}
