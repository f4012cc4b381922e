//! `psdeck console`, and `psdeck CMDLET …`.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::host::{Around, Terminal, lock};
use super::terminal::Input;
use crate::cli::Context;
use crate::cli::enter::{GOODBYE, Lines};
use crate::cli::opening;
use crate::cli::screen::Screen;
use crate::cli::signals::{self, Interrupts};
use crate::cli::status::{ExitStatus, Failed};
use crate::cmdlets::{Console, Interrupt, Outcome, is_cmdlet};
use crate::session::Line;

/// Type PowerShell's session cmdlets, as its documentation writes them.
///
/// New-PSSession, Get-PSSession, Enter-PSSession, Connect-PSSession, Disconnect-PSSession, Receive-PSSession,
/// Remove-PSSession, Invoke-Command and the like, with variables and pipelines. What the console opened, it
/// closes at its end; what it only connected or disconnected stays on its server. Where standard input is no terminal,
/// its lines are run one after another; none of them is the answer to a question.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Print prompts and lines even where standard input is no terminal; its next line answers a question then.
    #[arg(long)]
    prompt: bool,
}

/// What stands before a line.
pub(super) const PROMPT: &str = "PS> ";

/// Runs lines until they end, or one says `exit`.
pub(in crate::cli) fn run(arguments: &Arguments, context: &Context) -> Result<ExitStatus, Failed> {
    let config = context.config()?;
    let at_terminal = io::stdin().is_terminal();
    crate::cli::block_on(async {
        let lines = (!at_terminal).then(Lines::default);
        let pool = opening::pool(&config, context.colours);
        signals::leave_at_end(pool.clone());
        let around = Arc::new(Around::new(pool.clone(), lines, arguments.prompt));
        let host = Terminal::new(context.colours, Arc::clone(&around));
        let mut typed = Typed {
            console: Console::new(pool.clone(), config, Box::new(host)),
            around,
            interrupts: Interrupts::listen(),
        };
        let done = if at_terminal {
            typed.at_terminal().await
        } else {
            let echo = arguments.prompt.then(|| Screen::new(context.colours));
            typed.piped(echo).await
        };
        let others = |id| !pool.made(id);
        let interrupts = &mut typed.interrupts;
        opening::part(&pool, others, context.colours, GOODBYE, interrupts).await;
        done
    })?
}

/// Where a command line names a cmdlet: the place of that word among its words. Global options may stand before it.
pub(in crate::cli) fn named(words: &[OsString]) -> Option<usize> {
    let mut at = 1;
    while let Some(word) = words.get(at).and_then(|word| word.to_str()) {
        if !word.starts_with('-') {
            return is_cmdlet(word).then_some(at);
        }
        let takes_value = ["--config", "--log", "--color"].contains(&word);
        at += if takes_value { 2 } else { 1 };
    }
    None
}

/// Runs one cmdlet, with words as the shell gives them.
pub(in crate::cli) fn cmdlet(words: &[OsString], context: &Context) -> Result<ExitStatus, Failed> {
    let config = context.config()?;
    let words: Vec<_> = words
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let Some((name, words)) = words.split_first() else {
        return Ok(ExitStatus::USAGE);
    };
    crate::cli::block_on(async {
        let pool = opening::pool(&config, context.colours);
        signals::leave_at_end(pool.clone());
        let around = Arc::new(Around::new(pool.clone(), None, false));
        let host = Terminal::new(context.colours, Arc::clone(&around));
        let mut console = Console::new(pool.clone(), config, Box::new(host));
        let mut interrupts = Interrupts::listen();
        let interrupt = around.begin();
        let running = console.command(name, words, interrupt.clone());
        let outcome = until(running, &interrupt, &around, &mut interrupts).await;
        // As the verbs of sessions: they outlive it. What was given up is not kept.
        let given_up = outcome.is_none();
        let meant = |id| !given_up || !pool.made(id);
        let left = opening::part(&pool, meant, context.colours, GOODBYE, &mut interrupts).await;
        console.show_sessions();
        if let Some(failed) = lock(&around.failed).take() {
            return Err(failed);
        }
        let status = outcome.map_or(ExitStatus::CANCELLED, status);
        Ok(left.map_or(status, |left| status.worse(left.into())))
    })?
}

fn status(outcome: Outcome) -> ExitStatus {
    match (outcome.exit, outcome.failed) {
        (Some(code), _) => ExitStatus::remote(code),
        (None, Some(code)) => code.into(),
        (None, None) => ExitStatus::DONE,
    }
}

/// Lines as they are typed, and what runs them.
struct Typed {
    console: Console,
    around: Arc<Around>,
    interrupts: Interrupts,
}

impl Typed {
    async fn at_terminal(&mut self) -> Result<ExitStatus, Failed> {
        let mut input = Input::open()?;
        loop {
            let Some(line) = input.line(PROMPT).await? else {
                return Ok(ExitStatus::DONE);
            };
            let outcome = self.line(&line).await?;
            if let Some(code) = outcome.exit {
                return Ok(ExitStatus::remote(code));
            }
        }
    }

    /// The status is that of the gravest error; a line that was stopped ends it all.
    async fn piped(&mut self, mut echo: Option<Screen>) -> Result<ExitStatus, Failed> {
        let mut gravest = None;
        loop {
            let line = {
                let Some(lines) = &self.around.lines else {
                    return Ok(ExitStatus::DONE);
                };
                let mut lines = lines.lock().await;
                tokio::select! {
                    line = lines.command() => line?,
                    () = self.interrupts.next() => return Ok(ExitStatus::CANCELLED),
                }
            };
            let Some(line) = line else {
                return Ok(gravest.map_or(ExitStatus::DONE, Into::into));
            };
            if let Some(screen) = &mut echo {
                screen.write(&Line {
                    text: format!("{PROMPT}{line}"),
                    newline: true,
                    foreground: None,
                    background: None,
                })?;
                screen.flush()?;
            }
            let outcome = self.line(&line).await?;
            gravest = gravest.max(outcome.failed);
            if let Some(code) = outcome.exit {
                return Ok(ExitStatus::remote(code));
            }
            if outcome.failed == Some(crate::session::ExitCode::Cancelled) {
                return Ok(ExitStatus::CANCELLED);
            }
        }
    }

    async fn line(&mut self, line: &str) -> Result<Outcome, Failed> {
        let interrupt = self.around.begin();
        let running = self.console.run(line, interrupt.clone());
        let outcome = until(running, &interrupt, &self.around, &mut self.interrupts).await;
        match lock(&self.around.failed).take() {
            Some(failed) => Err(failed),
            None => Ok(outcome.unwrap_or_default()),
        }
    }
}

/// Runs a line; the first Ctrl+C stops what runs in it, a later one gives up what takes no more of them.
async fn until(
    running: impl Future<Output = Outcome>,
    interrupt: &Interrupt,
    around: &Around,
    interrupts: &mut Interrupts,
) -> Option<Outcome> {
    let mut running = std::pin::pin!(running);
    loop {
        tokio::select! {
            outcome = &mut running => return Some(outcome),
            () = interrupts.next() => {
                if around.entered.load(Ordering::Relaxed) {
                    continue;
                }
                if !interrupt.press() {
                    return None;
                }
            }
        }
    }
}
