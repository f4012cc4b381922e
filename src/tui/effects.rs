//! What is done outside: sessions are opened and entered, timers run. Each effect returns at once; what comes of it
//! comes back as messages.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::TargetError;
use crate::session::{
    ExitCode, Interactive, InteractiveEvent, InteractiveEvents, OpenRequest, OpeningEvent, Report,
    Session, SessionId, SessionState, Size,
};
use crate::transport::{Ask, Leave};

use super::asking::{AskUser, Questions};
use super::commands::Commands;
use super::model::layer::{Asker, NewSession, OpeningId};
use super::model::pane::PaneId;
use super::update::{Effect, Message};
use super::{Options, Server, overhear};

/// Events that a pane hands over in one message, at most.
const BATCH: usize = 64;

/// Servers that are asked at once what they hold.
const ASKED: usize = 32;

/// A session that a pane shows.
struct Entered {
    handle: Interactive,
    /// Hands its events over.
    reader: JoinHandle<()>,
}

/// Runs effects.
pub(super) struct Runner {
    options: Options,
    messages: mpsc::Sender<Message>,
    panes: HashMap<PaneId, Entered>,
    openings: HashMap<OpeningId, CancellationToken>,
    questions: Arc<Questions>,
    commands: Option<Commands>,
    /// Gives up the servers that are being asked.
    asking: CancellationToken,
}

impl Runner {
    pub(super) fn new(options: Options, messages: mpsc::Sender<Message>) -> Self {
        tokio::spawn(overhear::recall(options.pool.clone(), messages.clone()));
        tokio::spawn(overhear::warn(options.warnings.clone(), messages.clone()));
        Self {
            options,
            messages,
            panes: HashMap::new(),
            openings: HashMap::new(),
            questions: Arc::default(),
            commands: None,
            asking: CancellationToken::new(),
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
            Effect::Enter(pane, session, window) => {
                self.enter(pane, session, |session| Interactive::enter(session, window));
            }
            Effect::Resume(pane, session, window) => {
                self.enter(pane, session, |session| {
                    Interactive::resume(session, window)
                });
            }
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
                if let Some(entered) = self.panes.remove(&pane) {
                    entered.handle.leave();
                }
            }
            Effect::RunCommand(line, window) => self.commands().run(line, window),
            Effect::StopCommand => self.commands().stop(),
            Effect::GiveUpCommand => self.commands().give_up(),
            Effect::AnswerCommand(id, reply) => self.commands().answer(id, reply),
            Effect::LookAway(pane) => {
                if let Some(entered) = self.panes.remove(&pane) {
                    entered.reader.abort();
                }
            }
            Effect::Disconnect(session) => self.disconnect(session),
            Effect::Remove(id, session) => {
                let (cancel, ask) = self.begin(id);
                let pool = self.options.pool.clone();
                self.remove(id, async move { pool.remove(session, ask, cancel).await });
            }
            Effect::Forget(id, session) => {
                let pool = self.options.pool.clone();
                self.remove(id, async move { pool.forget(session).await });
            }
            Effect::Refresh { round, quiet } => self.refresh(round, quiet),
            Effect::CancelRefresh => self.asking.cancel(),
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

    /// The command line's console, made when it is first needed.
    fn commands(&mut self) -> &mut Commands {
        self.commands.get_or_insert_with(|| {
            let questions = Arc::clone(&self.questions);
            Commands::new(&self.options, self.messages.clone(), questions)
        })
    }

    fn with(&self, pane: PaneId, act: impl FnOnce(&Interactive)) {
        if let Some(entered) = self.panes.get(&pane) {
            act(&entered.handle);
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
        let pool = self.options.pool.clone();
        let messages = self.messages.clone();
        tokio::spawn(async move {
            let mut opening = pool.open(&request, ask, cancel).await;
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
        let computer = computer.with(typed).map_err(|error| wrong(&error))?;
        Ok(OpenRequest {
            target: computer.address,
            name: new.name.clone(),
            window: Some(window),
            deadline: computer.options.operation_timeout,
            kept: false,
            options: computer.options,
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
        (cancel, self.ask(Asker::Opening(id), false))
    }

    fn ask(&self, asker: Asker, quiet: bool) -> Arc<dyn Ask> {
        let questions = Arc::clone(&self.questions);
        let ask = AskUser::new(asker, quiet, self.messages.clone(), questions);
        Arc::new(ask)
    }

    fn enter(
        &mut self,
        pane: PaneId,
        session: SessionId,
        begin: impl FnOnce(Session) -> (Interactive, InteractiveEvents),
    ) {
        let Some(session) = self.options.pool.session(session) else {
            let report = Report::new(ExitCode::NoSession, "the session is not open any more");
            return self.say(Message::Pane(
                pane,
                vec![InteractiveEvent::Broken(Box::new(report))],
            ));
        };
        let (handle, events) = begin(session);
        let reader = tokio::spawn(hand_over(pane, events, self.messages.clone()));
        self.panes.insert(pane, Entered { handle, reader });
    }

    fn complete(&self, pane: PaneId, number: u64, text: String, cursor: usize) {
        let Some(entered) = self.panes.get(&pane) else {
            return;
        };
        let handle = entered.handle.clone();
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
            let left = pool
                .disconnect(session, Leave::default(), CancellationToken::new())
                .await;
            let message = Message::Disconnected(session, left.map(|_| ()).map_err(Box::new));
            let _ = messages.send(message).await;
        });
    }

    fn remove(
        &self,
        id: OpeningId,
        removing: impl Future<Output = Result<(), Report>> + Send + 'static,
    ) {
        let messages = self.messages.clone();
        tokio::spawn(async move {
            let removed = removing.await.map_err(Box::new);
            let _ = messages.send(Message::Removed(id, removed)).await;
        });
    }

    /// The servers to ask: those that psdeck was started with, and those of the sessions that are left somewhere.
    fn servers(&self) -> Vec<Server> {
        let pool = &self.options.pool;
        let mut servers = self.options.servers.clone();
        let list = pool.sessions().now();
        let left = list
            .iter()
            .filter(|info| info.state == SessionState::Disconnected);
        for info in left {
            let Some((target, options)) = pool.target(info.id) else {
                continue;
            };
            let same = |server: &Server| {
                server.target == target
                    && (server.options.user == options.user || options.user.is_none())
            };
            if !servers.iter().any(same) {
                servers.push(Server {
                    name: info.computer_name.clone(),
                    target,
                    options,
                });
            }
        }
        servers
    }

    /// Asks the servers side by side; each answer comes by itself.
    fn refresh(&mut self, round: u64, quiet: bool) {
        self.asking.cancel();
        self.asking = CancellationToken::new();
        let servers = self.servers();
        let names = servers.iter().map(|server| server.name.clone()).collect();
        let asks = (0..servers.len()).map(|place| self.ask(Asker::Server(round, place), quiet));
        let asks: Vec<_> = asks.collect();
        let pool = self.options.pool.clone();
        let messages = self.messages.clone();
        let cancel = self.asking.clone();
        tokio::spawn(async move {
            let _ = messages.send(Message::Asking(round, names)).await;
            for note in pool.recall().await {
                let _ = messages.send(Message::Note(note)).await;
            }
            let slots = Arc::new(Semaphore::new(ASKED));
            for ((place, server), ask) in servers.into_iter().enumerate().zip(asks) {
                let pool = pool.clone();
                let messages = messages.clone();
                let cancel = cancel.clone();
                let slots = Arc::clone(&slots);
                tokio::spawn(async move {
                    let _slot = slots.acquire_owned().await;
                    let listed = pool
                        .refresh(&server.target, &server.options, ask, cancel)
                        .await
                        .map_err(Box::new);
                    let message = Message::Listed(round, place, listed);
                    let _ = messages.send(message).await;
                });
            }
        });
    }
}

impl Drop for Runner {
    /// Nobody answers what is asked any more.
    fn drop(&mut self) {
        self.asking.cancel();
        self.openings.values().for_each(CancellationToken::cancel);
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
