//! The console on our standard output, standard error and the terminal.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as Guarded, PoisonError};

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::cli::ask::Asker;
use crate::cli::enter::{self, Lines};
use crate::cli::output::{self, Colours};
use crate::cli::prompts::{self, Talk};
use crate::cli::screen::Screen;
use crate::cli::signals::Interrupts;
use crate::cli::status::Failed;
use crate::cli::tty::Tty;
use crate::clixml::records::ProgressRecord;
use crate::cmdlets::{Entered, Error, Host, Interrupt, ToldIn};
use crate::format::error_text;
use crate::remote_text::plain;
use crate::session::{
    BoxFuture, ExitCode, Interactive, Line, Pool, Prompt, PromptReply, Report, Session, Size,
    StreamKind,
};
use crate::transport::Ask;

/// What the console and whoever reads its lines share.
pub(super) struct Around {
    pool: Pool,
    /// Standard input, where it is no terminal.
    pub(super) lines: Option<Mutex<Lines>>,
    /// Prompts are shown even where standard input is no terminal.
    pub(super) show_prompts: bool,
    /// A session is entered: Ctrl+C is its own.
    pub(super) entered: AtomicBool,
    /// Standard output is gone.
    pub(super) failed: Guarded<Option<Failed>>,
    /// Whoever answers for the user while the line at hand runs.
    asker: Guarded<Arc<Asker>>,
    /// Ctrl+C of the line at hand.
    cancel: Guarded<CancellationToken>,
}

/// Shows what a console says.
pub(super) struct Terminal {
    screen: Screen,
    colours: Colours,
    around: Arc<Around>,
}

impl Around {
    pub(super) fn new(pool: Pool, lines: Option<Lines>, show_prompts: bool) -> Self {
        let cancel = CancellationToken::new();
        Self {
            pool,
            lines: lines.map(Mutex::new),
            show_prompts,
            entered: AtomicBool::new(false),
            failed: Guarded::default(),
            asker: Guarded::new(Arc::new(Asker::new(None, true, cancel.clone()))),
            cancel: Guarded::new(cancel),
        }
    }

    /// What stops the line that begins.
    pub(super) fn begin(&self) -> Interrupt {
        let interrupt = Interrupt::default();
        let cancel = interrupt.token();
        *lock(&self.asker) = Arc::new(Asker::new(None, true, cancel.clone()));
        *lock(&self.cancel) = cancel;
        interrupt
    }
}

impl Terminal {
    pub(super) fn new(colours: Colours, around: Arc<Around>) -> Self {
        Self {
            screen: Screen::new(colours),
            colours,
            around,
        }
    }

    fn done(&self, written: io::Result<()>) {
        if let Err(error) = written {
            lock(&self.around.failed).get_or_insert(error.into());
            lock(&self.around.cancel).cancel();
        }
    }

    async fn ask_user(&mut self, prompt: &Prompt) -> PromptReply {
        let written = self.screen.before_prompt();
        self.done(written);
        let reply = match &self.around.lines {
            Some(lines) if self.around.show_prompts => {
                let mut talk = Echo {
                    lines: &mut *lines.lock().await,
                    screen: &mut self.screen,
                };
                prompts::ask(prompt, &mut talk).await
            }
            // The next line of a script is no answer.
            _ => match Tty::open() {
                Some(mut tty) => prompts::ask(prompt, &mut tty).await,
                None => Ok(PromptReply::Refuse),
            },
        };
        match reply {
            Ok(reply) => reply,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                lock(&self.around.cancel).cancel();
                std::future::pending().await
            }
            Err(_) => PromptReply::Refuse,
        }
    }

    async fn visit(&mut self, session: Session) -> Result<Entered, Report> {
        let written = self.screen.done();
        self.done(written);
        let around = Arc::clone(&self.around);
        around.entered.store(true, Ordering::Relaxed);
        let (interactive, events) = Interactive::enter(session.clone(), enter::window());
        let entered = enter::Entered {
            pool: around.pool.clone(),
            interactive,
            events,
            interrupts: Interrupts::listen(),
        };
        let left = match &around.lines {
            Some(lines) => {
                let mut lines = lines.lock().await;
                let lines = Some((&mut *lines, around.show_prompts));
                enter::visit(entered, lines, self.colours).await
            }
            None => enter::visit(entered, None, self.colours).await,
        };
        around.entered.store(false, Ordering::Relaxed);
        match left {
            Ok(_) | Err(Failed::Status(_)) => Ok(Entered::Left),
            Err(Failed::Report(report)) => Err(*report),
            Err(failed) => {
                lock(&around.failed).get_or_insert(failed);
                Err(Report::new(
                    ExitCode::RemoteErrors,
                    "the output cannot be written",
                ))
            }
        }
    }
}

/// Questions that the next lines of standard input answer: both are printed.
struct Echo<'a> {
    lines: &'a mut Lines,
    screen: &'a mut Screen,
}

impl Talk for Echo<'_> {
    fn show(&mut self, text: &str) -> io::Result<()> {
        self.screen.write(&shown(text))?;
        self.screen.flush()
    }

    async fn line(&mut self, label: &str, echo: bool) -> io::Result<Option<Zeroizing<String>>> {
        self.show(label)?;
        let line = self.lines.line(label, echo).await?;
        match &line {
            Some(text) if echo => self.show(&format!("{}\n", plain(text)))?,
            _ => self.show("\n")?,
        }
        Ok(line)
    }
}

/// Text that brings its own ends of lines.
fn shown(text: &str) -> Line {
    Line {
        text: text.to_owned(),
        newline: false,
        foreground: None,
        background: None,
    }
}

impl Host for Terminal {
    fn window(&self) -> Size {
        enter::window()
    }

    fn write(&mut self, text: &str) {
        let written = self.screen.write(&shown(text));
        let written = written.and_then(|()| self.screen.flush());
        self.done(written);
    }

    fn write_line(&mut self, line: &Line) {
        let written = self.screen.write(line);
        let written = written.and_then(|()| self.screen.flush());
        self.done(written);
    }

    fn stream(&mut self, kind: StreamKind, text: &str) {
        let written = self.screen.stream(kind, text);
        self.done(written);
    }

    fn error(&mut self, error: &Error) {
        let written = if error.code == ExitCode::RemoteErrors {
            self.screen
                .stream(StreamKind::Error, &error_text(&error.record))
        } else {
            let written = self.screen.fresh_line();
            output::message(&error.block(), self.colours);
            written
        };
        self.done(written);
    }

    fn progress(&mut self, source: i64, record: &ProgressRecord) {
        let written = self.screen.progress(source, record);
        self.done(written);
    }

    fn ask(&self) -> Arc<dyn Ask> {
        lock(&self.around.asker).clone()
    }

    fn told_in(&self) -> ToldIn {
        let asker = lock(&self.around.asker).clone();
        Arc::new(move |computer, inside| asker.told_in(computer, inside))
    }

    fn is_attended(&self) -> bool {
        self.around.lines.is_none() && Tty::open().is_some()
    }

    fn prompt<'h>(&'h mut self, prompt: &'h Prompt) -> BoxFuture<'h, PromptReply> {
        Box::pin(self.ask_user(prompt))
    }

    fn enter(&mut self, session: Session) -> BoxFuture<'_, Result<Entered, Report>> {
        Box::pin(self.visit(session))
    }
}

pub(super) fn lock<T>(mutex: &Guarded<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
