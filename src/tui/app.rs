//! The loop: one message at a time, keys before everything else, a frame when something to see has changed.

use std::io::{self, IsTerminal};
use std::time::{Duration, SystemTime};

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::session::{ExitCode, Report, Sessions};

use super::Options;
use super::effects::Runner;
use super::input::{Chord, KeyMap};
use super::model::{Model, Redraw};
use super::terminal::{Screen, Signal, Signals};
use super::theme::Theme;
use super::update::{Effect, Message, start, update};
use super::views;

/// Output is drawn at most once in this time; keys at once.
const FRAME: Duration = Duration::from_millis(10);
/// Messages that may wait for the loop. Whoever has more to say is held back.
const WAITING: usize = 16;
/// How long sessions may take to end in good order, once the terminal is given back.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long servers have to let go of the sessions that are left: their last answers may take 5 s.
const LEAVING: Duration = Duration::from_secs(8);
/// A continue signal this soon after our own stop is the end of that stop.
const OWN_STOP: Duration = Duration::from_secs(1);

/// Runs the app until the user leaves it. Returns the exit status: 0, or 128 and the number of the signal that ended it.
pub async fn run(options: Options) -> Result<u8, Report> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        let mut report = Report::new(ExitCode::Usage, "the app needs a terminal");
        report
            .hints
            .push("`psdeck --help` names the verbs that do not".to_owned());
        return Err(report);
    }
    let ui = &options.config.ui;
    let theme = Theme::load(
        ui.theme.as_deref().unwrap_or("terminal"),
        options.themes.as_deref(),
        options.colours,
    )
    .map_err(usage)?;
    let prefix: Chord = ui
        .prefix
        .as_deref()
        .unwrap_or("Ctrl+]")
        .parse()
        .map_err(usage)?;
    let pool = options.pool.clone();
    let status = App::start(options, theme, KeyMap::new(prefix))
        .map_err(|error| terminal_failed(&error))?
        .run()
        .await
        .map_err(|error| terminal_failed(&error))?;
    if status != 0 {
        // Nobody was asked: what can go on without us does.
        pool.leave_all(LEAVING).await;
    }
    let loose = pool.close_all(GOODBYE).await.into_iter();
    match loose.reduce(Report::with) {
        Some(loose) if status == 0 => Err(loose),
        _ => Ok(status),
    }
}

struct App {
    model: Model,
    runner: Runner,
    messages: mpsc::Receiver<Message>,
    sessions: Sessions,
    /// The list has changed since it was last looked at.
    stale: bool,
    signals: Signals,
    events: EventStream,
    drawn: Instant,
    resumed: Option<Instant>,
    ended: Option<u8>,
    // Last, so that the terminal is given back after everything else is dropped.
    screen: Screen,
}

impl App {
    fn start(options: Options, theme: Theme, keys: KeyMap) -> io::Result<Self> {
        let signals = Signals::new()?;
        let mut screen = Screen::enter()?;
        let mut model = Model::new(screen.size()?, theme, keys, SystemTime::now());
        model.config = options.config.clone();
        let (sender, messages) = mpsc::channel(WAITING);
        let mut sessions = options.pool.sessions();
        model.set_sessions(sessions.now());
        let effects = start(&mut model, options.notes.clone());
        screen.draw(|frame| views::draw(frame, &model))?;
        model.redraw = Redraw::No;
        let mut runner = Runner::new(options, sender);
        for effect in effects {
            runner.run(effect);
        }
        Ok(Self {
            model,
            runner,
            messages,
            sessions,
            stale: false,
            signals,
            events: EventStream::new(),
            drawn: Instant::now(),
            resumed: None,
            ended: None,
            screen,
        })
    }

    async fn run(mut self) -> io::Result<u8> {
        loop {
            let due = match self.model.redraw {
                Redraw::No => None,
                Redraw::Now => Some(self.drawn),
                Redraw::Soon => Some(self.drawn + FRAME),
            };
            if due.is_some_and(|due| due <= Instant::now()) {
                self.draw()?;
                continue;
            }
            let ages = self.model.ticks().map(|tick| self.drawn + tick);
            tokio::select! {
                biased;
                signal = self.signals.next() => self.signal(signal)?,
                event = self.events.next() => match event {
                    Some(Ok(event)) => self.event(event)?,
                    // The terminal is gone.
                    Some(Err(_)) | None => return Ok(129),
                },
                () = sleep_until(due.unwrap_or(self.drawn)), if due.is_some() => {}
                () = sleep_until(ages.unwrap_or(self.drawn)), if ages.is_some() => {
                    self.take(Message::Tick)?;
                }
                () = self.sessions.changed(), if !self.stale => {
                    self.stale = true;
                    self.model.draw(Redraw::Soon);
                }
                Some(message) = self.messages.recv() => {
                    // Whatever else is told may be about a session that the list has only now.
                    if !matches!(message, Message::Pane(..)) {
                        self.look()?;
                    }
                    self.take(message)?;
                }
            }
            if let Some(status) = self.ended {
                return Ok(status);
            }
        }
    }

    fn event(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Key(key) => {
                // A key is for the sessions as they are now: a line is not sent into a network that is lost.
                self.look()?;
                self.take(Message::Key(key))
            }
            Event::Paste(text) => self.take(Message::Paste(text)),
            Event::Resize(columns, rows) => self.take(Message::Resize(columns, rows)),
            Event::FocusGained | Event::FocusLost | Event::Mouse(_) => Ok(()),
        }
    }

    fn signal(&mut self, signal: Signal) -> io::Result<()> {
        match signal {
            Signal::Quit(status) => {
                self.ended = Some(status);
                Ok(())
            }
            Signal::Suspend => self.suspend(),
            Signal::Continued => {
                let own = self
                    .resumed
                    .is_some_and(|resumed| resumed.elapsed() < OWN_STOP);
                if own { Ok(()) } else { self.resume() }
            }
        }
    }

    fn take(&mut self, message: Message) -> io::Result<()> {
        for effect in update(&mut self.model, message, SystemTime::now()) {
            match effect {
                Effect::Quit => self.ended = Some(0),
                Effect::Suspend => self.suspend()?,
                effect => self.runner.run(effect),
            }
        }
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.screen.suspend()?;
        self.resumed = Some(Instant::now());
        self.redraw_all()
    }

    fn resume(&mut self) -> io::Result<()> {
        self.screen.resume()?;
        self.redraw_all()
    }

    /// The window may have another size by now.
    fn redraw_all(&mut self) -> io::Result<()> {
        let (columns, rows) = self.screen.size()?;
        self.take(Message::Resize(columns, rows))?;
        self.take(Message::Resumed)
    }

    /// Takes the list as it is now. Thousands of sessions that change at once cost one look for each frame.
    fn look(&mut self) -> io::Result<()> {
        if !self.stale {
            return Ok(());
        }
        self.stale = false;
        let list = self.sessions.now();
        self.take(Message::Sessions(list))
    }

    fn draw(&mut self) -> io::Result<()> {
        self.look()?;
        self.screen.draw(|frame| views::draw(frame, &self.model))?;
        self.model.redraw = Redraw::No;
        self.drawn = Instant::now();
        Ok(())
    }
}

fn usage(reason: String) -> Report {
    let mut report = Report::new(ExitCode::Usage, "the settings of [ui] cannot be used");
    report.reasons.push(reason);
    report
        .hints
        .push("`psdeck config path` names the file that they are in".to_owned());
    report
}

fn terminal_failed(error: &io::Error) -> Report {
    let mut report = Report::new(ExitCode::Usage, "this terminal cannot be used");
    report.reasons.push(error.to_string());
    report
}
