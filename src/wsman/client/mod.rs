//! The client's half of one WSMan session: a shell and its commands, without sockets and without a clock.
//!
//! What the session asks goes in by [`Client::open`], [`Client::send`] and their like. Requests come out of
//! [`Client::poll_transmit`]; each is one exchange on a connection of its own for as long as it lasts. What came back goes
//! in by [`Client::arrived`] and [`Client::finished`], or by [`Client::lost`]; [`Client::process`] reads it, and
//! [`Client::poll_event`] tells. After every call there may be something to transmit, an event, and another deadline.

mod answers;
mod channel;
mod event;
mod exchange;
mod glance;
mod held;
mod intake;
mod leave;
mod loss;
mod outage;
mod refusal;
mod rejoin;
mod retry;
mod settings;
mod transmit;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use uuid::Uuid;

use self::channel::{Channel, Step, count, ends_object};
pub use self::event::{Event, ExchangeId, Failure, Kept, Lane, Sent, Transmit, Trouble, Why};
use self::exchange::{Ask, Exchange, Stage};
use self::intake::Unread;
use self::outage::Outage;
use self::retry::{Random, Schedule};
pub use self::settings::Settings;
use super::{Action, Fault, Header};
use crate::psrp::{Priority, Target};

/// The largest envelope until the server's protocol is known, and from 2.2 on.
const ENVELOPE: usize = 153_600;
const LARGE_ENVELOPE: usize = 512_000;

/// One session's state. See the [module](self).
#[derive(Debug)]
pub struct Client {
    settings: Settings,
    header: Header,
    phase: Phase,
    shell: String,
    channels: BTreeMap<Target, Channel>,
    exchanges: BTreeMap<ExchangeId, Exchange>,
    last: u64,
    /// The last time that the shell was taken up again: what left before says nothing of it.
    rejoined: ExchangeId,
    /// Envelopes that wait to be read.
    unread: VecDeque<Unread>,
    /// How many bytes those have.
    waiting: usize,
    events: VecDeque<Event>,
    /// This server keeps answers: it has echoed an operation.
    robust: bool,
    /// The envelope's limit was settled: by the server's protocol, or by a refusal.
    settled: bool,
    packet: usize,
    random: Random,
    /// How long a server may hold a Receive that has nothing: another time for each session, so that those that were
    /// opened together do not all ask again at once.
    parked: Duration,
    outage: Option<Outage>,
    /// What the server refused because another client has the shell: it is asked who.
    held: Option<(Action, Box<Fault>)>,
    /// How the server keeps the shell without us, as far as it has said so.
    kept: Kept,
    /// How it is to be left: for how long it is to be kept, and what becomes of its output.
    leave: (Option<Duration>, Option<&'static str>),
    /// It is left; its open Receives have until then to be answered, and until the other at most while bytes come.
    drained: Option<(Instant, Instant)>,
}

/// Where the shell is, for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    Opening,
    Open,
    /// To be disconnected.
    Leaving,
    /// Disconnected; the answers to what was under way still come.
    Draining,
    Away,
    Returning,
    /// To be deleted.
    Closing,
    Ended,
}

impl Client {
    /// A session that has no shell yet.
    pub fn new(settings: Settings) -> Self {
        let header = Header {
            to: settings.url.clone(),
            session: settings.session,
            max_envelope: ENVELOPE,
            timeout: settings.operation_timeout,
            locale: settings.locale.clone(),
            data_locale: settings.data_locale.clone(),
        };
        let mut random = Random(settings.seed);
        let parked = settings.operation_timeout / 2 + random.below(settings.operation_timeout / 2);
        let mut client = Self {
            header,
            phase: Phase::New,
            shell: upper(Uuid::nil()),
            channels: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            last: 0,
            rejoined: ExchangeId(0),
            unread: VecDeque::new(),
            waiting: 0,
            events: VecDeque::new(),
            robust: false,
            settled: false,
            packet: 0,
            random,
            parked,
            outage: None,
            held: None,
            kept: Kept::default(),
            leave: (None, None),
            drained: None,
            settings,
        };
        client.limit(ENVELOPE);
        client
    }

    /// Creates the shell `id`; `opening` holds the fragments of the first messages. [`Event::Opened`] answers.
    pub fn open(&mut self, id: Uuid, name: &str, opening: Bytes) {
        let name = name.to_owned();
        if self.begin(id) {
            self.ask(Ask::Create { name }, opening);
        }
    }

    /// Creates the command `id`; `first` holds fragments of its pipeline and of nothing else. [`Event::Acknowledged`]
    /// answers, or [`Event::Fault`] where the shell is left by then: nobody expects it to begin later.
    pub fn create_pipeline(&mut self, id: Uuid, first: Bytes) {
        let target = Target::Pipeline(id);
        if self.channels.contains_key(&target) {
            return;
        }
        if self.is_leaving() {
            let (action, kind) = (Action::Command, Trouble::Network);
            let text = "the session was disconnected just then".to_owned();
            let why = Why { kind, text };
            let failure = Failure::NotArrived { action, why };
            self.events.push_back(Event::Fault { target, failure });
            return;
        }
        if self.phase != Phase::Open {
            return;
        }
        let channel = Channel {
            complete: ends_object(&first),
            ..Channel::default()
        };
        self.channels.insert(target, channel);
        self.ask(Ask::Command(id), first);
    }

    /// Sends whole fragments, one transmission a target and queue at a time. [`Event::Acknowledged`] answers; where the
    /// shell is left by then, once it was taken up again.
    pub fn send(&mut self, target: Target, priority: Priority, data: Bytes) {
        if self.phase != Phase::Open && !self.is_leaving() {
            return;
        }
        let Some(channel) = self.channels.get_mut(&target).filter(|c| !c.closed) else {
            return;
        };
        if priority == Priority::Default && !channel.complete {
            channel.complete = ends_object(&data);
        }
        self.ask(Ask::Send(target, priority), data);
    }

    /// Lets that many more bytes of a target be read.
    pub fn read(&mut self, target: Target, credit: usize) {
        // The pool's first credit comes before the pool.
        if target == Target::Pool {
            self.channels.entry(target).or_default();
        }
        if let Some(channel) = self.channels.get_mut(&target) {
            channel.credit = channel.credit.saturating_add(count(credit));
        }
    }

    /// Stops a pipeline. [`Event::StopAcknowledged`] answers.
    pub fn stop(&mut self, id: Uuid) {
        if let Some(channel) = self.channels.get_mut(&Target::Pipeline(id))
            && !channel.closed
            && channel.stop == Step::No
        {
            channel.stop = Step::Wanted;
        }
    }

    /// Ends a command, finished or not. [`Event::PipelineClosed`] answers at once, and the server is told meanwhile; but
    /// after a stop that the server has not answered it waits until the server lets go.
    pub fn close_pipeline(&mut self, id: Uuid) {
        let target = Target::Pipeline(id);
        if self.channels.contains_key(&target) {
            self.close_channel(target);
        } else {
            self.events.push_back(Event::PipelineClosed(id));
        }
    }

    /// Deletes the shell, if there is one. [`Event::Closed`] answers.
    pub fn close(&mut self) {
        if matches!(self.phase, Phase::Closing | Phase::Ended) {
            return;
        }
        self.phase = Phase::Closing;
        // What the server has not heard of goes with the shell; whether there is one is found out now.
        self.exchanges
            .retain(|_, exchange| exchange.makes_shell() || !exchange.is_unknown());
        for exchange in self.exchanges.values_mut() {
            if exchange.makes_shell() && matches!(exchange.stage, Stage::Waiting(_)) {
                exchange.stage = Stage::Due;
            }
        }
        let standing = self
            .channels
            .get(&Target::Pool)
            .is_some_and(|pool| pool.standing);
        if !standing && !self.creating() {
            self.end(Event::Closed(None));
        }
    }

    /// Attaches to a running command of a shell that was taken up by [`Client::connect`]. [`Event::Acknowledged`]
    /// answers.
    pub fn connect_pipeline(&mut self, id: Uuid) {
        let target = Target::Pipeline(id);
        if self.phase != Phase::Open || self.channels.contains_key(&target) {
            return;
        }
        let channel = Channel {
            complete: true,
            ..Channel::default()
        };
        self.channels.insert(target, channel);
        self.ask(Ask::ConnectCommand(id), Bytes::new());
    }

    /// What happened next.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// How many exchanges may be under way at once before long, those under way included: so many connections should
    /// stand authenticated. A Receive for the shell and each command, one for what is asked next, one for what cannot
    /// wait for that.
    pub fn wants_spare(&self) -> usize {
        if matches!(self.phase, Phase::Away | Phase::Ended) {
            return 0;
        }
        let parked = self.channels.values();
        let parked = parked.filter(|channel| channel.standing && !channel.done && !channel.closed);
        let others = self.exchanges.values();
        let others = others.filter(|other| other.is_flying() && other.ask.lane() != Lane::Parked);
        (1 + parked.count() + others.count()).max(2)
    }

    /// Whether nothing is left to do. After [`Event::Lost`] the shell may still be on a server that can be reached: then one
    /// more request asks for its end, and nothing is told of the answer.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Ended && self.exchanges.is_empty()
    }

    /// How many bytes of fragments fill one Send's envelope at the moment.
    pub fn packet_size(&self) -> usize {
        self.packet
    }

    fn begin(&mut self, id: Uuid) -> bool {
        let is_new = self.phase == Phase::New;
        if is_new {
            self.phase = Phase::Opening;
            self.shell = upper(id);
            self.channels.entry(Target::Pool).or_default();
        }
        is_new
    }

    /// Whether the shell is being left, is left, or is not ours again yet.
    fn is_leaving(&self) -> bool {
        let phases = [
            Phase::Leaving,
            Phase::Draining,
            Phase::Away,
            Phase::Returning,
        ];
        phases.contains(&self.phase)
    }

    fn schedule(&self) -> Schedule {
        Schedule {
            window: self.settings.retry_window,
        }
    }

    /// Begins an exchange.
    fn ask(&mut self, ask: Ask, data: Bytes) -> ExchangeId {
        self.last += 1;
        let id = ExchangeId(self.last);
        let exchange = Exchange::new(ask, data, self.header.max_envelope);
        self.exchanges.insert(id, exchange);
        id
    }

    /// The exchange that a transmission belongs to.
    fn flight(&self, transmission: ExchangeId) -> Option<ExchangeId> {
        let mut exchanges = self.exchanges.iter();
        exchanges
            .find(|(_, exchange)| exchange.flight == Some(transmission))
            .map(|(id, _)| *id)
    }

    /// Whether a shell may be coming into being.
    fn creating(&self) -> bool {
        self.exchanges
            .values()
            .any(|exchange| matches!(exchange.ask, Ask::Create { .. } | Ask::Connect))
    }

    /// Tells the end of a command, once, and sees to it that the server ends it too.
    fn close_channel(&mut self, target: Target) {
        let Target::Pipeline(id) = target else {
            return;
        };
        let is_silent = self.outage.is_none() && self.any(|ask| *ask == Ask::Stop(id));
        let Some(channel) = self.channels.get_mut(&target).filter(|c| !c.closed) else {
            return;
        };
        channel.closed = true;
        channel.owed = is_silent;
        channel.terminate = Step::Wanted;
        let standing = channel.standing;
        if !is_silent {
            self.events.push_back(Event::PipelineClosed(id));
        }
        self.exchanges
            .retain(|_, exchange| exchange.ask.target() != target || !exchange.is_unknown());
        let known = self.exchanges.values().any(|exchange| {
            matches!(exchange.ask, Ask::Command(of) | Ask::ConnectCommand(of) if of == id)
        });
        if !standing && !known {
            // The server never heard of it.
            self.forget(id);
        }
    }

    /// The server has no such command any more, as far as can be known.
    fn forget(&mut self, id: Uuid) {
        let channel = self.channels.remove(&Target::Pipeline(id));
        if channel.is_some_and(|channel| channel.owed) {
            self.events.push_back(Event::PipelineClosed(id));
        }
    }

    /// Nothing more happens. Whoever closes the shell is told whether it may still be there, however it ends.
    fn end(&mut self, last: Event) {
        let last = match last {
            Event::Lost(failure) if self.phase == Phase::Closing => {
                Event::Closed((!failure.shows_no_shell()).then_some(failure))
            }
            last => last,
        };
        if self.phase != Phase::Ended {
            let standing = self
                .channels
                .get(&Target::Pool)
                .is_some_and(|pool| pool.standing);
            let leaves =
                standing && matches!(&last, Event::Lost(failure) if failure.leaves_shell());
            self.phase = Phase::Ended;
            self.outage = None;
            self.exchanges.clear();
            self.unread.clear();
            self.waiting = 0;
            self.channels.clear();
            self.events.push_back(last);
            if leaves {
                self.ask(Ask::Delete, Bytes::new());
            }
        }
    }
}

/// An id as servers compare it.
fn upper(id: Uuid) -> String {
    id.hyphenated()
        .encode_upper(&mut Uuid::encode_buffer())
        .to_owned()
}

#[cfg(test)]
mod bench_tests;
#[cfg(test)]
mod close_tests;
#[cfg(test)]
mod doubt_tests;
#[cfg(test)]
mod held_tests;
#[cfg(test)]
mod loss_tests;
#[cfg(test)]
mod outage_tests;
#[cfg(test)]
mod plain_tests;
#[cfg(test)]
mod tests;
