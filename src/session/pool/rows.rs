//! The rows of the pool's list.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::memo::Memo;
use super::{Entry, Inner};
use crate::session::{
    Connector, Description, Holder, Listed, Report, Session, SessionId, SessionInfo, SessionState,
};
use crate::transport::{Failure, FailureKind, Options, TargetAddress};

/// A row to be.
pub(super) struct Row {
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
    /// Adds a row; where another row has its number, it gets the next one.
    pub(super) fn add(self: &Arc<Self>, mut id: SessionId, row: Row) -> (SessionId, Entry) {
        self.last.fetch_max(id.0, Relaxed);
        let mut entries = self.entries();
        while entries.contains_key(&id) {
            id = SessionId(self.last.fetch_add(1, Relaxed) + 1);
        }
        let name = row.name.unwrap_or_else(|| format!("Runspace{id}"));
        let info = SessionInfo::new(id, name, row.instance_id, row.description, row.state);
        let info = watch::Sender::new(info);
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
            connecting: Arc::default(),
            removed: CancellationToken::new(),
        };
        tokio::spawn(follow(id, entry.info.subscribe(), Arc::downgrade(self)));
        entries.insert(id, entry.clone());
        drop(entries);
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
        self.loose().remove(&id);
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

    pub(in crate::session) async fn remove(&self, id: SessionId) {
        let removed = self.entries().remove(&id);
        if let Some(entry) = removed {
            entry.memo.forget().await;
        }
        self.loose().remove(&id);
        self.changed();
    }

    /// Takes a session that could not be opened off the list. What is remembered of it stays so until
    /// [`Self::given_up`].
    pub(in crate::session) fn give_up(&self, id: SessionId) {
        self.entries().remove(&id);
        self.changed();
    }

    /// The connection of a session that could not be opened has ended. What its server has not taken away stays
    /// remembered.
    pub(in crate::session) async fn given_up(&self, entry: &Entry, is_gone: bool) {
        if is_gone {
            entry.memo.forget().await;
        } else if entry.memo.is_recorded() {
            let why = "what the server made of the opening could not be taken away again";
            let why = Failure::new(FailureKind::Unreachable, why);
            let info = entry.info.borrow();
            self.loose().insert(info.id, Report::unclosed(&info, &why));
        }
    }

    /// What is to be told at the end, unless it comes to a better one by then.
    pub(in crate::session) fn loose(&self) -> MutexGuard<'_, BTreeMap<SessionId, Report>> {
        self.loose.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what has become of a session.
    pub(in crate::session) async fn settle(&self, id: SessionId) {
        if let Some(entry) = self.entry(id) {
            entry.note().await;
        }
    }

    /// The rows of sessions that are not live here, and how often their records were written as far as that is known:
    /// what a list that is asked for now may miss.
    pub(super) fn asked_about(&self) -> HashMap<SessionId, Option<u64>> {
        let entries = self.entries().clone().into_iter();
        let left = entries.filter(|(_, entry)| entry.live.is_none());
        left.map(|(id, entry)| (id, entry.memo.revision()))
            .collect()
    }

    /// Forgets what the list misses that an account got of a server, asked for as `asked` says, and that was there before,
    /// as `before` has it.
    pub(super) async fn forget_unlisted(
        &self,
        target: &TargetAddress,
        asked: &Options,
        account: &str,
        before: &HashMap<SessionId, Option<u64>>,
        listed: &[Listed],
    ) {
        let is_gone = |entry: &Entry| {
            let info = entry.info.borrow();
            let own = &entry.options;
            let is_asked = entry.target == *target
                && (own.port, own.use_ssl, &own.application_name)
                    == (asked.port, asked.use_ssl, &asked.application_name)
                // Another account of ours has other sessions there.
                && info.user.as_deref().is_some_and(|own| is_same(own, account));
            is_asked
                && entry.live.is_none()
                && info.state == SessionState::Disconnected
                && info.holder != Holder::Elsewhere
                && listed
                    .iter()
                    .all(|found| found.instance_id != info.instance_id)
        };
        let entries = self.entries().clone().into_iter();
        for (id, entry) in entries.filter(|(_, entry)| is_gone(entry)) {
            let revision = entry.memo.revision();
            // Others may have had it since it was asked for.
            if before.get(&id) != Some(&revision) {
                continue;
            }
            self.entries().remove(&id);
            self.loose().remove(&id);
            entry.memo.forget_unchanged().await;
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

/// Whether nobody on this computer is connected to it.
pub(crate) fn can_be_forgotten(info: &SessionInfo) -> bool {
    let over = [
        SessionState::Disconnected,
        SessionState::Broken,
        SessionState::Closed,
    ];
    over.contains(&info.state) && info.holder != Holder::Elsewhere
}

/// Whether two ways of writing an account mean the same one, as far as they say. Servers add the domain.
fn is_same(one: &str, other: &str) -> bool {
    fn parts(account: &str) -> (Option<&str>, &str) {
        match (account.split_once('\\'), account.rsplit_once('@')) {
            (Some((domain, name)), _) => (Some(domain).filter(|domain| *domain != "."), name),
            (None, Some((name, domain))) => (Some(domain), name),
            (None, None) => (None, account),
        }
    }
    let ((one_of, one), (other_of, other)) = (parts(one), parts(other));
    let is_one_domain = match (one_of, other_of) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => true,
    };
    is_one_domain && one.to_lowercase() == other.to_lowercase()
}

/// Follows one session's changes: those who watch the list hear of each at once, however long the files take.
async fn follow(id: SessionId, info: watch::Receiver<SessionInfo>, pool: Weak<Inner>) {
    tokio::join!(tell(info.clone(), &pool), write(id, info, &pool));
}

async fn tell(mut info: watch::Receiver<SessionInfo>, pool: &Weak<Inner>) {
    while info.changed().await.is_ok() {
        let Some(pool) = pool.upgrade() else { return };
        pool.changed();
    }
}

async fn write(id: SessionId, mut info: watch::Receiver<SessionInfo>, pool: &Weak<Inner>) {
    while info.changed().await.is_ok() {
        let Some(pool) = pool.upgrade() else { return };
        let entry = pool.entry(id);
        drop(pool);
        if let Some(entry) = entry {
            entry.note().await;
        }
    }
}
