//! What is typed at the terminal, read by one thread for the whole run.
//!
//! crossterm's own stream is not used here: dropped and made again for each line, it misses what was typed in between
//! until another key is pressed.

use std::io;
use std::sync::LazyLock;
use std::sync::mpsc as blocking;

use crossterm::event::Event;
use tokio::sync::{Mutex, mpsc};

/// The thread that reads, and what it has read.
struct Keyboard {
    wanted: blocking::Sender<()>,
    events: mpsc::UnboundedReceiver<io::Result<Event>>,
    /// The thread reads on demand, so that what nobody waits for stays with the terminal.
    asked: bool,
}

static KEYBOARD: LazyLock<Mutex<Keyboard>> = LazyLock::new(|| {
    let (wanted, wishes) = blocking::channel();
    let (sender, events) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        while wishes.recv().is_ok() && sender.send(crossterm::event::read()).is_ok() {}
    });
    let asked = false;
    Mutex::new(Keyboard {
        wanted,
        events,
        asked,
    })
});

/// The next event of the terminal. The future may be dropped: nothing is lost.
pub(super) async fn event() -> io::Result<Event> {
    let mut keyboard = KEYBOARD.lock().await;
    if !keyboard.asked {
        keyboard.asked = keyboard.wanted.send(()).is_ok();
    }
    let event = keyboard.events.recv().await;
    keyboard.asked = false;
    if matches!(event, Some(Ok(Event::Resize(..)))) {
        nudge();
    }
    event.unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))
}

/// Has the terminal tell once more that there is something to read. crossterm waits for changes only, and forgets the
/// keys that it was told of in one go with a resize: they would wait for the next key. Setting the modes that are set
/// anyway is such a change; whoever waits for keys holds the modes, so nobody else sets them now.
#[cfg(unix)]
fn nudge() {
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

    let stdin = io::stdin();
    if let Ok(modes) = tcgetattr(&stdin) {
        let _ = tcsetattr(&stdin, OptionalActions::Now, &modes);
    }
}

#[cfg(not(unix))]
fn nudge() {}
