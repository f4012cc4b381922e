//! The terminal that the user sits at, where there is one, apart from standard input and output.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::Command as _;
use crossterm::event::{
    DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode, KeyEvent, KeyEventKind,
    KeyModifiers,
};
use crossterm::terminal;
use zeroize::Zeroizing;

use super::keyboard;

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
        // First, so that nothing of an answer is shown that comes with the prompt.
        let raw = Raw::enter()?;
        self.show(&prompt.replace('\n', "\r\n"))?;
        let typed = self.keys(echo).await;
        drop(raw);
        self.show("\n")?;
        typed
    }

    async fn keys(&mut self, echo: bool) -> io::Result<Typed> {
        let mut line = Zeroizing::new(String::new());
        loop {
            let Some(key) = pressed(keyboard::event().await?) else {
                continue;
            };
            let control = key.modifiers.contains(KeyModifiers::CONTROL);
            match key.code {
                KeyCode::Enter => return Ok(Typed::Line(line)),
                // What was typed while the terminal still read lines ends so.
                KeyCode::Char('j') if control => return Ok(Typed::Line(line)),
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
        if !OVER.load(Ordering::Relaxed) {
            terminal::enable_raw_mode()?;
        }
        Ok(Self(()))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = terminal::disable_raw_mode();
    }
}

/// Pastes come in one piece; dropped, they come as they are typed.
pub(super) struct Paste(());

/// Whether a [`Paste`] lives.
static PASTE: AtomicBool = AtomicBool::new(false);

impl Paste {
    pub(super) fn bracketed(tty: &mut Tty) -> io::Result<Self> {
        let paste = Self(());
        if OVER.load(Ordering::Relaxed) {
            return Ok(paste);
        }
        PASTE.store(true, Ordering::Relaxed);
        let mut on = String::new();
        let _ = EnableBracketedPaste.write_ansi(&mut on);
        tty.show(&on)?;
        Ok(paste)
    }
}

impl Drop for Paste {
    fn drop(&mut self) {
        if PASTE.swap(false, Ordering::Relaxed)
            && let Some(mut tty) = Tty::open()
        {
            let mut off = String::new();
            let _ = DisableBracketedPaste.write_ansi(&mut off);
            let _ = tty.show(&off);
        }
    }
}

/// The program ends, and takes the terminal no more.
static OVER: AtomicBool = AtomicBool::new(false);

/// Gives the terminal back as it was, for good: what still runs leaves it so.
#[cfg(unix)]
pub(super) fn over() {
    OVER.store(true, Ordering::Relaxed);
    restore();
}

/// Gives the terminal back as it was, wherever the program ends.
pub(super) fn restore() {
    drop(Paste(()));
    drop(Raw(()));
}

/// The key of an event, if one went down.
pub(super) fn pressed(event: Event) -> Option<KeyEvent> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(key),
        _ => None,
    }
}
