//! Lines typed at the terminal.

use std::io;

use super::viewer::{Asked, Next, Step, Viewer};
use crate::cli::console::{Edit, Input};
use crate::cli::keyboard;
use crate::cli::status::{ExitStatus, Failed};
use crate::cli::tty::Typed;
use crate::remote_text::plain;

/// The terminal as the place where lines are typed.
struct Console {
    viewer: Viewer,
    input: Input,
    /// How often Ctrl+C was pressed since the last prompt.
    stops: usize,
}

/// Runs what is typed until the session is over.
pub(super) async fn run(viewer: Viewer) -> Result<ExitStatus, Failed> {
    let mut console = Console {
        viewer,
        input: Input::open()?,
        stops: 0,
    };
    loop {
        let step = match console.viewer.next().await? {
            Next::Event(event) => console.viewer.show(event)?,
            Next::Interrupt => {
                // The terminal has shown `^C` behind whatever was there.
                console.input.tty.show("\n")?;
                console.interrupted().await?;
                Step::Shown
            }
        };
        if let Some(status) = console.step(step).await? {
            return Ok(status);
        }
    }
}

impl Console {
    async fn step(&mut self, step: Step) -> Result<Option<ExitStatus>, Failed> {
        match step {
            Step::Shown => {}
            Step::Over(status) => return Ok(Some(status)),
            Step::Asks(id, prompt) => {
                if let Asked::Interrupted =
                    self.viewer.ask(id, &prompt, &mut self.input.tty).await?
                {
                    self.interrupted().await?;
                }
            }
            Step::Ready(prompt) => {
                self.stops = 0;
                return self.edit(prompt).await;
            }
        }
        Ok(None)
    }

    /// The first Ctrl+C stops what runs, the second one offers to close the session.
    async fn interrupted(&mut self) -> Result<(), Failed> {
        self.stops += 1;
        if self.stops == 1 {
            self.viewer.interactive.interrupt();
            return Ok(());
        }
        self.viewer.screen.before_prompt()?;
        let question = "The command is still being stopped. Close the session? [y/N] ";
        let typed = tokio::select! {
            typed = self.input.tty.read(question, true) => typed?,
            over = self.viewer.over() => return over,
        };
        if matches!(&typed, Typed::Line(line) if line.trim().eq_ignore_ascii_case("y")) {
            self.viewer.interactive.force_close();
        }
        Ok(())
    }

    /// Edits a line behind the prompt, and submits it.
    async fn edit(&mut self, prompt: String) -> Result<Option<ExitStatus>, Failed> {
        self.viewer.screen.fresh_line()?;
        let mut prompt = self.prompt(&prompt)?;
        self.input.begin(&prompt)?;
        loop {
            let edited = tokio::select! {
                event = keyboard::event() => self.input.edited(event?),
                event = self.viewer.event() => {
                    // Something is shown, or the session is lost, while the user types.
                    self.input.pause()?;
                    match self.viewer.show(event?)? {
                        Step::Ready(new) => prompt = self.prompt(&new)?,
                        Step::Shown => {}
                        Step::Over(status) => return Ok(Some(status)),
                        Step::Asks(id, _) => self.viewer.refuse(id),
                    }
                    self.viewer.screen.fresh_line()?;
                    self.input.begin(&prompt)?;
                    continue;
                }
            };
            let mut edit = self.input.act(edited, &prompt)?;
            if let Edit::Complete(text, cursor) = edit {
                let completing = self.viewer.interactive.complete(text, cursor);
                // Any key ends the waiting.
                edit = tokio::select! {
                    found = completing => {
                        self.input.propose(found.ok(), &prompt)?;
                        Edit::Typing
                    }
                    event = keyboard::event() => {
                        let edited = self.input.edited(event?);
                        self.input.act(edited, &prompt)?
                    }
                };
            }
            match edit {
                Edit::Typing => {}
                Edit::Complete(..) => self.input.propose(None, &prompt)?,
                Edit::Line(text) => {
                    self.viewer.interactive.resize(super::window());
                    self.viewer.interactive.submit(text);
                    return Ok(None);
                }
                Edit::Leave => {
                    self.viewer.interactive.leave();
                    return Ok(None);
                }
            }
        }
    }

    /// Shows all but the last line of a prompt, and gives that.
    fn prompt(&mut self, prompt: &str) -> io::Result<String> {
        let prompt = prompt.trim_end_matches(['\r', '\n']);
        let (above, last) = prompt.rsplit_once('\n').unwrap_or(("", prompt));
        for line in above.lines() {
            self.input.tty.show(&format!("{}\n", plain(line)))?;
        }
        Ok(plain(last))
    }
}
