//! The pool: every session that this process knows, and the operations on them.

mod closing;
mod connecting;
mod leaving;
mod listing;
mod memo;
mod recorded;
mod remembered;
mod rows;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};

use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use self::memo::Memo;
use self::remembered::Memory;
use self::rows::Row;
pub(crate) use self::rows::can_be_forgotten;
use super::builtin::{Local, Ssh, Wsman};
use super::report::cancelled;
use super::{
    Connector, Description, ExitCode, Holder, Limits, OpenRequest, Opening, Report, Session,
    SessionId, SessionInfo, SessionState, Sessions,
};
use crate::transport::{Ask, Leave, Options, TargetAddress};

/// How many sessions are opened, and how many targets are worked on, at once.
pub(super) const THROTTLE: usize = 32;

/// How a session was left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// What whoever left it should know: a command that its idle time will end, a question that may not come again.
    pub warnings: Vec<String>,
}

/// Every session that this process knows. A cheap handle; clones are the same pool.
#[derive(Clone)]
pub struct Pool {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    connectors: Vec<Arc<dyn Connector>>,
    pub(super) limits: Limits,
    /// Something in the list has changed.
    changes: watch::Sender<()>,
    entries: Mutex<BTreeMap<SessionId, Entry>>,
    last: AtomicU32,
    memory: Option<Memory>,
    pub(super) throttle: Arc<Semaphore>,
    /// The sessions that are being opened, the connections of those that never will be, and closes nobody waits for.
    pub(super) farewells: TaskTracker,
    /// Whether the program ends: who opens or connects gives that up.
    ending: watch::Sender<bool>,
    /// What may go on at servers though it was given up or closed.
    loose: Mutex<BTreeMap<SessionId, Report>>,
    /// Nobody waits for farewells any more.
    hurry: CancellationToken,
}

/// One row of the list.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) info: watch::Sender<SessionInfo>,
    pub(super) target: TargetAddress,
    pub(super) options: Options,
    /// Who we are to the server, for this session.
    pub(super) client: Uuid,
    pub(super) connector: Arc<dyn Connector>,
    /// What it runs, as its server's list said last, and when that was.
    pub(super) running: Vec<(Uuid, String)>,
    listed: Option<Instant>,
    /// What the registry has of it.
    memo: Memo,
    /// Its handle, once it has been opened or connected here.
    pub(super) live: Option<Session>,
    /// It was opened here, and not found or remembered.
    made: bool,
    /// Held by whoever connects it: one at a time.
    connecting: Arc<tokio::sync::Mutex<()>>,
    /// Gives up an opening that was removed from the list.
    pub(super) removed: CancellationToken,
}

impl Pool {
    /// A pool that reaches targets by these connectors, and by SSH and local processes.
    pub fn new(connectors: Vec<Arc<dyn Connector>>) -> Self {
        Self::with_limits(connectors, Limits::default())
    }

    /// A pool whose sessions have these deadlines and bounds.
    pub fn with_limits(mut connectors: Vec<Arc<dyn Connector>>, limits: Limits) -> Self {
        connectors.push(Arc::new(Wsman));
        connectors.push(Arc::new(Ssh));
        connectors.push(Arc::new(Local));
        Self {
            inner: Arc::new(Inner {
                connectors,
                limits,
                changes: watch::Sender::new(()),
                entries: Mutex::default(),
                last: AtomicU32::new(0),
                memory: None,
                throttle: Arc::new(Semaphore::new(THROTTLE)),
                farewells: TaskTracker::new(),
                ending: watch::Sender::new(false),
                loose: Mutex::default(),
                hurry: CancellationToken::new(),
            }),
        }
    }

    /// The list, by number; changes as sessions do.
    pub fn sessions(&self) -> Sessions {
        Sessions::new(self.clone(), self.inner.changes.subscribe())
    }

    /// Opens a session, after at most 31 others that are being opened. It is in the list when this returns, as `Opening`.
    ///
    /// When it fails, is cancelled or is late, it leaves the list, the connection is dropped, and what the server may
    /// have made of it is taken away there: [`Pool::close_all`] waits for that. Dropping the [`Opening`] cancels nothing.
    pub async fn open(
        &self,
        request: &OpenRequest,
        ask: Arc<dyn Ask>,
        cancel: CancellationToken,
    ) -> Opening {
        let (connector, description) = match self.inner.connector(&request.target, &request.options)
        {
            Ok(found) => found,
            Err(report) => return Opening::failed(report),
        };
        let row = Row {
            description,
            name: request.name.clone(),
            instance_id: Uuid::new_v4(),
            client: Uuid::new_v4(),
            state: SessionState::Opening,
            target: request.target.clone(),
            options: request.options.clone(),
            connector,
        };
        let (id, entry) = self.inner.add(self.inner.number().await, row);
        Opening::begin(self.clone(), id, entry, request, ask, cancel)
    }

    /// How the session of that number is now, if it is in the list.
    pub fn info(&self, id: SessionId) -> Option<SessionInfo> {
        Some(self.inner.entry(id)?.info.borrow().clone())
    }

    /// Where the session of that number is, and how to get in, if it is in the list.
    pub fn target(&self, id: SessionId) -> Option<(TargetAddress, Options)> {
        let entry = self.inner.entry(id)?;
        Some((entry.target, entry.options))
    }

    /// The session of that number, if it is open here.
    pub fn session(&self, id: SessionId) -> Option<Session> {
        let entry = self.inner.entry(id)?;
        let state = entry.info.borrow().state;
        entry.live.filter(|_| state == SessionState::Opened)
    }

    /// Whether the session of that number was opened here, rather than found on its server or remembered.
    pub fn made(&self, id: SessionId) -> bool {
        self.inner.entry(id).is_some_and(|entry| entry.made)
    }

    /// Whether the session of that number was opened or connected here.
    pub fn had(&self, id: SessionId) -> bool {
        let entry = self.inner.entry(id);
        entry.is_some_and(|entry| entry.made || entry.live.is_some())
    }

    /// Whether such a server keeps a session without a client.
    pub fn keeps_sessions(&self, target: &TargetAddress, options: &Options) -> bool {
        let connector = self.inner.connector(target, options);
        connector.is_ok_and(|(connector, _)| connector.keeps_sessions())
    }

    /// Whether the psdeck that had the session ended without leaving it: its server may not have noticed.
    pub fn is_abandoned(&self, id: SessionId) -> bool {
        let entry = self.inner.entry(id);
        entry.is_some_and(|entry| {
            entry.is_abandoned() && entry.info.borrow().holder != Holder::Elsewhere
        })
    }

    /// Leaves a session running on its server. On failure it stays as it was; where the server
    /// does not answer, it counts as `Disconnected`, with the reason. Cancelling stops the waiting only.
    pub async fn disconnect(
        &self,
        id: SessionId,
        leave: Leave,
        cancel: CancellationToken,
    ) -> Result<Left, Report> {
        let entry = self.inner.entry(id).ok_or_else(|| unknown(id))?;
        let session = {
            let info = entry.info.borrow();
            match (info.state, entry.live) {
                (SessionState::Disconnected, _) => return Ok(Left::default()),
                (SessionState::Opened, Some(session)) => session,
                _ => return Err(Report::not_opened(&info)),
            }
        };
        let left = tokio::select! {
            // First, so that the server is asked whatever was cancelled.
            biased;
            left = session.disconnect(leave) => left,
            () = cancel.cancelled() => Err(cancelled(&session.info().computer_name)),
        };
        self.inner.settle(id).await;
        left
    }

    /// Closes a session on its server and takes it off the list. A server that does not answer is not waited for longer
    /// than a few seconds. A disconnected session is connected for it: only who is connected can end it. If that fails,
    /// or if the server does not say that the session is gone, it stays, and the next call goes on from there;
    /// [`Self::forget`] takes it off whatever becomes of it.
    pub async fn remove(
        &self,
        id: SessionId,
        ask: Arc<dyn Ask>,
        cancel: CancellationToken,
    ) -> Result<(), Report> {
        let entry = self.inner.entry(id).ok_or_else(|| unknown(id))?;
        entry.removed.cancel();
        let is_opening = entry.info.borrow().state == SessionState::Opening;
        if is_opening {
            // Whoever opens it sees to what the server has made of it.
            self.inner.entries().remove(&id);
            self.inner.changed();
            return Ok(());
        }
        match self.end(id, entry, ask, cancel).await {
            // That was the aim.
            Err(report) if report.code == ExitCode::NoSession => {}
            Ok(()) => {}
            Err(report) => {
                self.inner.settle(id).await;
                return Err(report);
            }
        }
        self.inner.remove(id).await;
        Ok(())
    }

    /// Closes a session, wherever it is.
    async fn end(
        &self,
        id: SessionId,
        mut entry: Entry,
        ask: Arc<dyn Ask>,
        cancel: CancellationToken,
    ) -> Result<(), Report> {
        let cannot = |mut report: Report| {
            "cannot remove the session".clone_into(&mut report.what);
            report.hint(format!(
                "psdeck remove --forget {id} takes it off the list and leaves it to its server"
            ))
        };
        // Else it would be taken off the list, and connected after all.
        let turn = entry.turn(&cancel).await.map_err(cannot)?;
        entry = self.inner.entry(id).ok_or_else(|| unknown(id))?;
        let is_broken = entry.info.borrow().state == SessionState::Broken;
        if is_broken && entry.memo.is_recorded() {
            // Its server may have it still.
            self.ask_about(id, &ask, &cancel).await.map_err(cannot)?;
            entry = self.inner.entry(id).ok_or_else(|| unknown(id))?;
        }
        drop(turn);
        let state = entry.info.borrow().state;
        let session = match (entry.live, state) {
            (_, SessionState::Disconnected) => {
                self.connect(id, ask, cancel).await.map_err(cannot)?
            }
            (_, SessionState::Broken | SessionState::Closed) | (None, _) => return Ok(()),
            (Some(session), _) => session,
        };
        session.close().await
    }

    /// Takes a session that nobody here is connected to off the list and off the record. What runs in it goes on at its
    /// server until that ends it.
    pub async fn forget(&self, id: SessionId) -> Result<(), Report> {
        let entry = self.inner.entry(id).ok_or_else(|| unknown(id))?;
        let info = entry.info.borrow().clone();
        if !can_be_forgotten(&info) {
            let what = "a session that is in use cannot be forgotten";
            let mut report =
                Report::new(ExitCode::Refused, what).hint("disconnect it first, or remove it");
            report.computer = Some(info.computer_name);
            report.reasons.extend(info.reason);
            return Err(report);
        }
        self.inner.remove(id).await;
        Ok(())
    }
}

impl Inner {
    fn connector(
        &self,
        target: &TargetAddress,
        options: &Options,
    ) -> Result<(Arc<dyn Connector>, Description), Report> {
        self.connectors
            .iter()
            .find_map(|connector| {
                let mut description = connector.describe(target, options)?;
                if let Some(name) = &options.computer_name {
                    description.computer_name.clone_from(name);
                }
                Some((Arc::clone(connector), description))
            })
            .ok_or_else(|| {
                let what = format!("nothing here can reach {target}");
                let mut report =
                    Report::new(ExitCode::Usage, what).hint("write HOST, USER@HOST or local");
                let why = "no transport of this program goes to such a target";
                report.reasons.push(why.to_owned());
                report
            })
    }
}

fn unknown(id: SessionId) -> Report {
    Report::new(ExitCode::NoSession, format!("there is no session {id}"))
        .hint("the list shows the sessions that there are")
}
