//! The task that owns a session's state machine and its connections.
//!
//! Every exchange takes a connection for as long as it lasts: the parked Receives one each, everything else one
//! together; what is urgent never waits for one, because one more stands authenticated before it is needed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::dial::Dialer;
use super::failure;
use super::lane::{Lane, Loss};
use super::lanes::Lanes;
use super::worker::{LaneId, News};
use crate::psrp::Priority;
use crate::transport::{Command, Event, Failure, FailureKind};
use crate::wsman::client::{self, Client, Sent, Transmit, Trouble};

/// News that wait for the driver; then connections wait too.
const NEWS: usize = 8;
/// News that are taken before an answer is read.
const AHEAD: usize = 8;
/// How long a session that nobody holds any more may take to tell the server.
const FAREWELL: Duration = Duration::from_secs(5);
/// How often a request may meet a connection that ended before it left.
const UNSENT: usize = 5;

/// Serves one session until it is closed, lost or let go.
pub(super) struct Task {
    client: Client,
    dialer: Arc<Dialer>,
    lanes: Lanes,
    /// Requests without a connection, the most urgent first.
    waiting: VecDeque<Transmit>,
    news: mpsc::Receiver<(LaneId, News)>,
    reports: mpsc::UnboundedSender<Event>,
    packet_size: Arc<AtomicUsize>,
    /// Connections in a row that ended before a request left.
    unsent: usize,
    /// The reason behind a trouble, in full.
    reason: Option<Failure>,
    /// The server has answered: what it refuses afterwards it granted once.
    proven: bool,
    /// Answers may wait to be read.
    unread: bool,
    /// What the session is doing, for failures.
    phase: Phase,
}

/// How far the session got.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    New,
    /// The shell is asked for.
    Creating,
    /// The shell is there.
    Open,
    /// Asked to close, or closed.
    Closing,
}

impl Task {
    /// A task whose first connection is `lane`.
    pub(super) fn new(
        client: Client,
        dialer: Arc<Dialer>,
        lane: Lane,
        reports: mpsc::UnboundedSender<Event>,
        packet_size: Arc<AtomicUsize>,
    ) -> Self {
        let (teller, news) = mpsc::channel(NEWS);
        Self {
            client,
            lanes: Lanes::new(Arc::clone(&dialer), lane, teller),
            dialer,
            waiting: VecDeque::new(),
            news,
            reports,
            packet_size,
            unsent: 0,
            reason: None,
            proven: false,
            unread: false,
            phase: Phase::New,
        }
    }

    pub(super) async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Command>) {
        let mut ahead = 0;
        let mut held = true;
        let mut farewell = None;
        loop {
            let now = Instant::now();
            if self
                .client
                .deadline()
                .is_some_and(|at| at <= now.into_std())
            {
                self.client.handle_timeout(now.into_std());
            }
            self.dispatch(now);
            if self.tell() || farewell.is_some_and(|at| at <= now) {
                return;
            }
            let deadline = self.deadline().into_iter().chain(farewell).min();
            tokio::select! {
                biased;
                order = orders.recv(), if held => {
                    let Some(command) = order else {
                        held = false;
                        farewell = Some(Instant::now() + FAREWELL);
                        // Nobody holds the session: what was made on the server is taken away again.
                        match self.phase {
                            Phase::New => return,
                            Phase::Creating | Phase::Open => self.command(Command::Close),
                            Phase::Closing => {}
                        }
                        continue;
                    };
                    self.command(command);
                }
                Some((lane, news)) = self.news.recv(), if ahead < AHEAD || !self.unread => {
                    ahead += 1;
                    self.take(lane, news);
                }
                () = std::future::ready(()), if self.unread => {
                    ahead = 0;
                    self.unread = self.client.process(Instant::now().into_std());
                }
                () = at(deadline) => {}
            }
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Open { id, name, opening } => {
                self.phase = Phase::Creating;
                self.client.open(id, &name, opening);
            }
            Command::CreatePipeline { id, first } => self.client.create_pipeline(id, first),
            Command::Send {
                target,
                priority,
                data,
            } => self.client.send(target, priority, data),
            Command::Read { target, credit } => self.client.read(target, credit),
            Command::Stop(id) => self.client.stop(id),
            Command::ClosePipeline(id) => self.client.close_pipeline(id),
            Command::Close => {
                self.phase = Phase::Closing;
                self.client.close();
            }
            Command::Disconnect => self.client.disconnect(),
            Command::Reconnect => self.client.reconnect(),
            Command::Connect { id, opening } => self.client.connect(id, opening),
            Command::ConnectPipeline(id) => self.client.connect_pipeline(id),
        }
    }

    fn take(&mut self, id: LaneId, news: News) {
        let now = Instant::now();
        let clock = now.into_std();
        match news {
            News::Ready => self.lanes.ready(id, now),
            News::Envelope(exchange, envelope) => {
                self.client.arrived(clock, exchange, envelope);
                self.unread = true;
            }
            News::Finished(exchange) => {
                self.unsent = 0;
                self.proven = true;
                self.client.finished(clock, exchange);
                self.unread = true;
                self.lanes.idle(id, now);
            }
            News::Lost {
                exchange,
                loss,
                proven,
            } => {
                self.lanes.remove(id, now);
                self.lost(exchange, loss, proven, now);
            }
            News::Unsent(transmit) => {
                self.lanes.remove(id, now);
                self.unsent += 1;
                if self.unsent > UNSENT {
                    let text = "its connections end before a request can be sent";
                    let loss = Loss::new(Sent::No, Trouble::Network, text);
                    self.lost(transmit.exchange, loss, true, now);
                } else {
                    self.wait(*transmit);
                }
            }
            News::NotMade(failure) => {
                self.lanes.remove(id, now);
                self.not_made(*failure, now);
            }
            News::Closed => {
                self.lanes.remove(id, now);
            }
        }
    }

    fn lost(&mut self, exchange: client::ExchangeId, loss: Loss, proven: bool, now: Instant) {
        let Loss { sent, mut why, .. } = loss.clone();
        self.lanes.lost(now);
        if why.kind == Trouble::Context && !(proven || self.proven) {
            // The first answer of all, and it says that we are not in: it will not be otherwise on the next connection.
            why.kind = Trouble::Final;
        }
        if why.kind == Trouble::Final {
            self.reason = Some(failure::of_loss(&self.dialer.access, &loss));
        }
        tracing::debug!(?exchange, ?sent, why = why.text, "an exchange was lost");
        self.client.lost(now.into_std(), exchange, sent, why);
        self.unread = true;
    }

    /// A connection could not be made. Requests that wait for one learn of it; a spare one is tried again later.
    fn not_made(&mut self, failure: Failure, now: Instant) {
        self.lanes.pause(now);
        tracing::debug!(why = failure.message, "a connection could not be made");
        if self.lanes.is_dialing() {
            return;
        }
        let kind = match failure.kind {
            FailureKind::Unreachable | FailureKind::TimedOut => Trouble::Network,
            _ => Trouble::Final,
        };
        for transmit in std::mem::take(&mut self.waiting) {
            let why = client::Why {
                kind,
                text: failure.message.clone(),
            };
            self.client
                .lost(now.into_std(), transmit.exchange, Sent::No, why);
            self.unread = true;
        }
        self.reason = Some(failure);
    }

    fn wait(&mut self, transmit: Transmit) {
        let after = self
            .waiting
            .partition_point(|other| other.lane <= transmit.lane);
        self.waiting.insert(after, transmit);
    }

    /// Lends connections to what wants to be sent, and makes those that will be needed.
    fn dispatch(&mut self, now: Instant) {
        let clock = now.into_std();
        while let Some(transmit) = self.client.poll_transmit(clock) {
            self.wait(transmit);
        }
        let mut left = VecDeque::new();
        while let Some(transmit) = self.waiting.pop_front() {
            let exchange = transmit.exchange;
            match self.lanes.lend(transmit) {
                Ok(()) => self.client.written(clock, exchange),
                Err(transmit) => left.push_back(transmit),
            }
        }
        self.waiting = left;
        let spare = match self.phase {
            Phase::Closing => 0,
            _ => self.client.wants_spare(),
        };
        self.lanes.provide(self.waiting.len(), spare, now);
    }

    /// Hands on what happened. Says whether that was the last.
    fn tell(&mut self) -> bool {
        self.packet_size
            .store(self.client.packet_size(), Ordering::Relaxed);
        while let Some(event) = self.client.poll_event() {
            let host = &self.dialer.access.endpoint.host;
            let event = match event {
                client::Event::Opened => {
                    self.phase = Phase::Open;
                    Event::Opened
                }
                client::Event::Data { target, data } => Event::Data { target, data },
                client::Event::Acknowledged { target, priority } => match priority {
                    Priority::Default => Event::Acknowledged(target),
                    Priority::PromptResponse => Event::Answered(target),
                },
                client::Event::StopAcknowledged(id) => Event::StopAcknowledged(id),
                client::Event::PipelineClosed(id) => Event::PipelineClosed(id),
                client::Event::Fault { target, failure } => Event::Fault {
                    target,
                    failure: self.failure(&failure),
                },
                client::Event::Disconnected => Event::Disconnected,
                client::Event::Reconnected => Event::Reconnected,
                client::Event::Connected(answer) => Event::Connected(answer),
                client::Event::Closed => {
                    let _ = self.reports.send(Event::Closed);
                    return true;
                }
                client::Event::Lost(failure) => {
                    let _ = self.reports.send(Event::Lost(self.failure(&failure)));
                    return true;
                }
                client::Event::Retrying { why, window } => Event::Notice(format!(
                    "the connection to {host} is interrupted ({}); it is tried again for {} s at most",
                    why.text,
                    window.as_secs()
                )),
                client::Event::Back => Event::Notice(format!("{host} answers again")),
                client::Event::Gap(target) => Event::Gap(target),
                client::Event::Notice(text) => Event::Notice(text),
            };
            // Without a reader the handle is gone, which the orders tell.
            let _ = self.reports.send(event);
        }
        false
    }

    fn failure(&self, failure: &client::Failure) -> Failure {
        failure::of_client(
            failure,
            &self.dialer.access,
            self.reason.as_ref(),
            self.phase,
        )
    }

    fn deadline(&self) -> Option<Instant> {
        let client = self.client.deadline().map(Instant::from_std);
        let lanes = self.lanes.deadline(self.client.wants_spare());
        client.into_iter().chain(lanes).min()
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
