//! Lines typed at the terminal.

use std::io;

use crossterm::terminal;
use unicode_width::UnicodeWidthStr as _;

use super::{Edited, Editor, Painter, Shown};
use crate::cli::keyboard;
use crate::cli::signals;
use crate::cli::status::Failed;
use crate::cli::tty::{Paste, Raw, Tty};
use crate::session::{ExitCode, Report};

/// The terminal as the place where lines are typed.
pub(super) struct Input {
    tty: Tty,
    editor: Editor,
    painter: Painter,
}

/// What was typed.
pub(super) enum Edit {
    /// A line, or several.
    Line(String),
    /// Ctrl+D.
    Leave,
}

impl Input {
    pub(super) fn open() -> Result<Self, Failed> {
        let tty = Tty::open().ok_or_else(|| {
            Report::new(ExitCode::Usage, "there is no terminal to type at")
                .hint("give the lines on standard input")
        })?;
        Ok(Self {
            tty,
            editor: Editor::default(),
            painter: Painter::default(),
        })
    }

    /// Edits a line behind the prompt.
    pub(super) async fn line(&mut self, prompt: &str) -> Result<Edit, Failed> {
        let mut typing = self.begin()?;
        self.paint(prompt)?;
        loop {
            match self.editor.event(keyboard::event().await?) {
                Edited::Nothing => {}
                Edited::Changed => self.paint(prompt)?,
                // No server is asked here.
                Edited::Complete(..) => self.tty.show("\u{7}")?,
                Edited::Submit(text) => {
                    self.tty.show(&self.painter.leave())?;
                    if text.trim().is_empty() {
                        self.paint(prompt)?;
                        continue;
                    }
                    drop(typing);
                    return Ok(Edit::Line(text));
                }
                Edited::Cancel => {
                    self.tty.show(&format!("^C{}", self.painter.leave()))?;
                    self.paint(prompt)?;
                }
                Edited::Leave => {
                    self.tty.show(&self.painter.leave())?;
                    return Ok(Edit::Leave);
                }
                Edited::Clear => {
                    let _ = self.painter.erase();
                    self.tty.show("\u{1b}[H\u{1b}[2J")?;
                    self.paint(prompt)?;
                }
                Edited::Suspend => {
                    self.tty.show(&self.painter.leave())?;
                    drop(typing);
                    signals::suspend();
                    typing = self.begin()?;
                    self.paint(prompt)?;
                }
            }
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

    fn begin(&mut self) -> io::Result<(Paste, Raw)> {
        let raw = Raw::enter()?;
        Ok((Paste::bracketed(&mut self.tty)?, raw))
    }
}
