//! The pool's sessions in the registry: what is written of them when, and what others wrote.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::rows::Row;
use super::{Entry, Inner, Pool};
use crate::session::registry::{
    Holding, Record, RecordState, Registry, RegistryError, Remembered, Watch,
};
use crate::session::{Availability, SessionId, SessionInfo, SessionState};
use crate::transport::PasswordCommand;

/// The longest that servers take to notice that a client is gone.
const NOTICED: Duration = Duration::from_mins(5);
/// The longest that a server can be asked to keep a session without a client, in milliseconds.
const LONGEST_IDLE: Duration = Duration::from_millis(2_147_483_647);
/// The most characters of a command that are remembered.
const LONGEST_COMMAND: usize = 200;
/// What runs, where nobody says what it is.
pub(super) const A_COMMAND: &str = "a command";
/// So long after its time a session is still looked for: clocks differ.
const SLACK: Duration = Duration::from_mins(10);

/// A profile's password command.
type Passwords = dyn Fn(&str) -> Option<PasswordCommand> + Send + Sync;

/// Where sessions are remembered, and whose passwords are to be had how.
#[derive(Clone)]
pub(super) struct Memory {
    registry: Registry,
    window: Option<Duration>,
    passwords: Arc<Passwords>,
}

impl Pool {
    /// A pool that remembers its sessions, those that servers keep, and knows those of other psdecks. Of those,
    /// records do not say for how long a lost network is tried again, which is `window`, and a profile's password
    /// command, which `passwords` gives. [`Self::recall`] reads what there is.
    #[must_use]
    pub fn remembering(
        mut self,
        registry: Registry,
        window: Option<Duration>,
        passwords: impl Fn(&str) -> Option<PasswordCommand> + Send + Sync + 'static,
    ) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            let passwords = Arc::new(passwords);
            inner.memory = Some(Memory {
                registry,
                window,
                passwords,
            });
        }
        self
    }

    /// Tells when [`Self::recall`] may find something else; `None` where nothing is remembered.
    pub fn overhear(&self) -> Option<Watch> {
        let watched = self.inner.memory.as_ref()?.registry.watch();
        watched
            .inspect_err(|error| tracing::warn!(%error, "the registry is not watched"))
            .ok()
    }

    /// Reads what this user's psdecks remember: new sessions join the list as `Disconnected`, those that another psdeck
    /// holds are `Busy`, forgotten ones leave. What is to be told of the registry itself: a sentence each.
    pub async fn recall(&self) -> Vec<String> {
        let Some(memory) = self.inner.memory.clone() else {
            return Vec::new();
        };
        // What joins the list after the look at the files is not missing in them.
        let before = self.inner.recorded();
        let registry = memory.registry.clone();
        let found = match blocking(move || look(&registry)).await {
            Some(Ok(found)) => found,
            Some(Err(error)) => return vec![error.to_string()],
            None => return Vec::new(),
        };
        let mut known = HashSet::with_capacity(found.records.len());
        for (record, holding) in found.records {
            known.insert(record.instance_id);
            if holding == Holding::Ours {
                continue;
            }
            let entry = match self.inner.find(record.instance_id) {
                Some(entry) => entry,
                None => match self.inner.recalled(&memory, &record) {
                    Some(entry) => entry,
                    None => continue,
                },
            };
            let registry = memory.registry.clone();
            let read = entry
                .memo
                .read(registry, record.clone(), entry.live.is_some());
            read.await;
            entry.info.send_if_modified(|info| {
                // What is live here is ours, whatever the look at the files came before.
                info.state == SessionState::Disconnected && apply(info, &record, holding)
            });
        }
        self.inner.forgotten(&before, &known);
        self.inner.changed();
        found.notes
    }
}

/// Why a session that another psdeck holds cannot be had.
pub(super) const ELSEWHERE: &str = "another psdeck on this computer has it";
/// What is said of a session that nobody left.
const ABANDONED: &str = "its psdeck ended without leaving it";
pub(super) const UNNOTICED: &str =
    "its psdeck ended without leaving it: held until the server notices";

/// Whether its psdeck ended without leaving it, as far as the list says.
pub(crate) fn is_orphan(info: &SessionInfo) -> bool {
    let reason = info.reason.as_deref();
    reason.is_some_and(|reason| reason.starts_with(ABANDONED))
}

/// Whether another psdeck holds it.
pub(super) fn is_elsewhere(info: &SessionInfo) -> bool {
    info.reason.as_deref() == Some(ELSEWHERE)
}

impl Inner {
    /// The number of a new session.
    pub(super) async fn number(&self) -> SessionId {
        while let Some(memory) = &self.memory {
            let (registry, last) = (memory.registry.clone(), self.last.load(Relaxed));
            match blocking(move || registry.next_id(last)).await {
                // Another row may have got it meanwhile, where one got none of the registry's.
                Some(Ok(id)) if self.last.fetch_max(id, Relaxed) < id => return SessionId(id),
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    tracing::warn!(%error, "the registry gives no number");
                    break;
                }
                None => break,
            }
        }
        SessionId(self.last.fetch_add(1, Relaxed) + 1)
    }

    /// Remembers a session before its server is asked for it.
    pub(in crate::session) async fn remember(&self, entry: &Entry) {
        let Some(memory) = &self.memory else { return };
        if !entry.connector.keeps_sessions() {
            return;
        }
        let record = {
            let info = entry.info.borrow();
            let mut record = Record::new(
                info.id.0,
                info.name.as_str(),
                info.instance_id,
                entry.client,
                entry.target.clone(),
                &entry.options,
            );
            fill(&mut record, &info);
            record
        };
        entry.memo.begin(memory.registry.clone(), record).await;
    }

    /// Makes a row of a session that a server told of, and remembers it: its number is its own from now on.
    pub(super) async fn found(self: &Arc<Self>, row: Row) -> Entry {
        let memory = self.memory.as_ref();
        if let Some(memory) = memory.filter(|_| row.connector.keeps_sessions()) {
            let name = row.name.clone().unwrap_or_default();
            let (target, instance_id) = (row.target.clone(), row.instance_id);
            let mut record = Record::new(0, name, instance_id, row.client, target, &row.options);
            record.state = RecordState::Disconnected;
            record.user.clone_from(&row.description.user);
            let registry = memory.registry.clone();
            let adopting = move || {
                registry.adopt(instance_id, |id| {
                    record.id = id;
                    record
                })
            };
            match blocking(adopting).await {
                Some(Ok(record)) => {
                    let id = SessionId(record.id);
                    let client = record.client;
                    let entry = self.add(id, Row { client, ..row }).1;
                    let registry = memory.registry.clone();
                    entry.memo.read(registry, record, false).await;
                    return entry;
                }
                Some(Err(error)) => tracing::warn!(%error, "a session is not remembered"),
                None => {}
            }
        }
        self.add(self.number().await, row).1
    }

    /// Makes a row of a record.
    fn recalled(self: &Arc<Self>, memory: &Memory, record: &Record) -> Option<Entry> {
        let mut options = record.options.clone();
        options.computer_name.clone_from(&record.computer_name);
        options.retry_window = memory.window;
        if let Some(profile) = &record.profile {
            options.password_command = (memory.passwords)(profile);
        }
        let (connector, description) = self.connector(&record.target, &options).ok()?;
        let row = Row {
            description,
            name: Some(record.name.clone()),
            instance_id: record.instance_id,
            client: record.client,
            state: SessionState::Disconnected,
            target: record.target.clone(),
            options,
            connector,
        };
        Some(self.add(SessionId(record.id), row).1)
    }

    /// The rows that are remembered.
    fn recorded(&self) -> Vec<(SessionId, Uuid)> {
        let entries: Vec<_> = self.entries().values().cloned().collect();
        let recorded = entries.iter().filter(|entry| entry.memo.is_recorded());
        recorded
            .map(|entry| {
                let info = entry.info.borrow();
                (info.id, info.instance_id)
            })
            .collect()
    }

    /// Takes those of `before` that are remembered no more off the list, unless they are live here.
    fn forgotten(&self, before: &[(SessionId, Uuid)], known: &HashSet<Uuid>) {
        let mut entries = self.entries();
        for (id, _) in before
            .iter()
            .filter(|(_, known_as)| !known.contains(known_as))
        {
            let entry = entries.get(id);
            if entry.is_some_and(|entry| entry.info.borrow().state == SessionState::Disconnected) {
                entries.remove(id);
            }
        }
    }
}

impl Entry {
    /// Writes what has become of the session, if it is ours: to be called again whenever something has.
    pub(super) async fn note(&self) {
        if self.memo.is_recorded() {
            self.memo.note(self.info.subscribe()).await;
        }
    }

    /// Says of a session that its server has not missed its dead psdeck yet, and no more of one that it has.
    pub(super) fn still_held(&self) {
        if !self.is_abandoned() || is_elsewhere(&self.info.borrow()) {
            return;
        }
        self.info.send_modify(|info| {
            let is_busy = info.availability == Availability::Busy;
            info.reason = is_busy.then(|| UNNOTICED.to_owned());
        });
    }

    /// Whether the psdeck that had it ended without leaving it: its server may not have noticed.
    pub(super) fn is_abandoned(&self) -> bool {
        self.live.is_none() && self.memo.is_abandoned()
    }
}

/// Puts what a list shows into a record.
pub(super) fn fill(record: &mut Record, info: &SessionInfo) {
    record.state = match info.state {
        SessionState::Opening => RecordState::Opening,
        SessionState::Disconnected => RecordState::Disconnected,
        _ => RecordState::Opened,
    };
    record
        .configuration_name
        .clone_from(&info.configuration_name);
    record.user.clone_from(&info.user);
    record.opened = info.opened;
    record.disconnected = info.disconnected;
    record.expires = info.expires;
    record.idle_timeout = info.keeping.idle_timeout.map(|idle| idle.as_secs());
    record.running = info.running.is_some();
    let command = info.running.as_ref().and_then(|text| text.lines().next());
    record.command = command.map(|line| line.chars().take(LONGEST_COMMAND).collect());
}

/// Whether a server's word of when a session was left is about what we know: its clock, and how it counts, are its own.
pub(super) fn is_same_moment(one: Option<SystemTime>, other: Option<SystemTime>) -> bool {
    let (Some(one), Some(other)) = (one, other) else {
        return false;
    };
    let apart = one.duration_since(other).or(other.duration_since(one));
    apart.is_ok_and(|apart| apart < Duration::from_secs(30))
}

/// Puts a record into what a list shows; whether that changes anything.
fn apply(info: &mut SessionInfo, record: &Record, holding: Holding) -> bool {
    let before = (info.availability, info.reason.clone(), info.expires);
    let was_elsewhere = is_elsewhere(info);
    // What a server told of it since, it knows better than the file.
    if info.opened.is_none() || record.disconnected > info.disconnected {
        info.opened = record.opened;
        info.disconnected = record.disconnected;
        info.expires = record.expires;
        info.keeping.idle_timeout = record.idle_timeout.map(Duration::from_secs);
        info.user.clone_from(&record.user);
        if !record.configuration_name.is_empty() {
            info.configuration_name
                .clone_from(&record.configuration_name);
        }
        if record.running {
            let command = record.command.as_deref().unwrap_or(A_COMMAND);
            info.running.get_or_insert_with(|| command.to_owned());
        }
    }
    info.expires = info.expires.or(record.expires);
    if holding == Holding::Other {
        info.availability = Availability::Busy;
        info.reason = Some(ELSEWHERE.to_owned());
    } else if was_elsewhere || info.reason.is_none() {
        info.availability = Availability::None;
        info.reason = is_abandoned(record.state).then(|| ABANDONED.to_owned());
    }
    before != (info.availability, info.reason.clone(), info.expires)
}

/// Whether the psdeck that had it ended without leaving it, if none holds it.
pub(super) fn is_abandoned(state: RecordState) -> bool {
    state != RecordState::Disconnected
}

/// What there is in the files now. Sessions whose time is over are forgotten, and abandoned ones get a time.
fn look(registry: &Registry) -> Result<Remembered, RegistryError> {
    let now = SystemTime::now();
    let mut found = registry.records()?;
    found.records.retain_mut(|(record, holding)| {
        if *holding != Holding::Nobody {
            return true;
        }
        let is_over = record.expires.is_some_and(|expires| expires + SLACK < now);
        let written = if is_over {
            registry.forget_unchanged(record.id, record.revision)
        } else if is_abandoned(record.state) && record.expires.is_none() {
            record.expires = Some(at_the_latest(record, now));
            registry.amend(record)
        } else {
            Ok(())
        };
        if let Err(error) = written {
            tracing::warn!(id = record.id, %error, "the session's record is not written");
        }
        !is_over
    });
    Ok(found)
}

/// When a session that its psdeck has abandoned is gone for sure.
fn at_the_latest(record: &Record, now: SystemTime) -> SystemTime {
    let idle = record
        .idle_timeout
        .map_or(LONGEST_IDLE, Duration::from_secs);
    now + NOTICED + idle
}

/// Files are waited for elsewhere; `None` when that place is gone.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}
