//! Lines typed at the terminal.

use std::io;

use crossterm::event::Event;
use crossterm::terminal;
use unicode_width::UnicodeWidthStr as _;

use super::editor::{Edited, Editor};
use super::paint::{Painter, Shown};
use crate::cli::keyboard;
use crate::cli::signals;
use crate::cli::status::Failed;
use crate::cli::tty::{Paste, Raw, Tty};

use crate::session::{CommandCompletion, ExitCode, Report};

/// The terminal as the place where lines are typed.
pub(in crate::cli) struct Input {
    pub(in crate::cli) tty: Tty,
    editor: Editor,
    painter: Painter,
    /// Keys are read one by one while these are there.
    keys: Option<(Paste, Raw)>,
}

/// What is to be done about what was typed.
pub(in crate::cli) enum Edit {
    /// Nothing: the line is not whole yet.
    Typing,
    /// The text and the cursor are to be completed.
    Complete(String, usize),
    /// A line, or several. The terminal is as it was.
    Line(String),
    /// Ctrl+D. The terminal is as it was.
    Leave,
}

impl Input {
    pub(in crate::cli) fn open() -> Result<Self, Failed> {
        let tty = Tty::open().ok_or_else(|| {
            Report::new(ExitCode::Usage, "there is no terminal to type at")
                .hint("give the lines on standard input")
        })?;
        Ok(Self {
            tty,
            editor: Editor::default(),
            painter: Painter::default(),
            keys: None,
        })
    }

    /// Edits a line behind the prompt; none: Ctrl+D.
    pub(super) async fn line(&mut self, prompt: &str) -> Result<Option<String>, Failed> {
        self.begin(prompt)?;
        loop {
            let edited = self.edited(keyboard::event().await?);
            match self.act(edited, prompt)? {
                Edit::Typing => {}
                // No server is asked here.
                Edit::Complete(..) => self.propose(None, prompt)?,
                Edit::Line(text) => return Ok(Some(text)),
                Edit::Leave => return Ok(None),
            }
        }
    }

    /// Reads keys, and shows what was typed so far behind the prompt.
    pub(in crate::cli) fn begin(&mut self, prompt: &str) -> io::Result<()> {
        let raw = Raw::enter()?;
        self.keys = Some((Paste::bracketed(&mut self.tty)?, raw));
        self.paint(prompt)
    }

    /// Takes the line away for something else to be shown; [`Self::begin`] brings it back.
    pub(in crate::cli) fn pause(&mut self) -> io::Result<()> {
        self.tty.show(&self.painter.erase())?;
        self.keys = None;
        Ok(())
    }

    /// What an event does to the line.
    pub(in crate::cli) fn edited(&mut self, event: Event) -> Edited {
        self.editor.event(event)
    }

    /// Shows what was done to the line.
    pub(in crate::cli) fn act(&mut self, edited: Edited, prompt: &str) -> io::Result<Edit> {
        match edited {
            Edited::Nothing => {}
            Edited::Changed => self.paint(prompt)?,
            Edited::Complete(text, cursor) => return Ok(Edit::Complete(text, cursor)),
            Edited::Submit(text) => {
                self.tty.show(&self.painter.leave())?;
                if text.trim().is_empty() {
                    self.paint(prompt)?;
                } else {
                    self.keys = None;
                    return Ok(Edit::Line(text));
                }
            }
            Edited::Cancel => {
                self.tty.show(&format!("^C{}", self.painter.leave()))?;
                self.paint(prompt)?;
            }
            Edited::Leave => {
                self.tty.show(&self.painter.leave())?;
                self.keys = None;
                return Ok(Edit::Leave);
            }
            Edited::Clear => {
                let _ = self.painter.erase();
                self.tty.show("\u{1b}[H\u{1b}[2J")?;
                self.paint(prompt)?;
            }
            Edited::Suspend => {
                self.tty.show(&self.painter.leave())?;
                self.keys = None;
                signals::suspend();
                self.begin(prompt)?;
            }
        }
        Ok(Edit::Typing)
    }

    /// Takes what completing found; the bell, if that is nothing.
    pub(in crate::cli) fn propose(
        &mut self,
        found: Option<CommandCompletion>,
        prompt: &str,
    ) -> io::Result<()> {
        match found.map(|found| self.editor.propose(found)) {
            None | Some(Edited::Nothing) => self.tty.show("\u{7}"),
            Some(_) => self.paint(prompt),
        }
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
}
