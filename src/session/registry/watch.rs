//! Hearing of what other psdecks do to the registry.

use std::path::Path;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;

use super::{ALL, Registry};

/// Hears of the registry's files until it is dropped.
pub struct Watch {
    changes: mpsc::Receiver<()>,
    /// Asks the system to be told; nothing wakes it while nothing happens.
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Waits until a record has come, gone or been replaced, or nobody holds one any more; several changes may be told
    /// once. Cancel safe.
    pub async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            // The system tells no more, and the list stays as it is until somebody asks.
            std::future::pending().await
        }
    }
}

impl Registry {
    /// Begins to hear of what other psdecks do; not every file system over a network tells.
    pub fn watch(&self) -> notify::Result<Watch> {
        let (told, changes) = mpsc::channel(1);
        let hear = move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| tells(&event)) {
                // One that waits to be heard is enough.
                let _ = told.try_send(());
            }
        };
        let mut watcher = notify::recommended_watcher(hear)?;
        watcher.watch(&self.folder, RecursiveMode::NonRecursive)?;
        Ok(Watch {
            changes,
            _watcher: watcher,
        })
    }
}

/// Whether it is more than a look at the files, which is all that we do when we hear of it.
fn tells(event: &Event) -> bool {
    let is_lock_of_all = |path: &Path| path.file_name().is_some_and(|name| name == ALL);
    let is_change = match event.kind {
        // Whoever held a session and died closes its lock.
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        EventKind::Modify(ModifyKind::Metadata(_)) => false,
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    };
    is_change && !event.paths.iter().all(|path| is_lock_of_all(path))
}
