//! The pool: every session that this process knows, and the operations on them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Connector, ExitCode, Opening, Report, Session, SessionId, SessionInfo, Size};
use crate::transport::{Ask, Options, TargetAddress};

/// Every session that this process knows. A cheap handle; clones are the same pool.
#[derive(Clone)]
pub struct Pool {
    inner: Arc<Inner>,
}

struct Inner {
    connectors: Vec<Arc<dyn Connector>>,
    list: watch::Sender<Arc<[SessionInfo]>>,
}

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
}

impl Pool {
    /// A pool that reaches targets by these connectors, and by SSH and local processes.
    pub fn new(connectors: Vec<Arc<dyn Connector>>) -> Self {
        Self {
            inner: Arc::new(Inner {
                connectors,
                list: watch::Sender::new(Arc::default()),
            }),
        }
    }

    /// The list, by number; changes as sessions do.
    pub fn sessions(&self) -> watch::Receiver<Arc<[SessionInfo]>> {
        self.inner.list.subscribe()
    }

    /// Opens a session, after at most 31 others that are being opened. It is in the list from now on, as `Opening`.
    ///
    /// When it fails, is cancelled or is late, it leaves the list, the connection is dropped, and what the server may
    /// have made of it ends with the connection. Dropping the [`Opening`] cancels nothing.
    pub fn open(
        &self,
        request: OpenRequest,
        ask: Arc<dyn Ask>,
        cancel: CancellationToken,
    ) -> Opening {
        drop((request, ask, cancel, &self.inner.connectors));
        Opening::failed(not_yet())
    }

    /// The session of that number, if it is live: opened here and not disconnected.
    pub fn session(&self, id: SessionId) -> Option<Session> {
        let _ = id;
        None
    }

    /// Asks a server which sessions it holds, and adds those that this pool does not know to the list, as
    /// `Disconnected`. Listed ones that the server no longer has leave it.
    pub async fn refresh(
        &self,
        target: &TargetAddress,
        options: &Options,
        ask: Arc<dyn Ask>,
        cancel: CancellationToken,
    ) -> Result<(), Report> {
        drop((target, options, ask, cancel));
        Err(not_yet())
    }

    /// Takes a disconnected session up again. On failure it stays `Disconnected`; a session that the server no longer
    /// has becomes `Broken`.
    pub async fn connect(
        &self,
        id: SessionId,
        ask: Arc<dyn Ask>,
        cancel: CancellationToken,
    ) -> Result<Session, Report> {
        drop((id, ask, cancel));
        Err(not_yet())
    }

    /// Leaves a session running on its server. On failure it stays as it was.
    pub async fn disconnect(&self, id: SessionId, cancel: CancellationToken) -> Result<(), Report> {
        drop((id, cancel));
        Err(not_yet())
    }

    /// Closes a session on its server and takes it off the list, whatever its state; a server that does not answer is
    /// not waited for longer than a few seconds.
    pub async fn remove(&self, id: SessionId) -> Result<(), Report> {
        let _ = id;
        Err(not_yet())
    }

    /// Closes every session, side by side, and waits at most `limit`.
    pub async fn close_all(&self, limit: Duration) {
        let _ = limit;
    }
}

fn not_yet() -> Report {
    Report::new(ExitCode::Defect, "not available yet")
}
