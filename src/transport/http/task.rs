//! The task that owns a session's state machine and its connections.
//!
//! Every exchange takes a connection for as long as it lasts: the parked Receives one each, everything else one
//! together; what is urgent never waits for one, because one more stands authenticated before it is needed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::access;
use super::dial::Dialer;
use super::failure;
use super::lane::{Lane, Loss};
use super::lanes::Lanes;
use super::seam;
use super::sleep;
use super::worker::{LaneId, News};
use crate::transport::{Command, Event, Failure, FailureKind, Leave};
use crate::wsman::client::{self, Client, Sent, Transmit, Trouble};

/// News that wait for the driver; then connections wait too.
const NEWS: usize = 8;
/// News that are taken before an answer is read.
const AHEAD: usize = 8;
/// How long a session that nobody holds any more may take to tell the server.
const FAREWELL: Duration = Duration::from_secs(5);
/// After a refusal nobody asks to be let in for so long.
const RESPITE: Duration = Duration::from_secs(10);
/// How often a request may meet a connection that ended before it left.
const UNSENT: usize = 5;

/// Serves one session until it is closed, lost or let go.
pub(super) struct Task {
    client: Client,
    dialer: Arc<Dialer>,
    lanes: Lanes,
    /// Requests without a connection, the most urgent first, and since when.
    waiting: VecDeque<(Instant, Transmit)>,
    news: mpsc::Receiver<(LaneId, News)>,
    reports: mpsc::UnboundedSender<Event>,
    packet_size: Arc<AtomicUsize>,
    /// Connections in a row that ended before a request left.
    unsent: usize,
    /// The reason behind a trouble, in full.
    reason: Option<Failure>,
    /// The server has answered: what it refuses afterwards it granted once.
    proven: bool,
    /// The server refused us a connection: until then it is not asked for another one.
    refused: Option<(Instant, String)>,
    /// Answers may wait to be read.
    unread: bool,
    /// What the session is doing, for failures.
    phase: Phase,
    /// Told when this computer has slept.
    sleep: watch::Receiver<Duration>,
    /// Nobody waits any more: what is left to tell the server has until then.
    farewell: Option<Instant>,
    /// The server has nothing of the session, as it said.
    gone: bool,
}

/// How far the session got.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    New,
    /// The shell is asked for.
    Creating,
    /// The shell of another client is asked for, or is ours.
    Taken,
    /// The shell is there, and was made by us.
    Open,
    /// The shell is asked to be left, or is.
    Left,
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
            refused: None,
            unread: false,
            phase: Phase::New,
            sleep: sleep::watch(),
            farewell: None,
            gone: false,
        }
    }

    /// Serves the session until it is over; whether the server has nothing of it then, as far as is known.
    pub(super) async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Command>) -> bool {
        let mut ahead: usize = 0;
        let mut held = true;
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
            if self.tell() || self.farewell.is_some_and(|at| at <= now) {
                return self.gone;
            }
            let deadline = self.deadline().into_iter().chain(self.farewell).min();
            tokio::select! {
                biased;
                order = orders.recv(), if held => {
                    let Some(command) = order else {
                        held = false;
                        self.farewell.get_or_insert(Instant::now() + FAREWELL);
                        // Nobody holds the session: what was made on the server is taken away again.
                        match self.phase {
                            Phase::New => return true,
                            Phase::Creating | Phase::Open => self.command(Command::Close),
                            Phase::Taken => self.command(Command::Disconnect(Leave::default())),
                            Phase::Left | Phase::Closing => {}
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
                    self.unread = self.client.process(Instant::now().into_std());
                    // Each that was read makes room for one more, and no more wait than that.
                    ahead = if self.unread { ahead.saturating_sub(1) } else { 0 };
                }
                Ok(()) = self.sleep.changed() => self.woke(),
                () = at(deadline) => {}
            }
        }
    }

    fn command(&mut self, command: Command) {
        if !matches!(command, Command::Read { .. }) {
            self.lanes.asked();
        }
        match command {
            Command::Open { .. } => self.phase = Phase::Creating,
            Command::Connect { .. } | Command::Reconnect => self.phase = Phase::Taken,
            Command::Disconnect(_) => self.phase = Phase::Left,
            Command::Close => self.phase = Phase::Closing,
            _ => {}
        }
        seam::order(&mut self.client, command);
    }

    fn take(&mut self, id: LaneId, news: News) {
        let now = Instant::now();
        let clock = now.into_std();
        match news {
            News::Ready => {
                self.refused = None;
                self.lanes.ready(id, now);
            }
            News::Arriving(exchange) => self.client.arriving(clock, exchange),
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
                    self.wait(*transmit, now);
                }
            }
            News::NotMade(failure) => {
                let begun = self.lanes.remove(id, now);
                self.not_made(*failure, begun, now);
            }
            News::Closed => self.lanes.closed(id, now),
        }
    }

    fn lost(&mut self, exchange: client::ExchangeId, loss: Loss, proven: bool, now: Instant) {
        let Loss { sent, mut why, .. } = loss.clone();
        let is_network = matches!(why.kind, Trouble::Network | Trouble::Silence);
        self.lanes.lost(is_network, now);
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

    /// This computer slept: what stood then may be dead, and nothing says so.
    fn woke(&mut self) {
        let time = *self.sleep.borrow_and_update();
        tracing::debug!(?time, "this computer slept");
        self.client.slept(time);
        self.let_go("this computer slept");
    }

    /// Asks over other connections, where the server keeps answers, for what is under way.
    fn let_go(&mut self, text: &str) {
        if !self.client.is_robust() {
            return; // what is on its way would be lost
        }
        let now = Instant::now();
        for exchange in self.lanes.clear() {
            let loss = Loss::new(Sent::Maybe, Trouble::Network, text);
            self.lost(exchange, loss, true, now);
        }
    }

    /// A connection could not be made, which was begun at `begun`. Requests that have waited for it learn of it; a
    /// spare one is tried again later.
    fn not_made(&mut self, failure: Failure, begun: Option<Instant>, now: Instant) {
        self.lanes.pause(now);
        tracing::debug!(why = failure.message, "a connection could not be made");
        let is_refusal = access::is_refusal(&failure);
        if is_refusal {
            self.lanes.end_spares();
            self.refused = Some((now + RESPITE, failure.message.clone()));
        }
        if failure.kind == FailureKind::TimedOut && self.client.is_interrupted() {
            // No packet comes through, whatever the other connections look like.
            self.let_go(&failure.message);
        }
        let kind = match failure.kind {
            FailureKind::Unreachable | FailureKind::TimedOut => Trouble::Network,
            // What stands may still do: only what needs this connection fails.
            _ if self.proven && is_refusal => Trouble::Context,
            _ if self.proven => Trouble::Busy,
            _ => Trouble::Final,
        };
        self.unmade(kind, &failure.message, begun.unwrap_or(now), now);
        self.reason = Some(failure);
    }

    /// Requests that have waited since `begun` or longer get no connection.
    fn unmade(&mut self, kind: Trouble, text: &str, begun: Instant, now: Instant) {
        for (since, transmit) in std::mem::take(&mut self.waiting) {
            if since > begun || self.lanes.holds(&transmit) {
                self.waiting.push_back((since, transmit));
                continue;
            }
            let (exchange, text) = (transmit.exchange, text.to_owned());
            let why = client::Why { kind, text };
            self.client.lost(now.into_std(), exchange, Sent::No, why);
            self.unread = true;
        }
    }

    fn wait(&mut self, transmit: Transmit, now: Instant) {
        let after = self
            .waiting
            .partition_point(|(_, other)| other.lane <= transmit.lane);
        self.waiting.insert(after, (now, transmit));
    }

    /// Lends connections to what is due; makes those that will be needed.
    fn dispatch(&mut self, now: Instant) {
        let clock = now.into_std();
        // What leaves shows that the network works: more is due.
        loop {
            while let Some(transmit) = self.client.poll_transmit(clock) {
                self.wait(transmit, now);
            }
            let count = self.waiting.len();
            for (since, transmit) in std::mem::take(&mut self.waiting) {
                let exchange = transmit.exchange;
                match self.lanes.lend(transmit) {
                    Ok(()) => self.client.written(clock, exchange),
                    Err(transmit) => self.waiting.push_back((since, transmit)),
                }
            }
            if self.waiting.len() == count {
                break;
            }
        }
        // An account is locked for a few refusals: what was refused just now is not tried again at once.
        self.refused.take_if(|(until, _)| *until <= now);
        if let Some((_, text)) = self.refused.clone() {
            self.unmade(Trouble::Context, &text, now, now);
        }
        let spare = match self.phase {
            Phase::Closing => 0,
            _ => self.client.wants_spare(),
        };
        let waiting = self.waiting.iter();
        let waiting = waiting.filter(|(_, transmit)| !self.lanes.holds(transmit));
        self.lanes.provide(waiting.count(), spare, now);
    }

    /// Hands on what happened. Says whether that was the last.
    fn tell(&mut self) -> bool {
        self.packet_size
            .store(self.client.packet_size(), Ordering::Relaxed);
        let mut left = false;
        while let Some(event) = self.client.poll_event() {
            let event = seam::event(event, |failure| self.failure(failure));
            match event {
                Event::Opened => self.phase = Phase::Open,
                Event::NotDisconnected(_) => self.phase = Phase::Taken,
                Event::Disconnected(_) => {
                    self.phase = Phase::Left;
                    // Nothing more goes out until the session is taken up again.
                    self.waiting.clear();
                    self.lanes.clear();
                    left = true;
                }
                Event::Closed(None) => self.gone = true,
                Event::Lost(_) => {
                    self.phase = Phase::Closing;
                    self.farewell.get_or_insert(Instant::now() + FAREWELL);
                }
                _ => {}
            }
            // Without a reader the handle is gone, which the orders tell.
            let _ = self.reports.send(event);
        }
        // A lost session may still have a shell to delete on the server.
        self.client.is_over() || (left && self.farewell.is_some())
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
