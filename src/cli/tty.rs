//! The terminal that the user sits at, where there is one, apart from standard input and output.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};

use crossterm::event::{
    DisableBracketedPaste, Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers,
};
use crossterm::{Command as _, terminal};
use futures_util::StreamExt as _;
use zeroize::Zeroizing;

/// The user's terminal.
pub(super) struct Tty {
    /// `None`: standard error is that terminal.
    device: Option<File>,
}

/// What the user typed.
pub(super) enum Typed {
    /// A line, without its end.
    Line(Zeroizing<String>),
    /// Ctrl+C.
    Interrupt,
    /// Ctrl+D, or the terminal is gone.
    End,
}

impl Typed {
    /// The line, for a question that Ctrl+C ends with an error of the kind `Interrupted`; `None`: no answer.
    pub(super) fn answer(self) -> io::Result<Option<Zeroizing<String>>> {
        match self {
            Self::Line(line) => Ok(Some(line)),
            Self::End => Ok(None),
            Self::Interrupt => Err(io::ErrorKind::Interrupted.into()),
        }
    }
}

/// The terminal hands over each key; dropped, it reads lines again.
pub(super) struct Raw(());

impl Tty {
    /// The terminal; none for an unattended run: neither standard input nor standard error is one.
    pub(super) fn open() -> Option<Self> {
        if io::stderr().is_terminal() {
            return Some(Self { device: None });
        }
        if !io::stdin().is_terminal() {
            return None;
        }
        let device = if cfg!(windows) { "CONOUT$" } else { "/dev/tty" };
        let device = File::options().write(true).open(device).ok()?;
        Some(Self {
            device: Some(device),
        })
    }

    /// Writes.
    pub(super) fn show(&mut self, text: &str) -> io::Result<()> {
        match &mut self.device {
            Some(device) => device.write_all(text.as_bytes()),
            None => io::stderr().lock().write_all(text.as_bytes()),
        }
    }

    /// Shows a prompt and reads a line, shown or not while it is typed. The future may be dropped: the terminal is as it
    /// was.
    pub(super) async fn read(&mut self, prompt: &str, echo: bool) -> io::Result<Typed> {
        self.show(prompt)?;
        let raw = Raw::enter()?;
        let typed = self.keys(echo).await;
        drop(raw);
        self.show("\n")?;
        typed
    }

    async fn keys(&mut self, echo: bool) -> io::Result<Typed> {
        let mut line = Zeroizing::new(String::new());
        let mut events = EventStream::new();
        while let Some(event) = events.next().await {
            let Some(key) = pressed(event?) else { continue };
            let control = key.modifiers.contains(KeyModifiers::CONTROL);
            match key.code {
                KeyCode::Enter => return Ok(Typed::Line(line)),
                KeyCode::Char('c') if control => return Ok(Typed::Interrupt),
                KeyCode::Char('d') if control && line.is_empty() => return Ok(Typed::End),
                KeyCode::Char('u') if control => {
                    let erased = line.chars().count();
                    self.erase(echo, erased)?;
                    line.clear();
                }
                KeyCode::Backspace if line.pop().is_some() => self.erase(echo, 1)?,
                KeyCode::Char(char) if !control => {
                    // Grown by hand: the copy that `push` leaves behind would not be wiped.
                    if line.capacity() < line.len() + 4 {
                        let mut longer = Zeroizing::new(String::with_capacity(2 * line.len() + 64));
                        longer.push_str(&line);
                        line = longer;
                    }
                    line.push(char);
                    if echo {
                        self.show(char.encode_utf8(&mut [0; 4]))?;
                    }
                }
                _ => {}
            }
        }
        Ok(Typed::End)
    }

    fn erase(&mut self, echo: bool, count: usize) -> io::Result<()> {
        if echo {
            self.show(&"\u{8} \u{8}".repeat(count))
        } else {
            Ok(())
        }
    }
}

impl Raw {
    pub(super) fn enter() -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        Ok(Self(()))
    }
}

/// Gives the terminal back where the program ends at once: what drops would have done.
pub(super) fn give_back() {
    if !terminal::is_raw_mode_enabled().unwrap_or_default() {
        return;
    }
    let mut paste = String::new();
    let _ = DisableBracketedPaste.write_ansi(&mut paste);
    if let Some(mut tty) = Tty::open() {
        let _ = tty.show(&paste);
    }
    let _ = terminal::disable_raw_mode();
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = terminal::disable_raw_mode();
    }
}

/// The key of an event, if one went down.
pub(super) fn pressed(event: Event) -> Option<KeyEvent> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(key),
        _ => None,
    }
}
