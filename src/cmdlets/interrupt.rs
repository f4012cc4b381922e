//! Ctrl+C of a line that runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Stops a line. What does not stop is ended by force only when that is asked for once more, knowing what it costs.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    cancel: CancellationToken,
    force: Arc<Force>,
}

#[derive(Debug, Default)]
struct Force {
    /// Commands run in sessions of the user's that force would cost.
    held: AtomicBool,
    again: Notify,
}

impl Interrupt {
    /// Ctrl+C. `false` if the line is stopping and has no more to say to it: it can only be given up.
    pub fn press(&self) -> bool {
        if !self.cancel.is_cancelled() {
            self.cancel.cancel();
            return true;
        }
        let held = self.force.held.load(Ordering::Acquire);
        if held {
            self.force.again.notify_one();
        }
        held
    }

    /// What the first one cancels.
    pub fn token(&self) -> CancellationToken {
        self.cancel.clone()
    }

    pub(super) fn hold(&self, held: bool) {
        self.force.held.store(held, Ordering::Release);
    }

    /// Each one after the first, while it is held.
    pub(super) async fn again(&self) {
        self.force.again.notified().await;
    }
}

impl From<CancellationToken> for Interrupt {
    fn from(cancel: CancellationToken) -> Self {
        Self {
            cancel,
            ..Self::default()
        }
    }
}
