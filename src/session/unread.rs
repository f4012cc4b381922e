//! The commands of a session that run while nobody here reads them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

/// What a session's task and its handles know of such commands together.
#[derive(Debug, Default)]
pub(super) struct Unread {
    commands: Mutex<Vec<Unheard>>,
    waits: AtomicBool,
}

/// A command that runs, and whose output goes to nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unheard {
    /// The pipeline's id.
    pub(super) id: Uuid,
    /// What it runs, for lists; empty where the server does not say.
    pub(super) text: String,
}

impl Unread {
    /// One that is to be read now. It is somebody's from here on.
    pub(super) fn take(&self) -> Option<Unheard> {
        let mut commands = self.commands();
        (!commands.is_empty()).then(|| commands.remove(0))
    }

    pub(super) fn add(&self, command: Unheard) {
        let mut commands = self.commands();
        if commands.iter().all(|known| known.id != command.id) {
            commands.push(command);
        }
    }

    pub(super) fn remove(&self, id: Uuid) {
        self.commands().retain(|command| command.id != id);
    }

    /// Whether a command seems to wait for what its former client was asked.
    pub(super) fn waits(&self) -> bool {
        self.waits.load(Ordering::Relaxed)
    }

    /// Whether that is news.
    pub(super) fn set_waits(&self, waits: bool) -> bool {
        self.waits.swap(waits, Ordering::Relaxed) != waits
    }

    fn commands(&self) -> MutexGuard<'_, Vec<Unheard>> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
