//! The pool's sessions in the registry: what is written of them when, and what others wrote.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use uuid::Uuid;

use super::listing::show;
use super::recorded::{UNNOTICED, apply, fill, look};
use super::rows::Row;
use super::{Entry, Inner, Pool};
use crate::session::registry::{Holding, Record, Registry, RegistryError, Watch};
use crate::session::{
    Availability, ExitCode, Holder, Listed, Report, SessionId, SessionInfo, SessionState,
};
use crate::transport::PasswordCommand;

/// A profile's password command.
type Passwords = dyn Fn(&str) -> Option<PasswordCommand> + Send + Sync;

/// Where sessions are remembered, and whose passwords are to be had how.
#[derive(Clone)]
pub(super) struct Memory {
    pub(super) registry: Registry,
    window: Option<Duration>,
    passwords: Arc<Passwords>,
    warn: Arc<Warn>,
}

/// Tells what cannot be written, once.
struct Warn {
    tell: Box<dyn Fn(String) + Send + Sync>,
    told: AtomicBool,
}

impl Memory {
    pub(super) fn new(
        registry: Registry,
        window: Option<Duration>,
        passwords: impl Fn(&str) -> Option<PasswordCommand> + Send + Sync + 'static,
        warn: impl Fn(String) + Send + Sync + 'static,
    ) -> Self {
        Self {
            registry,
            window,
            passwords: Arc::new(passwords),
            warn: Arc::new(Warn {
                tell: Box::new(warn),
                told: AtomicBool::new(false),
            }),
        }
    }

    /// A record cannot be written; its session works all the same.
    pub(super) fn unwritten(&self, id: u32, error: &RegistryError) {
        tracing::warn!(id, %error, "the session's record is not written");
        if !self.warn.told.swap(true, Relaxed) {
            (self.warn.tell)(format!(
                "sessions cannot be remembered as they are now: {error}; they work, but other psdecks do not know, and \
                 neither does the next one. {MEND}"
            ));
        }
    }
}

/// What helps where nothing can be written.
const MEND: &str = "Make room, or make the folder writable; PSDECK_DATA names another one.";

impl Pool {
    /// A pool that remembers its sessions, those that servers keep, and knows those of other psdecks. Of those,
    /// records do not say for how long a lost network is tried again, which is `window`, and a profile's password
    /// command, which `passwords` gives. [`Self::recall`] reads what there is. `warn` is told once, a sentence or two, if
    /// records cannot be written.
    #[must_use]
    pub fn remembering(
        mut self,
        registry: Registry,
        window: Option<Duration>,
        passwords: impl Fn(&str) -> Option<PasswordCommand> + Send + Sync + 'static,
        warn: impl Fn(String) + Send + Sync + 'static,
    ) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.memory = Some(Memory::new(registry, window, passwords, warn));
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
        self.look_again(HashSet::new()).await
    }

    /// The same, when a server was just heard to have these sessions.
    pub(super) async fn look_again(&self, living: HashSet<Uuid>) -> Vec<String> {
        let Some(memory) = self.inner.memory.clone() else {
            return Vec::new();
        };
        // What joins the list after the look at the files is not missing in them.
        let before = self.inner.recorded();
        let registry = memory.registry.clone();
        let found = match blocking(move || look(&registry, &living)).await {
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
            let (memory, is_live) = (memory.clone(), entry.live.is_some());
            let is_news = entry.memo.read(memory, record.clone(), is_live).await;
            entry.info.send_if_modified(|info| {
                // What is live here is ours, whatever the look at the files came before.
                info.state == SessionState::Disconnected && apply(info, &record, holding, is_news)
            });
        }
        self.inner.forgotten(&before, &known);
        self.inner.changed();
        found.notes
    }
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

    /// Remembers a session before its server is asked for it. That this cannot be, is told; `kept`: it is an error.
    pub(in crate::session) async fn remember(
        &self,
        entry: &Entry,
        kept: bool,
    ) -> Result<(), Report> {
        if !entry.connector.keeps_sessions() {
            return Ok(());
        }
        let unremembered = |why: String| {
            let what = "the session cannot be remembered, so it was not opened";
            let mut report = Report::new(ExitCode::Refused, what).hint(MEND);
            report.computer = Some(entry.info.borrow().computer_name.clone());
            report.reasons.push(why);
            report
        };
        let Some(memory) = &self.memory else {
            let why = || unremembered("there is no folder for it".to_owned());
            return if kept { Err(why()) } else { Ok(()) };
        };
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
        let id = record.id;
        match entry.memo.begin(memory.clone(), record).await {
            Err(error) if kept => Err(unremembered(error.to_string())),
            Err(error) => {
                memory.unwritten(id, &error);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Makes a row of a session that a server told of, and remembers it: its number is its own from now on.
    pub(super) async fn found(self: &Arc<Self>, row: Row, listed: &Listed) -> Entry {
        let memory = self.memory.as_ref();
        if let Some(memory) = memory.filter(|_| row.connector.keeps_sessions()) {
            let name = row.name.clone().unwrap_or_default();
            let (target, instance_id) = (row.target.clone(), row.instance_id);
            let mut record = Record::new(0, name, instance_id, row.client, target, &row.options);
            let (id, name) = (SessionId(0), record.name.clone());
            let mut info =
                SessionInfo::new(id, name, instance_id, row.description.clone(), row.state);
            show(&mut info, listed);
            fill(&mut record, &info);
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
                    entry.memo.read(memory.clone(), record, false).await;
                    return entry;
                }
                Some(Err(error)) => memory.unwritten(0, &error),
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

    /// Writes what its server just told of the session, if nobody holds it.
    pub(super) async fn learned(&self) {
        let is_told = {
            let info = self.info.borrow();
            info.state == SessionState::Disconnected && info.holder != Holder::Elsewhere
        };
        if is_told && self.memo.is_recorded() {
            self.memo.learn(self.info.subscribe()).await;
        }
    }

    /// Says of a session that its server has not missed its dead psdeck yet, and no more of one that it has.
    pub(super) fn still_held(&self) {
        if !self.is_abandoned() || self.info.borrow().holder == Holder::Elsewhere {
            return;
        }
        self.info.send_modify(|info| {
            let is_busy = info.availability == Availability::Busy;
            info.reason = is_busy.then(|| UNNOTICED.to_owned());
            if !is_busy {
                info.holder = Holder::Unknown;
            }
        });
    }

    /// Whether the psdeck that had it ended without leaving it: its server may not have noticed.
    pub(super) fn is_abandoned(&self) -> bool {
        self.live.is_none() && self.memo.is_abandoned()
    }
}

/// Files are waited for elsewhere; `None` when that place is gone.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}
