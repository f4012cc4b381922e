//! The pool: every session that this process knows, and the operations on them.

mod connecting;
mod memo;
mod remembered;
mod rows;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use self::memo::Memo;
use self::remembered::Memory;
use self::rows::Row;
use super::builtin::{Local, Ssh, Wsman};
use super::report::{OVERLOADED, cancelled, late};
use super::{
    Connector, Description, ExitCode, Limits, OpenRequest, Opening, Report, Session, SessionId,
    SessionInfo, SessionState, Sessions,
};
use crate::transport::{Ask, Leave, Options, TargetAddress};

/// How many sessions are opened, and how many targets are worked on, at once.
pub(super) const THROTTLE: usize = 32;
/// How long connections whose opening was given up are waited for: their own limit, and a little.
const FAREWELL: Duration = Duration::from_secs(6);

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
    /// The connections whose sessions are not open yet, or never will be.
    pub(super) farewells: TaskTracker,
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
    /// What it runs, as its server's list said last.
    pub(super) running: Vec<(Uuid, String)>,
    /// What the registry has of it.
    memo: Memo,
    /// Its handle, once it has been opened or connected here.
    pub(super) live: Option<Session>,
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
            }),
        }
    }

    /// The list, by number; changes as sessions do.
    pub fn sessions(&self) -> Sessions {
        Sessions::new(self.clone(), self.inner.changes.subscribe())
    }

    /// Opens a session, after at most 31 others that are being opened. It is in the list from now on, as `Opening`.
    ///
    /// When it fails, is cancelled or is late, it leaves the list, the connection is dropped, and what the server may
    /// have made of it is taken away there: [`Pool::close_all`] waits for that. Dropping the [`Opening`] cancels nothing.
    pub fn open(
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
        let (id, entry) = self.inner.add(Row {
            id: None,
            description,
            name: request.name.clone(),
            instance_id: Uuid::new_v4(),
            client: Uuid::new_v4(),
            state: SessionState::Opening,
            target: request.target.clone(),
            options: request.options.clone(),
            connector,
        });
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

    /// Asks a server which sessions it holds, and adds those that this pool does not know to the list, as
    /// `Disconnected`. Listed ones that the server no longer has leave it. The numbers of those that it holds.
    pub async fn refresh(
        &self,
        target: &TargetAddress,
        options: &Options,
        ask: Arc<dyn Ask>,
        cancel: CancellationToken,
    ) -> Result<Vec<SessionId>, Report> {
        let (connector, description) = self.inner.connector(target, options)?;
        let what = "cannot list the sessions";
        let computer = description.computer_name.clone();
        let listing = connector.list(target.clone(), options.clone(), ask);
        let listed = tokio::select! {
            () = cancel.cancelled() => return Err(cancelled(&computer)),
            listed = tokio::time::timeout(self.inner.limits.connect, listing) => match listed {
                Ok(listed) => listed.map_err(|failure| Report::of(&failure, what, &computer))?,
                Err(_) => return Err(late(what, &computer, OVERLOADED)),
            },
        };
        self.recall().await;
        self.inner.forget_unlisted(target, options, &listed);
        let mut ids = Vec::with_capacity(listed.len());
        for found in listed {
            let known = self.inner.find(found.instance_id);
            let entry = match known {
                Some(entry) => entry,
                None => self.inner.found(Row {
                    id: None,
                    description: description.clone(),
                    name: Some(found.name.clone()),
                    instance_id: found.instance_id,
                    client: Uuid::new_v4(),
                    state: SessionState::Disconnected,
                    target: target.clone(),
                    options: options.clone(),
                    connector: Arc::clone(&connector),
                }),
            };
            let id = entry.info.borrow().id;
            ids.push(id);
            self.inner.runs(id, found.running.clone());
            entry.memo.heard();
            entry.info.send_if_modified(|info| {
                // What this process holds itself, it knows better; what another one does, that one.
                if info.state != SessionState::Disconnected || remembered::is_elsewhere(info) {
                    return false;
                }
                info.availability = found.availability;
                info.configuration_name = found.configuration_name;
                info.running = found.running.into_iter().next().map(|(_, text)| text);
                info.keeping = found.keeping;
                info.disconnected = found.disconnected;
                info.expires = found.expires;
                true
            });
            entry.still_held();
        }
        self.inner.changed();
        Ok(ids)
    }

    /// [`Self::refresh`] of several servers, 32 at a time; their results in the order asked for.
    pub async fn refresh_all(
        &self,
        targets: Vec<(TargetAddress, Options)>,
        ask: &Arc<dyn Ask>,
        cancel: &CancellationToken,
    ) -> Vec<(TargetAddress, Result<Vec<SessionId>, Report>)> {
        let asked = targets.into_iter().map(|(target, options)| async move {
            let listed = self.refresh(&target, &options, Arc::clone(ask), cancel.clone());
            let listed = listed.await;
            (target, listed)
        });
        futures_util::stream::iter(asked)
            .buffered(THROTTLE)
            .collect()
            .await
    }

    /// Leaves a session running on its server. On failure it stays as it was; a server that does not answer costs the
    /// session, which is `Broken` then. Cancelling stops the waiting only.
    pub async fn disconnect(
        &self,
        id: SessionId,
        leave: Leave,
        cancel: CancellationToken,
    ) -> Result<Left, Report> {
        let entry = self.inner.entry(id).ok_or_else(|| unknown(id))?;
        let Some(session) = entry.live else {
            let info = entry.info.borrow();
            return match info.state {
                SessionState::Disconnected => Ok(Left::default()),
                _ => Err(Report::not_opened(&info)),
            };
        };
        let left = tokio::select! {
            () = cancel.cancelled() => Err(cancelled(&session.info().computer_name)),
            left = session.disconnect(leave) => left,
        };
        self.inner.settle(id).await;
        left
    }

    /// Closes a session on its server and takes it off the list. A server that does not answer is not waited for longer
    /// than a few seconds. A session that only the server holds is connected for it; if that fails, it stays.
    pub async fn remove(
        &self,
        id: SessionId,
        ask: Arc<dyn Ask>,
        cancel: CancellationToken,
    ) -> Result<(), Report> {
        let entry = self.inner.entry(id).ok_or_else(|| unknown(id))?;
        let state = entry.info.borrow().state;
        entry.removed.cancel();
        let session = match (entry.live, state) {
            (_, SessionState::Broken | SessionState::Closed) => None,
            (_, SessionState::Disconnected) => match self.connect(id, ask, cancel).await {
                Ok(session) => Some(session),
                // That was the aim.
                Err(report) if report.code == ExitCode::NoSession => None,
                Err(report) => return Err(report),
            },
            (Some(session), _) => Some(session),
            (None, _) => None,
        };
        if let Some(session) = session {
            session.close().await;
        }
        self.inner.remove(id);
        Ok(())
    }

    /// Closes every open session, side by side, and waits at most `limit`. Gives up what is being opened, and waits for
    /// what that entails on the servers, a few seconds at most.
    pub async fn close_all(&self, limit: Duration) {
        let open: Vec<Session> = {
            let entries = self.inner.entries();
            for entry in entries.values() {
                if entry.info.borrow().state == SessionState::Opening {
                    entry.removed.cancel();
                }
            }
            let live = entries.values().filter_map(|entry| entry.live.clone());
            let going = [SessionState::Opened, SessionState::Closing];
            live.filter(|session| going.contains(&session.info().state))
                .collect()
        };
        let closing = open.iter().map(Session::close);
        let closing = futures_util::future::join_all(closing);
        self.inner.farewells.close();
        let _ = tokio::join!(
            tokio::time::timeout(limit, closing),
            tokio::time::timeout(FAREWELL, self.inner.farewells.wait()),
        );
        let ids: Vec<_> = self.inner.entries().keys().copied().collect();
        for id in ids {
            self.inner.settle(id).await;
        }
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
