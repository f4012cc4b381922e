//! What comes back.

use std::time::Instant;

use bytes::Bytes;
use memchr::memmem;

use super::channel::{Channel, count};
use super::exchange::Exchange;
use super::{
    Ask, Client, Event, ExchangeId, Failure, Kept, LARGE_ENVELOPE, Phase, Stage, Trouble, Why,
    upper,
};
use crate::psrp::{Priority, Target};
use crate::wsman::{Answer, Error, Page, Received, Shell, State};

impl Client {
    pub(super) fn answered(&mut self, now: Instant, id: ExchangeId, answer: Answer) {
        let Some(exchange) = self.exchanges.get(&id) else {
            return;
        };
        // Only a Receive's answer, or a fault, can be told from what else a server may answer.
        let fits = match (&exchange.ask, &answer) {
            (_, Answer::Fault(_))
            | (Ask::Create { .. }, Answer::Created(_))
            | (Ask::Connect, Answer::Connected(_))
            | (Ask::Command(_), Answer::Command(_))
            | (Ask::Receive(_), Answer::Received(_))
            | (
                Ask::FindShell(_) | Ask::Look | Ask::Holder,
                Answer::Shell(_) | Answer::Created(_),
            )
            | (Ask::FindCommand(_), Answer::Page(_))
            | (Ask::ConnectCommand(_), Answer::Connected(_) | Answer::Done) => true,
            (
                Ask::Send(..)
                | Ask::Stop(_)
                | Ask::Terminate(_)
                | Ask::Disconnect
                | Ask::Reconnect(_)
                | Ask::Delete,
                answer,
            ) => *answer == Answer::Done,
            _ => false,
        };
        if !fits {
            let action = exchange.ask.action().name();
            return self.garbage(now, id, &Error::OtherBody(format!("not one of {action}")));
        }
        if let Ask::Receive(target) = exchange.ask
            && exchange.is_forgotten(self.schedule())
            && self.has_gap(id, target, &answer)
        {
            return;
        }
        let Some(exchange) = self.exchanges.get(&id) else {
            return;
        };
        if let (Ask::Receive(target), Answer::Received(_)) = (&exchange.ask, &answer) {
            let (target, asked) = (*target, exchange.flown.map(|(_, last)| last));
            if let Answer::Received(received) = answer {
                self.received(now, target, asked, received);
            }
            return self.answered_in_part(id);
        }
        let Some(exchange) = self.exchanges.remove(&id) else {
            return;
        };
        self.release(id, &exchange);
        match answer {
            Answer::Fault(fault) => self.refused(now, id, exchange, fault),
            Answer::Page(page) => {
                if let Ask::FindCommand(lost) = exchange.ask {
                    self.listed(lost, &page);
                }
            }
            Answer::Shell(shell) | Answer::Created(shell) => match exchange.ask {
                Ask::FindShell(lost) => self.found(lost, true),
                Ask::Look => self.looked(&shell),
                Ask::Holder => self.held_by(Some(&shell)),
                _ => self.created(exchange, *shell),
            },
            Answer::Connected(connected) if exchange.ask == Ask::Connect => {
                self.stand(Target::Pool);
                self.phase = self.phase_of_open();
                let answer = connected.answer.unwrap_or_default();
                if !self.settled && is_large(&answer) {
                    self.settle();
                }
                self.events.push_back(Event::Connected(answer.into()));
                if self.phase == Phase::Open {
                    self.ask(Ask::Look, Bytes::new());
                }
            }
            _ => self.done(exchange),
        }
    }

    /// One answer to a Receive was read; others may follow until its end.
    fn answered_in_part(&mut self, id: ExchangeId) {
        let Some(exchange) = self.exchanges.get_mut(&id) else {
            return;
        };
        exchange.answers += 1;
        let over = exchange.finished || exchange.loss.is_some();
        if exchange.unread == 0 && over {
            let lost = exchange.loss.is_some();
            self.conclude(id, lost);
        }
    }

    /// A Receive that was answered is over. A connection that breaks behind one answer has lost nothing; behind several
    /// there may have been more.
    pub(super) fn conclude(&mut self, id: ExchangeId, lost: bool) {
        let Some(exchange) = self.exchanges.remove(&id) else {
            return;
        };
        self.release(id, &exchange);
        if lost && exchange.answers > 1 {
            self.events.push_back(Event::Gap(exchange.ask.target()));
        }
    }

    /// An exchange is over: its Receive is no longer outstanding, and its credit is what was not read.
    pub(super) fn release(&mut self, id: ExchangeId, exchange: &Exchange) {
        if let Ask::Receive(target) = exchange.ask
            && let Some(channel) = self.channels.get_mut(&target)
        {
            channel.credit = channel.credit.saturating_add(count(exchange.estimate));
            if channel.receiving == Some(id) {
                channel.receiving = None;
            }
        }
    }

    /// The server has done what was asked.
    pub(super) fn done(&mut self, exchange: Exchange) {
        match exchange.ask {
            Ask::Command(id) => {
                self.stand(Target::Pipeline(id));
                self.arrived_whole(Target::Pipeline(id), Priority::Default, exchange.rest());
            }
            Ask::ConnectCommand(id) => {
                self.stand(Target::Pipeline(id));
                self.arrived_whole(Target::Pipeline(id), Priority::Default, Bytes::new());
            }
            Ask::Send(target, priority) => self.arrived_whole(target, priority, exchange.rest()),
            Ask::Stop(id) if self.is_open(Target::Pipeline(id)) => {
                self.events.push_back(Event::StopAcknowledged(id));
            }
            Ask::Terminate(id) => {
                self.forget(id);
            }
            Ask::Disconnect if self.phase == Phase::Leaving => self.left(),
            Ask::Reconnect(Target::Pool) if self.phase == Phase::Returning => {
                self.phase = Phase::Open;
                for (target, channel) in &mut self.channels {
                    // The shell may be disconnected again by now, commands may have to be taken up by themselves.
                    channel.resumed = u8::from(*target != Target::Pool);
                }
                self.resume();
                self.events.push_back(Event::Reconnected);
            }
            Ask::Reconnect(Target::Pool) => self.resume(),
            Ask::Delete => self.end(Event::Closed(None)),
            _ => {}
        }
    }

    /// The server has a shell of ours.
    pub(super) fn created(&mut self, exchange: Exchange, shell: Shell) {
        if !shell.id.is_empty() {
            self.kept = Kept::of(&shell);
            self.shell = shell.id;
            self.limit(self.header.max_envelope);
        }
        self.stand(Target::Pool);
        self.arrived_whole(Target::Pool, Priority::Default, exchange.rest());
    }

    pub(super) fn stand(&mut self, target: Target) {
        if let Some(channel) = self.channel(target) {
            channel.standing = true;
        }
        if target == Target::Pool
            && self.phase != Phase::Opening
            && let Some(channel) = self.channel(target)
        {
            channel.whole = true;
        }
    }

    /// What was to arrive has, but for `rest`.
    fn arrived_whole(&mut self, target: Target, priority: Priority, rest: Bytes) {
        if self.phase == Phase::Closing {
            return;
        }
        if !rest.is_empty() {
            if self.is_open(target) {
                self.ask(Ask::Send(target, priority), rest);
            }
            return;
        }
        let opening = self.phase == Phase::Opening && target == Target::Pool;
        let Some(channel) = self.channel(target).filter(|channel| !channel.closed) else {
            return;
        };
        channel.whole |= opening || (channel.complete && priority == Priority::Default);
        if opening {
            self.phase = Phase::Open;
            self.events.push_back(Event::Opened);
            self.tell_kept();
        } else {
            self.events
                .push_back(Event::Acknowledged { target, priority });
        }
    }

    /// The phase after a shell was taken up: it may be unwanted by then.
    fn phase_of_open(&mut self) -> Phase {
        if let Some(pool) = self.channel(Target::Pool) {
            pool.whole = true;
        }
        match self.phase {
            Phase::Opening => Phase::Open,
            phase => phase,
        }
    }

    fn received(
        &mut self,
        now: Instant,
        target: Target,
        asked: Option<Instant>,
        received: Received,
    ) {
        let version = target == Target::Pool && !self.settled;
        let Some(channel) = self.channels.get_mut(&target) else {
            return;
        };
        channel.resumed = 0;
        let mut large = false;
        let mut output = false;
        for stream in received.streams {
            if stream.data.is_empty() {
                continue;
            }
            output = true;
            channel.credit = channel.credit.saturating_sub(count(stream.data.len()));
            large |= version && is_large(&stream.data);
            if !channel.closed {
                let data = stream.data.into();
                self.events.push_back(Event::Data { target, data });
            }
        }
        if output {
            channel.had_output();
        } else {
            channel.was_empty(asked, now);
        }
        let done = received
            .state
            .is_some_and(|state| state.state == State::Done);
        if done && target != Target::Pool {
            channel.done = true;
        }
        if large {
            self.settle();
        }
        if done {
            self.close_channel(target);
        }
    }

    /// The protocol is known to allow large envelopes.
    fn settle(&mut self) {
        self.settled = true;
        self.limit(LARGE_ENVELOPE);
    }

    pub(super) fn is_open(&self, target: Target) -> bool {
        self.channels
            .get(&target)
            .is_some_and(|channel| !channel.closed)
    }

    pub(super) fn channel(&mut self, target: Target) -> Option<&mut Channel> {
        self.channels.get_mut(&target)
    }

    /// One target cannot go on; of the pool's depends everything.
    pub(super) fn broken(&mut self, target: Target, failure: Failure) {
        match target {
            // It is being deleted: the answer to that counts.
            Target::Pool if self.phase == Phase::Closing && self.any(|ask| *ask == Ask::Delete) => {
            }
            Target::Pool => self.end(Event::Lost(failure)),
            Target::Pipeline(_) => {
                if let Some(channel) = self.channels.get_mut(&target).filter(|c| !c.closed) {
                    channel.done = true;
                    let standing = channel.standing;
                    self.events.push_back(Event::Fault { target, failure });
                    if !standing {
                        self.channels.remove(&target);
                    }
                }
            }
        }
    }

    /// The server's commands, and among them that of a lost exchange, if it is there.
    fn listed(&mut self, lost: ExchangeId, page: &Page) {
        let Some(ask) = self.exchanges.get(&lost).map(|lost| lost.ask.clone()) else {
            return;
        };
        let target = ask.target();
        let command = match target {
            Target::Pool => None,
            Target::Pipeline(id) => {
                let id = upper(id);
                let mut commands = page.commands.iter();
                commands.find(|one| one.id.eq_ignore_ascii_case(&id))
            }
        };
        let runs = command.is_some_and(|one| one.state.as_deref() != Some("Done"));
        if matches!(ask, Ask::Receive(_)) && self.is_decided(lost, runs) {
            return;
        }
        match ask {
            Ask::Receive(_) if runs => self.found(lost, false),
            Ask::Receive(_) => {
                self.exchanges.remove(&lost);
                self.broken(target, Failure::ResultLost);
            }
            _ => self.found(lost, command.is_some()),
        }
    }

    /// Whether the server has what a lost exchange was to make.
    pub(super) fn found(&mut self, lost: ExchangeId, there: bool) {
        let limit = self.header.max_envelope;
        if there {
            let Some(exchange) = self.exchanges.remove(&lost) else {
                return;
            };
            match exchange.ask {
                Ask::Create { .. } => self.created(exchange, Shell::default()),
                _ => self.done(exchange),
            }
            return;
        }
        let Some(exchange) = self.exchanges.get_mut(&lost) else {
            return;
        };
        if exchange.doubted && exchange.is_flying() {
            return; // its answer shows it
        }
        let target = exchange.ask.target();
        if exchange.expired {
            let action = exchange.ask.action();
            let why = Why {
                kind: Trouble::Network,
                text: "the network was lost for too long".to_owned(),
            };
            self.exchanges.remove(&lost);
            return self.broken(target, Failure::NotArrived { action, why });
        }
        exchange.renew(limit);
        exchange.land(Stage::Due);
        if self.phase == Phase::Closing || !self.is_open(target) {
            self.exchanges.remove(&lost);
            match target {
                Target::Pool => self.end(Event::Closed(None)),
                Target::Pipeline(_) => drop(self.channels.remove(&target)),
            }
        }
    }
}

/// Whether `SESSION_CAPABILITY`, the first message of a server, tells of a protocol from 2.2 on: those servers take
/// large envelopes.
fn is_large(data: &[u8]) -> bool {
    let name = b"protocolversion\">2.";
    let digit = memmem::find(data, name).and_then(|at| data.get(at + name.len()));
    digit.is_some_and(|digit| (b'2'..=b'9').contains(digit))
}
