//! How a session ends.

use std::collections::HashMap;

use tokio::time::Instant;
use uuid::Uuid;

use super::{Pipe, Task};
use crate::session::{ExitCode, HostEvent, PipelineEvent, PipelineState, Report, SessionState};
use crate::transport::{Command, Failure, FailureKind};

impl Task {
    /// Begins to close in good order: every pipeline's channel first, since servers answer a session's close only after
    /// those.
    pub(super) fn close(&mut self) {
        if self.done || self.closing.is_some() {
            return;
        }
        self.closing = Some(Instant::now() + self.limits.close);
        self.client.closing();
        self.publish(SessionState::Closing, None);
        let open: Vec<_> = self
            .pipes
            .values()
            .filter(|pipe| pipe.closing.is_none())
            .map(|pipe| pipe.id)
            .collect();
        for id in open {
            self.close_pipe(id);
        }
        self.close_if_empty();
    }

    /// Sends the session's close when the last pipeline's channel has ended.
    pub(super) fn close_if_empty(&mut self) {
        if self.closing.is_some() && self.pipes.is_empty() && !self.close_sent {
            self.close_sent = true;
            self.connection.submit(Command::Close);
        }
    }

    /// The session has ended in good order.
    pub(super) fn closed(&mut self) {
        self.end_all();
        self.client.closed();
        self.publish(SessionState::Closed, None);
    }

    /// Nothing of it goes on here.
    pub(super) fn end_all(&mut self) {
        let pipes = std::mem::take(&mut self.pipes);
        let report = Report::new(ExitCode::Cancelled, "the session was closed");
        self.end_pipes(pipes, &self.named(report));
        self.done = true;
    }

    /// Nobody has said that the session has ended. Where it ends with its connection, it has.
    pub(super) fn unclosed(&mut self, why: &Failure) {
        if self.connection.capabilities().disconnect {
            let report = Report::unclosed(&self.info.borrow(), why);
            self.fail(report);
        } else {
            self.closed();
        }
    }

    /// The connection is gone.
    pub(super) fn lost(&mut self, failure: &Failure) {
        if self.closing.is_some() {
            self.unclosed(failure);
            return;
        }
        if !self.sever(failure) {
            self.fail(Report::of(failure, self.what, ""));
        }
    }

    /// Ends the session at once, with the reason.
    pub(super) fn fail(&mut self, report: Report) {
        if self.done {
            return;
        }
        let mut report = self.named(report);
        if report.hints.is_empty() {
            let hint = if self.info.borrow().opened.is_some() {
                "the session and what ran in it are gone; a new one can be opened"
            } else {
                "nothing has run in it; psdeck doctor TARGET shows each step of getting in"
            };
            report.hints.push(hint.to_owned());
        }
        self.client.lost(report.what.as_str());
        while self.client.poll_event().is_some() {}
        let pipes = std::mem::take(&mut self.pipes);
        let reason = std::iter::once(&report.what)
            .chain(&report.reasons)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(": ");
        // Known before anybody learns that it is broken.
        let _ = self.end.set(report.clone());
        // Told before the ends of the pipelines: whoever learns of those finds the session broken.
        self.publish(SessionState::Broken, Some(reason));
        self.end_pipes(pipes, &report);
        self.unread_end();
        if let Some(passage) = self.passage.take() {
            passage.over(Err(report.clone()));
        }
        // A server that still listens learns of it; nobody waits for its answer.
        if !self.close_sent {
            self.close_sent = true;
            self.connection.submit(Command::Close);
        }
        self.done = true;
    }

    fn end_pipes(&mut self, pipes: HashMap<Uuid, Pipe>, report: &Report) {
        for mut pipe in pipes.into_values() {
            for id in self.prompts.cancel_run(pipe.run) {
                pipe.hand_on(PipelineEvent::Host(HostEvent::PromptCancelled(id)));
            }
            pipe.finish(PipelineState::Failed, None, Some(report.clone()));
        }
    }

    /// Tells everybody who still waits that nothing more comes; what was asked for meanwhile is refused.
    pub(super) fn settle(&mut self) {
        self.control.close();
        while let Ok(control) = self.control.try_recv() {
            self.control(control);
        }
        for done in self.closers.drain(..) {
            let _ = done.send(());
        }
    }

    /// Something's time is up.
    pub(super) fn late(&mut self) {
        let now = Instant::now();
        if self.closing.is_some_and(|at| at <= now) {
            let why = "the server did not answer the close in time";
            self.unclosed(&Failure::new(FailureKind::TimedOut, why));
            return;
        }
        if self
            .passage
            .as_ref()
            .is_some_and(|passage| passage.until <= now)
        {
            self.passage_late();
            return;
        }
        let acknowledge = self.limits.acknowledge;
        let counting = self.counting();
        let late = |since: Option<Instant>, limit| since.is_some_and(|sent| sent + limit <= now);
        if counting && late(self.pool_sent, acknowledge) {
            self.fail(self.silent("the server did not acknowledge what it was sent"));
            return;
        }
        if self.reading() && late(self.key_sent, self.exchange_limit(acknowledge)) {
            self.fail(self.silent("the server did not send the key for secure strings"));
            return;
        }
        let away = self.is_away();
        let late: Vec<_> = self
            .pipes
            .values()
            .filter(|pipe| {
                !away
                    && pipe
                        .deadline(acknowledge, counting)
                        .is_some_and(|at| at <= now)
            })
            .map(|pipe| pipe.id)
            .collect();
        for id in late {
            self.pipe_late(id, now);
        }
    }

    pub(super) fn silent(&self, why: &str) -> Report {
        self.named(Report::of(
            &Failure::new(FailureKind::TimedOut, why),
            self.what,
            "",
        ))
    }

    /// The report of a breach of the protocol, by whomever.
    pub(super) fn protocol_error(&self, error: &crate::psrp::Error) -> Report {
        if error.is_peers_fault() && self.gap {
            let why = "an answer of the server was lost, and it cannot be had again";
            let failure = Failure::new(FailureKind::Unreachable, why)
                .detail(format!("what came next does not follow: {error}"))
                .hint("open a new session, and see on the server what ran");
            self.named(Report::of(&failure, self.what, ""))
        } else if error.is_peers_fault() {
            let why = "the server broke the protocol";
            let failure = Failure::new(FailureKind::Protocol, why)
                .detail(error.to_string())
                .hint("what it sent cannot be trusted any more: open a new session");
            self.named(Report::of(&failure, self.what, ""))
        } else {
            let failure = Failure::new(FailureKind::Usage, error.to_string());
            self.named(Report::of(&failure, "this cannot be done", ""))
        }
    }
}
