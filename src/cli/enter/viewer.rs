//! What an entered session shows, wherever its lines come from.

use std::collections::VecDeque;
use std::io;

use futures_util::FutureExt as _;

use crate::cli::output::Colours;
use crate::cli::prompts::{self, Talk};
use crate::cli::screen::Screen;
use crate::cli::signals::Interrupts;
use crate::cli::status::{ExitStatus, Failed};
use crate::format::error_text;
use crate::session::{
    ExitCode, Interactive, InteractiveEvent, InteractiveEvents, Prompt, PromptReply, Report,
};

/// How many events wait while something is asked.
const MOST_WAITING: usize = 256;

/// An entered session and where it is shown.
pub(super) struct Viewer {
    pub(super) interactive: Interactive,
    pub(super) screen: Screen,
    pub(super) interrupts: Interrupts,
    events: InteractiveEvents,
    /// Events that came while something was asked.
    waiting: VecDeque<InteractiveEvent>,
}

/// What an event asks of whoever reads the lines.
pub(super) enum Step {
    /// Nothing: it was shown.
    Shown,
    /// The session waits for a line, behind this prompt.
    Ready(String),
    /// The remote host asks.
    Asks(u64, Prompt),
    /// The session is over.
    Over(ExitStatus),
}

/// What comes first while a command runs.
pub(super) enum Next {
    Event(InteractiveEvent),
    Interrupt,
}

/// How a question ended.
pub(super) enum Asked {
    Answered,
    /// The command that asked is gone.
    Void,
    Interrupted,
}

impl Viewer {
    pub(super) fn new(
        interactive: Interactive,
        events: InteractiveEvents,
        interrupts: Interrupts,
        colours: Colours,
    ) -> Self {
        Self {
            interactive,
            screen: Screen::new(colours),
            interrupts,
            events,
            waiting: VecDeque::new(),
        }
    }

    /// The next event, or Ctrl+C before it. What was gathered is written when nothing more is there at once.
    pub(super) async fn next(&mut self) -> Result<Next, Failed> {
        if self.interrupts.taken() {
            return Ok(Next::Interrupt);
        }
        if let Some(event) = self.waiting.pop_front() {
            return Ok(Next::Event(event));
        }
        if let Some(event) = self.events.next().now_or_never() {
            return event.map(Next::Event).ok_or_else(ended);
        }
        self.screen.flush()?;
        tokio::select! {
            event = self.events.next() => event.map(Next::Event).ok_or_else(ended),
            () = self.interrupts.next() => Ok(Next::Interrupt),
        }
    }

    /// The next event, whatever Ctrl+C does: for while keys are read.
    pub(super) async fn event(&mut self) -> Result<InteractiveEvent, Failed> {
        match self.waiting.pop_front() {
            Some(event) => Ok(event),
            None => self.events.next().await.ok_or_else(ended),
        }
    }

    /// Waits until what runs is over. What comes meanwhile is shown afterwards; when much of it waits, the remote side
    /// is held back.
    pub(super) async fn over(&mut self) -> Result<(), Failed> {
        let ends = |event: &InteractiveEvent| {
            matches!(
                event,
                InteractiveEvent::Ready(_)
                    | InteractiveEvent::Left { .. }
                    | InteractiveEvent::Broken(_)
            )
        };
        while !self.waiting.iter().any(ends) {
            if self.waiting.len() >= MOST_WAITING {
                return std::future::pending().await;
            }
            match self.events.next().await.ok_or_else(ended)? {
                // Whoever waits here knows.
                InteractiveEvent::StopPending => {}
                event => self.waiting.push_back(event),
            }
        }
        Ok(())
    }

    /// Shows an event.
    pub(super) fn show(&mut self, event: InteractiveEvent) -> Result<Step, Failed> {
        match event {
            InteractiveEvent::Ready(prompt) => {
                self.screen.done()?;
                return Ok(Step::Ready(prompt));
            }
            InteractiveEvent::Write(line) => self.screen.write(&line)?,
            InteractiveEvent::Stream(kind, text) => self.screen.stream(kind, &text)?,
            InteractiveEvent::Error(record) => {
                self.screen
                    .stream(crate::session::StreamKind::Error, &error_text(&record))?;
            }
            InteractiveEvent::Progress { source, record } => {
                self.screen.progress(source, &record)?
            }
            InteractiveEvent::Clear => self.screen.clear()?,
            // A title is the terminal's, and not a style of text; of an interruption a notice tells.
            InteractiveEvent::Title(_)
            | InteractiveEvent::PromptCancelled(_)
            | InteractiveEvent::Interrupted(_) => {}
            InteractiveEvent::Prompt { id, prompt } => {
                self.screen.before_prompt()?;
                return Ok(Step::Asks(id, prompt));
            }
            InteractiveEvent::Notice(text) => self.screen.notice(&text)?,
            InteractiveEvent::Restored { lines } | InteractiveEvent::Reconnected { lines } => {
                for line in lines {
                    self.screen.notice(&format!("not sent: {line}"))?;
                }
            }
            InteractiveEvent::Disconnected { why: None, .. } => {
                self.screen.notice("the session is Disconnected")?;
            }
            InteractiveEvent::Disconnected { why: Some(why), .. } => {
                // Nothing here could take it up.
                self.screen.done()?;
                let mut report = Report::new(ExitCode::Unreachable, "the session goes on alone")
                    .hint("`psdeck connect` takes it up again");
                report.computer = Some(self.interactive.session().info().computer_name.clone());
                report.reasons.push(why);
                return Err(Failed::Report(Box::new(report)));
            }
            InteractiveEvent::StopPending => {
                self.screen.notice(
                    "The command has not stopped yet. Ctrl+C again offers to close the session.",
                )?;
            }
            InteractiveEvent::Left { exit_code } => {
                self.screen.done()?;
                return Ok(Step::Over(ExitStatus::remote(exit_code.unwrap_or(0))));
            }
            InteractiveEvent::Broken(report) => {
                self.screen.done()?;
                return Err(Failed::Report(report));
            }
        }
        Ok(Step::Shown)
    }

    /// Puts a question of the remote host to whoever is there. Events that come meanwhile wait.
    pub(super) async fn ask(
        &mut self,
        id: u64,
        prompt: &Prompt,
        talk: &mut impl Talk,
    ) -> Result<Asked, Failed> {
        let mut asking = std::pin::pin!(prompts::ask(prompt, talk));
        loop {
            tokio::select! {
                reply = &mut asking => {
                    return match reply {
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Asked::Interrupted),
                        reply => {
                            self.interactive.answer(id, reply?);
                            Ok(Asked::Answered)
                        }
                    };
                }
                event = self.events.next() => match event.ok_or_else(ended)? {
                    InteractiveEvent::PromptCancelled(void) if void == id => return Ok(Asked::Void),
                    event @ (InteractiveEvent::Broken(_) | InteractiveEvent::Left { .. }) => {
                        self.waiting.push_back(event);
                        return Ok(Asked::Void);
                    }
                    event => self.waiting.push_back(event),
                },
                () = self.interrupts.next() => return Ok(Asked::Interrupted),
            }
        }
    }

    pub(super) fn refuse(&self, id: u64) {
        self.interactive.answer(id, PromptReply::Refuse);
    }
}

fn ended() -> Failed {
    Report::new(ExitCode::Defect, "the session's events ended early").into()
}
