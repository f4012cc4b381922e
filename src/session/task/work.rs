//! Pipelines: start, input, stop, end.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::time::Instant;
use uuid::Uuid;

use crate::clixml::records::ErrorRecord;

use super::pipe::{Silence, Stop};
use super::{Pipe, RunId, Start, Task, Weighed, Work};
use crate::psrp::{PoolState, Target};
use crate::session::unread::Unheard;
use crate::session::{
    ExitCode, Finished, HostEvent, PipelineEvent, PipelineState, Report, SessionState,
};
use crate::transport::Command;

/// The next step after a command whose end nobody knows.
/// After so long a server that does not let go of a command is looked at again.
const STUBBORN: Duration = Duration::from_mins(1);
const UNFINISHED: &str = "see on the server how far it came before it is run again";
/// What is said of a command that is not the only one.
const WAITS: &str = "the session still runs another command; this one begins when that has ended";

impl Task {
    pub(super) fn start(&mut self, work: Work, start: Start) {
        let state = self.state();
        let created = if state == SessionState::Opened {
            match work {
                Work::Pipeline(spec) => self.client.create_pipeline(*spec),
                Work::Metadata(query) => self.client.command_metadata(&query),
            }
            .map_err(|error| self.protocol_error(&error))
        } else {
            Err(self.end.get().cloned().unwrap_or_else(|| {
                let what = format!("the session is {state}, so it takes no command");
                Report::new(ExitCode::Refused, what)
                    .hint("open a new session, or connect this one where it is only disconnected")
            }))
        };
        match created {
            Ok((id, first)) => {
                let window = if start.unread { 0 } else { self.limits.window };
                let waits = start.label.is_some() && self.runs_a_command();
                let mut pipe = Pipe::new(id, start, window);
                let lost = self.info.borrow().interrupted();
                for notice in lost.into_iter().chain(waits.then(|| WAITS.to_owned())) {
                    pipe.hand_on(PipelineEvent::Notice(notice));
                }
                self.pipes.insert(id, pipe);
                if let Some(first) = first {
                    self.create(id, first);
                }
                self.publish(state, None);
            }
            Err(report) => {
                let finished = Finished {
                    unsent: state != SessionState::Opened,
                    ..Finished::lost(self.named(report))
                };
                let _ = start.events.send((PipelineEvent::Finished(finished), 0));
            }
        }
    }

    /// Whether somebody's command runs. A server takes one at a time.
    fn runs_a_command(&self) -> bool {
        let mut running = self.pipes.values().filter(|pipe| !pipe.finished);
        running.any(|pipe| pipe.label.is_some()) || !self.found.is_empty()
    }

    /// Opens the pipeline's channel.
    pub(super) fn create(&mut self, id: Uuid, first: Bytes) {
        if let Some(pipe) = self.pipes.get_mut(&id)
            && pipe.closing.is_none()
        {
            pipe.sent = Some(Instant::now());
            self.connection
                .submit(Command::CreatePipeline { id, first });
        }
    }

    /// Hands waiting input to the protocol, as long as there is room in its queue.
    pub(super) fn feed(&mut self, id: Uuid) {
        let Some(pipe) = self.pipes.get_mut(&id) else {
            return;
        };
        if pipe.stop != Stop::No || !pipe.created {
            return;
        }
        while let Some(input) = &mut pipe.input
            && self.client.queued(Target::Pipeline(id)) < self.limits.input
        {
            match input.try_recv() {
                // A value that cannot be sent is a defect of who made it: the server sees the end of the input.
                Ok((value, _room)) => {
                    if self.client.input(id, &value).is_err() {
                        pipe.input = None;
                    }
                }
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    pipe.input = None;
                    let _ = self.client.end_input(id);
                }
            }
        }
    }

    pub(super) fn created_or_sent(&mut self, id: Uuid) {
        let Some(pipe) = self.pipes.get_mut(&id) else {
            return;
        };
        pipe.sent = None;
        pipe.created = true;
        if matches!(pipe.stop, Stop::Wanted(_)) {
            self.send_stop(id);
        }
    }

    pub(super) fn stop(&mut self, run: RunId) {
        let late = Instant::now() + self.limits.stop;
        let is_away = self.is_away();
        let Some(pipe) = self.pipe(run) else {
            return;
        };
        if pipe.finished || pipe.stop != Stop::No {
            return;
        }
        let id = pipe.id;
        if is_away {
            pipe.stop = Stop::Wanted(None);
        } else if pipe.waits() {
            // An event ends it.
            let _ = self.client.stop(id);
        } else if pipe.created {
            self.send_stop(id);
        } else {
            pipe.stop = Stop::Wanted(Some(late));
        }
    }

    pub(super) fn send_stop(&mut self, id: Uuid) {
        let late = Instant::now() + self.limits.stop;
        let Some(pipe) = self.pipes.get_mut(&id) else {
            return;
        };
        pipe.stop = Stop::Sent(late);
        pipe.input = None;
        // Events of the cancelled prompts come of it.
        let _ = self.client.stop(id);
        self.connection.submit(Command::Stop(id));
    }

    pub(super) fn stop_taken(&mut self, id: Uuid) {
        let at = Instant::now() + self.limits.stop;
        if let Some(pipe) = self.pipes.get_mut(&id)
            && !pipe.finished
        {
            pipe.stop = Stop::Taken(at);
        }
    }

    pub(super) fn force_close(&mut self, run: RunId) {
        if let Some(pipe) = self.pipe(run)
            && !pipe.finished
        {
            let id = pipe.id;
            pipe.stop = Stop::Pending;
            self.close_pipe(id);
        }
    }

    pub(super) fn abandon(&mut self, run: RunId, events: mpsc::UnboundedReceiver<Weighed>) {
        let is_left = self.passage.is_some() || self.client.state() == PoolState::Disconnected;
        if is_left
            && let Some(pipe) = self.pipe(run)
            && let Some(text) = pipe.label.clone()
        {
            // Whoever takes the session up goes on from here.
            pipe.kept = Some(events);
            let id = pipe.id;
            self.unread.add(Unheard { id, text });
            return;
        }
        for (target, call) in self.prompts.take_run(run) {
            self.refuse(target, &call);
        }
        if let Some(pipe) = self.pipe(run) {
            pipe.abandon();
            if let Some(text) = pipe.label.clone().filter(|_| !pipe.finished) {
                let id = pipe.id;
                self.unread.add(Unheard { id, text });
            }
        }
    }

    /// Ends a pipeline's channel. It is forgotten when the server says so.
    pub(super) fn close_pipe(&mut self, id: Uuid) {
        let until = Instant::now() + self.limits.stop;
        let Some(pipe) = self.pipes.get_mut(&id) else {
            return;
        };
        if pipe.closing.is_some() {
            return;
        }
        pipe.closing = Some(until);
        pipe.input = None;
        for prompt in self.prompts.cancel_run(pipe.run) {
            pipe.host(HostEvent::PromptCancelled(prompt));
        }
        self.connection.submit(Command::ClosePipeline(id));
    }

    /// The pipeline has reached its final state.
    pub(super) fn ended(
        &mut self,
        id: Uuid,
        state: PipelineState,
        reason: Option<Box<ErrorRecord>>,
        lost: Option<Report>,
    ) {
        let lost = lost.map(|report| self.named(report));
        let Some(pipe) = self.pipes.get_mut(&id) else {
            return;
        };
        for prompt in self.prompts.cancel_run(pipe.run) {
            pipe.host(HostEvent::PromptCancelled(prompt));
        }
        pipe.finish(state, reason, lost);
        if pipe.kept.is_none() {
            self.unread.remove(id);
        }
        self.close_pipe(id);
        self.publish(self.state(), None);
    }

    /// The pipeline's channel has ended.
    pub(super) fn pipe_closed(&mut self, id: Uuid) {
        self.answering.remove(&Target::Pipeline(id));
        let Some(pipe) = self.pipes.get(&id) else {
            return;
        };
        if !pipe.finished {
            // No state came: what was stopped or forced shut is stopped; all else has failed.
            let (state, lost) = if pipe.stop == Stop::No && self.closing.is_none() {
                let report = Report::new(
                    ExitCode::Unreachable,
                    "the server ended the command without saying how it went",
                )
                .hint(UNFINISHED);
                (PipelineState::Failed, Some(report))
            } else {
                (PipelineState::Stopped, None)
            };
            self.ended(id, state, None, lost);
        }
        self.client.pipeline_closed(id);
        if let Some(kept) = self.pipes.remove(&id).and_then(|pipe| pipe.kept) {
            self.rest.insert(id, kept);
        }
        self.publish(self.state(), None);
        self.close_if_empty();
    }

    /// A deadline of a pipeline has passed.
    pub(super) fn pipe_late(&mut self, id: Uuid, now: Instant) {
        let Some(pipe) = self.pipes.get_mut(&id) else {
            return;
        };
        if pipe.closing.is_some_and(|at| at <= now) {
            if !pipe.finished && !pipe.watched() {
                // Nobody has asked for more than its stop: the session is not closed by force for that. It stays Busy
                // until its server lets go of the command.
                pipe.closing = Some(now + STUBBORN);
                return;
            }
            self.fail(self.silent("the server did not let go of a command"));
            return;
        }
        if matches!(pipe.silence, Silence::Until(at) if at <= now) {
            self.silent_for_long(id);
            return;
        }
        match pipe.stop {
            Stop::Sent(at) | Stop::Wanted(Some(at)) if at <= now && !pipe.finished => {
                pipe.stop = match pipe.stop {
                    Stop::Wanted(_) => Stop::Wanted(None),
                    _ => Stop::Pending,
                };
                pipe.hand_on(PipelineEvent::StopPending);
                if !pipe.watched() || pipe.kept.is_some() {
                    self.close_pipe(id);
                }
            }
            Stop::Taken(at) if at <= now && !pipe.finished => {
                self.ended(id, PipelineState::Stopped, None, None);
            }
            _ => {
                let report = Report::new(
                    ExitCode::TimedOut,
                    "the server did not acknowledge the command in time",
                )
                .hint(UNFINISHED);
                self.ended(id, PipelineState::Failed, None, Some(report));
            }
        }
    }
}
