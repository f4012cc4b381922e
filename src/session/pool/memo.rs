//! What the registry has of one session of the pool, and whether it is ours to write.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::recorded::{fill, is_abandoned, learn};
use super::remembered::{Memory, blocking};
use crate::session::registry::{Held, Record, RecordState, RegistryError};
use crate::session::{SessionInfo, SessionState};

/// One session's record; none of what is not remembered. Files are waited for elsewhere, one piece of work at a time.
#[derive(Clone, Default)]
pub(super) struct Memo(Arc<Kept>);

#[derive(Default)]
struct Kept {
    written: Mutex<Option<Written>>,
    /// What is asked of it while files are waited for.
    known: Mutex<Option<Known>>,
}

#[derive(Clone, Copy)]
struct Known {
    revision: u64,
    /// Before it was to be connected, if it is.
    state: RecordState,
}

struct Written {
    memory: Memory,
    /// As it stands in the file, as far as we know.
    record: Record,
    /// Another psdeck wrote it since the session was left here.
    is_changed: bool,
    /// While it is ours.
    held: Option<Held>,
    /// How it was before it was to be connected, until it is: the server may count it as ours from then on.
    claimed: Option<RecordState>,
}

impl Written {
    fn known(&self) -> Known {
        Known {
            revision: self.record.revision,
            state: self.claimed.unwrap_or(self.record.state),
        }
    }

    /// Changes the record, if it is ours and becomes another.
    fn write(&mut self, change: impl FnOnce(&mut Record)) {
        let mut record = self.record.clone();
        change(&mut record);
        let Some(held) = self.held.as_ref().filter(|_| record != self.record) else {
            return;
        };
        record.revision += 1;
        match held.write(&record) {
            Ok(()) => self.record = record,
            Err(error) => self.memory.unwritten(held.id(), &error),
        }
    }
}

/// What taking hold of a session came to.
pub(super) enum Claim {
    Ours,
    /// Ours, but another psdeck had it since we wrote of it.
    Changed,
    Other,
    Gone,
    Failed(String),
}

impl Memo {
    /// Remembers a new session, and holds it.
    pub(super) async fn begin(&self, memory: Memory, record: Record) -> Result<(), RegistryError> {
        let begun = self.work(move |memo| {
            let held = memory.registry.remember(&record)?;
            *memo = Some(Written {
                memory,
                record,
                is_changed: false,
                held: Some(held),
                claimed: None,
            });
            Ok(())
        });
        begun.await.unwrap_or(Ok(()))
    }

    /// Takes the session off the record: it is no more.
    pub(super) async fn forget(&self) {
        let forget = |memo: &mut Option<Written>| {
            if let Some(written) = memo.take() {
                match written.held {
                    Some(held) => held.forget(),
                    None => drop(written.memory.registry.forget(written.record.id)),
                }
            }
        };
        self.work(forget).await;
    }

    /// The same, unless another psdeck wrote of it since.
    pub(super) async fn forget_unchanged(&self) {
        let forget = |memo: &mut Option<Written>| {
            let Some(written) = memo.take() else { return };
            let Record { id, revision, .. } = written.record;
            if let Some(held) = written.held {
                // While it is ours nobody else writes.
                held.forget();
            } else if let Err(error) = written.memory.registry.forget_unchanged(id, revision) {
                tracing::warn!(id, %error, "the session's record stays");
            }
        };
        self.work(forget).await;
    }

    /// Lets go of it when connecting it failed; the record stays as it was.
    pub(super) async fn let_go(&self) {
        let let_go = |memo: &mut Option<Written>| {
            if let Some(written) = memo
                && let Some(before) = written.claimed.take()
            {
                written.write(|record| record.state = before);
                written.held = None;
            }
        };
        self.work(let_go).await;
    }

    /// How often its record was written, as far as is known here.
    pub(super) fn revision(&self) -> Option<u64> {
        lock(&self.0.known).map(|known| known.revision)
    }

    pub(super) fn is_abandoned(&self) -> bool {
        lock(&self.0.known).is_some_and(|known| is_abandoned(known.state))
    }

    pub(super) fn is_recorded(&self) -> bool {
        lock(&self.0.known).is_some()
    }

    /// Takes what stands in a file that is not ours to write; whether it is news.
    pub(super) async fn read(&self, memory: Memory, record: Record, is_live: bool) -> bool {
        let read = self.work(move |memo| match memo {
            Some(written) if written.held.is_some() => false,
            Some(written) => {
                let is_news = record.revision != written.record.revision;
                written.record = record;
                written.is_changed |= is_news && is_live;
                is_news
            }
            None => {
                *memo = Some(Written {
                    memory,
                    record,
                    is_changed: false,
                    held: None,
                    claimed: None,
                });
                true
            }
        });
        read.await.unwrap_or(false)
    }

    /// Writes what its server told of it, if nobody holds it and that is new.
    pub(super) async fn learn(&self, info: watch::Receiver<SessionInfo>) {
        let learn = move |memo: &mut Option<Written>| {
            let Some(written) = memo.as_mut().filter(|written| written.held.is_none()) else {
                return;
            };
            let mut record = written.record.clone();
            if !learn(&mut record, &info.borrow()) {
                return;
            }
            match written.memory.registry.amend(&mut record) {
                Ok(true) => written.record = record,
                // Others know better by now.
                Ok(false) => {}
                Err(error) => written.memory.unwritten(record.id, &error),
            }
        };
        self.work(learn).await;
    }

    /// Takes hold of it before it is connected.
    pub(super) async fn claim(&self) -> Claim {
        let claim = |memo: &mut Option<Written>| {
            let Some(written) = memo else {
                return Claim::Ours;
            };
            if written.held.is_some() {
                // Left a moment ago and not written yet: what writes that must not let go of it now.
                written.claimed.get_or_insert(written.record.state);
                return Claim::Ours;
            }
            let id = written.record.id;
            let registry = written.memory.registry.clone();
            match registry.take(id) {
                Ok(Some((record, held))) => {
                    let is_other = record.revision != written.record.revision;
                    let is_changed = std::mem::take(&mut written.is_changed) || is_other;
                    written.record = record;
                    written.held = Some(held);
                    written.claimed = Some(written.record.state);
                    // Written first, as before Create: whoever dies now leaves it so.
                    written.write(|record| record.state = RecordState::Opened);
                    if is_changed {
                        Claim::Changed
                    } else {
                        Claim::Ours
                    }
                }
                Ok(None) => match registry.records() {
                    Ok(all) if all.records.iter().any(|(record, _)| record.id == id) => {
                        Claim::Other
                    }
                    Ok(_) => Claim::Gone,
                    Err(error) => Claim::Failed(error.to_string()),
                },
                Err(error) => Claim::Failed(error.to_string()),
            }
        };
        self.work(claim).await.unwrap_or(Claim::Ours)
    }

    /// Writes what has become of it, if it is ours.
    pub(super) async fn note(&self, info: watch::Receiver<SessionInfo>) {
        let note = move |memo: &mut Option<Written>| {
            let Some(written) = memo else { return };
            let info = info.borrow().clone();
            let is_on_its_way = [SessionState::Disconnected, SessionState::Connecting];
            if written.held.is_none()
                || (written.claimed.is_some() && is_on_its_way.contains(&info.state))
            {
                return;
            }
            written.claimed = None;
            if info.state == SessionState::Closed {
                if let Some(held) = memo.take().and_then(|written| written.held) {
                    held.forget();
                }
                return;
            }
            written.write(|record| fill(record, &info));
            if matches!(
                info.state,
                SessionState::Disconnected | SessionState::Broken
            ) {
                // Lost, it stays on record as one that was not left. Whoever wants it may have it.
                written.held = None;
            }
        };
        self.work(note).await;
    }

    /// Does what may wait for files; `None` when there is no place for that any more.
    async fn work<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Option<Written>) -> T + Send + 'static,
    ) -> Option<T> {
        let kept = Arc::clone(&self.0);
        blocking(move || {
            let mut written = lock(&kept.written);
            let done = act(&mut written);
            *lock(&kept.known) = written.as_ref().map(Written::known);
            done
        })
        .await
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::session::registry::Registry;
    use crate::session::{Description, SessionId, TransportKind};
    use crate::transport::Options;

    #[tokio::test]
    async fn a_session_that_is_connected_again_at_once_stays_held() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(folder.path()).unwrap();
        let target = "demo:Server01".parse().unwrap();
        let (instance, client) = (Uuid::nil(), Uuid::nil());
        let record = Record::new(1, "ITTask", instance, client, target, &Options::default());
        let description = Description {
            transport: TransportKind::WSMan,
            computer_name: "Server01".into(),
            computer_type: "RemoteMachine",
            configuration_name: "Microsoft.PowerShell".into(),
            user: None,
        };
        let (id, opened) = (SessionId(1), SessionState::Opened);
        let info = SessionInfo::new(id, "ITTask".into(), instance, description, opened);
        let (told, info) = watch::channel(info);
        let memo = Memo::default();
        let memory = Memory::new(registry.clone(), None, |_| None, |_| ());
        memo.begin(memory, record).await.unwrap();
        memo.note(info.clone()).await;

        // The leave is written only when the session is to be connected again.
        told.send_modify(|info| info.state = SessionState::Disconnected);
        assert!(matches!(memo.claim().await, Claim::Ours));
        memo.note(info.clone()).await;
        told.send_modify(|info| info.state = SessionState::Opened);
        memo.note(info).await;
        assert!(registry.take(1).unwrap().is_none(), "another could have it");
        let state = |all: Vec<(Record, _)>| all.first().map(|(record, _)| record.state);
        assert_eq!(
            state(registry.records().unwrap().records),
            Some(RecordState::Opened)
        );
    }
}
