//! What the handle and the events of an entered session share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::session::{Size, Stopper};

#[derive(Debug)]
pub(super) struct Shared(pub(super) Mutex<Now>);

#[derive(Debug)]
pub(super) struct Now {
    pub(super) window: Size,
    pub(super) running: Option<Stopper>,
}

impl Shared {
    pub(super) fn now(&self) -> MutexGuard<'_, Now> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops what runs; false if nothing does.
    pub(super) fn stop(&self) -> bool {
        let now = self.now();
        now.running.as_ref().map(Stopper::stop).is_some()
    }
}
