//! The terminal: taken on entering, and given back by one function whatever ends the app.

mod signals;

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{SetCursorStyle, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::style::ResetColor;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
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
        let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout()));
        Terminal::new(backend)
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
        self.terminal.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
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
