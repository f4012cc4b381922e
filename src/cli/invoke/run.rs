//! A run, from the first computer to the last.

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;

use super::input::Input;
use super::sink::{self, Sink};
use super::tally::{self, Fared};
use super::{Arguments, Output};
use crate::cli::ask::Asker;
use crate::cli::output;
use crate::cli::output::Colours;
use crate::cli::prompts::{self, Asked, Named};
use crate::cli::signals::Interrupts;
use crate::cli::status::{ExitStatus, Failed};
use crate::cli::tty::Tty;
use crate::cli::{enter, opening};
use crate::config::{Config, Resolved};
use crate::session::{
    Display, HostEvent, Invoke, InvokeRequest, Operation, OperationEvent, OperationKind,
    PipelineEvent, PipelineState, Prompt, PromptReply,
};
use crate::transport::{Ask, Stage};

/// How long the sessions may take to close when all is done.
const GOODBYE: Duration = Duration::from_secs(2);

/// Events that may wait while something is asked; further ones stay with their computers.
pub(in crate::cli) const WAITING: usize = 256;

struct Run {
    operation: Operation,
    asker: Arc<Asker>,
    sink: Box<dyn Sink>,
    input: Option<Input>,
    names: Vec<String>,
    /// The computers as the questions of getting in name them.
    computers: Vec<String>,
    fared: Vec<Fared>,
    inside: Vec<bool>,
    terminal: Option<Tty>,
    waiting: VecDeque<OperationEvent>,
}

/// Runs the script on all computers and prints what comes.
pub(super) async fn run(
    arguments: &Arguments,
    script: String,
    computers: &[Resolved],
    config: &Config,
    colours: Colours,
) -> Result<ExitStatus, Failed> {
    let (asker, cancel, mut interrupts) =
        opening::asker(&arguments.connection, computers.len() == 1)?;
    let input = match &arguments.input {
        Some(file) => Some(Input::new(file, arguments.input_format)?),
        None => None,
    };
    let names: Vec<_> = computers
        .iter()
        .map(|computer| computer.name.clone())
        .collect();
    let reads_stdin = [
        &arguments.file,
        &arguments.input,
        &arguments.targets.targets_from,
    ]
    .iter()
    .any(|file| file.as_deref() == Some(Path::new("-")));
    let request = InvokeRequest {
        targets: computers
            .iter()
            .map(|computer| opening::request(computer, None))
            .collect(),
        invoke: Invoke {
            script,
            args: arguments.values.arguments.clone(),
            params: arguments.values.parameters.clone(),
            input: input
                .as_ref()
                .map(|input| input.source(computers.len()))
                .transpose()?,
            display: match arguments.output {
                Output::Text => Display::Text,
                Output::Json | Output::Jsonl | Output::Clixml => Display::Objects,
            },
            window: enter::window(),
        },
        timeout: arguments.timeout,
    };
    let pool = opening::pool(config, colours);
    let ask: Arc<dyn Ask> = asker.clone();
    let mut run = Run {
        operation: pool.invoke(request, &ask, &cancel),
        asker,
        sink: sink::of(arguments.output, &names, colours, arguments.type_names),
        input,
        computers: computers
            .iter()
            .map(|computer| computer.address.computer().to_owned())
            .collect(),
        fared: vec![Fared::default(); names.len()],
        inside: vec![false; names.len()],
        names,
        // A pipe on standard input that we read does not mean that nobody is there; a closed one does.
        terminal: Tty::open().filter(|_| !reads_stdin || io::stderr().is_terminal()),
        waiting: VecDeque::new(),
    };
    let result = run.events(&mut interrupts, &cancel).await;
    if result.is_err() {
        // The output is gone: the computers need not go on for it.
        cancel.cancel();
        while run.operation.next().await.is_some() {}
    }
    for loose in opening::goodbye(&pool, GOODBYE, &mut interrupts).await {
        // How the script went is known all the same.
        output::error(&loose, colours);
    }
    result?;
    if let Some(failed) = run.input.as_ref().and_then(Input::error) {
        return Err(failed);
    }
    if cancel.is_cancelled() {
        return Ok(ExitStatus::CANCELLED);
    }
    match run.fared.as_slice() {
        [one] if arguments.exit_code => Ok(one.as_remote()),
        all => Ok(tally::all(all)),
    }
}

impl Run {
    async fn events(
        &mut self,
        interrupts: &mut Interrupts,
        cancel: &CancellationToken,
    ) -> Result<(), Failed> {
        let mut interrupted = 0;
        loop {
            let event = match self.waiting.pop_front() {
                Some(event) => Some(event),
                None => {
                    if let Some(event) = self.operation.next().now_or_never() {
                        event
                    } else {
                        self.sink.flush()?;
                        tokio::select! {
                            event = self.operation.next() => event,
                            () = interrupts.next() => {
                                interrupted += 1;
                                if interrupted > 1 {
                                    return Ok(());
                                }
                                cancel.cancel();
                                continue;
                            }
                        }
                    }
                }
            };
            if interrupts.taken() {
                interrupted += 1;
                cancel.cancel();
            }
            let Some(event) = event else { break };
            if interrupted > 1 {
                return Ok(());
            }
            // What is written into a question hides it, and looks torn where the terminal hands over each key.
            let asker = Arc::clone(&self.asker);
            let _quiet = tokio::select! {
                quiet = asker.quiet() => Some(quiet),
                () = cancel.cancelled() => None,
                () = interrupts.next() => {
                    interrupted += 1;
                    cancel.cancel();
                    None
                }
            };
            self.event(event, cancel).await?;
        }
        self.sink.end()?;
        Ok(())
    }

    async fn event(
        &mut self,
        event: OperationEvent,
        cancel: &CancellationToken,
    ) -> Result<(), Failed> {
        let target = event.target;
        let Some(mut fared) = self.fared.get(target).copied() else {
            return Ok(());
        };
        match event.kind {
            OperationKind::Queued => {}
            OperationKind::Stage(stage) => {
                if matches!(stage, Stage::Start | Stage::Open) {
                    self.inside(target);
                }
            }
            OperationKind::Opened(_) => self.inside(target),
            OperationKind::Pipeline(PipelineEvent::Host(HostEvent::Prompt { id, prompt })) => {
                let reply = self.ask(target, id, &prompt, cancel).await?;
                if let Some(reply) = reply {
                    self.operation.answer(target, id, reply);
                }
            }
            OperationKind::Pipeline(event) => {
                fared.note(&event);
                self.sink.event(target, &event)?;
            }
            OperationKind::Finished(mut finished) => {
                // Input that cannot be read has stopped it: that is told in the end, and this is no news.
                if finished.state == PipelineState::Stopped
                    && self
                        .input
                        .as_ref()
                        .is_some_and(|input| input.error().is_some())
                {
                    finished.reason = None;
                }
                fared.finished(&finished);
                self.sink.finished(target, &finished, fared)?;
            }
            OperationKind::Failed(mut report) => {
                if !self.inside.get(target).copied().unwrap_or_default()
                    && let Some(computer) = self.computers.get(target)
                {
                    self.asker.told_in(computer, false);
                }
                fared.failed(&report);
                // Among several, the name that the user gave tells which it was.
                if self.names.len() > 1 {
                    report.computer = Some(self.name(target).to_owned());
                }
                self.sink.failed(target, &report, fared)?;
            }
        }
        if let Some(kept) = self.fared.get_mut(target) {
            *kept = fared;
        }
        Ok(())
    }

    /// A computer let us in: a password that it was given is good.
    fn inside(&mut self, target: usize) {
        if let (Some(inside), Some(computer)) =
            (self.inside.get_mut(target), self.computers.get(target))
        {
            *inside = true;
            self.asker.told_in(computer, true);
        }
    }

    /// Puts a question of a remote host to the user, if one is there; `None`: the question is void.
    async fn ask(
        &mut self,
        target: usize,
        id: u64,
        prompt: &Prompt,
        cancel: &CancellationToken,
    ) -> Result<Option<PromptReply>, Failed> {
        self.sink.before_prompt()?;
        let name = self.name(target).to_owned();
        let Some(tty) = &mut self.terminal else {
            return Ok(Some(PromptReply::Refuse));
        };
        let name = (self.names.len() > 1).then_some(name);
        let mut talk = Named { tty, name };
        let (operation, waiting) = (&mut self.operation, &mut self.waiting);
        let void = async {
            loop {
                if waiting.len() >= WAITING {
                    return cancel.cancelled().await;
                }
                let event = tokio::select! {
                    event = operation.next() => event,
                    () = cancel.cancelled() => return,
                };
                match event {
                    Some(OperationEvent {
                        target: other,
                        kind:
                            OperationKind::Pipeline(PipelineEvent::Host(HostEvent::PromptCancelled(
                                void,
                            ))),
                    }) if other == target && void == id => return,
                    Some(event) => waiting.push_back(event),
                    None => return,
                }
            }
        };
        match prompts::ask_until(prompt, &mut talk, void).await? {
            Asked::Reply(reply) => Ok(Some(reply)),
            Asked::Void => Ok(None),
            Asked::Interrupted => {
                cancel.cancel();
                Ok(None)
            }
        }
    }

    fn name(&self, target: usize) -> &str {
        self.names.get(target).map_or("", String::as_str)
    }
}
