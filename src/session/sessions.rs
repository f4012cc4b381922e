//! The pool's list, for those who show it.

use std::future::pending;
use std::sync::Arc;

use tokio::sync::watch;

use super::{Pool, SessionInfo};

/// The list as it changes. It is put together when somebody looks: the changes of thousands of sessions cost nothing
/// until then, and those between two looks count as one.
#[derive(Clone)]
pub struct Sessions {
    pool: Pool,
    changes: watch::Receiver<()>,
}

impl Sessions {
    pub(super) fn new(pool: Pool, changes: watch::Receiver<()>) -> Self {
        Self { pool, changes }
    }

    /// The list as it is now, by number.
    pub fn now(&mut self) -> Arc<[SessionInfo]> {
        // First, so that what changes meanwhile is told of once more rather than never.
        self.changes.mark_unchanged();
        self.pool.inner.list()
    }

    /// Waits until the list is another than it was at the last look. May be dropped and called again.
    pub async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            pending().await
        }
    }

    /// Waits until the list is as it should be.
    pub async fn wait_for(&mut self, right: impl Fn(&[SessionInfo]) -> bool) -> Arc<[SessionInfo]> {
        loop {
            let list = self.now();
            if right(&list) {
                return list;
            }
            self.changed().await;
        }
    }
}
