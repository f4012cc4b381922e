//! The first exchange of a session.

use std::time::SystemTime;

use tokio::time::Instant;

use super::{Task, at};
use crate::psrp::PoolState;
use crate::session::{ExitCode, Report, SessionState};
use crate::transport::{Command, Failure, FailureKind, Stage};

/// What a new connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum First {
    /// A new session.
    Open {
        /// It is for later: where it cannot be remembered, it is not opened.
        kept: bool,
    },
    /// One that another client, or an earlier connection, left on the server.
    Connect {
        /// The server may still count it as ours, whose psdeck is dead.
        ours: bool,
    },
}

impl Task {
    /// Opens the session, or takes it up; the first messages ride in the connection's first request. On failure the
    /// caller drops the connection: a new session ends with it, one that was there stays disconnected.
    pub(in crate::session) async fn open(
        &mut self,
        first: First,
        what: &'static str,
        deadline: Instant,
    ) -> Result<(), Report> {
        self.what = what;
        let id = self.client.id();
        let name = self.info.borrow().name.clone();
        let command = match first {
            First::Open { .. } => {
                self.client
                    .open()
                    .map(|opening| Command::Open { id, name, opening })
            }
            First::Connect { ours } => {
                self.client
                    .connect()
                    .map(|opening| Command::Connect { id, opening, ours })
            }
        }
        .map_err(|error| self.protocol_error(&error))?;
        self.connection.submit(command);
        while self.client.state() != PoolState::Opened {
            if self.done {
                let ended = Report::new(ExitCode::Unreachable, what);
                return Err(self.named(self.end.get().cloned().unwrap_or(ended)));
            }
            self.messages();
            self.pump();
            tokio::select! {
                biased;
                () = at(Some(deadline)) => {
                    let why = "the server did not finish the first exchange in time";
                    let failure = Failure::new(FailureKind::TimedOut, why).at(Stage::Open).hint(
                        "its PowerShell may hang while it starts: start it there by hand, or try again",
                    );
                    return Err(self.named(Report::of(&failure, what, "")));
                }
                () = self.step() => {}
            }
        }
        self.what = "the session was lost";
        let protocol = self.client.protocol();
        self.info.send_modify(|info| {
            info.protocol = Some(protocol.to_string());
            info.opened.get_or_insert_with(SystemTime::now);
            info.reason = None;
            info.disconnected = None;
            info.expires = None;
        });
        self.publish(SessionState::Opened, None);
        Ok(())
    }

    /// Fills in the computer's name.
    pub(super) fn named(&self, mut report: Report) -> Report {
        report.computer = Some(self.info.borrow().computer_name.clone());
        report
    }
}
