//! The rows of the pool's list.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Entry, Inner};
use crate::session::{
    Availability, Connector, Description, Listed, Session, SessionId, SessionInfo, SessionState,
};
use crate::transport::{Keeping, Options, TargetAddress};

impl Inner {
    #[expect(clippy::too_many_arguments, reason = "all that a row says")]
    pub(super) fn add(
        self: &Arc<Self>,
        description: Description,
        name: Option<String>,
        instance_id: Uuid,
        state: SessionState,
        target: TargetAddress,
        options: Options,
        connector: Arc<dyn Connector>,
    ) -> (SessionId, Entry) {
        let id = SessionId(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        let info = watch::Sender::new(SessionInfo {
            id,
            name: name.unwrap_or_else(|| format!("Runspace{id}")),
            instance_id,
            transport: description.transport,
            computer_name: description.computer_name,
            computer_type: description.computer_type,
            user: description.user,
            authentication: None,
            state,
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
            target,
            options,
            client: Uuid::new_v4(),
            connector,
            running: Vec::new(),
            live: None,
            removed: CancellationToken::new(),
        };
        tokio::spawn(follow(entry.info.subscribe(), Arc::downgrade(self)));
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

    pub(super) fn runs(&self, id: SessionId, running: Vec<(Uuid, String)>) {
        if let Some(entry) = self.entries().get_mut(&id) {
            entry.running = running;
        }
    }

    pub(in crate::session) fn remove(&self, id: SessionId) {
        self.entries().remove(&id);
        self.changed();
    }

    /// Forgets what only a server's list told of, and no longer does.
    pub(super) fn forget_unlisted(&self, target: &TargetAddress, listed: &[Listed]) {
        self.entries().retain(|_, entry| {
            let info = entry.info.borrow();
            entry.live.is_some()
                || entry.target != *target
                || info.state != SessionState::Disconnected
                || listed
                    .iter()
                    .any(|found| found.instance_id == info.instance_id)
        });
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

/// Tells those who watch the list of one session's changes.
async fn follow(mut info: watch::Receiver<SessionInfo>, pool: Weak<Inner>) {
    while info.changed().await.is_ok() {
        let Some(pool) = pool.upgrade() else { return };
        pool.changed();
    }
}
