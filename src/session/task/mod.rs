//! The task that owns one session.
//!
//! It alone talks to the protocol's state machine and to the connection. It never waits for a consumer: events go into
//! queues whose weight credit bounds ([`flow`]), and what handles ask comes in a lane of its own.

mod control;
mod ending;
mod events;
mod flow;
mod found;
mod leaving;
mod opening;
mod pipe;
mod policy;
mod prompts;
mod returning;
mod work;

use std::collections::{HashMap, HashSet};
use std::future::pending;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

pub(in crate::session) use self::control::{Control, InputItem, RunId, Start, Weighed, Work};
use self::flow::Flow;
use self::leaving::Passage;
pub(in crate::session) use self::opening::First;
use self::pipe::Pipe;
pub(in crate::session) use self::pipe::room;
use self::prompts::Prompts;
use super::unread::{Unheard, Unread};
use super::{Availability, ExitCode, Limits, Report, SessionInfo, SessionState, Size};
use crate::psrp::client::Client;
use crate::psrp::{KeyError, KeyPair, PoolState, Priority, Target};
use crate::transport::{Command, Connection};

/// The owner of one session.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not a state"
)]
pub(in crate::session) struct Task {
    client: Client,
    connection: Box<dyn Connection>,
    control: mpsc::UnboundedReceiver<Control>,
    info: watch::Sender<SessionInfo>,
    limits: Limits,
    window: Size,
    pool: Flow,
    /// Since when an acknowledgement for the pool is awaited.
    pool_sent: Option<Instant>,
    /// Targets whose last answers to prompts were not acknowledged, where those go beside everything else.
    answering: HashSet<Target>,
    /// Since when the session key is awaited.
    key_sent: Option<Instant>,
    pipes: HashMap<Uuid, Pipe>,
    prompts: Prompts,
    /// A key pair being made.
    key: Option<JoinHandle<Result<KeyPair, KeyError>>>,
    /// A disconnect or a reconnect that is under way.
    passage: Option<Passage>,
    /// Commands that connecting found, and that nobody has asked for yet.
    found: Vec<Unheard>,
    unread: Arc<Unread>,
    /// What commands have put out that ended while nobody read them.
    rest: HashMap<Uuid, mpsc::UnboundedReceiver<Weighed>>,
    /// Who waits for the close.
    closers: Vec<oneshot::Sender<()>>,
    /// Until when the session must be closed.
    closing: Option<Instant>,
    close_sent: bool,
    /// Somebody still has a handle.
    held: bool,
    /// What fails when the session does.
    what: &'static str,
    /// Why it ended, if in disorder.
    end: Arc<OnceLock<Report>>,
    /// Some of what the server sent may be missing.
    gap: bool,
    /// The connection that left the session is gone.
    severed: bool,
    /// Nothing is left to do.
    done: bool,
}

/// A task that has not opened its session yet, and the ends of its channels.
pub(in crate::session) struct New {
    pub(in crate::session) task: Task,
    pub(in crate::session) control: mpsc::UnboundedSender<Control>,
    /// Why the session was lost, once it is.
    pub(in crate::session) lost: Arc<OnceLock<Report>>,
    /// The commands that nobody reads.
    pub(in crate::session) unread: Arc<Unread>,
}

impl Task {
    pub(in crate::session) fn prepare(
        client: Client,
        connection: Box<dyn Connection>,
        info: watch::Sender<SessionInfo>,
        limits: Limits,
        window: Size,
    ) -> New {
        let (sender, control) = mpsc::unbounded_channel();
        let lost = Arc::default();
        let unread = Arc::default();
        let task = Self {
            client,
            connection,
            control,
            info,
            limits,
            window,
            pool: Flow::new(limits.window),
            pool_sent: None,
            answering: HashSet::new(),
            key_sent: None,
            pipes: HashMap::new(),
            prompts: Prompts::default(),
            key: None,
            passage: None,
            found: Vec::new(),
            unread: Arc::clone(&unread),
            rest: HashMap::new(),
            closers: Vec::new(),
            closing: None,
            close_sent: false,
            held: true,
            what: "the session was lost",
            end: Arc::clone(&lost),
            gap: false,
            severed: false,
            done: false,
        };
        New {
            task,
            control: sender,
            lost,
            unread,
        }
    }

    /// Serves an open session until it is closed or lost.
    pub(in crate::session) async fn run(mut self) {
        while !self.done {
            self.messages();
            self.pump();
            self.leave_if_quiet();
            self.tell_waits();
            self.step().await;
            self.let_go();
        }
        self.settle();
    }

    /// Waits for one thing and deals with it.
    async fn step(&mut self) {
        let deadline = self.deadline();
        tokio::select! {
            biased;
            control = self.control.recv(), if self.held => {
                if let Some(control) = control {
                    self.control(control);
                } else {
                    // Nobody can ask for anything any more. What was left, or is on its way, is not ended for that.
                    self.held = false;
                    if self.passage.is_none() && self.client.state() != PoolState::Disconnected {
                        self.close();
                    }
                }
            }
            key = finished(&mut self.key) => self.key_made(key),
            event = self.connection.event() => self.event(event),
            () = at(deadline) => self.late(),
        }
    }

    /// Sends what may be sent, and lets be read what there is room for.
    fn pump(&mut self) {
        if self.is_away() {
            return;
        }
        if let Some(credit) = self.pool.grant(true) {
            self.read(Target::Pool, credit);
        }
        self.answer_beside(Target::Pool);
        if self.pool_sent.is_none() && self.transmit(Target::Pool) {
            self.pool_sent = Some(Instant::now());
        }
        if self.client.is_exchanging() {
            self.key_sent.get_or_insert_with(Instant::now);
        } else {
            self.key_sent = None;
        }
        let ids: Vec<Uuid> = self.pipes.keys().copied().collect();
        for id in ids {
            // What begins now would keep the session from being left.
            if self.passage.is_none() || self.pipes.get(&id).is_some_and(Pipe::owes_input) {
                self.feed(id);
            }
            // A channel that is not open yet takes no credit.
            let Some(pipe) = self.pipes.get_mut(&id).filter(|pipe| !pipe.waits()) else {
                continue;
            };
            let open = pipe.open_ended();
            let credit = pipe.flow.grant(open);
            let sends = pipe.created && pipe.closing.is_none();
            let idle = sends && pipe.sent.is_none();
            if let Some(credit) = credit {
                self.read(Target::Pipeline(id), credit);
            }
            if sends {
                self.answer_beside(Target::Pipeline(id));
            }
            if idle
                && self.transmit(Target::Pipeline(id))
                && let Some(pipe) = self.pipes.get_mut(&id)
            {
                pipe.sent = Some(Instant::now());
            }
        }
    }

    fn read(&mut self, target: Target, credit: usize) {
        self.connection.submit(Command::Read { target, credit });
    }

    /// Sends answers to prompts without regard to what else is under way, where the connection carries that.
    fn answer_beside(&mut self, target: Target) {
        if !self.connection.capabilities().answers_beside || self.answering.contains(&target) {
            return;
        }
        let room = self.connection.packet_size();
        let priority = Priority::PromptResponse;
        if let Some(data) = self.client.transmit_from(target, priority, room) {
            self.answering.insert(target);
            self.connection.submit(Command::Send {
                target,
                priority,
                data,
            });
        }
    }

    fn transmit(&mut self, target: Target) -> bool {
        let room = self.connection.packet_size();
        let next = if self.connection.capabilities().answers_beside {
            let priority = Priority::Default;
            let data = self.client.transmit_from(target, priority, room);
            data.map(|data| (priority, data))
        } else {
            self.client.transmit(target, room)
        };
        let Some((priority, data)) = next else {
            return false;
        };
        self.connection.submit(Command::Send {
            target,
            priority,
            data,
        });
        true
    }

    fn control(&mut self, control: Control) {
        match control {
            Control::Start(work, start) => self.start(work, *start),
            Control::Receive(id, start) => self.receive(id, *start),
            Control::Pulled(run, weight) => self.pulled(run, weight),
            Control::InputReady => {} // `pump` takes it
            Control::Stop(run) => self.stop(run),
            Control::ForceClose(run) => self.force_close(run),
            Control::Abandon(run, events) => self.abandon(run, events),
            Control::Answer(id, reply) => self.answer(id, reply),
            Control::Disconnect(leave, done) => self.disconnect(leave, done),
            Control::Reconnect(done) => self.reconnect(done),
            Control::Succeed(next, done) => {
                self.succeed(*next);
                let _ = done.send(());
            }
            Control::Lose(why) => self.fail(*why),
            Control::Close(done) => {
                self.closers.push(done);
                self.close();
            }
        }
    }

    fn pulled(&mut self, run: RunId, weight: usize) {
        // The clocks of acknowledgements stood still while nothing was read.
        let stood = !self.reading();
        let now = Instant::now();
        if stood {
            self.pool_sent = self.pool_sent.map(|_| now);
            self.key_sent = self.key_sent.map(|_| now);
        }
        if let Some(pipe) = self.pipe(run) {
            pipe.flow.pulled(weight);
            if pipe.sent.is_some() {
                pipe.sent = Some(now);
            }
        }
    }

    fn pipe(&mut self, run: RunId) -> Option<&mut Pipe> {
        self.pipes.values_mut().find(|pipe| pipe.run == run)
    }

    fn state(&self) -> SessionState {
        self.info.borrow().state
    }

    /// Tells the list, if something changed.
    fn publish(&self, state: SessionState, reason: Option<String>) {
        let running = self
            .pipes
            .values()
            .filter(|pipe| !pipe.finished)
            .find_map(|pipe| pipe.label.clone())
            .or_else(|| self.found.first().map(|found| found.text.clone()));
        let busy = !self.found.is_empty() || self.pipes.values().any(|pipe| !pipe.finished);
        let availability = match state {
            SessionState::Opened if busy => Availability::Busy,
            // It takes none before the network is back.
            SessionState::Opened if self.info.borrow().interruption.is_some() => Availability::None,
            SessionState::Opened => Availability::Available,
            _ => Availability::None,
        };
        let now = std::time::SystemTime::now();
        self.info.send_if_modified(|info| {
            let reason = reason.or_else(|| info.reason.take());
            let changed = info.state != state
                || info.availability != availability
                || info.running != running
                || info.reason != reason;
            info.state = state;
            info.availability = availability;
            info.running = running;
            info.reason = reason;
            if state == SessionState::Opened && info.interruption.is_none() {
                info.last_activity = Some(now);
            }
            changed
        });
    }

    /// Whether the server's answers are being read: a connection that pauses as a whole does so while one target's
    /// events wait to be pulled.
    fn reading(&self) -> bool {
        self.connection.capabilities().credit_per_target || !self.pipes.values().any(Pipe::starved)
    }

    /// How long an exchange of PSRP may take: the connection may know better.
    pub(in crate::session) fn exchange_limit(&self, limit: Duration) -> Duration {
        self.connection
            .capabilities()
            .own_deadlines
            .unwrap_or(limit)
    }

    /// How long leaving or taking up may take: the connection tries again what is lost meanwhile.
    fn passage_limit(&self) -> Duration {
        self.exchange_limit(self.limits.connect) + self.connection.capabilities().retry_window
    }

    /// Whether the session waits for acknowledgements with a limit.
    fn counting(&self) -> bool {
        self.reading() && self.connection.capabilities().own_deadlines.is_none()
    }

    fn deadline(&self) -> Option<Instant> {
        let counting = self.counting();
        let acknowledge = self.limits.acknowledge;
        let key = self.key_sent.filter(|_| self.reading());
        let owed = [
            self.pool_sent
                .filter(|_| counting)
                .map(|sent| sent + acknowledge),
            key.map(|sent| sent + self.exchange_limit(acknowledge)),
        ]
        .into_iter()
        .flatten();
        let passage = self.passage.as_ref().map(|passage| passage.until);
        let away = self.is_away();
        self.pipes
            .values()
            .filter(|_| !away)
            .filter_map(|pipe| pipe.deadline(acknowledge, counting))
            .chain([passage, self.closing].into_iter().flatten())
            .chain(owed)
            .min()
    }

    fn key_made(&mut self, key: Result<Result<KeyPair, KeyError>, tokio::task::JoinError>) {
        self.key = None;
        match key {
            Ok(Ok(pair)) => self.client.provide_key(pair),
            _ => self.fail(Report::new(
                ExitCode::Defect,
                "no key could be made for secure strings",
            )),
        }
    }
}

async fn finished(
    key: &mut Option<JoinHandle<Result<KeyPair, KeyError>>>,
) -> Result<Result<KeyPair, KeyError>, tokio::task::JoinError> {
    match key {
        Some(key) => key.await,
        None => pending().await,
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}
