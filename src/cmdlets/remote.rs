//! What scripts put out on their servers, as this console's own output, errors and messages.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use uuid::Uuid;

use super::Error;
use super::interpreter::{Out, Result, Run, Stop};
use super::value::Value;
use crate::clixml::{self, Object, Property};
use crate::session::{
    ExitCode, Finished, HostEvent, PipelineEvent, PipelineState, Report, Running, SessionInfo,
    StreamKind,
};

/// A script that runs, and where.
pub(super) struct Source {
    pub(super) running: Running,
    pub(super) origin: Origin,
}

/// Where a value came from.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) computer: String,
    pub(super) session: Uuid,
    /// Objects do not say which computer they came from (`-HideComputerName`).
    pub(super) hidden: bool,
}

impl Origin {
    pub(super) fn of(info: &SessionInfo, hidden: bool) -> Self {
        Self {
            computer: info.computer_name.clone(),
            session: info.instance_id,
            hidden,
        }
    }

    /// An object with the notes that say where it came from.
    pub(super) fn note(&self, mut value: clixml::Value) -> clixml::Value {
        if let clixml::Value::Object(object) = &mut value {
            self.add(object);
        }
        value
    }

    /// What is said of a script whose session runs on without us.
    pub(super) fn left_behind(&self) -> Report {
        let computer = &self.computer;
        let what =
            format!("the session on {computer} was disconnected, and its command goes on there");
        Report::new(ExitCode::Unreachable, what).hint("Receive-PSSession takes its output up")
    }

    fn add(&self, object: &mut Object) {
        let mut note = |name: &str, value: clixml::Value| {
            if object.member(name).is_none() {
                object.extended.push(Property::new(name, value));
            }
        };
        if !self.hidden {
            note("PSComputerName", self.computer.as_str().into());
        }
        note("RunspaceId", clixml::Value::Guid(self.session));
    }
}

impl Run<'_> {
    /// Shows what all of them put out, as it comes, until they have ended. Ctrl+C stops them, and forces shut what does
    /// not stop.
    pub(super) async fn drain(&mut self, sources: Vec<Source>, out: &mut Out) -> Result<()> {
        let stoppers: Vec<_> = sources
            .iter()
            .map(|source| source.running.stopper())
            .collect();
        let mut pulling: FuturesUnordered<_> = sources.into_iter().map(pull).collect();
        let mut stopped = false;
        loop {
            let cancel = self.cancel.clone();
            let pulled = tokio::select! {
                biased;
                () = cancel.cancelled(), if !stopped => {
                    stopped = true;
                    stoppers.iter().for_each(crate::session::Stopper::stop);
                    continue;
                }
                pulled = pulling.next() => pulled,
            };
            let Some((source, event)) = pulled else {
                return self.check();
            };
            let Some(event) = event else { continue };
            match event {
                PipelineEvent::StopPending if stopped => source.running.force_close(),
                PipelineEvent::Host(HostEvent::Prompt { id, prompt }) if !stopped => {
                    match self.prompt(&prompt).await {
                        Ok(reply) => source.running.answer(id, reply),
                        Err(Stop::Cancelled) => {}
                        Err(stop) => return Err(stop),
                    }
                }
                PipelineEvent::Disconnected => {
                    // Told even when it was to be stopped: it could not be.
                    let finished = Finished {
                        state: PipelineState::Disconnected,
                        ..Finished::default()
                    };
                    self.finished(&source.origin, finished)?;
                    continue;
                }
                PipelineEvent::Finished(finished) => {
                    if !stopped {
                        self.finished(&source.origin, finished)?;
                    }
                    continue;
                }
                event if !stopped => {
                    if let Err(stop) = self.event(&source.origin, event, out) {
                        stoppers.iter().for_each(crate::session::Stopper::stop);
                        return Err(stop);
                    }
                }
                _ => {}
            }
            pulling.push(pull(source));
        }
    }

    /// One thing that a script put out.
    pub(super) fn event(
        &mut self,
        origin: &Origin,
        event: PipelineEvent,
        out: &mut Out,
    ) -> Result<()> {
        match event {
            PipelineEvent::Output(value) => self.emit(out, Value::Plain(origin.note(value))),
            PipelineEvent::Error(record) => self.complain(Error::of_record(*record))?,
            PipelineEvent::Warning(record) => self.warn(&record.message)?,
            PipelineEvent::Verbose(record) => self
                .console
                .host
                .stream(StreamKind::Verbose, &record.message),
            PipelineEvent::Debug(record) => {
                self.console.host.stream(StreamKind::Debug, &record.message)
            }
            // `Write-Host` comes as the host's text too.
            PipelineEvent::Information(record) if !record.is_host_message() => {
                self.inform(&record.display_text())?;
            }
            PipelineEvent::Host(HostEvent::Write(line)) => self.console.host.write_line(&line),
            PipelineEvent::Host(HostEvent::Progress { source, record })
                if self.shows_progress() =>
            {
                self.console.host.progress(source, &record);
            }
            PipelineEvent::Notice(text) => self.warn(&text)?,
            // The rest the records say, or nobody needs.
            _ => {}
        }
        Ok(())
    }

    /// How a script ended, where that is worth a word.
    pub(super) fn finished(&mut self, origin: &Origin, finished: Finished) -> Result<()> {
        if let Some(report) = finished.lost {
            return self.complain(Error::of_report(*report, "PSSessionStateBroken"));
        }
        if let Some(reason) = finished.reason {
            return self.complain(Error::of_record(*reason));
        }
        if finished.state == PipelineState::Disconnected {
            return self.complain(Error::of_report(
                origin.left_behind(),
                "PowerShellNetworkFailedStartDisconnect",
            ));
        }
        Ok(())
    }
}

async fn pull(mut source: Source) -> (Source, Option<PipelineEvent>) {
    let event = source.running.next().await;
    (source, event)
}
