//! What scripts put out on their servers, as this console's own output, errors and messages.

use std::collections::VecDeque;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use uuid::Uuid;

use super::Error;
use super::interpreter::{Out, Result, Run, Stop};
use super::value::Value;
use crate::clixml::{self, Object, Property};
use crate::session::{
    ExitCode, Finished, HostEvent, PipelineEvent, PipelineState, Prompt, Report, Running,
    SessionInfo, Stopper, StreamKind,
};

/// How many events of a script may wait while the user is asked for it; beyond that its server is held back.
const WAITING: usize = 256;

/// What is said before a session of the user's is lost.
const LATE: &str =
    "The command has not stopped yet. Ctrl+C again closes it by force, and its session with it.";

/// A script to be run, and where.
pub(super) struct Script {
    pub(super) origin: Origin,
    for_once: bool,
    begin: Box<dyn FnOnce() -> Running + Send>,
}

impl Script {
    pub(super) fn new(origin: Origin, begin: impl FnOnce() -> Running + Send + 'static) -> Self {
        Self {
            origin,
            for_once: false,
            begin: Box::new(begin),
        }
    }

    /// In a session that was opened for it alone, and may be lost with it.
    pub(super) fn for_once(mut self, for_once: bool) -> Self {
        self.for_once = for_once;
        self
    }

    pub(super) fn begin(self) -> Source {
        Source {
            running: (self.begin)(),
            origin: self.origin,
            for_once: self.for_once,
            waiting: VecDeque::new(),
        }
    }
}

/// A script that runs, and where.
pub(super) struct Source {
    pub(super) running: Running,
    pub(super) origin: Origin,
    /// Its session was opened for it, and may be closed by force.
    pub(super) for_once: bool,
    /// What came while the user was asked.
    waiting: VecDeque<PipelineEvent>,
}

impl Source {
    /// The next event; may be dropped and called again.
    pub(super) async fn next(&mut self) -> Option<PipelineEvent> {
        match self.waiting.pop_front() {
            Some(event) => Some(event),
            None => self.running.next().await,
        }
    }
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
    /// Runs them, so many at a time, and shows what they put out as it comes, until all have ended. Ctrl+C stops them.
    /// What does not stop is closed by force, in a session of the user's only when that is asked for once more.
    pub(super) async fn drain(
        &mut self,
        scripts: Vec<Script>,
        limit: usize,
        out: &mut Out,
    ) -> Result<()> {
        let mut stoppers = Vec::new();
        let interrupt = self.interrupt.clone();
        interrupt.hold(scripts.iter().any(|script| !script.for_once));
        let done = self.pull_all(scripts, limit, &mut stoppers, out).await;
        interrupt.hold(false);
        if done.is_err() {
            stoppers.iter().for_each(Stopper::stop);
        }
        done
    }

    async fn pull_all(
        &mut self,
        scripts: Vec<Script>,
        limit: usize,
        stoppers: &mut Vec<Stopper>,
        out: &mut Out,
    ) -> Result<()> {
        let mut scripts = scripts.into_iter();
        let mut pulling = FuturesUnordered::new();
        let interrupt = self.interrupt.clone();
        let (mut stopped, mut told_late) = (false, false);
        loop {
            while !stopped
                && pulling.len() < limit
                && let Some(script) = scripts.next()
            {
                let source = script.begin();
                stoppers.push(source.running.stopper());
                pulling.push(pull(source));
            }
            let cancel = self.cancel.clone();
            let pulled = tokio::select! {
                biased;
                () = cancel.cancelled(), if !stopped => {
                    stopped = true;
                    stoppers.iter().for_each(Stopper::stop);
                    continue;
                }
                () = interrupt.again(), if stopped => {
                    if std::mem::replace(&mut told_late, true) {
                        stoppers.iter().for_each(Stopper::force_close);
                        interrupt.hold(false);
                    } else {
                        self.console.host.stream(StreamKind::Warning, LATE);
                    }
                    continue;
                }
                pulled = pulling.next() => pulled,
            };
            let Some((mut source, event)) = pulled else {
                return self.check();
            };
            let Some(event) = event else { continue };
            match event {
                PipelineEvent::StopPending if source.for_once => source.running.force_close(),
                PipelineEvent::StopPending if !told_late => {
                    told_late = true;
                    self.console.host.stream(StreamKind::Warning, LATE);
                }
                PipelineEvent::Host(HostEvent::Prompt { id, prompt }) if !stopped => {
                    match self.answer(&mut source, id, &prompt).await {
                        Ok(()) | Err(Stop::Cancelled) => {}
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
                event if !stopped => self.event(&source.origin, event, out)?,
                _ => {}
            }
            pulling.push(pull(source));
        }
    }

    /// Has the user answer what a script asks, unless the question turns out to be void.
    async fn answer(&mut self, source: &mut Source, id: u64, prompt: &Prompt) -> Result<()> {
        let mut asking = std::pin::pin!(self.prompt(prompt));
        loop {
            tokio::select! {
                biased;
                reply = &mut asking => {
                    source.running.answer(id, reply?);
                    return Ok(());
                }
                event = source.running.next(), if source.waiting.len() < WAITING => match event {
                    Some(PipelineEvent::Host(HostEvent::PromptCancelled(void))) if void == id => {
                        return Ok(());
                    }
                    Some(event) => {
                        let over = matches!(
                            event,
                            PipelineEvent::Disconnected | PipelineEvent::Finished(_)
                        );
                        source.waiting.push_back(event);
                        if over {
                            return Ok(());
                        }
                    }
                    None => return Ok(()),
                },
            }
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
            PipelineEvent::Output(value) => self.emit(out, Value::Plain(origin.note(value)))?,
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
    let event = source.next().await;
    (source, event)
}
