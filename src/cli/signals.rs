//! Ctrl+C while no key is read, and the signals that end us.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::session::Pool;

/// What is left to its servers when a signal ends the program.
static LEFT_AT_END: Mutex<Option<Pool>> = Mutex::new(None);
/// A signal ends the program.
static ENDING: AtomicBool = AtomicBool::new(false);
/// How long leaving may take: what is on its way already is waited for.
const LEAVING: Duration = Duration::from_secs(8);

/// Has a signal that ends the program leave the open sessions of this pool rather than drop them.
pub(super) fn leave_at_end(pool: Pool) {
    *LEFT_AT_END.lock().unwrap_or_else(PoisonError::into_inner) = Some(pool);
}

/// Lets a signal that ends the program do so: sessions may still be being left.
pub(super) async fn ending() {
    if ENDING.load(Ordering::Acquire) {
        tokio::time::sleep(LEAVING + Duration::from_secs(1)).await;
    }
}

/// Each Ctrl+C, as it comes. While this lives, Ctrl+C does not end the program.
pub(super) struct Interrupts(mpsc::UnboundedReceiver<()>);

impl Interrupts {
    /// Begins to listen; SIGTERM and SIGHUP give the terminal back and end the program.
    pub(super) fn listen() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        // One listener for all of them: what comes between two of them would be lost.
        #[cfg(unix)]
        let pressed = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
        #[cfg(windows)]
        let pressed = tokio::signal::windows::ctrl_c();
        if let Ok(mut pressed) = pressed {
            tokio::spawn(async move {
                while pressed.recv().await.is_some() && sender.send(()).is_ok() {}
            });
        }
        #[cfg(unix)]
        for (kind, number) in [
            (tokio::signal::unix::SignalKind::terminate(), 15),
            (tokio::signal::unix::SignalKind::hangup(), 1),
        ] {
            tokio::spawn(end_on(kind, number));
        }
        Self(receiver)
    }

    /// The next one.
    pub(super) async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending().await
        }
    }

    /// Whether there was one.
    pub(super) fn taken(&mut self) -> bool {
        self.0.try_recv().is_ok()
    }
}

#[cfg(unix)]
#[expect(clippy::exit, reason = "a signal asked for it")]
async fn end_on(kind: tokio::signal::unix::SignalKind, number: i32) {
    let Ok(mut signal) = tokio::signal::unix::signal(kind) else {
        return;
    };
    // Who listens several times, or gets several signals, is ended once, and in its own time.
    if signal.recv().await.is_some() && !ENDING.swap(true, Ordering::AcqRel) {
        super::tty::over();
        let left = LEFT_AT_END
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(pool) = left {
            for id in pool.leave_all(LEAVING).await {
                use std::io::Write as _;
                // The terminal may be gone.
                let _ = writeln!(
                    std::io::stderr(),
                    "psdeck ends; the session runs on: psdeck connect {id}"
                );
            }
            // Whoever edits a line there has taken the terminal again to say so.
            super::tty::restore();
        }
        std::process::exit(128 + number);
    }
}

/// Ctrl+Z while keys are read: stops the program as it would have been stopped; returns when it goes on.
pub(super) fn suspend() {
    #[cfg(unix)]
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP);
}
