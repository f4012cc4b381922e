//! Signals that end, stop or continue the app.

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(unix),
    expect(dead_code, reason = "Windows stops no programs: only quitting comes")
)]
pub(crate) enum Signal {
    /// End, with this exit status.
    Quit(u8),
    /// Stop, as Ctrl+Z does.
    Suspend,
    /// Continued after a stop that we did not make.
    Continued,
}

#[cfg(unix)]
mod platform {
    use std::io;

    use tokio::signal::unix::{self, SignalKind};

    use super::Signal;

    /// The signals of this process.
    pub(crate) struct Signals {
        interrupt: unix::Signal,
        terminate: unix::Signal,
        hangup: unix::Signal,
        stop: unix::Signal,
        continued: unix::Signal,
    }

    impl Signals {
        pub(crate) fn new() -> io::Result<Self> {
            // SIGTSTP and SIGCONT have no names in tokio; their numbers differ between Linux and the BSDs.
            let stop = rustix::process::Signal::TSTP.as_raw();
            let continued = rustix::process::Signal::CONT.as_raw();
            Ok(Self {
                interrupt: unix::signal(SignalKind::interrupt())?,
                terminate: unix::signal(SignalKind::terminate())?,
                hangup: unix::signal(SignalKind::hangup())?,
                stop: unix::signal(SignalKind::from_raw(stop))?,
                continued: unix::signal(SignalKind::from_raw(continued))?,
            })
        }

        /// The next signal.
        pub(crate) async fn next(&mut self) -> Signal {
            tokio::select! {
                _ = self.interrupt.recv() => Signal::Quit(130),
                _ = self.terminate.recv() => Signal::Quit(143),
                _ = self.hangup.recv() => Signal::Quit(129),
                _ = self.stop.recv() => Signal::Suspend,
                _ = self.continued.recv() => Signal::Continued,
            }
        }
    }

    /// Stops the process group, so that a wrapper around psdeck stops with it.
    pub(crate) fn stop_ourselves() {
        // Where the group may not be signalled, the app goes on: better than a terminal nobody drives.
        let _ = rustix::process::kill_current_process_group(rustix::process::Signal::STOP);
    }
}

#[cfg(not(unix))]
mod platform {
    use std::io;

    use super::Signal;

    /// Ctrl+C from outside, which is all there is here.
    pub(crate) struct Signals;

    impl Signals {
        #[expect(
            clippy::unnecessary_wraps,
            reason = "the same signature on every platform"
        )]
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        pub(crate) async fn next(&mut self) -> Signal {
            match tokio::signal::ctrl_c().await {
                Ok(()) => Signal::Quit(130),
                Err(_) => std::future::pending().await,
            }
        }
    }

    pub(crate) fn stop_ourselves() {}
}

pub(crate) use platform::Signals;
pub(super) use platform::stop_ourselves;
