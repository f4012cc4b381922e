//! Connections to the demonstration's servers, which live in this process. Small latencies make them feel like others.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;

use super::{Capabilities, Command, Connection, Event, Failure, FailureKind, Stage};
use crate::psrp::client::PoolOptions;
use crate::psrp::{Priority, Target};
use crate::server::{Demonstration, Refusal, Session};

/// How long each stage of getting in takes.
const STAGE: Duration = Duration::from_millis(20);
/// How long a command is on its way.
const LATENCY: Duration = Duration::from_millis(2);
/// The most bytes of one [`Event::Data`].
const PIECE: usize = 64 * 1024;

/// A connection to a server of the demonstration.
#[derive(Debug)]
pub struct Memory {
    demonstration: Demonstration,
    computer: String,
    /// The session, once opened or connected.
    session: Option<(Uuid, Session)>,
    /// Connected to it now, and not only before a disconnect.
    attached: bool,
    /// How often it had been taken up then.
    taken: u64,
    commands: VecDeque<(Instant, Command)>,
    events: VecDeque<Event>,
    credit: BTreeMap<Target, usize>,
    /// When the connection breaks.
    breaks: Option<Instant>,
    closing: bool,
    ended: bool,
}

impl Memory {
    /// Reaches a server, with a call for each stage as it begins.
    pub async fn connect(
        demonstration: &Demonstration,
        computer: &str,
        stages: impl Fn(Stage) + Send + Sync,
    ) -> Result<Self, Failure> {
        stages(Stage::Resolve);
        sleep(STAGE).await;
        let mut servers = demonstration.servers();
        let Some(computer) = servers.find(|name| name.eq_ignore_ascii_case(computer)) else {
            return Err(Failure::from(&Refusal::NoServer(computer.to_owned())).at(Stage::Resolve));
        };
        for stage in [
            Stage::Connect,
            Stage::Handshake,
            Stage::Authenticate,
            Stage::Start,
        ] {
            stages(stage);
            sleep(STAGE).await;
        }
        Ok(Self {
            demonstration: demonstration.clone(),
            computer: computer.to_owned(),
            session: None,
            attached: false,
            taken: 0,
            commands: VecDeque::new(),
            events: VecDeque::new(),
            credit: BTreeMap::new(),
            breaks: None,
            closing: false,
            ended: false,
        })
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Open { id, name, opening } => {
                match self.demonstration.open(&self.computer, id, &name) {
                    Ok((session, life)) => {
                        self.breaks = life.map(|life| Instant::now() + life);
                        self.attach(id, session);
                        self.send(Target::Pool, Priority::Default, &opening, Event::Opened);
                    }
                    Err(refusal) => self.lose(Failure::from(&refusal).at(Stage::Open)),
                }
            }
            Command::Connect { id, opening, .. } => {
                let taken = self.demonstration.take(&self.computer, id, None);
                let taken = taken.map_err(|refusal| Failure::from(&refusal));
                let connected = taken.and_then(|(session, taken)| {
                    let answer = session
                        .connect(&opening)
                        .map_err(|error| protocol(&error))?;
                    Ok((session, taken, answer))
                });
                match connected {
                    Ok((session, taken, answer)) => {
                        self.taken = taken;
                        self.attach(id, session);
                        self.events.push_back(Event::Connected(answer));
                    }
                    Err(failure) => self.lose(failure),
                }
            }
            Command::Reconnect => match self.session.take() {
                Some((id, _)) => match self
                    .demonstration
                    .take(&self.computer, id, Some(self.taken))
                {
                    Ok((session, taken)) => {
                        self.taken = taken;
                        self.attach(id, session);
                        self.events.push_back(Event::Reconnected);
                    }
                    Err(refusal) => self.lose(Failure::from(&refusal)),
                },
                None => self.lose(Failure::new(
                    FailureKind::Usage,
                    "no session was disconnected",
                )),
            },
            Command::CreatePipeline { id, first } => {
                let target = Target::Pipeline(id);
                self.send(
                    target,
                    Priority::Default,
                    &first,
                    Event::Acknowledged(target),
                );
            }
            Command::Send {
                target,
                priority,
                data,
            } => {
                self.send(target, priority, &data, Event::Acknowledged(target));
            }
            Command::ConnectPipeline(id) => self
                .events
                .push_back(Event::Acknowledged(Target::Pipeline(id))),
            Command::Read { target, credit } => {
                let left = self.credit.entry(target).or_default();
                *left = left.saturating_add(credit);
            }
            Command::Stop(id) => {
                if let Some((_, session)) = &self.session {
                    session.stop(id);
                }
                self.events.push_back(Event::StopAcknowledged(id));
            }
            Command::ClosePipeline(id) => {
                if let Some((_, session)) = &self.session {
                    session.close_pipeline(id);
                }
                self.credit.remove(&Target::Pipeline(id));
                self.events.push_back(Event::PipelineClosed(id));
            }
            Command::Disconnect(_) => {
                if let Some((id, _)) = &self.session {
                    self.demonstration.leave(*id);
                }
                self.attached = false;
                self.events.push_back(Event::Disconnected(None));
            }
            Command::Close => {
                if let Some((id, _)) = &self.session {
                    self.demonstration.end(*id);
                }
                self.closing = true;
            }
        }
    }

    fn attach(&mut self, id: Uuid, session: Session) {
        self.session = Some((id, session));
        self.attached = true;
    }

    /// Hands bytes to the session, then answers with `done`.
    fn send(&mut self, target: Target, priority: Priority, data: &[u8], done: Event) {
        let result = match &self.session {
            Some((_, session)) if self.attached => session
                .handle(target, priority, data)
                .map_err(|error| protocol(&error)),
            _ => Err(Failure::new(
                FailureKind::Usage,
                "the session is not connected",
            )),
        };
        self.events.push_back(match result {
            Ok(()) => done,
            Err(failure) => Event::Fault { target, failure },
        });
    }

    fn lose(&mut self, failure: Failure) {
        self.events.push_back(Event::Lost(failure));
        self.ended = true;
    }

    /// Bytes that may be read now.
    fn data(&mut self) -> Option<Event> {
        let (_, session) = self.session.as_ref().filter(|_| self.attached)?;
        let mut granted = self.credit.iter_mut().filter(|(_, credit)| **credit > 0);
        granted.find_map(|(target, credit)| {
            let data: Bytes = session.transmit(*target, PIECE.min(*credit))?;
            *credit = credit.saturating_sub(data.len());
            Some(Event::Data {
                target: *target,
                data,
            })
        })
    }

    async fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            if self.ended {
                return std::future::pending().await;
            }
            let now = Instant::now();
            if self.commands.front().is_some_and(|(due, _)| *due <= now) {
                if let Some((_, command)) = self.commands.pop_front() {
                    self.carry_out(command);
                }
                continue;
            }
            if self.breaks.is_some_and(|breaks| breaks <= now) {
                self.break_off();
                continue;
            }
            if let Some(event) = self.data() {
                return event;
            }
            if self.closing {
                self.ended = true;
                return Event::Closed(None);
            }
            let due = self.commands.front().map(|(due, _)| *due);
            let due = due.into_iter().chain(self.breaks).min();
            // What is left is no longer listened to: the news are for whoever took it up.
            let attached = self.session.as_ref().filter(|_| self.attached);
            let session = attached.map(|(_, session)| session);
            tokio::select! {
                () = async { match due { Some(due) => sleep_until(due).await, None => std::future::pending().await } } => {}
                () = async { match session { Some(session) => session.changed().await, None => std::future::pending().await } } => {}
            }
        }
    }

    /// The server dies.
    fn break_off(&mut self) {
        if let Some((id, _)) = &self.session {
            self.demonstration.end(*id);
        }
        self.lose(
            Failure::new(FailureKind::Unreachable, format!("the connection to {} was lost", self.computer))
                .detail("the server closed the connection without a word (the demonstration lets this session break)")
                .hint("open a new session; what ran in this one has ended")
                .id("PSSessionStateBroken"),
        );
    }
}

impl Connection for Memory {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            disconnect: true,
            list: true,
            several_pipelines: true,
            credit_per_target: true,
            encrypted: true,
            answers_beside: false,
            own_deadlines: None,
            retry_window: Duration::ZERO,
            fragment_size: PoolOptions::FRAGMENT_SIZE,
        }
    }

    fn submit(&mut self, command: Command) {
        self.commands.push_back((Instant::now() + LATENCY, command));
    }

    fn event(&mut self) -> Pin<Box<dyn Future<Output = Event> + Send + '_>> {
        Box::pin(self.next())
    }
}

impl Drop for Memory {
    /// The session runs on, for whoever takes it up next.
    fn drop(&mut self) {
        if let (Some((id, _)), true) = (&self.session, self.attached) {
            self.demonstration.leave(*id);
        }
    }
}

fn protocol(error: &crate::psrp::Error) -> Failure {
    Failure::new(FailureKind::Protocol, error.to_string())
}

impl From<&Refusal> for Failure {
    /// What a refusal of the demonstration is to whoever wanted the session.
    fn from(refusal: &Refusal) -> Self {
        let (kind, hint) = match refusal {
            Refusal::NoServer(_) => (
                FailureKind::Unreachable,
                "its servers are Server01, Server02, Server03 and LinuxServer02; psdeck demo --servers N has more",
            ),
            Refusal::NoSession(_) => (FailureKind::Refused, "refresh the list of sessions"),
            Refusal::Busy { .. } => (
                FailureKind::Refused,
                "disconnect it there, or wait until that client lets go of it",
            ),
        };
        Self::new(kind, refusal.to_string()).hint(hint)
    }
}
