//! How a session is left, on request or by its network.

use std::time::{Duration, SystemTime};

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Pipe, Task};
use crate::psrp::PoolState;
use crate::session::{ExitCode, Interruption, Left, PipelineEvent, Report, SessionState, span};
use crate::transport::{Buffering, Command, Failure, FailureKind, Keeping, Leave};

/// The least time without a client that a server can be asked for.
const LEAST_IDLE: Duration = Duration::from_mins(1);
/// How long a server takes to notice by itself that its client is gone.
const NOTICED: Duration = Duration::from_mins(1);

/// A disconnect or a reconnect that is under way.
pub(super) struct Passage {
    pub(super) kind: Kind,
    /// Afterwards it has failed.
    pub(super) until: Instant,
}

pub(super) enum Kind {
    /// To be left as soon as nothing is half sent.
    Waiting(Leave, oneshot::Sender<Result<Left, Report>>),
    /// The server was told.
    Leaving(Leave, Left, oneshot::Sender<Result<Left, Report>>),
    /// The server was asked to give it back.
    Returning(oneshot::Sender<Result<(), Report>>),
}

impl Passage {
    /// Tells whoever waits.
    pub(super) fn over(self, result: Result<(), Report>) {
        match self.kind {
            Kind::Waiting(_, done) => {
                let _ = done.send(result.map(|()| Left::default()));
            }
            Kind::Leaving(_, left, done) => {
                let _ = done.send(result.map(|()| left));
            }
            Kind::Returning(done) => {
                let _ = done.send(result);
            }
        }
    }
}

impl Task {
    pub(super) fn disconnect(&mut self, leave: Leave, done: oneshot::Sender<Result<Left, Report>>) {
        if self.state() == SessionState::Disconnected && self.passage.is_none() {
            let _ = done.send(Ok(Left::default()));
            return;
        }
        if let Err(report) = self.may_leave(leave) {
            let _ = done.send(Err(self.named(report)));
            return;
        }
        self.passage = Some(Passage {
            kind: Kind::Waiting(leave, done),
            until: Instant::now() + self.limits.connect,
        });
        self.publish(SessionState::Disconnecting, None);
        self.leave_if_quiet();
    }

    /// Whether the session can be left so, before anything is sent for it.
    fn may_leave(&self, leave: Leave) -> Result<(), Report> {
        let info = self.info.borrow();
        let refused = |id: &str, what: String, why: String, hint: &str| {
            let mut report = Report::new(ExitCode::Refused, what).hint(hint);
            report.reasons.push(why);
            report.error_id = Some(id.to_owned());
            Err(report)
        };
        if info.state != SessionState::Opened || self.passage.is_some() {
            return Err(Report::not_opened(&info));
        }
        let what = "cannot disconnect the session".to_owned();
        if !self.connection.capabilities().disconnect {
            return refused(
                "PSSessionDisconnectFailed",
                what,
                format!(
                    "{} sessions end with their connection, so it stays as it was",
                    info.transport
                ),
                "WSMan servers keep sessions without a client",
            );
        }
        if self.client.protocol() < crate::clixml::Version::new(2, 2) {
            return refused(
                "PSSessionDisconnectFailed",
                what,
                format!(
                    "its server speaks protocol {}, and disconnecting needs 2.2 (PowerShell 3.0)",
                    self.client.protocol()
                ),
                "a newer PowerShell on the server can keep sessions",
            );
        }
        let Some(asked) = leave.idle_timeout else {
            return Ok(());
        };
        let most = info.keeping.max_idle_timeout;
        if asked >= LEAST_IDLE && most.is_none_or(|most| asked <= most) {
            return Ok(());
        }
        refused(
            "CannotDisconnectSessionWithInvalidIdleTimeout",
            what,
            match most {
                Some(most) => format!(
                    "an idle time-out of {} is not between {}, the least, and {}, the server's most",
                    span(asked),
                    span(LEAST_IDLE),
                    span(most)
                ),
                None => format!(
                    "an idle time-out of {} is less than {}, the least",
                    span(asked),
                    span(LEAST_IDLE)
                ),
            },
            "give another idle time-out, or none to keep what the session was opened with",
        )
    }

    /// Leaves the session, if that is asked for and nothing is half sent: pipelines are whole on the server, keys are
    /// exchanged, and what was sent has arrived.
    pub(super) fn leave_if_quiet(&mut self) {
        let waits = matches!(
            &self.passage,
            Some(Passage {
                kind: Kind::Waiting(..),
                ..
            })
        );
        let quiet = self.pool_sent.is_none()
            && self.answering.is_empty()
            && self.key.is_none()
            && self.pipes.values().all(|pipe| {
                pipe.finished || (pipe.created && pipe.sent.is_none() && !pipe.owes_input())
            });
        if !waits || !quiet || self.client.disconnect().is_err() {
            return;
        }
        let Some(Passage {
            kind: Kind::Waiting(leave, done),
            ..
        }) = self.passage.take()
        else {
            return;
        };
        let left = Left {
            warnings: self.warnings(leave),
        };
        self.passage = Some(Passage {
            kind: Kind::Leaving(leave, left, done),
            until: Instant::now() + self.passage_limit(),
        });
        self.connection.submit(Command::Disconnect(leave));
    }

    /// The server does not let us go.
    pub(super) fn not_disconnected(&mut self, failure: &Failure) {
        if self.passage.is_none() {
            // It was waited for no longer: the session is still ours.
            self.reconnected();
            return;
        }
        self.client.not_disconnected();
        self.publish(SessionState::Opened, None);
        if let Some(passage) = self.passage.take() {
            let mut report = Report::of(failure, "cannot disconnect the session", "")
                .hint("it goes on as before");
            report.error_id = Some("PSSessionDisconnectFailed".to_owned());
            passage.over(Err(self.named(report)));
        }
    }

    /// What whoever leaves should know.
    fn warnings(&self, leave: Leave) -> Vec<String> {
        let mut warnings = Vec::new();
        let idle = leave
            .idle_timeout
            .or(self.info.borrow().keeping.idle_timeout);
        if !self.found.is_empty() || self.pipes.values().any(|pipe| !pipe.finished) {
            let after = idle.map_or_else(
                || "after its idle time-out".to_owned(),
                |idle| format!("after {}", span(idle)),
            );
            warnings.push(format!(
                "a command runs: {after} without a client the server ends the session, and the command with it, \
                 finished or not"
            ));
        }
        if !self.prompts.is_empty() {
            warnings.push(
                "a command waits for an answer: only this psdeck, for as long as it runs, is sure to know the \
                 question; another client may never be asked"
                    .to_owned(),
            );
        }
        warnings
    }

    /// The session runs on without us, asked for or not.
    pub(super) fn disconnected(&mut self, why: Option<&Failure>) {
        self.client.disconnected();
        let now = SystemTime::now();
        let passage = self.passage.take();
        let leave = match &passage {
            Some(Passage {
                kind: Kind::Leaving(leave, ..),
                ..
            }) => *leave,
            _ => Leave::default(),
        };
        self.info.send_modify(|info| {
            let noticed = if why.is_some() {
                NOTICED
            } else {
                Duration::ZERO
            };
            let lost = info.interruption.take();
            let since = lost.as_ref().map_or(now, |lost| lost.since);
            info.disconnected = Some(since + noticed);
            info.keeping.idle_timeout = leave.idle_timeout.or(info.keeping.idle_timeout);
            info.keeping.buffering = leave.buffering.or(info.keeping.buffering);
            info.reason = why.map(|failure| match lost {
                Some(lost) if failure.kind == FailureKind::Unreachable => {
                    format!("the network did not come back in time ({})", lost.why)
                }
                _ => failure.message.clone(),
            });
        });
        self.expires();
        self.lossy();
        // What waited for an acknowledgement gets none any more.
        self.pool_sent = None;
        self.publish(SessionState::Disconnected, None);
        self.hand_on(|| PipelineEvent::Disconnected);
        self.pipes.values_mut().for_each(Pipe::keep);
        if let Some(passage) = passage {
            let refused = why.filter(|_| matches!(passage.kind, Kind::Returning(_)));
            passage.over(refused.map_or(Ok(()), |why| Err(self.not_taken_up(why))));
        }
        if self.closing.is_some() {
            // It was to be closed: that has to wait for whoever takes it up.
            let failure = why.cloned().unwrap_or_else(|| {
                Failure::new(FailureKind::Unreachable, "it was left before it was closed")
            });
            let report = Report::unclosed(&self.info.borrow(), &failure);
            let _ = self.end.set(report);
            self.end_all();
        }
    }

    /// How the server keeps the session without a client.
    pub(super) fn kept(&mut self, keeping: Keeping) {
        self.info.send_modify(|info| info.keeping = keeping);
        self.expires();
        self.lossy();
    }

    /// What is dropped while nobody is connected is to be noticed, from then on.
    fn lossy(&mut self) {
        if self.info.borrow().keeping.buffering == Some(Buffering::Drop) {
            self.client.set_lossy(true);
        }
    }

    fn expires(&self) {
        self.info.send_if_modified(|info| {
            let expires = info
                .disconnected
                .zip(info.keeping.idle_timeout)
                .and_then(|(since, idle)| since.checked_add(idle));
            std::mem::replace(&mut info.expires, expires) != expires
        });
    }

    /// A session that nobody has a handle of stays on its server, once it is left or was to be.
    pub(super) fn let_go(&mut self) {
        if self.held || self.done || self.closing.is_some() || self.passage.is_some() {
            return;
        }
        if self.client.state() != PoolState::Disconnected {
            // It could not be left in good order, or it is ours again.
            self.connection
                .submit(Command::Disconnect(Leave::default()));
        }
        self.done = true;
    }

    /// Leaving or taking up took too long. Whatever the server makes of it, the session is not ended for that.
    pub(super) fn passage_late(&mut self) {
        match self.passage.take() {
            Some(Passage {
                kind: Kind::Waiting(_, done),
                ..
            }) => {
                let mut report =
                    Report::new(ExitCode::TimedOut, "cannot disconnect the session yet")
                        .hint("nothing was changed; try again when what is being sent has arrived");
                report
                    .reasons
                    .push("a command or a key is still on its way to the server".to_owned());
                report.error_id = Some("PSSessionDisconnectFailed".to_owned());
                let _ = done.send(Err(self.named(report)));
                self.publish(SessionState::Opened, None);
            }
            Some(passage) => {
                let failure =
                    Failure::new(FailureKind::TimedOut, "the server did not answer in time");
                if matches!(passage.kind, Kind::Returning(_)) {
                    self.passage = Some(passage);
                    self.sever(&failure);
                    return;
                }
                self.severed = true;
                self.disconnected(Some(&failure));
                let mut report = Report::of(&failure, "cannot disconnect the session", "")
                    .hint("it counts as left: connect it to go on with it");
                report.error_id = Some("PSSessionDisconnectFailed".to_owned());
                passage.over(Err(self.named(report)));
            }
            None => {}
        }
    }

    /// The network is lost, and tried again for so long.
    pub(super) fn interrupted(&mut self, why: &str, window: Duration) {
        let since = SystemTime::now();
        let interruption = Interruption {
            since,
            until: since + window,
            why: why.to_owned(),
        };
        let host = self.info.borrow().computer_name.clone();
        self.tell(&interruption.told(&host, since));
        self.info
            .send_modify(|info| info.interruption = Some(interruption));
        self.publish(self.state(), None);
    }

    /// The network is back.
    pub(super) fn restored(&mut self) {
        let was_lost = self
            .info
            .send_if_modified(|info| info.interruption.take().is_some());
        if was_lost {
            let host = self.info.borrow().computer_name.clone();
            self.tell(&Interruption::over(&host));
            self.publish(self.state(), None);
        }
    }

    pub(super) fn hand_on(&mut self, event: impl Fn() -> PipelineEvent) {
        for pipe in self.pipes.values_mut().filter(|pipe| !pipe.finished) {
            pipe.hand_on(event());
        }
    }
}
