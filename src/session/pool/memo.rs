//! What the registry has of one session of the pool, and whether it is ours to write.

use super::remembered::{fill, is_abandoned};
use crate::session::registry::{Held, Record, RecordState, Registry};
use crate::session::{SessionInfo, SessionState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One session's record; none of what is not remembered.
#[derive(Clone, Default)]
pub(super) struct Memo(Arc<Mutex<Option<Written>>>);

struct Written {
    registry: Registry,
    /// As it stands in the file, as far as we know.
    record: Record,
    /// While it is ours.
    held: Option<Held>,
    /// How it was before it was to be connected, until it is: the server may count it as ours from then on.
    claimed: Option<RecordState>,
}

impl Written {
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
            Err(error) => {
                tracing::warn!(id = held.id(), %error, "the session's record is not written");
            }
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
    pub(super) fn begin(&self, registry: Registry, record: Record) {
        match registry.remember(&record) {
            Ok(held) => {
                *self.lock() = Some(Written {
                    registry,
                    record,
                    held: Some(held),
                    claimed: None,
                });
            }
            Err(error) => {
                tracing::warn!(id = record.id, %error, "the session is not remembered");
            }
        }
    }

    /// Takes the session off the record: it is no more.
    pub(super) fn forget(&self) {
        if let Some(written) = self.lock().take() {
            match written.held {
                Some(held) => held.forget(),
                None => drop(written.registry.forget(written.record.id)),
            }
        }
    }

    /// The same, unless another psdeck wrote of it since.
    pub(super) fn forget_unchanged(&self) {
        if let Some(written) = self.lock().take() {
            let Record { id, revision, .. } = written.record;
            if let Some(held) = written.held {
                // While it is ours nobody else writes.
                held.forget();
            } else if let Err(error) = written.registry.forget_unchanged(id, revision) {
                tracing::warn!(id, %error, "the session's record stays");
            }
        }
    }

    /// How often its record was written, as far as is known here.
    pub(super) fn revision(&self) -> Option<u64> {
        self.lock().as_ref().map(|written| written.record.revision)
    }

    /// Lets go of it when connecting it failed; the record stays as it was.
    pub(super) fn let_go(&self) {
        if let Some(written) = self.lock().as_mut()
            && let Some(before) = written.claimed.take()
        {
            written.write(|record| record.state = before);
            written.held = None;
        }
    }

    pub(super) fn is_abandoned(&self) -> bool {
        let memo = self.lock();
        memo.as_ref()
            .is_some_and(|written| is_abandoned(written.claimed.unwrap_or(written.record.state)))
    }

    pub(super) fn is_recorded(&self) -> bool {
        self.lock().is_some()
    }

    /// Takes what stands in a file that is not ours to write.
    pub(super) fn read(&self, registry: &Registry, record: &Record, is_live: bool) {
        let mut memo = self.lock();
        match memo.as_mut() {
            // What we wrote last tells whether others wrote since.
            Some(written) if written.held.is_some() || is_live => {}
            Some(written) => written.record = record.clone(),
            None => {
                *memo = Some(Written {
                    registry: registry.clone(),
                    record: record.clone(),
                    held: None,
                    claimed: None,
                });
            }
        }
    }

    pub(super) fn claim(&self) -> Claim {
        let mut memo = self.lock();
        let Some(written) = memo.as_mut() else {
            return Claim::Ours;
        };
        if written.held.is_some() {
            return Claim::Ours;
        }
        let id = written.record.id;
        match written.registry.take(id) {
            Ok(Some((record, held))) => {
                let same = record.revision == written.record.revision;
                written.record = record;
                written.held = Some(held);
                written.claimed = Some(written.record.state);
                // Written first, as before Create: whoever dies now leaves it so.
                written.write(|record| record.state = RecordState::Opened);
                if same { Claim::Ours } else { Claim::Changed }
            }
            Ok(None) => match written.registry.records() {
                Ok(all) if all.records.iter().any(|(record, _)| record.id == id) => Claim::Other,
                Ok(_) => Claim::Gone,
                Err(error) => Claim::Failed(error.to_string()),
            },
            Err(error) => Claim::Failed(error.to_string()),
        }
    }

    /// Writes what has become of it, if it is ours.
    pub(super) fn note(&self, info: &SessionInfo) {
        let mut memo = self.lock();
        let Some(written) = memo.as_mut() else { return };
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
        written.write(|record| fill(record, info));
        if matches!(
            info.state,
            SessionState::Disconnected | SessionState::Broken
        ) {
            // Lost, it stays on record as one that was not left. Whoever wants it may have it.
            written.held = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Written>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
