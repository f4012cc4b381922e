//! Hearing of what other psdecks do to the registry.

use notify::event::ModifyKind;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;

use super::Registry;

/// Hears of the registry's files until it is dropped.
pub struct Watch {
    changes: mpsc::Receiver<()>,
    /// Asks the system to be told; nothing wakes it while nothing happens.
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Waits until a record has come, gone or been replaced; several changes may be told once. Cancel safe.
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
        let hear = move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| tells(event.kind)) {
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

/// Whether files came, went or were renamed: what only looks at them, as we do then, is none of it.
fn tells(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => false,
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    }
}
