//! Commands that run while nobody here reads them.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::pipe::Silence;
use super::{Pipe, Start, Task, policy};
use crate::session::unread::Unheard;
use crate::session::{ExitCode, Finished, HostEvent, PipelineEvent, Report};
use crate::transport::Command;

/// So long a command that was taken up may be silent before that is told.
const SILENCE: Duration = Duration::from_secs(5);

impl Task {
    /// Hands on what a running command puts out, to somebody new.
    pub(super) fn receive(&mut self, id: Uuid, start: Start) {
        if let Some(pipe) = self
            .pipes
            .get_mut(&id)
            .filter(|pipe| !pipe.finished || pipe.kept.is_some())
        {
            let mut kept = pipe.take_kept();
            // What its former viewer was asked, and has not answered, comes once more.
            let shown = self.prompts.pass_on(pipe.run, start.run, &kept);
            let computer = &self.info.borrow().computer_name;
            let again = shown.into_iter().filter_map(|(id, method)| {
                let prompt = policy::asked(&method, computer)?;
                let event = PipelineEvent::Host(HostEvent::Prompt { id, prompt });
                Some((event, 0))
            });
            kept.splice(..0, again);
            pipe.watch(start, kept, self.limits.window);
            return;
        }
        if let Some(mut rest) = self.rest.remove(&id) {
            while let Ok((event, _)) = rest.try_recv() {
                if !matches!(
                    event,
                    PipelineEvent::Disconnected | PipelineEvent::Reconnected
                ) {
                    let _ = start.events.send((event, 0));
                }
            }
            return;
        }
        let found = self.found.iter().position(|found| found.id == id);
        let attached = match found {
            Some(at) => {
                self.found.remove(at);
                self.client
                    .attach(id)
                    .map_err(|error| self.protocol_error(&error))
            }
            None => Err(self.end.get().cloned().unwrap_or_else(|| {
                Report::new(ExitCode::NoSession, "the command has ended meanwhile")
            })),
        };
        match attached {
            Ok(()) => {
                let mut pipe = Pipe::new(id, start, self.limits.window);
                pipe.sent = Some(Instant::now());
                pipe.silence = Silence::Until(Instant::now() + SILENCE);
                self.pipes.insert(id, pipe);
                self.connection.submit(Command::ConnectPipeline(id));
            }
            Err(report) => {
                let finished = Finished::lost(self.named(report));
                let _ = start.events.send((PipelineEvent::Finished(finished), 0));
            }
        }
        self.publish(self.state(), None);
    }

    /// What connecting found to be running.
    pub(in crate::session) fn found(&mut self, running: Vec<(Uuid, String)>) {
        for (id, text) in running {
            let command = Unheard { id, text };
            self.found.push(command.clone());
            self.unread.add(command);
        }
    }

    /// Nothing runs any more.
    pub(super) fn unread_end(&mut self) {
        self.found.clear();
        self.rest.clear();
        while self.unread.take().is_some() {}
    }

    /// A command that was taken up has been silent for long.
    pub(super) fn silent_for_long(&mut self, id: Uuid) {
        let notice = "the command has been silent since it was taken up: it may be waiting for input given to the former \
                      client, which nobody can give any more; Ctrl+C stops it";
        if let Some(pipe) = self.pipes.get_mut(&id) {
            pipe.silence = Silence::Long;
        }
        // Known before anybody is told.
        self.tell_waits();
        if let Some(pipe) = self.pipes.get_mut(&id) {
            pipe.hand_on(PipelineEvent::Notice(notice.to_owned()));
        }
    }

    /// Lets everybody know whether such a command is there.
    pub(super) fn tell_waits(&self) {
        let waits = self
            .pipes
            .values()
            .any(|pipe| pipe.silence == Silence::Long);
        if self.unread.set_waits(waits) {
            self.info.send_modify(|_| {});
        }
    }
}
