//! `psdeck receive SESSION…`.

use std::collections::VecDeque;

use tokio_util::sync::CancellationToken;

use super::Deck;
use super::choice::Choice;
use super::connect::take_up;
use crate::cli::invoke::{Fared, Output, Printer, WAITING};
use crate::cli::prompts::{self, Asked, Named};
use crate::cli::status::{ExitStatus, Failed};
use crate::cli::tty::Tty;
use crate::cli::{Context, block_on};
use crate::session::{
    ExitCode, Finished, HostEvent, PipelineEvent, PipelineState, Prompt, Report, Running, Session,
    SessionInfo,
};
use crate::transport::Leave;

/// Print what the commands of sessions have put out, to their end, and leave the sessions on their servers.
///
/// What is printed is delivered once: the next receive goes on from there. Ctrl+C stops printing; the command runs on.
/// What a command asks is asked at the terminal; without one the session is left without an answer, and the exit status is
/// 4. A session that runs nothing prints nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: psdeck receive 2 --output jsonl")]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    choice: Choice,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
    /// With JSON: add the type names of objects, as `@types`.
    #[arg(long)]
    type_names: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments, context: &Context) -> Result<ExitStatus, Failed> {
    block_on(async {
        let (mut deck, found) = arguments.choice.open(context).await?;
        let names: Vec<_> = found
            .iter()
            .map(|info| info.computer_name.clone())
            .collect();
        let (output, types) = (arguments.output, arguments.type_names);
        let mut reader = Reader {
            printer: Printer::new(output, &names, context.colours, types),
            terminal: Tty::open(),
            names,
        };
        let mut worst = ExitStatus::DONE;
        for (at, info) in found.iter().enumerate() {
            if deck.cancel.is_cancelled() {
                break;
            }
            let mut fared = Fared::default();
            let taking = take_up(&deck, info);
            match deck.wait(taking).await {
                Ok(session) => {
                    let ended = reader.print(&mut deck, at, &session, &mut fared).await;
                    deck.leave(info.id, Leave::default()).await;
                    ended?;
                }
                Err(report) => {
                    fared.failed(&report);
                    reader.printer.failed(at, &report, fared)?;
                }
            }
            worst = worst.worse(fared.status());
        }
        reader.printer.end()?;
        let cancelled = deck.cancel.is_cancelled();
        let ended = deck.end().await;
        if cancelled {
            return Ok(ExitStatus::CANCELLED);
        }
        Ok(worst.worse(ended))
    })?
}

/// Where it all goes, and who answers what commands ask.
struct Reader {
    printer: Printer,
    terminal: Option<Tty>,
    names: Vec<String>,
}

impl Reader {
    /// Prints what comes until the command ends. Ctrl+C leaves the session, and what is on its way then is printed too:
    /// it does not come again.
    async fn print(
        &mut self,
        deck: &mut Deck,
        at: usize,
        session: &Session,
        fared: &mut Fared,
    ) -> Result<(), Failed> {
        let Some(mut running) = session.receive() else {
            // As Receive-PSSession: a session that runs nothing has nothing to tell.
            return Ok(self.printer.finished(at, &Finished::default(), *fared)?);
        };
        let (pool, id) = (deck.pool.clone(), session.info().id);
        let mut wanted = false;
        let mut unanswered = None;
        let mut leaving =
            std::pin::pin!(pool.disconnect(id, Leave::default(), CancellationToken::new()));
        let mut left = None;
        let mut waiting = VecDeque::new();
        loop {
            let event = if let Some(event) = waiting.pop_front() {
                Some(event)
            } else {
                tokio::select! {
                    biased;
                    () = deck.interrupts.next() => {
                        deck.cancel.cancel();
                        if wanted {
                            return Ok(());
                        }
                        wanted = true;
                        continue;
                    }
                    done = &mut leaving, if wanted && left.is_none() => {
                        match done {
                            Ok(done) => left = Some(done),
                            // Whoever leaves it at last says why it cannot be.
                            Err(_) => return Ok(()),
                        }
                        continue;
                    }
                    event = running.next() => event,
                }
            };
            match event {
                None => return Ok(()),
                Some(PipelineEvent::Disconnected) => {
                    if let Some(left) = left {
                        deck.warn(left);
                    }
                    let unasked = || Report::left_behind(&session.info());
                    let finished = Finished {
                        state: PipelineState::Disconnected,
                        lost: unanswered.or((!wanted).then(unasked)).map(Box::new),
                        ..Finished::default()
                    };
                    if finished.lost.is_some() {
                        fared.finished(&finished);
                    }
                    return Ok(self.printer.finished(at, &finished, *fared)?);
                }
                Some(PipelineEvent::Finished(finished)) => {
                    fared.finished(&finished);
                    return Ok(self.printer.finished(at, &finished, *fared)?);
                }
                // Of a session that is being left, nobody is asked.
                Some(PipelineEvent::Host(HostEvent::Prompt { .. })) if wanted => {}
                Some(PipelineEvent::Host(HostEvent::Prompt { .. })) if self.terminal.is_none() => {
                    unanswered = Some(waits(&session.info()));
                    wanted = true;
                }
                Some(PipelineEvent::Host(HostEvent::Prompt { id, prompt })) => {
                    match self
                        .ask(deck, at, (id, &prompt), &mut running, &mut waiting)
                        .await?
                    {
                        Asked::Reply(reply) => running.answer(id, reply),
                        Asked::Void => {}
                        Asked::Interrupted => {
                            deck.cancel.cancel();
                            wanted = true;
                        }
                    }
                }
                Some(event) => {
                    fared.note(&event);
                    self.printer.event(at, &event)?;
                }
            }
        }
    }

    /// Puts a question of the remote host to whoever sits at the terminal. Events that come meanwhile wait.
    async fn ask(
        &mut self,
        deck: &mut Deck,
        at: usize,
        (id, prompt): (u64, &Prompt),
        running: &mut Running,
        waiting: &mut VecDeque<PipelineEvent>,
    ) -> Result<Asked, Failed> {
        let Some(tty) = &mut self.terminal else {
            return Ok(Asked::Void);
        };
        self.printer.before_prompt(at)?;
        let name = self.names.get(at).filter(|_| self.names.len() > 1).cloned();
        let void = async {
            loop {
                if waiting.len() >= WAITING {
                    return std::future::pending().await;
                }
                match running.next().await {
                    Some(PipelineEvent::Host(HostEvent::PromptCancelled(void))) if void == id => {
                        return;
                    }
                    Some(event) => {
                        let ends = matches!(
                            event,
                            PipelineEvent::Finished(_) | PipelineEvent::Disconnected
                        );
                        waiting.push_back(event);
                        if ends {
                            return;
                        }
                    }
                    None => return,
                }
            }
        };
        let mut talk = Named { tty, name };
        let asked = tokio::select! {
            asked = prompts::ask_until(prompt, &mut talk, void) => asked?,
            () = deck.interrupts.next() => Asked::Interrupted,
        };
        Ok(asked)
    }
}

/// What is said of a command that asks where nobody can answer. Its question was fetched: not every server asks again.
fn waits(info: &SessionInfo) -> Report {
    let what = "the command waits for an answer, and there is no terminal to give it at";
    let mut report = Report::new(ExitCode::Refused, what).hint(format!(
        "psdeck connect {} goes on with it; where the server does not ask again, Ctrl+C there stops the command",
        info.id
    ));
    report.computer = Some(info.computer_name.clone());
    report
}
