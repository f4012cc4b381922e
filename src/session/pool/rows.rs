//! The rows of the pool's list.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::memo::Memo;
use super::remembered;
use super::{Entry, Inner};
use crate::session::{
    Availability, Connector, Description, ExitCode, Listed, Session, SessionId, SessionInfo,
    SessionState,
};
use crate::transport::{Keeping, Options, TargetAddress};

/// A row to be.
pub(super) struct Row {
    pub(super) id: Option<SessionId>,
    pub(super) description: Description,
    pub(super) name: Option<String>,
    pub(super) instance_id: Uuid,
    pub(super) client: Uuid,
    pub(super) state: SessionState,
    pub(super) target: TargetAddress,
    pub(super) options: Options,
    pub(super) connector: Arc<dyn Connector>,
}

impl Inner {
    /// Adds a row; without a number of its own it gets the next one.
    pub(super) fn add(self: &Arc<Self>, row: Row) -> (SessionId, Entry) {
        let id = row.id.unwrap_or_else(|| self.number());
        let Row {
            description, name, ..
        } = row;
        let info = watch::Sender::new(SessionInfo {
            id,
            name: name.unwrap_or_else(|| format!("Runspace{id}")),
            instance_id: row.instance_id,
            transport: description.transport,
            computer_name: description.computer_name,
            computer_type: description.computer_type,
            user: description.user,
            authentication: None,
            state: row.state,
            availability: Availability::None,
            configuration_name: description.configuration_name,
            protocol: None,
            ps_version: None,
            opened: None,
            last_activity: None,
            disconnected: None,
            expires: None,
            keeping: Keeping::default(),
            interruption: None,
            running: None,
            reason: None,
        });
        let entry = Entry {
            info,
            target: row.target,
            options: row.options,
            client: row.client,
            connector: row.connector,
            memo: Memo::default(),
            running: Vec::new(),
            listed: None,
            live: None,
            made: row.state == SessionState::Opening,
            removed: CancellationToken::new(),
        };
        tokio::spawn(follow(id, entry.info.subscribe(), Arc::downgrade(self)));
        self.entries().insert(id, entry.clone());
        self.changed();
        (id, entry)
    }

    pub(super) fn entries(&self) -> MutexGuard<'_, BTreeMap<SessionId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn entry(&self, id: SessionId) -> Option<Entry> {
        self.entries().get(&id).cloned()
    }

    pub(super) fn find(&self, instance_id: Uuid) -> Option<Entry> {
        let entries = self.entries();
        let mut all = entries.values();
        all.find(|entry| entry.info.borrow().instance_id == instance_id)
            .cloned()
    }

    pub(in crate::session) fn live(&self, id: SessionId, session: Session) {
        if let Some(entry) = self.entries().get_mut(&id) {
            entry.live = Some(session);
        }
    }

    /// Keeps what the server's list said of a session, and lets go of a handle that is of no more use.
    pub(super) fn listed(&self, id: SessionId, running: Vec<(Uuid, String)>) {
        if let Some(entry) = self.entries().get_mut(&id) {
            entry.running = running;
            entry.listed = Some(Instant::now());
            if entry.live.as_ref().is_some_and(Session::is_over) {
                entry.live = None;
            }
        }
    }

    pub(in crate::session) fn remove(&self, id: SessionId) {
        let removed = self.entries().remove(&id);
        if let Some(entry) = removed {
            entry.memo.forget();
        }
        self.changed();
    }

    /// Takes a session that could not be opened off the list. Where nothing is known of what the server made of it, it
    /// stays remembered.
    pub(in crate::session) fn give_up(&self, id: SessionId, why: ExitCode) {
        let removed = self.entries().remove(&id);
        if let Some(entry) = removed
            && !matches!(why, ExitCode::Unreachable | ExitCode::TimedOut)
        {
            entry.memo.forget();
        }
        self.changed();
    }

    /// Writes what has become of a session.
    pub(in crate::session) async fn settle(&self, id: SessionId) {
        if let Some(entry) = self.entry(id) {
            entry.note().await;
        }
    }

    /// Forgets what a server was asked for as `asked` says, and does not list (any more).
    pub(super) fn forget_unlisted(
        &self,
        target: &TargetAddress,
        asked: &Options,
        listed: &[Listed],
    ) {
        let is_gone = |entry: &Entry| {
            let info = entry.info.borrow();
            let own = &entry.options;
            // Another account of ours has other sessions there.
            let is_asked = entry.target == *target
                && (&own.user, own.port, own.use_ssl, &own.application_name)
                    == (
                        &asked.user,
                        asked.port,
                        asked.use_ssl,
                        &asked.application_name,
                    );
            is_asked
                && entry.live.is_none()
                && info.state == SessionState::Disconnected
                && !remembered::is_elsewhere(&info)
                && listed
                    .iter()
                    .all(|found| found.instance_id != info.instance_id)
        };
        let mut gone = Vec::new();
        self.entries().retain(|_, entry| {
            let is_gone = is_gone(entry);
            gone.extend(is_gone.then(|| entry.memo.clone()));
            !is_gone
        });
        for memo in gone {
            memo.forget();
        }
    }

    /// Every row as it is now, by number.
    pub(in crate::session) fn list(&self) -> Arc<[SessionInfo]> {
        let entries = self.entries();
        let list = entries.values().map(|entry| entry.info.borrow().clone());
        list.collect()
    }

    pub(super) fn changed(&self) {
        self.changes.send_replace(());
    }
}

/// Tells those who watch the list of one session's changes, and writes them down.
async fn follow(id: SessionId, mut info: watch::Receiver<SessionInfo>, pool: Weak<Inner>) {
    while info.changed().await.is_ok() {
        let entry = {
            let Some(pool) = pool.upgrade() else { return };
            pool.changed();
            pool.entry(id)
        };
        if let Some(entry) = entry {
            entry.note().await;
        }
    }
}
