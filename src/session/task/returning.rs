//! How a session that was left is taken up again.

use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

use super::Task;
use super::leaving::{Kind, Passage};
use crate::psrp::PoolState;
use crate::session::{ExitCode, HostEvent, PipelineEvent, PipelineState, Report, SessionState};
use crate::transport::{Command, Failure, FailureKind};

impl Task {
    pub(super) fn reconnect(&mut self, done: oneshot::Sender<Result<(), Report>>) {
        let state = self.state();
        if state == SessionState::Opened {
            let _ = done.send(Ok(()));
        } else if state != SessionState::Disconnected || self.passage.is_some() {
            let _ = done.send(Err(Report::not_disconnected(&self.info.borrow())));
        } else if self.severed {
            let failure = Failure::new(
                FailureKind::Unreachable,
                "the connection that left it is gone",
            );
            let _ = done.send(Err(self.not_taken_up(&failure)));
        } else if let Err(error) = self.client.reconnect() {
            let _ = done.send(Err(self.protocol_error(&error)));
        } else {
            self.passage = Some(Passage {
                kind: Kind::Returning(done),
                until: Instant::now() + self.passage_limit(),
            });
            self.publish(SessionState::Connecting, None);
            self.connection.submit(Command::Reconnect);
        }
    }

    /// The session that we left is ours again.
    pub(super) fn reconnected(&mut self) {
        self.client.reconnected();
        self.severed = false;
        self.info.send_modify(|info| {
            info.disconnected = None;
            info.expires = None;
            info.reason = None;
        });
        self.publish(SessionState::Opened, None);
        self.hand_on(|| PipelineEvent::Reconnected);
        self.stop_late();
        if let Some(passage) = self.passage.take() {
            passage.over(Ok(()));
        }
    }

    /// The connection is gone while the session is left: the session is not. Whether that is so.
    pub(super) fn sever(&mut self, failure: &Failure) -> bool {
        let is_back = |passage: &Passage| matches!(passage.kind, Kind::Returning(_));
        let is_returning = self.passage.as_ref().is_some_and(is_back);
        if !is_returning && self.client.state() != PoolState::Disconnected {
            return false;
        }
        self.severed = true;
        self.client.not_reconnected();
        self.publish(SessionState::Disconnected, Some(failure.message.clone()));
        if let Some(passage) = self.passage.take() {
            passage.over(Err(self.not_taken_up(failure)));
        }
        true
    }

    pub(super) fn not_taken_up(&self, why: &Failure) -> Report {
        let mut report = Report::of(why, "cannot connect the session", "");
        report.error_id = Some("PSSessionConnectFailed".to_owned());
        self.named(report)
    }

    /// Goes on over another connection, which has taken the session up: `next` is open and was never run.
    pub(super) fn succeed(&mut self, next: Self) {
        let former = std::mem::replace(&mut self.client, next.client);
        self.connection = next.connection;
        self.pool = next.pool;
        self.pool_sent = next.pool_sent;
        self.key = next.key;
        self.key_sent = next.key_sent;
        self.answering.clear();
        self.severed = false;
        self.found.clear();
        for command in next.found {
            let known = self.pipes.get_mut(&command.id).filter(|p| !p.finished);
            match known {
                Some(pipe) if self.client.attach(command.id).is_ok() => {
                    self.client.adopt_calls(command.id, &former);
                    pipe.attached(self.limits.window);
                    self.connection.submit(Command::ConnectPipeline(command.id));
                }
                _ => self.found(vec![(command.id, command.text)]),
            }
        }
        let ended: Vec<Uuid> = self
            .pipes
            .values()
            .filter(|pipe| self.client.pipeline_state(pipe.id).is_none())
            .map(|pipe| pipe.id)
            .collect();
        for id in ended {
            self.client_took_it(id);
        }
        self.publish(SessionState::Opened, None);
        self.hand_on(|| PipelineEvent::Reconnected);
        self.stop_late();
    }

    /// A command that ended while another client had the session.
    fn client_took_it(&mut self, id: Uuid) {
        let Some(mut pipe) = self.pipes.remove(&id) else {
            return;
        };
        let why = "it ended while another client had the session, and what it put out went there";
        let mut report = Report::new(ExitCode::Unreachable, "the end of the command is not known");
        report.reasons.push(why.to_owned());
        for prompt in self.prompts.cancel_run(pipe.run) {
            pipe.hand_on(PipelineEvent::Host(HostEvent::PromptCancelled(prompt)));
        }
        pipe.finish(PipelineState::Failed, None, Some(self.named(report)));
        match pipe.kept {
            Some(kept) => drop(self.rest.insert(id, kept)),
            None => self.unread.remove(id),
        }
    }

    /// What was to be stopped while the server could not be told.
    fn stop_late(&mut self) {
        let now = Instant::now();
        let wanted: Vec<Uuid> = self
            .pipes
            .values_mut()
            .filter_map(|pipe| pipe.rearm(now + self.limits.stop))
            .collect();
        for id in wanted {
            self.send_stop(id);
        }
    }

    /// Whether the server cannot be told anything now.
    pub(super) fn is_away(&self) -> bool {
        let passing = |passage: &Passage| !matches!(passage.kind, Kind::Waiting(..));
        self.client.state() == PoolState::Disconnected || self.passage.as_ref().is_some_and(passing)
    }
}
