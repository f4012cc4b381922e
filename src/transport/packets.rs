//! A connection whose other end speaks stdio packets: SSH, a local process.
//!
//! One task owns the link. It always takes commands and keeps reading, except while a target's credit is used up; what
//! is urgent (a stop, a close, an answer to a prompt) is read through even then, because its acknowledgement lies
//! behind the output.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::Instant;
use uuid::Uuid;

use super::{Capabilities, Command, Connection, Event, Failure, FailureKind, Stage};
use crate::psrp::{Priority, Target};
use crate::stdio;

/// How much may come beyond the credit while something urgent is under way.
const OVERRUN: i64 = 64 << 20;

/// Bytes to and from the server. Dropping it lets go of the local end at once.
pub(super) trait Link: Send + 'static {
    /// Takes whole lines to send. Never waits; order is kept.
    fn send(&mut self, lines: Bytes);

    /// What comes next. May be dropped and called again without losing anything. After `Ended` it is not called.
    fn next(&mut self) -> impl Future<Output = Incoming> + Send;

    /// Why it ended, or what it was like when a deadline passed; with the last lines of standard error, if it has them.
    fn failure(&mut self, end: End) -> Failure;

    /// Says goodbye after the session was closed: ends the input and waits a moment for the other end.
    fn finish(&mut self) -> impl Future<Output = ()> + Send;
}

/// What a link delivers.
pub(super) enum Incoming {
    /// Bytes of standard output.
    Bytes(Bytes),
    /// There is no more.
    Ended,
}

/// How it came to an end.
pub(super) enum End {
    /// The other end closed, or was lost. Whether it had sent a packet, and the text that came before any.
    Gone {
        /// Whether a PowerShell server had spoken.
        spoke: bool,
        /// Text before the first packet.
        noise: Vec<String>,
    },
    /// The opening messages were not taken in time.
    Silent {
        /// Whether a PowerShell server had spoken.
        spoke: bool,
        /// How long was waited.
        waited: Duration,
        /// Text that came instead.
        noise: Vec<String>,
    },
    /// The other end breaks the rules of packets, or reports its own failure.
    Broken(stdio::Error),
}

/// The connection: a handle on the task.
pub(super) struct Packets {
    commands: mpsc::UnboundedSender<Command>,
    events: mpsc::UnboundedReceiver<Event>,
    packet_size: Arc<AtomicUsize>,
    keep_alive: Option<Duration>,
}

impl Packets {
    /// Starts the task. `patience` is how long the opening may take; `keep_alive` how long silence lasts before the
    /// link itself ends; `notices` are told first.
    pub(super) fn start(
        link: impl Link,
        patience: Duration,
        keep_alive: Option<Duration>,
        notices: Vec<String>,
    ) -> Self {
        let (commands, orders) = mpsc::unbounded_channel();
        let (reports, events) = mpsc::unbounded_channel();
        for notice in notices {
            let _ = reports.send(Event::Notice(notice));
        }
        let packet_size = Arc::new(AtomicUsize::new(stdio::FRAGMENT));
        let task = Task {
            link,
            client: stdio::Client::default(),
            started: Instant::now(),
            credits: HashMap::new(),
            urgent: HashSet::new(),
            opening: None,
            reports,
            packet_size: Arc::clone(&packet_size),
            patience,
        };
        tokio::spawn(task.run(orders));
        Self {
            commands,
            events,
            packet_size,
            keep_alive,
        }
    }
}

impl Connection for Packets {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            disconnect: false,
            list: false,
            several_pipelines: true,
            credit_per_target: false,
            encrypted: true,
            answers_beside: false,
            own_deadlines: None,
            retry_window: Duration::ZERO,
            fragment_size: stdio::FRAGMENT,
        }
    }

    fn submit(&mut self, command: Command) {
        // The task is gone after its last event, and then nothing can be asked any more.
        let _ = self.commands.send(command);
    }

    fn event(&mut self) -> Pin<Box<dyn Future<Output = Event> + Send + '_>> {
        Box::pin(async {
            match self.events.recv().await {
                Some(event) => event,
                None => std::future::pending().await,
            }
        })
    }

    fn packet_size(&self) -> usize {
        self.packet_size.load(Ordering::Relaxed)
    }

    fn keep_alive(&self) -> Option<Duration> {
        self.keep_alive
    }
}

struct Task<L> {
    link: L,
    client: stdio::Client,
    started: Instant,
    /// What is left of each target's credit; below zero when a line brought more.
    credits: HashMap<Uuid, i64>,
    /// What is urgent and not acknowledged yet.
    urgent: HashSet<(Uuid, Urgent)>,
    /// Until when the opening messages have to be taken; `Opened` is to be told then.
    opening: Option<Instant>,
    reports: mpsc::UnboundedSender<Event>,
    packet_size: Arc<AtomicUsize>,
    patience: Duration,
}

/// What is read through whatever credit is left.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Urgent {
    Answer,
    Stop,
    Close,
}

enum Step {
    Go,
    /// Over, and told.
    Done,
    /// Closed in good order.
    Closed,
}

impl<L: Link> Task<L> {
    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Command>) {
        loop {
            while let Some(lines) = self.client.poll_output() {
                self.link.send(lines);
            }
            let deadline = self.opening;
            let held = self.is_held();
            let step = tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(command) => self.command(command),
                    // Nobody holds the connection any more.
                    None => return,
                },
                incoming = self.link.next(), if !held => match incoming {
                    Incoming::Bytes(bytes) => self.bytes(&bytes),
                    Incoming::Ended => self.ended(),
                },
                () = sleep_until(deadline) => {
                    let end = End::Silent { spoke: self.client.is_speaking(), waited: self.patience, noise: self.client.noise() };
                    self.lost(end)
                }
            };
            match step {
                Step::Go => {}
                Step::Done => return self.link.finish().await,
                Step::Closed => {
                    // Whoever hears of the end may end this program, and what still ends with it.
                    self.link.finish().await;
                    let _ = self.reports.send(Event::Closed(None));
                    return;
                }
            }
        }
    }

    fn command(&mut self, command: Command) -> Step {
        let now = self.started.elapsed();
        match command {
            Command::Open { opening, .. } => {
                self.client.open(opening, now);
                self.credits.entry(Uuid::nil()).or_insert(0);
                self.opening = Some(Instant::now() + self.patience);
            }
            Command::CreatePipeline { id, first } => {
                self.credits.entry(id).or_insert(0);
                self.client.create(id, first);
            }
            Command::Send {
                target,
                priority,
                data,
            } => {
                let id = id(target);
                let stream = match priority {
                    Priority::Default => stdio::Stream::Default,
                    Priority::PromptResponse => {
                        self.urgent.insert((id, Urgent::Answer));
                        stdio::Stream::PromptResponse
                    }
                };
                self.client.send(id, stream, data, now);
            }
            Command::Read { target, credit } => {
                let more = i64::try_from(credit).unwrap_or(i64::MAX);
                if let Some(credit) = self.credits.get_mut(&id(target)) {
                    *credit = credit.saturating_add(more);
                }
            }
            Command::Stop(id) => {
                self.urgent.insert((id, Urgent::Stop));
                self.client.stop(id);
            }
            Command::ClosePipeline(id) => {
                // What it still sends is dropped, so it holds nothing back.
                self.credits.remove(&id);
                if !self.client.close(id) {
                    return self.tell(Event::PipelineClosed(id));
                }
                self.urgent.insert((id, Urgent::Close));
            }
            Command::Close => {
                self.credits.clear();
                self.client.close_session();
            }
            Command::Disconnect(_)
            | Command::Reconnect
            | Command::Connect { .. }
            | Command::ConnectPipeline(_) => {
                let failure = Failure::new(
                    FailureKind::Usage,
                    "this kind of connection ends with its session",
                )
                .hint("only WSMan sessions can be disconnected and taken up again");
                return self.tell(Event::Fault {
                    target: Target::Pool,
                    failure,
                });
            }
        }
        Step::Go
    }

    fn bytes(&mut self, bytes: &[u8]) -> Step {
        let result = self.client.handle(bytes, self.started.elapsed());
        self.packet_size
            .store(self.client.packet_size(), Ordering::Relaxed);
        while let Some(event) = self.client.poll_event() {
            let event = match event {
                stdio::Event::Speaking => continue,
                stdio::Event::Data(id, data) => {
                    if let Some(credit) = self.credits.get_mut(&id) {
                        *credit =
                            credit.saturating_sub(i64::try_from(data.len()).unwrap_or(i64::MAX));
                    }
                    Event::Data {
                        target: target(id),
                        data,
                    }
                }
                stdio::Event::Acknowledged(id) => {
                    self.urgent.remove(&(id, Urgent::Answer));
                    match self.opening.take_if(|_| id.is_nil()) {
                        Some(_) => Event::Opened,
                        None => Event::Acknowledged(target(id)),
                    }
                }
                stdio::Event::Stopped(id) => {
                    self.urgent.remove(&(id, Urgent::Stop));
                    Event::StopAcknowledged(id)
                }
                stdio::Event::Closed(id) if id.is_nil() => {
                    return Step::Closed;
                }
                stdio::Event::Closed(id) => {
                    self.credits.remove(&id);
                    self.urgent.retain(|(target, _)| *target != id);
                    Event::PipelineClosed(id)
                }
                stdio::Event::Noise(text) => Event::Notice(text),
            };
            if let Step::Done = self.tell(event) {
                return Step::Done;
            }
        }
        match result {
            Ok(()) => Step::Go,
            Err(error) => self.lost(End::Broken(error)),
        }
    }

    fn ended(&mut self) -> Step {
        let end = End::Gone {
            spoke: self.client.is_speaking(),
            noise: self.client.noise(),
        };
        self.lost(end)
    }

    fn lost(&mut self, end: End) -> Step {
        let failure = self.link.failure(end);
        let failure = if self.opening.is_some() {
            failure.at(Stage::Open)
        } else {
            failure
        };
        let _ = self.reports.send(Event::Lost(failure));
        Step::Done
    }

    fn tell(&mut self, event: Event) -> Step {
        match self.reports.send(event) {
            Ok(()) => Step::Go,
            Err(_) => Step::Done,
        }
    }

    /// Whether reading waits for credit. The stream is one, so a target without credit holds back all.
    fn is_held(&self) -> bool {
        let floor = if self.urgent.is_empty() { 0 } else { -OVERRUN };
        self.credits
            .values()
            .any(|credit| *credit < 0 && *credit <= floor)
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn id(target: Target) -> Uuid {
    match target {
        Target::Pool => Uuid::nil(),
        Target::Pipeline(id) => id,
    }
}

fn target(id: Uuid) -> Target {
    if id.is_nil() {
        Target::Pool
    } else {
        Target::Pipeline(id)
    }
}
