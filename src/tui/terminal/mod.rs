//! The terminal: taken on entering, and given back by one function whatever ends the app.

mod signals;

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{SetCursorStyle, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::style::ResetColor;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen,
};
use crossterm::{execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};

pub(crate) use signals::{Signal, Signals};

static TAKEN: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// The terminal while the app has it. Dropping it gives it back.
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

impl Screen {
    /// Takes the terminal: raw mode, the alternate screen, bracketed paste.
    pub(crate) fn enter() -> io::Result<Self> {
        give_back_on_panic();
        // Whether colours are shown is the theme's business. crossterm's own switch would reset weights as well.
        crossterm::style::force_color_output(true);
        take()?;
        blank()
            .map(|terminal| Self { terminal })
            .inspect_err(|_| leave())
    }

    /// Draws one frame, which the terminal shows as a whole.
    pub(crate) fn draw(&mut self, view: impl FnOnce(&mut Frame)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(view)?;
        queue!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        self.terminal.backend_mut().flush()
    }

    /// Columns and rows.
    pub(crate) fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| (size.width, size.height))
    }

    /// Gives the terminal back and stops this process as Ctrl+Z does; goes on, with the terminal taken again, when it
    /// is continued.
    pub(crate) fn suspend(&mut self) -> io::Result<()> {
        leave();
        signals::stop_ourselves();
        self.resume()
    }

    /// Takes the terminal again after a stop, and forgets what was drawn.
    pub(crate) fn resume(&mut self) -> io::Result<()> {
        leave();
        take()?;
        // Not `clear`: that asks the terminal where its cursor is, and waits for the answer among the keys.
        self.terminal = blank()?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

/// A terminal of which nothing is drawn yet, and which shows nothing.
fn blank() -> io::Result<Terminal<CrosstermBackend<BufWriter<Stdout>>>> {
    let mut writer = BufWriter::with_capacity(1 << 16, io::stdout());
    queue!(writer, Clear(ClearType::All))?;
    Terminal::new(CrosstermBackend::new(writer))
}

fn take() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    crossterm::terminal::enable_raw_mode().inspect_err(|_| leave())?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste).inspect_err(|_| leave())
}

/// Gives the terminal back: every mode that [`Screen`] ever sets is off after it, the cursor is shown, the alternate
/// screen is gone. The only teardown: exit, panic, signals and suspension call it. Does nothing where nothing is taken.
pub(crate) fn leave() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // A terminal that is gone takes nothing any more; nobody is left to tell.
    let _ = execute!(
        io::stdout(),
        EndSynchronizedUpdate,
        DisableBracketedPaste,
        ResetColor,
        SetCursorStyle::DefaultUserShape,
        LeaveAlternateScreen,
        Show
    );
    let _ = crossterm::terminal::disable_raw_mode();
}

/// A panic is told on a terminal that shows it.
fn give_back_on_panic() {
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            leave();
            before(panic);
        }));
    });
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    use super::*;

    /// Not a test of its own: what the next one runs in a terminal.
    #[test]
    #[ignore = "run by another test"]
    fn panics_on_the_screen() {
        let mut screen = Screen::enter().unwrap();
        screen.draw(|_| {}).unwrap();
        std::thread::spawn(|| panic!("on another thread"))
            .join()
            .unwrap_err();
    }

    #[test]
    fn a_panic_gives_the_terminal_back_before_it_is_told() {
        let pair = native_pty_system().openpty(PtySize::default()).unwrap();
        let modes = |master: &dyn portable_pty::MasterPty| format!("{:?}", master.get_termios());
        let before = modes(pair.master.as_ref());
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", "--ignored", "--nocapture"]);
        command.arg("tui::terminal::tests::panics_on_the_screen");
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut bytes = Vec::new();
        let mut reader = pair.master.try_clone_reader().unwrap();
        // Reading fails where a pipe would end.
        let _ = reader.read_to_end(&mut bytes);
        child.wait().unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let taken = text.find("\u{1b}[?1049h").unwrap();
        let given = text.find("\u{1b}[?1049l").unwrap();
        let told = text.find("on another thread").unwrap();
        assert!(taken < given && given < told, "{text}");
        assert!(text.contains("\u{1b}[?2004l") && text.contains("\u{1b}[?25h"));
        assert_eq!(modes(pair.master.as_ref()), before);
    }
}
