//! Runs the lines of the command line: a console whose host is the app.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::task::AtomicWaker;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::clixml::records::ProgressRecord;
use crate::cmdlets::{Console, Entered, Error, Host, Interrupt};
use crate::session::{BoxFuture, Line, Prompt, PromptReply, Report, Session, Size, StreamKind};
use crate::transport::Ask;

use super::Options;
use super::asking::{AskUser, Questions};
use super::model::layer::Asker;
use super::update::{CommandEvent, Message};

/// Events that go to the loop in one message, at most.
const BATCH: usize = 64;
/// Bytes that wait for the loop before what runs waits too.
const WAITING: usize = 1 << 20;

/// The command line's console, as the loop holds it.
pub(super) struct Commands {
    lines: mpsc::UnboundedSender<(String, Ends)>,
    ends: Ends,
    answers: Arc<Answers>,
    window: Arc<Mutex<Size>>,
}

/// The two ways to end a line.
#[derive(Clone, Default)]
struct Ends {
    /// Asks it to stop.
    stop: Interrupt,
    /// Waits for it no longer.
    drop: CancellationToken,
}

/// What waits for the loop, in bytes. A line puts out as fast as the loop takes it.
#[derive(Default)]
struct Backlog {
    bytes: AtomicUsize,
    line: AtomicWaker,
}

/// Prompts that wait for their answers.
#[derive(Default)]
struct Answers(Mutex<(u64, HashMap<u64, oneshot::Sender<PromptReply>>)>);

struct Shown {
    events: mpsc::UnboundedSender<CommandEvent>,
    backlog: Arc<Backlog>,
    answers: Arc<Answers>,
    ask: Arc<AskUser>,
    window: Arc<Mutex<Size>>,
}

impl Commands {
    /// A console over the app's own sessions.
    pub(super) fn new(
        options: &Options,
        messages: mpsc::Sender<Message>,
        questions: Arc<Questions>,
    ) -> Self {
        let (lines, mut given) = mpsc::unbounded_channel::<(String, Ends)>();
        let (events, put_out) = mpsc::unbounded_channel();
        let backlog = Arc::<Backlog>::default();
        let answers = Arc::<Answers>::default();
        let window = Arc::new(Mutex::new(Size::UNATTENDED));
        let ask = AskUser::new(Asker::Command, false, messages.clone(), questions);
        let ask = Arc::new(ask);
        let host = Shown {
            events: events.clone(),
            backlog: Arc::clone(&backlog),
            answers: Arc::clone(&answers),
            ask: Arc::clone(&ask),
            window: Arc::clone(&window),
        };
        let (pool, config) = (options.pool.clone(), options.config.clone());
        tokio::spawn(hand_over(put_out, messages, Arc::clone(&backlog)));
        tokio::spawn(async move {
            let mut console = Console::new(pool, config, Box::new(host));
            while let Some((line, Ends { stop, drop })) = given.recv().await {
                // What was answered for one line is not for the next.
                ask.forget();
                let exit = tokio::select! {
                    biased;
                    () = drop.cancelled() => false,
                    outcome = backlog.paced(console.run(&line, stop)) => outcome.exit.is_some(),
                };
                let _ = events.send(CommandEvent::Ended { exit });
            }
        });
        Self {
            lines,
            ends: Ends::default(),
            answers,
            window,
        }
    }

    /// Runs a line in a window of that size.
    pub(super) fn run(&mut self, line: String, window: Size) {
        *self.window.lock().unwrap_or_else(PoisonError::into_inner) = window;
        self.ends = Ends::default();
        let _ = self.lines.send((line, self.ends.clone()));
    }

    /// Stops what runs.
    pub(super) fn stop(&self) {
        self.ends.stop.token().cancel();
    }

    /// Waits no longer for what runs, unless it asks for one more word first.
    pub(super) fn give_up(&self) {
        if !self.ends.stop.press() {
            self.ends.drop.cancel();
        }
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

impl Backlog {
    /// Goes on with `line` while there is room for what it puts out.
    async fn paced<T>(&self, line: impl Future<Output = T>) -> T {
        let mut line = pin!(line);
        std::future::poll_fn(|context| {
            self.line.register(context.waker());
            if self.bytes.load(Ordering::Acquire) >= WAITING {
                return Poll::Pending;
            }
            line.as_mut().poll(context)
        })
        .await
    }

    fn taken(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::AcqRel);
        self.line.wake();
    }
}

/// About how much memory an event holds.
fn weight(event: &CommandEvent) -> usize {
    let text = match event {
        CommandEvent::Text(text) | CommandEvent::Stream(_, text) | CommandEvent::Error(text) => {
            text.len()
        }
        CommandEvent::Line(line) => line.text.len(),
        _ => 0,
    };
    size_of::<CommandEvent>() + text
}

impl Shown {
    fn say(&self, event: CommandEvent) {
        self.backlog
            .bytes
            .fetch_add(weight(&event), Ordering::AcqRel);
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
        self.ask.clone()
    }

    fn is_attended(&self) -> bool {
        true
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
    backlog: Arc<Backlog>,
) {
    while let Some(event) = put_out.recv().await {
        let mut batch = vec![event];
        while batch.len() < BATCH {
            match put_out.recv().now_or_never() {
                Some(Some(event)) => batch.push(event),
                _ => break,
            }
        }
        let bytes = batch.iter().map(|event| match event {
            CommandEvent::Ended { .. } => 0, // not a line's own
            event => weight(event),
        });
        let bytes = bytes.sum();
        if messages.send(Message::Command(batch)).await.is_err() {
            return;
        }
        backlog.taken(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_that_puts_out_without_end_waits_for_the_loop() {
        let (events, put_out) = mpsc::unbounded_channel();
        let backlog = Arc::<Backlog>::default();
        let (said, held) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&backlog));
        let count = Arc::clone(&said);
        let line = tokio::spawn(async move {
            let endless = async {
                loop {
                    let event = CommandEvent::Text("x".repeat(1000));
                    held.bytes.fetch_add(weight(&event), Ordering::AcqRel);
                    let _ = events.send(event);
                    count.fetch_add(1, Ordering::AcqRel);
                    tokio::task::yield_now().await;
                }
            };
            held.paced::<()>(endless).await;
        });
        while backlog.bytes.load(Ordering::Acquire) < WAITING {
            tokio::task::yield_now().await;
        }
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        let before = said.load(Ordering::Acquire);
        assert!(before <= WAITING / 1000);
        let (messages, mut taken) = mpsc::channel(1);
        let hands = tokio::spawn(hand_over(put_out, messages, backlog));
        while said.load(Ordering::Acquire) < 2 * before {
            assert!(taken.recv().await.is_some());
        }
        line.abort();
        hands.abort();
    }
}
