//! Lines typed at the terminal.

use std::io;

use crossterm::terminal;
use unicode_width::UnicodeWidthStr as _;

use super::viewer::{Asked, Next, Step, Viewer};
use crate::cli::console::{Edited, Editor, Painter, Shown};
use crate::cli::keyboard;
use crate::cli::signals;
use crate::cli::status::{ExitStatus, Failed};
use crate::cli::tty::{Paste, Raw, Tty, Typed};
use crate::remote_text::plain;
use crate::session::{ExitCode, Report};

/// The terminal as the place where lines are typed.
struct Console {
    viewer: Viewer,
    tty: Tty,
    editor: Editor,
    painter: Painter,
    /// How often Ctrl+C was pressed since the last prompt.
    stops: usize,
}

/// Runs what is typed until the session is over.
pub(super) async fn run(viewer: Viewer) -> Result<ExitStatus, Failed> {
    let tty = Tty::open().ok_or_else(|| {
        Report::new(ExitCode::Usage, "there is no terminal to type at")
            .hint("give the lines on standard input")
    })?;
    let mut console = Console {
        viewer,
        tty,
        editor: Editor::default(),
        painter: Painter::default(),
        stops: 0,
    };
    loop {
        let step = match console.viewer.next().await? {
            Next::Event(event) => console.viewer.show(event)?,
            Next::Interrupt => {
                // The terminal has shown `^C` behind whatever was there.
                console.tty.show("\n")?;
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
                if let Asked::Interrupted = self.viewer.ask(id, &prompt, &mut self.tty).await? {
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
            typed = self.tty.read(question, true) => typed?,
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
        let mut typing = self.begin()?;
        self.paint(&prompt)?;
        loop {
            let edited = tokio::select! {
                event = keyboard::event() => self.editor.event(event?),
                event = self.viewer.event() => {
                    // Something is shown, or the session is lost, while the user types.
                    self.tty.show(&self.painter.erase())?;
                    drop(typing);
                    match self.viewer.show(event?)? {
                        Step::Ready(new) => prompt = self.prompt(&new)?,
                        Step::Shown => {}
                        Step::Over(status) => return Ok(Some(status)),
                        Step::Asks(id, _) => self.viewer.refuse(id),
                    }
                    self.viewer.screen.fresh_line()?;
                    typing = self.begin()?;
                    Edited::Changed
                }
            };
            match edited {
                Edited::Nothing => {}
                Edited::Changed => self.paint(&prompt)?,
                Edited::Complete(text, cursor) => {
                    let completing = self.viewer.interactive.complete(text, cursor);
                    // Any key ends the waiting.
                    let proposed = tokio::select! {
                        result = completing => result.map_or(Edited::Nothing, |found| self.editor.propose(found)),
                        event = keyboard::event() => self.editor.event(event?),
                    };
                    if proposed == Edited::Nothing {
                        self.tty.show("\u{7}")?;
                    }
                    self.paint(&prompt)?;
                }
                Edited::Submit(text) => {
                    self.tty.show(&self.painter.leave())?;
                    if text.trim().is_empty() {
                        self.paint(&prompt)?;
                        continue;
                    }
                    drop(typing);
                    self.viewer.interactive.resize(super::window());
                    self.viewer.interactive.submit(text);
                    return Ok(None);
                }
                Edited::Cancel => {
                    self.tty.show(&format!("^C{}", self.painter.leave()))?;
                    self.paint(&prompt)?;
                }
                Edited::Leave => {
                    self.tty.show(&self.painter.leave())?;
                    self.viewer.interactive.leave();
                    return Ok(None);
                }
                Edited::Clear => {
                    let _ = self.painter.erase();
                    self.tty.show("\u{1b}[H\u{1b}[2J")?;
                    self.paint(&prompt)?;
                }
                Edited::Suspend => {
                    self.tty.show(&self.painter.leave())?;
                    drop(typing);
                    signals::suspend();
                    typing = self.begin()?;
                    self.paint(&prompt)?;
                }
            }
        }
    }

    /// Shows all but the last line of a prompt, and gives that.
    fn prompt(&mut self, prompt: &str) -> io::Result<String> {
        let prompt = prompt.trim_end_matches(['\r', '\n']);
        let (above, last) = prompt.rsplit_once('\n').unwrap_or(("", prompt));
        for line in above.lines() {
            self.tty.show(&format!("{}\n", plain(line)))?;
        }
        Ok(plain(last))
    }

    fn paint(&mut self, prompt: &str) -> io::Result<()> {
        let (columns, _) = terminal::size().unwrap_or((80, 24));
        let (before, after) = self.editor.parts();
        let shown = Shown {
            text: prompt,
            width: prompt.width(),
        };
        let painted = self.painter.paint(shown, before, after, columns);
        self.tty.show(&painted)
    }

    fn begin(&mut self) -> io::Result<Keys> {
        let raw = Raw::enter()?;
        Ok(Keys {
            _paste: Paste::bracketed(&mut self.tty)?,
            _raw: raw,
        })
    }
}

/// Keys are read one by one; dropped, the terminal is as it was.
struct Keys {
    _paste: Paste,
    _raw: Raw,
}
