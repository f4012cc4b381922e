//! The sessions of this user across all psdecks, remembered in files: one a session, in a folder of the user's alone.
//!
//! Which psdeck holds a session is told by a lock that it holds on a file beside the record, and that the system takes
//! back when the process ends, however it ends. Only the holder writes a record or takes it away, so records are replaced
//! whole and never merged. Numbers are never used twice, so that a lock file that was taken away is never another's.

mod files;
mod moment;
mod record;
mod watch;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

pub use record::{Record, RecordState};
pub use watch::Watch;

/// The remembered sessions. A cheap handle; clones are the same psdeck.
#[derive(Clone, Debug)]
pub struct Registry {
    folder: PathBuf,
    keeps_commands: bool,
    /// The numbers that this psdeck holds.
    ours: Arc<Mutex<BTreeSet<u32>>>,
}

/// A session that this psdeck holds: nobody else writes its record. Dropping it lets go; the record stays.
#[derive(Debug)]
pub struct Held {
    id: u32,
    registry: Registry,
    /// Gone only while it is dropped.
    lock: Option<File>,
}

/// Who holds a remembered session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Holding {
    /// This psdeck.
    Ours,
    /// Another one on this computer.
    Other,
    /// None: it was left, or its psdeck is dead.
    Nobody,
}

/// What is remembered.
#[derive(Clone, Debug, Default)]
pub struct Remembered {
    /// The sessions, by number.
    pub records: Vec<(Record, Holding)>,
    /// What was wrong with files that were set aside: a sentence each.
    pub notes: Vec<String>,
}

/// Why the registry cannot be used: the folder is at fault, or what shares it.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The account has no home.
    #[error("this account has no folder for data: PSDECK_DATA names one")]
    NoFolder,
    /// The system refused.
    #[error("cannot {what} '{}': {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another psdeck does not let go of the registry.
    #[error("another psdeck has kept '{}' locked for seconds", .0.display())]
    Locked(PathBuf),
    /// Another session has the number.
    #[error("another session is remembered as {0}")]
    Taken(u32),
    /// More is to be remembered of a session than a record holds.
    #[error("the record of session {0} would be longer than a record may be")]
    TooLong(u32),
}

/// Where the registry of this user is: in the folder that `PSDECK_DATA` names, else in the platform's for data.
pub fn folder() -> Result<PathBuf, RegistryError> {
    let data = crate::config::data_folder().ok_or(RegistryError::NoFolder)?;
    Ok(data.join("sessions"))
}

/// What a record's file is called behind its number.
const RECORD: &str = "json";
/// What the file beside it is called, which its holder has locked.
const LOCK: &str = "lock";
/// What a damaged file is called.
const DAMAGED: &str = "damaged";
/// The file that is locked while numbers are given, and while it is found out who holds what.
const ALL: &str = "registry.lock";
/// The last number that was given.
const COUNTER: &str = "counter";

impl Registry {
    /// The registry in a folder, which is made where there is none, and is the user's alone from now on.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, RegistryError> {
        let folder = folder.into();
        files::private_folder(&folder)?;
        Ok(Self {
            folder,
            keeps_commands: false,
            ours: Arc::default(),
        })
    }

    /// The same, with the first line of what runs in each session, if so. Scripts can hold secrets: only who asks gets it.
    #[must_use]
    pub fn keeping_commands(self, keeps_commands: bool) -> Self {
        Self {
            keeps_commands,
            ..self
        }
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A number that no session of this user's had before, and that is above `last`.
    pub fn next_id(&self, last: u32) -> Result<u32, RegistryError> {
        let _all = self.lock_all()?;
        self.number(last)
    }

    /// Remembers a new session, and holds it. One that is remembered by its number already is not replaced.
    pub fn remember(&self, record: &Record) -> Result<Held, RegistryError> {
        let held = {
            let _all = self.lock_all()?;
            if let Ok(Some(known)) = self.read(record.id)
                && known.instance_id != record.instance_id
            {
                return Err(RegistryError::Taken(record.id));
            }
            self.hold(record.id)?
        };
        let held = held.ok_or_else(|| RegistryError::Locked(self.path(record.id, LOCK)))?;
        held.write(record)?;
        Ok(held)
    }

    /// Remembers a session that a server told of, under the next number, unless a record has its instance id already.
    /// Nobody holds it.
    pub fn adopt(
        &self,
        instance_id: Uuid,
        record: impl FnOnce(u32) -> Record,
    ) -> Result<Record, RegistryError> {
        let _all = self.lock_all()?;
        for id in self.numbers()? {
            if let Ok(Some(known)) = self.read(id)
                && known.instance_id == instance_id
            {
                return Ok(known);
            }
        }
        let record = record(self.number(0)?);
        if let Some(held) = self.hold(record.id)? {
            held.write(&record)?;
        }
        Ok(record)
    }

    /// Takes hold of a remembered session; `None` when another psdeck holds it, or when it is remembered no more.
    pub fn take(&self, id: u32) -> Result<Option<(Record, Held)>, RegistryError> {
        let _all = self.lock_all()?;
        let Some(held) = self.hold(id)? else {
            return Ok(None);
        };
        match self.read(id) {
            Ok(Some(record)) => Ok(Some((record, held))),
            Ok(None) => {
                held.forget();
                Ok(None)
            }
            Err(wrong) => {
                self.set_aside(id, &wrong)?;
                Ok(None)
            }
        }
    }

    /// Every remembered session as it is now. Damaged files are set aside.
    pub fn records(&self) -> Result<Remembered, RegistryError> {
        let _all = self.lock_all()?;
        let mut found = Remembered::default();
        for id in self.numbers()? {
            let holding = self.holding(id);
            match self.read(id) {
                Ok(Some(record)) => found.records.push((record, holding)),
                Ok(None) => {}
                // Whoever holds it replaces it.
                Err(_) if holding != Holding::Nobody => {}
                Err(wrong) => found.notes.push(self.set_aside(id, &wrong)?),
            }
        }
        Ok(found)
    }

    /// Takes the record of a session away, unless another psdeck holds it.
    pub fn forget(&self, id: u32) -> Result<(), RegistryError> {
        if let Some((_, held)) = self.take(id)? {
            held.forget();
        }
        Ok(())
    }

    /// The same, unless the record has become another since it was read.
    pub fn forget_unchanged(&self, id: u32, revision: u64) -> Result<(), RegistryError> {
        if let Some((record, held)) = self.take(id)?
            && record.revision == revision
        {
            held.forget();
        }
        Ok(())
    }

    /// Replaces a record that nobody holds and that is as it was read but for this change, which is counted; whether it
    /// was. No look at the registry finds it held meanwhile.
    pub fn amend(&self, record: &mut Record) -> Result<bool, RegistryError> {
        let _all = self.lock_all()?;
        let Ok(Some(known)) = self.read(record.id) else {
            return Ok(false);
        };
        if known.revision != record.revision {
            return Ok(false);
        }
        let Some(held) = self.hold(record.id)? else {
            return Ok(false);
        };
        record.revision += 1;
        held.write(record)?;
        Ok(true)
    }

    fn lock_all(&self) -> Result<File, RegistryError> {
        files::lock(&self.folder.join(ALL))
    }

    /// The next number above `least`; the registry is locked.
    fn number(&self, least: u32) -> Result<u32, RegistryError> {
        let path = self.folder.join(COUNTER);
        let last = fs::read_to_string(&path).ok();
        let last = last.and_then(|text| text.trim().parse::<u32>().ok());
        // Of a counter that is lost, what there is tells what was given.
        let last = match last {
            Some(last) => last,
            None => self.files()?.last().copied().unwrap_or(0),
        };
        let next = last.max(least).saturating_add(1);
        // Of one that a power cut costs, the records tell enough.
        files::replace(&path, format!("{next}\n").as_bytes(), false)?;
        Ok(next)
    }

    /// Locks a session's file for this psdeck; the registry is locked. `None` when it is held already.
    fn hold(&self, id: u32) -> Result<Option<Held>, RegistryError> {
        let path = self.path(id, LOCK);
        if self.ours().contains(&id) {
            return Ok(None);
        }
        let file = files::private_file(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(source)) => {
                let what = "lock";
                return Err(RegistryError::Io { what, path, source });
            }
        }
        self.ours().insert(id);
        Ok(Some(Held {
            id,
            registry: self.clone(),
            lock: Some(file),
        }))
    }

    /// Who holds a session; the registry is locked, so that nobody takes this look for a holder.
    fn holding(&self, id: u32) -> Holding {
        if self.ours().contains(&id) {
            return Holding::Ours;
        }
        match File::open(self.path(id, LOCK)).map(|file| file.try_lock_shared()) {
            Ok(Ok(())) => Holding::Nobody,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Holding::Nobody,
            // Whoever cannot tell leaves it alone.
            Ok(Err(_)) | Err(_) => Holding::Other,
        }
    }

    /// The numbers of the records, in order. The registry is locked: a lock file without its record, which nobody
    /// holds, is what somebody left who died before writing one.
    fn numbers(&self) -> Result<BTreeSet<u32>, RegistryError> {
        let numbers = self.files()?;
        let recorded = |id: &u32| self.path(*id, RECORD).exists();
        for id in numbers.iter().filter(|id| !recorded(id)) {
            if self.path(*id, LOCK).exists() && self.holding(*id) == Holding::Nobody {
                let _ = fs::remove_file(self.path(*id, LOCK));
            }
        }
        Ok(numbers.into_iter().filter(recorded).collect())
    }

    /// The numbers that any file has.
    fn files(&self) -> Result<BTreeSet<u32>, RegistryError> {
        let wrong = |source| RegistryError::Io {
            what: "read",
            path: self.folder.clone(),
            source,
        };
        let mut numbers = BTreeSet::new();
        for entry in fs::read_dir(&self.folder).map_err(wrong)? {
            let name = entry.map_err(wrong)?.file_name();
            let number = Path::new(&name).file_stem().and_then(OsStr::to_str);
            let number = number.map(|stem| stem.split('.').next().unwrap_or(stem));
            numbers.extend(number.and_then(|number| number.parse::<u32>().ok()));
        }
        Ok(numbers)
    }

    /// A record; none if there is no file, and what is wrong with one that is damaged.
    fn read(&self, id: u32) -> Result<Option<Record>, String> {
        let path = self.path(id, RECORD);
        match files::read(&path, record::LONGEST) {
            Ok(None) => Ok(None),
            Ok(Some(text)) => Record::read(id, &text).map(Some),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Puts a damaged record where nobody reads it; what to tell of it.
    fn set_aside(&self, id: u32, wrong: &str) -> Result<String, RegistryError> {
        let path = self.path(id, RECORD);
        let aside = self.path(id, DAMAGED);
        fs::rename(&path, &aside).map_err(|source| RegistryError::Io {
            what: "set aside",
            path,
            source,
        })?;
        let _ = fs::remove_file(self.path(id, LOCK));
        Ok(format!(
            "the record of session {id} is damaged ({wrong}) and was set aside as '{}'",
            aside.display()
        ))
    }

    fn path(&self, id: u32, kind: &str) -> PathBuf {
        self.folder.join(format!("{id}.{kind}"))
    }

    fn ours(&self) -> MutexGuard<'_, BTreeSet<u32>> {
        self.ours.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// The session's number.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Replaces the record. On failure the one before stands.
    pub fn write(&self, record: &Record) -> Result<(), RegistryError> {
        let mut record = record.clone();
        record.command = record.command.filter(|_| self.registry.keeps_commands);
        let text = record.text();
        if text.len() > record::LONGEST {
            return Err(RegistryError::TooLong(self.id));
        }
        files::replace(&self.registry.path(self.id, RECORD), text.as_bytes(), true)
    }

    /// Takes the record away: the session is no more.
    pub fn forget(self) {
        // The record first: a lock file alone says nothing.
        for kind in [RECORD, LOCK] {
            if let Err(error) = fs::remove_file(self.registry.path(self.id, kind))
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(id = self.id, %error, "cannot take the session's record away");
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // First: nobody takes our own lock for another's, and who hears of its end finds it free.
        if let Some(lock) = self.lock.take() {
            let _ = lock.unlock();
        }
        self.registry.ours().remove(&self.id);
    }
}
