//! An entered session: the prompt, lines, completion.
//!
//! [`InteractiveEvents::next`] drives it; so the one who looks at the session also sets its pace.

mod shared;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::sync::{mpsc, watch};

use shared::{Now, Shared};

use super::line::{self, line_spec, prefix, prompt_spec};
use super::{
    CommandCompletion, ExitCode, Finished, HostEvent, InteractiveEvent, PipelineEvent,
    PipelineState, PromptReply, Report, Running, Session, SessionInfo, SessionState, Size,
    completion,
};
use crate::clixml::Value;
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
    /// Lines that came while another ran.
    lines: VecDeque<String>,
    ready: VecDeque<InteractiveEvent>,
    stage: Stage,
    /// The prompt that the running line has brought along.
    prompt: Option<String>,
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
    Line(Running),
    Over,
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
        let shared = Arc::new(Shared(Mutex::new(Now {
            window,
            running: Some(check.stopper()),
        })));
        let (requests, receiver) = mpsc::unbounded_channel();
        let events = InteractiveEvents {
            info: session.changes(),
            session: session.clone(),
            shared: Arc::clone(&shared),
            requests: receiver,
            lines: VecDeque::new(),
            ready: VecDeque::new(),
            stage: Stage::Checking {
                check,
                prompt,
                found: 0,
            },
            prompt: None,
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
        if busy {
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
                if let Some(line) = self.lines.pop_front() {
                    self.begin(line);
                    return Some(());
                }
                tokio::select! {
                    biased;
                    request = self.requests.recv() => match request {
                        Some(request) => self.request(request),
                        // Nobody can type any more.
                        None => self.over(InteractiveEvent::Left { exit_code: None }),
                    },
                    changed = self.info.changed() => {
                        let state = self.info.borrow_and_update().state;
                        if changed.is_err() || state != SessionState::Opened {
                            self.session_ended(state);
                        }
                    }
                }
            }
            Stage::Checking { check: running, .. }
            | Stage::Asking(running)
            | Stage::Line(running) => {
                tokio::select! {
                    biased;
                    Some(request) = self.requests.recv() => self.request(request),
                    Some(event) = running.next() => self.event(event),
                    else => self.session_ended(SessionState::Broken),
                }
            }
        }
        Some(())
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
        let spec = line_spec(line, window, self.batches());
        let running = self.session.pipeline(spec, Some(label), window);
        self.shared.now().running = Some(running.stopper());
        self.prompt = None;
        self.stage = Stage::Line(running);
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

    fn event(&mut self, event: PipelineEvent) {
        match &mut self.stage {
            Stage::Checking { found, .. } => match event {
                PipelineEvent::Output(_) => *found += 1,
                PipelineEvent::Finished(finished) => self.checked(finished),
                _ => {} // what the check shows is for nobody
            },
            Stage::Asking(_) => match event {
                PipelineEvent::Output(value) => self.take_prompt(&value),
                PipelineEvent::Finished(finished) => self.asked(finished),
                other => self.show(other),
            },
            Stage::Line(_) => match event {
                PipelineEvent::Output(value) => self.take_prompt(&value),
                PipelineEvent::Finished(finished) => self.line_ended(finished),
                other => self.show(other),
            },
            Stage::Idle | Stage::Over => {}
        }
    }

    fn checked(&mut self, finished: Finished) {
        let Stage::Checking { prompt, found, .. } = std::mem::replace(&mut self.stage, Stage::Idle)
        else {
            return;
        };
        if let Some(report) = finished.lost {
            self.over(InteractiveEvent::Broken(report));
        } else if finished.state == PipelineState::Stopped {
            let mut report = Report::new(ExitCode::Cancelled, "the session was not entered");
            report.computer = Some(self.info.borrow().computer_name.clone());
            self.over(InteractiveEvent::Broken(Box::new(report)));
        } else if found < 2 || (found < 3 && self.batches()) {
            // A server of protocol 2.0 leaves out the object that counts the others.
            let report = line::restricted(&self.info.borrow());
            self.over(InteractiveEvent::Broken(Box::new(report)));
        } else {
            self.shared.now().running = Some(prompt.stopper());
            self.stage = Stage::Asking(prompt);
        }
    }

    fn take_prompt(&mut self, value: &Value) {
        if self.prompt.is_none() {
            let text = value.as_text().map(|text| text.to_str_lossy().into_owned());
            self.prompt = text.filter(|text| !text.is_empty());
        }
    }

    fn asked(&mut self, finished: Finished) {
        if let Some(report) = finished.lost {
            self.over(InteractiveEvent::Broken(report));
        } else {
            self.prompt.get_or_insert_with(|| BARE_PROMPT.to_owned());
            self.settle();
        }
    }

    fn line_ended(&mut self, finished: Finished) {
        if let Some(report) = finished.lost {
            if self.session.info().state == SessionState::Opened {
                // The command is lost, the session is not.
                self.ready
                    .push_back(InteractiveEvent::Notice(report.block()));
            } else {
                self.over(InteractiveEvent::Broken(report));
                return;
            }
        }
        if finished.state == PipelineState::Failed
            && let Some(error) = finished.reason
        {
            self.ready.push_back(InteractiveEvent::Error(error));
        }
        self.settle();
    }

    /// The line has ended: leaves, shows the prompt, or asks for it.
    fn settle(&mut self) {
        if let Some(Leaving { exit_code }) = self.leaving {
            self.over(InteractiveEvent::Left { exit_code });
            return;
        }
        match self.prompt.take() {
            Some(prompt) => {
                self.shared.now().running = None;
                self.stage = Stage::Idle;
                let prompt = format!("{}{prompt}", prefix(&self.info.borrow()));
                self.ready.push_back(InteractiveEvent::Ready(prompt));
            }
            None => self.ask(),
        }
    }

    /// Shows what is to be seen. Records of streams are not: the host's calls have shown them already.
    fn show(&mut self, event: PipelineEvent) {
        let event = match event {
            PipelineEvent::Error(record) => InteractiveEvent::Error(record),
            PipelineEvent::Notice(text) => InteractiveEvent::Notice(text),
            PipelineEvent::StopPending => InteractiveEvent::StopPending,
            PipelineEvent::Host(event) => match event {
                HostEvent::Write(line) => InteractiveEvent::Write(line),
                HostEvent::Stream(kind, text) => InteractiveEvent::Stream(kind, text),
                HostEvent::Progress { source, record } => {
                    InteractiveEvent::Progress { source, record }
                }
                HostEvent::Clear => InteractiveEvent::Clear,
                HostEvent::Title(title) => InteractiveEvent::Title(title),
                HostEvent::Prompt { id, prompt } => InteractiveEvent::Prompt { id, prompt },
                HostEvent::PromptCancelled(id) => InteractiveEvent::PromptCancelled(id),
                HostEvent::ShouldExit(code) => {
                    self.leaving = Some(Leaving {
                        exit_code: Some(code),
                    });
                    return;
                }
                HostEvent::PopRunspace => {
                    self.leaving.get_or_insert(Leaving { exit_code: None });
                    return;
                }
            },
            _ => return,
        };
        self.ready.push_back(event);
    }

    fn session_ended(&mut self, state: SessionState) {
        let event = match state {
            SessionState::Broken => InteractiveEvent::Broken(Box::new(self.session.gone())),
            SessionState::Opened => return,
            state => {
                let notice = format!("the session is {state}");
                self.ready.push_back(InteractiveEvent::Notice(notice));
                InteractiveEvent::Left { exit_code: None }
            }
        };
        self.over(event);
    }

    fn over(&mut self, last: InteractiveEvent) {
        self.shared.now().running = None;
        self.ready.push_back(last);
        self.stage = Stage::Over;
    }
}
