//! Hearing of what other psdecks do to the registry.

use std::path::Path;
use std::time::{Duration, SystemTime};
use std::{fs, io, thread};

use tokio::sync::mpsc;

use super::Registry;

/// How often the folder is looked at.
const LOOK: Duration = Duration::from_secs(2);

impl Registry {
    /// Tells whenever a record has come, gone or been replaced, until nobody listens; several changes may be told once.
    ///
    /// Looks at the folder's time from a thread of its own: that wakes one thread every two seconds, where a timer with
    /// a file behind it wakes three.
    pub fn watch(&self) -> io::Result<mpsc::Receiver<()>> {
        let (told, changes) = mpsc::channel(1);
        let folder = self.folder.clone();
        let look = move || {
            let mut before = None;
            while !told.is_closed() {
                let now = changed(&folder);
                if now != before {
                    // One that waits to be heard is enough.
                    let _ = told.try_send(());
                }
                // What changes once more in the same tick of the folder's clock leaves its time as it is.
                before = now.filter(|at| at.elapsed().is_ok_and(|past| past > LOOK));
                thread::sleep(LOOK);
            }
        };
        thread::Builder::new().name("registry".into()).spawn(look)?;
        Ok(changes)
    }
}

fn changed(folder: &Path) -> Option<SystemTime> {
    fs::metadata(folder)
        .and_then(|folder| folder.modified())
        .ok()
}
