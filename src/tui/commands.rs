//! Runs the lines of the command line: a console whose host is the app.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::clixml::records::ProgressRecord;
use crate::cmdlets::{Console, Entered, Error, Host};
use crate::session::{BoxFuture, Line, Prompt, PromptReply, Report, Session, Size, StreamKind};
use crate::transport::Ask;

use super::Options;
use super::asking::{AskUser, Questions};
use super::model::layer::Asker;
use super::update::{CommandEvent, Message};

/// Events that go to the loop in one message, at most.
const BATCH: usize = 64;

/// The command line's console, as the loop holds it.
pub(super) struct Commands {
    lines: mpsc::UnboundedSender<(String, CancellationToken)>,
    cancel: CancellationToken,
    answers: Arc<Answers>,
    window: Arc<Mutex<Size>>,
}

/// Prompts that wait for their answers.
#[derive(Default)]
struct Answers(Mutex<(u64, HashMap<u64, oneshot::Sender<PromptReply>>)>);

struct Shown {
    events: mpsc::UnboundedSender<CommandEvent>,
    answers: Arc<Answers>,
    ask: Arc<dyn Ask>,
    window: Arc<Mutex<Size>>,
}

impl Commands {
    /// A console over the app's own sessions.
    pub(super) fn new(
        options: &Options,
        messages: mpsc::Sender<Message>,
        questions: Arc<Questions>,
    ) -> Self {
        let (lines, mut given) = mpsc::unbounded_channel::<(String, CancellationToken)>();
        let (events, put_out) = mpsc::unbounded_channel();
        let answers = Arc::<Answers>::default();
        let window = Arc::new(Mutex::new(Size::UNATTENDED));
        let ask = AskUser::new(Asker::Command, false, messages.clone(), questions);
        let host = Shown {
            events: events.clone(),
            answers: Arc::clone(&answers),
            ask: Arc::new(ask),
            window: Arc::clone(&window),
        };
        let (pool, config) = (options.pool.clone(), options.config.clone());
        tokio::spawn(hand_over(put_out, messages));
        tokio::spawn(async move {
            let mut console = Console::new(pool, config, Box::new(host));
            while let Some((line, cancel)) = given.recv().await {
                let outcome = console.run(&line, cancel).await;
                let exit = outcome.exit.is_some();
                let _ = events.send(CommandEvent::Ended { exit });
            }
        });
        Self {
            lines,
            cancel: CancellationToken::new(),
            answers,
            window,
        }
    }

    /// Runs a line in a window of that size.
    pub(super) fn run(&mut self, line: String, window: Size) {
        *self.window.lock().unwrap_or_else(PoisonError::into_inner) = window;
        self.cancel = CancellationToken::new();
        let _ = self.lines.send((line, self.cancel.clone()));
    }

    /// Stops what runs.
    pub(super) fn stop(&self) {
        self.cancel.cancel();
    }

    /// Answers a prompt.
    pub(super) fn answer(&self, id: u64, reply: PromptReply) {
        if let Some(waiting) = self.answers.take(id) {
            let _ = waiting.send(reply);
        }
    }
}

impl Answers {
    fn wait(&self) -> (u64, oneshot::Receiver<PromptReply>) {
        let (sender, answer) = oneshot::channel();
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.0 += 1;
        let id = waiting.0;
        waiting.1.insert(id, sender);
        (id, answer)
    }

    fn take(&self, id: u64) -> Option<oneshot::Sender<PromptReply>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.1.remove(&id)
    }
}

impl Shown {
    fn say(&self, event: CommandEvent) {
        let _ = self.events.send(event);
    }
}

impl Host for Shown {
    fn window(&self) -> Size {
        *self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&mut self, text: &str) {
        self.say(CommandEvent::Text(text.to_owned()));
    }

    fn write_line(&mut self, line: &Line) {
        self.say(CommandEvent::Line(line.clone()));
    }

    fn stream(&mut self, kind: StreamKind, text: &str) {
        self.say(CommandEvent::Stream(kind, text.to_owned()));
    }

    fn error(&mut self, error: &Error) {
        self.say(CommandEvent::Error(error.block()));
    }

    fn progress(&mut self, source: i64, record: &ProgressRecord) {
        self.say(CommandEvent::Progress(source, Box::new(record.clone())));
    }

    fn ask(&self) -> Arc<dyn Ask> {
        Arc::clone(&self.ask)
    }

    fn prompt<'h>(&'h mut self, prompt: &'h Prompt) -> BoxFuture<'h, PromptReply> {
        Box::pin(async move {
            let (id, answer) = self.answers.wait();
            let _void = Void { id, host: self };
            self.say(CommandEvent::Prompt(id, prompt.clone()));
            answer.await.unwrap_or(PromptReply::Refuse)
        })
    }

    fn enter(&mut self, session: Session) -> BoxFuture<'_, Result<Entered, Report>> {
        let info = session.info();
        self.say(CommandEvent::Enter(info.id, info.computer_name));
        Box::pin(std::future::ready(Ok(Entered::Elsewhere)))
    }
}

/// Takes the dialog away when the answer is not waited for any more.
struct Void<'a> {
    id: u64,
    host: &'a Shown,
}

impl Drop for Void<'_> {
    fn drop(&mut self) {
        if self.host.answers.take(self.id).is_some() {
            self.host.say(CommandEvent::PromptVoid(self.id));
        }
    }
}

/// Hands what lines put out to the loop; what came meanwhile goes along.
async fn hand_over(
    mut put_out: mpsc::UnboundedReceiver<CommandEvent>,
    messages: mpsc::Sender<Message>,
) {
    while let Some(event) = put_out.recv().await {
        let mut batch = vec![event];
        while batch.len() < BATCH {
            match put_out.recv().now_or_never() {
                Some(Some(event)) => batch.push(event),
                _ => break,
            }
        }
        if messages.send(Message::Command(batch)).await.is_err() {
            return;
        }
    }
}
