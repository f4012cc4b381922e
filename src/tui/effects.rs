//! What is done outside: sessions are opened and entered, timers run. Each effect returns at once; what comes of it
//! comes back as messages.

use std::collections::HashMap;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use tokio::sync::{OnceCell, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::config::{TargetError, overlay};
use crate::session::{
    ExitCode, Interactive, InteractiveEvent, InteractiveEvents, OpenRequest, OpeningEvent, Report,
    SessionId, Size,
};
use crate::transport::{Answer, Ask, Leave, Nobody, Question, Secret};

use super::Options;
use super::model::layer::{NewSession, OpeningId, QuestionId};
use super::model::pane::PaneId;
use super::update::{Effect, Message};

/// Events that a pane hands over in one message, at most.
const BATCH: usize = 64;

/// Runs effects.
pub(super) struct Runner {
    options: Options,
    messages: mpsc::Sender<Message>,
    panes: HashMap<PaneId, Interactive>,
    openings: HashMap<OpeningId, CancellationToken>,
    questions: Arc<Questions>,
}

/// Questions of ours that wait for their answers.
#[derive(Default)]
struct Questions {
    number: AtomicU64,
    waiting: Mutex<HashMap<QuestionId, oneshot::Sender<Answer>>>,
}

impl Runner {
    pub(super) fn new(options: Options, messages: mpsc::Sender<Message>) -> Self {
        Self {
            options,
            messages,
            panes: HashMap::new(),
            openings: HashMap::new(),
            questions: Arc::default(),
        }
    }

    /// Runs one. Quit and Suspend are the loop's own.
    pub(super) fn run(&mut self, effect: Effect) {
        match effect {
            Effect::Open(id, new, window) => self.open(id, &new, window),
            Effect::Connect(id, session) => self.connect(id, session),
            Effect::CancelOpening(id) => {
                if let Some(cancel) = self.openings.remove(&id) {
                    cancel.cancel();
                }
            }
            Effect::AnswerQuestion(id, answer) => self.questions.answer(id, answer),
            Effect::Enter(pane, session, window) => self.enter(pane, session, window),
            Effect::Submit(pane, line) => self.with(pane, |handle| handle.submit(line)),
            Effect::Interrupt(pane) => self.with(pane, Interactive::interrupt),
            Effect::ForceClose(pane) => self.with(pane, Interactive::force_close),
            Effect::ResizePane(pane, size) => self.with(pane, |handle| handle.resize(size)),
            Effect::Complete(pane, number, text, cursor) => {
                self.complete(pane, number, text, cursor);
            }
            Effect::AnswerPrompt(pane, id, reply) => {
                self.with(pane, |handle| handle.answer(id, reply));
            }
            Effect::Leave(pane) => {
                if let Some(handle) = self.panes.remove(&pane) {
                    handle.leave();
                }
            }
            Effect::Disconnect(session) => self.disconnect(session),
            Effect::Remove(session) => self.remove(session),
            Effect::Refresh => self.refresh(),
            Effect::Later(time, message) => {
                let messages = self.messages.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(time).await;
                    let _ = messages.send(*message).await;
                });
            }
            Effect::Suspend | Effect::Quit => {}
        }
    }

    fn with(&self, pane: PaneId, act: impl FnOnce(&Interactive)) {
        if let Some(handle) = self.panes.get(&pane) {
            act(handle);
        }
    }

    fn say(&self, message: Message) {
        let messages = self.messages.clone();
        tokio::spawn(async move {
            let _ = messages.send(message).await;
        });
    }

    fn open(&mut self, id: OpeningId, new: &NewSession, window: Size) {
        let request = match self.request(new, window) {
            Ok(request) => request,
            Err(report) => return self.say(Message::OpeningFailed(id, report)),
        };
        let (cancel, ask) = self.begin(id);
        let mut opening = self.options.pool.open(&request, ask, cancel);
        let messages = self.messages.clone();
        tokio::spawn(async move {
            while let Some(event) = opening.next().await {
                let message = match event {
                    OpeningEvent::Queued => continue,
                    OpeningEvent::Stage(stage) => Message::Stage(id, stage),
                    OpeningEvent::Opened(session) => Message::Opened(id, Box::new(session.info())),
                    OpeningEvent::Failed(report) => Message::OpeningFailed(id, report),
                };
                let _ = messages.send(message).await;
            }
        });
    }

    /// What a new session is opened with: the profile's options under what was typed.
    fn request(&self, new: &NewSession, window: Size) -> Result<OpenRequest, Box<Report>> {
        let wrong = |error: &TargetError| {
            let mut report = Report::new(ExitCode::Usage, error.to_string());
            report.hints.push(error.hint());
            Box::new(report)
        };
        let mut computers = self
            .options
            .config
            .resolve(&new.target)
            .map_err(|error| wrong(&error))?;
        if computers.len() > 1 {
            let what = format!("{} names {} computers", new.target, computers.len());
            let mut report = Report::new(ExitCode::Usage, what);
            report.hints.push("name one of them".to_owned());
            return Err(Box::new(report));
        }
        let Some(computer) = computers.pop() else {
            let report = Report::new(ExitCode::Usage, "the target names no computer");
            return Err(Box::new(report));
        };
        let typed = new.options().map_err(|error| {
            let mut report = Report::new(ExitCode::Usage, error);
            report
                .hints
                .push("write options as on the command line: --ca FILE --skip-cn-check".to_owned());
            Box::new(report)
        })?;
        let options = overlay(typed, computer.options);
        Ok(OpenRequest {
            target: computer.address,
            name: new.name.clone(),
            window: Some(window),
            deadline: options.operation_timeout,
            options,
        })
    }

    fn connect(&mut self, id: OpeningId, session: SessionId) {
        let (cancel, ask) = self.begin(id);
        let pool = self.options.pool.clone();
        let messages = self.messages.clone();
        tokio::spawn(async move {
            let message = match pool.connect(session, ask, cancel).await {
                Ok(session) => Message::Opened(id, Box::new(session.info())),
                Err(report) => Message::OpeningFailed(id, Box::new(report)),
            };
            let _ = messages.send(message).await;
        });
    }

    fn begin(&mut self, id: OpeningId) -> (CancellationToken, Arc<dyn Ask>) {
        let cancel = CancellationToken::new();
        self.openings.insert(id, cancel.clone());
        let ask = Arc::new(AskUser {
            opening: id,
            messages: self.messages.clone(),
            questions: Arc::clone(&self.questions),
            printed: OnceCell::new(),
        });
        (cancel, ask)
    }

    fn enter(&mut self, pane: PaneId, session: SessionId, window: Size) {
        let Some(session) = self.options.pool.session(session) else {
            let report = Report::new(ExitCode::NoSession, "the session is not open any more");
            return self.say(Message::Pane(
                pane,
                vec![InteractiveEvent::Broken(Box::new(report))],
            ));
        };
        let (handle, events) = Interactive::enter(session, window);
        self.panes.insert(pane, handle);
        tokio::spawn(hand_over(pane, events, self.messages.clone()));
    }

    fn complete(&self, pane: PaneId, number: u64, text: String, cursor: usize) {
        let Some(handle) = self.panes.get(&pane).cloned() else {
            return;
        };
        let messages = self.messages.clone();
        tokio::spawn(async move {
            let answer = handle.complete(text, cursor).await.map_err(Box::new);
            let _ = messages
                .send(Message::Completed(pane, number, answer))
                .await;
        });
    }

    fn disconnect(&self, session: SessionId) {
        let pool = self.options.pool.clone();
        let messages = self.messages.clone();
        tokio::spawn(async move {
            let message = match pool
                .disconnect(session, Leave::default(), CancellationToken::new())
                .await
            {
                Ok(_) => Message::Disconnected(session),
                Err(report) => Message::Failed(Box::new(report)),
            };
            let _ = messages.send(message).await;
        });
    }

    fn remove(&self, session: SessionId) {
        let pool = self.options.pool.clone();
        let messages = self.messages.clone();
        tokio::spawn(async move {
            if let Err(report) = pool
                .remove(session, Arc::new(Nobody), CancellationToken::new())
                .await
            {
                let _ = messages.send(Message::Failed(Box::new(report))).await;
            }
        });
    }

    fn refresh(&self) {
        for server in &self.options.servers {
            let pool = self.options.pool.clone();
            let messages = self.messages.clone();
            let server = server.clone();
            tokio::spawn(async move {
                let options = crate::transport::Options::default();
                let refused = Arc::new(Nobody);
                if let Err(report) = pool
                    .refresh(&server, &options, refused, CancellationToken::new())
                    .await
                {
                    let _ = messages.send(Message::NotListed(Box::new(report))).await;
                }
            });
        }
    }
}

/// Hands a session's events to the loop. What came meanwhile goes along; the channel holds a flood back, and panes
/// take turns in it.
async fn hand_over(pane: PaneId, mut events: InteractiveEvents, messages: mpsc::Sender<Message>) {
    while let Some(event) = events.next().await {
        let mut batch = vec![event];
        while batch.len() < BATCH {
            match events.next().now_or_never() {
                Some(Some(event)) => batch.push(event),
                _ => break,
            }
        }
        if messages.send(Message::Pane(pane, batch)).await.is_err() {
            return;
        }
    }
}

impl Questions {
    fn answer(&self, id: QuestionId, answer: Answer) {
        if let Some(waiting) = self.take(id) {
            let _ = waiting.send(answer);
        }
    }

    fn take(&self, id: QuestionId) -> Option<oneshot::Sender<Answer>> {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&id)
    }
}

/// Asks the user by a dialog.
struct AskUser {
    opening: OpeningId,
    messages: mpsc::Sender<Message>,
    questions: Arc<Questions>,
    /// What the profile's password command printed, or why nothing.
    printed: OnceCell<Result<Secret, String>>,
}

/// Takes the dialog away when the answer is not waited for any more.
struct Waiting<'a> {
    id: QuestionId,
    ask: &'a AskUser,
}

impl Ask for AskUser {
    fn ask(&self, question: Question) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
        Box::pin(async move {
            if let Some(command) = question.command() {
                // The screen is ours: what it says beside the password would end up in the middle of it.
                let run = || command.run(Stdio::null());
                return match self.printed.get_or_init(run).await {
                    Ok(secret) => Answer::Secret(secret.clone()),
                    Err(why) => Answer::Failed(Box::new(command.failure(why))),
                };
            }
            let id = QuestionId(self.questions.number.fetch_add(1, Ordering::Relaxed));
            let (sender, answer) = oneshot::channel();
            self.questions
                .waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(id, sender);
            let _waiting = Waiting { id, ask: self };
            let message = Message::Question(self.opening, id, question);
            if self.messages.send(message).await.is_err() {
                return Answer::Refuse;
            }
            answer.await.unwrap_or(Answer::Refuse)
        })
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // Nobody has answered: the opening was cancelled or is late.
        if self.ask.questions.take(self.id).is_some()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let messages = self.ask.messages.clone();
            let id = self.id;
            runtime.spawn(async move {
                let _ = messages.send(Message::QuestionVoid(id)).await;
            });
        }
    }
}
