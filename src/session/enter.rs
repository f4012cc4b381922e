//! An entered session: the prompt, lines, completion.
//!
//! [`InteractiveEvents::next`] drives it; so the one who looks at the session also sets its pace.

mod away;
mod shared;
mod shown;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use tokio::sync::{mpsc, watch};
use tokio::task::unconstrained;
use tokio::time::{Instant, sleep_until};

use self::shared::{Now, Shared};

use self::away::{Away, is_here};
use super::line::{line_spec, prompt_spec};
use super::{
    CommandCompletion, ExitCode, InteractiveEvent, PromptReply, Report, Running, Session,
    SessionInfo, SessionState, Size, completion,
};
use crate::psrp::{CommandTypes, MetadataQuery};

/// What stands before a line when the server gives no prompt.
const BARE_PROMPT: &str = "PS> ";

/// The handle of an entered session; clones are the same. Every method returns at once, except `complete`.
#[derive(Clone, Debug)]
pub struct Interactive {
    session: Session,
    shared: Arc<Shared>,
    requests: mpsc::UnboundedSender<Request>,
}

/// The events of an entered session, pulled: the remote side is held back while nobody pulls. Dropping it leaves the
/// session as it is; what runs goes on unseen.
#[derive(Debug)]
pub struct InteractiveEvents {
    session: Session,
    info: watch::Receiver<SessionInfo>,
    shared: Arc<Shared>,
    requests: mpsc::UnboundedReceiver<Request>,
    /// Lines that came while another ran, or could not be sent.
    lines: VecDeque<String>,
    ready: VecDeque<InteractiveEvent>,
    stage: Stage,
    /// The prompt that the running line has brought along.
    prompt: Option<String>,
    /// Text that a resumed command put out last: it may be the prompt of the line that a former client sent.
    held: Option<String>,
    held_until: Instant,
    /// The prompt that was shown last.
    shown: String,
    away: Away,
    /// The session is to be left when the running line ends.
    leaving: Option<Leaving>,
}

#[derive(Clone, Copy, Debug)]
struct Leaving {
    exit_code: Option<i32>,
}

#[derive(Debug)]
enum Request {
    Line(String),
    /// Stop what those before it have begun.
    Interrupt,
    Leave,
}

#[derive(Debug)]
enum Stage {
    /// Is the endpoint fit to be entered? The first prompt is under way beside it.
    Checking {
        check: Running,
        prompt: Running,
        found: usize,
    },
    /// The prompt is asked for by itself.
    Asking(Running),
    Idle,
    Line(Running, String),
    /// A command that somebody else sent, or an earlier look at the session.
    Resumed(Running),
    Over,
}

impl Stage {
    fn running(&mut self) -> Option<&mut Running> {
        match self {
            Self::Checking { check: running, .. }
            | Self::Asking(running)
            | Self::Line(running, _)
            | Self::Resumed(running) => Some(running),
            Self::Idle | Self::Over => None,
        }
    }
}

impl Interactive {
    /// Enters a session: asks whether the endpoint allows it, and for the first prompt, side by side. The first event is
    /// [`InteractiveEvent::Ready`], or the end. Leaving keeps the session open.
    pub fn enter(session: Session, window: Size) -> (Self, InteractiveEvents) {
        let check = session.metadata(
            MetadataQuery {
                types: CommandTypes::ENTER,
                ..MetadataQuery::named(["Out-Default", "Exit-PSSession"])
            },
            window,
        );
        let prompt = session.pipeline(prompt_spec(window), None, window);
        let stage = Stage::Checking {
            check,
            prompt,
            found: 0,
        };
        Self::begin(session, window, stage)
    }

    /// Looks at a session that was taken up again: goes on with the command that runs in it, if one does that nobody
    /// reads, and then with the prompt. The first event is what that command shows, or [`InteractiveEvent::Ready`].
    pub fn resume(session: Session, window: Size) -> (Self, InteractiveEvents) {
        let stage = match session.resumed(window) {
            Some((running, _)) => Stage::Resumed(running),
            None => Stage::Asking(session.pipeline(prompt_spec(window), None, window)),
        };
        Self::begin(session, window, stage)
    }

    fn begin(session: Session, window: Size, mut stage: Stage) -> (Self, InteractiveEvents) {
        let shared = Arc::new(Shared(Mutex::new(Now {
            window,
            running: stage.running().map(|running| running.stopper()),
        })));
        let (requests, receiver) = mpsc::unbounded_channel();
        let mut info = session.changes();
        info.mark_changed();
        let events = InteractiveEvents {
            info,
            session: session.clone(),
            shared: Arc::clone(&shared),
            requests: receiver,
            lines: VecDeque::new(),
            ready: VecDeque::new(),
            stage,
            prompt: None,
            held: None,
            held_until: Instant::now(),
            shown: String::new(),
            away: Away::No,
            leaving: None,
        };
        let handle = Self {
            session,
            shared,
            requests,
        };
        (handle, events)
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Runs a line (or several; complete as the `language` reader says). `exit` leaves. While another runs, it waits.
    pub fn submit(&self, line: String) {
        let _ = self.requests.send(Request::Line(line));
    }

    /// Ctrl+C: stops what runs, and a line that was submitted but has not begun yet. At the prompt it does nothing.
    pub fn interrupt(&self) {
        if !self.shared.stop() {
            let _ = self.requests.send(Request::Interrupt);
        }
    }

    /// Ends what runs by force, and the session with it if the server does not let go.
    pub fn force_close(&self) {
        if let Some(running) = &self.shared.now().running {
            running.force_close();
        }
    }

    /// The window's new size; the next command learns of it.
    pub fn resize(&self, window: Size) {
        self.shared.now().window = window;
    }

    /// Asks the server what could stand at the cursor, which counts UTF-16 units; gives up after five seconds. Only while
    /// nothing runs.
    pub async fn complete(&self, text: String, cursor: usize) -> Result<CommandCompletion, Report> {
        let (busy, window) = {
            let now = self.shared.now();
            (now.running.is_some(), now.window)
        };
        if busy || !is_here(&self.session.info()) {
            let what = "the server completes lines only while nothing runs";
            return Err(Report::new(ExitCode::Refused, what));
        }
        completion::complete(&self.session, window, text, cursor).await
    }

    /// Answers a prompt.
    pub fn answer(&self, id: u64, reply: PromptReply) {
        if let Some(running) = &self.shared.now().running {
            running.answer(id, reply);
        }
    }

    /// Leaves; what runs is stopped.
    pub fn leave(&self) {
        self.interrupt();
        let _ = self.requests.send(Request::Leave);
    }
}

impl InteractiveEvents {
    /// The next event; `None` after [`InteractiveEvent::Left`] or [`InteractiveEvent::Broken`]. May be dropped and called
    /// again.
    pub async fn next(&mut self) -> Option<InteractiveEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            self.step().await?;
        }
    }

    /// Waits for one thing and deals with it. Each arm waits for one event only, so that nothing is lost when the future
    /// is dropped.
    async fn step(&mut self) -> Option<()> {
        match &mut self.stage {
            Stage::Over => return None,
            Stage::Idle => {
                // A look first: what it tells may keep the line from going out.
                if self.info.has_changed().unwrap_or(true) {
                    self.look();
                } else if matches!(self.away, Away::No)
                    && is_here(&self.info.borrow())
                    && let Some(line) = self.lines.pop_front()
                {
                    self.begin(line);
                } else {
                    tokio::select! {
                        biased;
                        request = self.requests.recv() => match request {
                            Some(request) => self.request(request),
                            // Nobody can type any more.
                            None => self.over(InteractiveEvent::Left { exit_code: None }),
                        },
                        _ = self.info.changed() => self.info.mark_changed(),
                    }
                }
            }
            Stage::Checking { check: running, .. }
            | Stage::Asking(running)
            | Stage::Line(running, _)
            | Stage::Resumed(running) => {
                tokio::select! {
                    biased;
                    Some(request) = self.requests.recv() => self.request(request),
                    Some(event) = running.next() => self.event(event),
                    Ok(()) = self.info.changed() => self.changed(),
                    () = sleep_until(self.held_until), if self.held.is_some() => self.release(),
                    else => self.session_ended(SessionState::Broken),
                }
            }
        }
        Some(())
    }

    /// The session has changed. What came before that comes first: it may be there only since it was last asked for.
    fn changed(&mut self) {
        let running = self.stage.running();
        let came = running.and_then(|running| unconstrained(running.next()).now_or_never()?);
        match came {
            Some(event) => {
                self.info.mark_changed();
                self.event(event);
            }
            None => self.look(),
        }
    }

    fn request(&mut self, request: Request) {
        match request {
            Request::Line(line) => self.lines.push_back(line),
            Request::Interrupt => {
                self.shared.stop();
            }
            Request::Leave => self.over(InteractiveEvent::Left { exit_code: None }),
        }
    }

    fn begin(&mut self, line: String) {
        if line.trim().eq_ignore_ascii_case("exit") {
            self.over(InteractiveEvent::Left { exit_code: None });
            return;
        }
        let window = self.shared.now().window;
        if line.trim().is_empty() {
            self.ask();
            return;
        }
        let label = line.lines().next().unwrap_or_default().to_owned();
        let spec = line_spec(line.clone(), window, self.batches());
        let running = self.session.pipeline(spec, Some(label), window);
        self.shared.now().running = Some(running.stopper());
        self.prompt = None;
        self.stage = Stage::Line(running, line);
    }

    /// Whether the server takes several statements in one pipeline (protocol 2.2).
    fn batches(&self) -> bool {
        let protocol = self.info.borrow().protocol.clone().unwrap_or_default();
        !matches!(&*protocol, "2.0" | "2.1")
    }

    /// Asks for the prompt by itself: at the beginning, after a stop, and from servers that take one statement a time.
    fn ask(&mut self) {
        let window = self.shared.now().window;
        let running = self.session.pipeline(prompt_spec(window), None, window);
        self.shared.now().running = Some(running.stopper());
        self.prompt = None;
        self.stage = Stage::Asking(running);
    }
}
