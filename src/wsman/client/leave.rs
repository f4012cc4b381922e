//! Leaving a shell, and taking one up.

use std::time::{Duration, Instant};

use bytes::Bytes;
use uuid::Uuid;

use super::channel::Step;
use super::exchange::Exchange;
use super::refusal::failure;
use super::{Ask, Client, Event, ExchangeId, Kept, Phase, Stage};
use crate::psrp::Target;
use crate::wsman::{Fault, FaultCode, Shell};

/// A server that was left ends the open Receives, with what it has for them, before it says so; what is on other
/// connections may come a little later, and takes longer while its bytes come.
const DRAIN: Duration = Duration::from_secs(5);

impl Client {
    /// Leaves the shell running: kept for `idle_timeout`, its output treated as `buffering` says (`Block` or `Drop`); if
    /// none, as it was opened. [`Event::Disconnected`] answers, or [`Event::NotDisconnected`].
    pub fn disconnect(&mut self, idle_timeout: Option<Duration>, buffering: Option<&'static str>) {
        match self.phase {
            Phase::Open => {}
            // One that is being taken up is left as it was.
            Phase::Opening if self.any(|ask| *ask == Ask::Connect) => {}
            _ => return,
        }
        self.leave = (idle_timeout, buffering);
        self.phase = Phase::Leaving;
    }

    /// Takes the shell up again that this client left. [`Event::Reconnected`] answers.
    pub fn reconnect(&mut self) {
        if self.phase == Phase::Away {
            self.phase = Phase::Returning;
            self.ask(Ask::Reconnect(Target::Pool), Bytes::new());
        }
    }

    /// Takes up the shell `id` of another client; `opening` holds the fragments of the connect messages. `ours`: the
    /// server may still count it as connected to this client, whose process is gone; then it is left first.
    /// [`Event::Connected`] answers.
    pub fn connect(&mut self, id: Uuid, opening: Bytes, ours: bool) {
        if self.begin(id) {
            if ours {
                self.ask(Ask::Disconnect, Bytes::new());
            }
            self.ask(Ask::Connect, opening);
        }
    }

    /// Begins the end, once what the server is to have has arrived there. A command that ended for us has ended there by
    /// then too: it would run on, and every later one would wait for it.
    pub(super) fn plan_leave(&mut self) {
        let waits = |exchange: &Exchange| match exchange.ask {
            // That goes on once the shell was taken up again.
            _ if matches!(exchange.stage, Stage::Held | Stage::Probing) => false,
            Ask::Terminate(_) => true,
            Ask::Connect
            | Ask::Command(_)
            | Ask::ConnectCommand(_)
            | Ask::Send(..)
            | Ask::FindCommand(_) => !exchange.is_unknown(),
            _ => false,
        };
        if !self.exchanges.values().any(waits) {
            self.ask(Ask::Disconnect, Bytes::new());
        }
    }

    /// Whether a request waits because of where the shell is: what is left gets nothing more, what is not ours yet
    /// nothing but the request for it.
    pub(super) fn is_left_out(&self, exchange: &Exchange) -> bool {
        match exchange.ask {
            Ask::Connect => self.any(|ask| *ask == Ask::Disconnect),
            Ask::Disconnect | Ask::Delete | Ask::Reconnect(Target::Pool) | Ask::Holder => false,
            _ => match self.phase {
                Phase::Leaving => exchange.is_unknown() && self.is_open(exchange.ask.target()),
                // The answers that the server keeps are still asked for.
                Phase::Draining => !matches!(exchange.ask, Ask::Receive(_)),
                Phase::Away | Phase::Returning => true,
                _ => false,
            },
        }
    }

    /// The server has let us go.
    pub(super) fn left(&mut self) {
        self.kept.idle_timeout = self.leave.0.or(self.kept.idle_timeout);
        if let Some(mode) = self.leave.1 {
            self.kept.buffering = Some(mode.to_owned());
        }
        self.phase = Phase::Draining;
        self.drained = None;
        self.exchanges.retain(|_, exchange| {
            !matches!(exchange.ask, Ask::Receive(_)) || !exchange.is_unknown()
        });
        self.away();
    }

    /// The server does not let us go.
    pub(super) fn leave_refused(&mut self, exchange: Exchange, fault: Box<Fault>) {
        match (fault.code, self.phase) {
            (Some(FaultCode::AlreadyDisconnected | FaultCode::ShellDisconnected), _) => {
                self.done(exchange);
            }
            // What was to be done then shows what is wrong.
            (_, Phase::Opening) if !fault.is_gone() => {}
            (_, Phase::Leaving) if !fault.is_gone() => {
                self.phase = Phase::Open;
                self.end_again();
                let failure = failure(&exchange, fault);
                self.events.push_back(Event::NotDisconnected(failure));
            }
            _ => self.end_with(&exchange, fault),
        }
    }

    /// Ends what was not to be ended while the shell was being left.
    fn end_again(&mut self) {
        let exchanges = &self.exchanges;
        for (target, channel) in &mut self.channels {
            let is_end = |exchange: &Exchange| {
                matches!(exchange.ask, Ask::Terminate(_)) && exchange.ask.target() == *target
            };
            if channel.terminate == Step::Sent && !exchanges.values().any(is_end) {
                channel.terminate = Step::Wanted;
            }
        }
    }

    /// Bytes of an answer have come that are no envelope yet: a session that is left waits for more of them.
    pub fn arriving(&mut self, now: Instant, exchange: ExchangeId) {
        if self.flight(exchange).is_some()
            && let Some((until, most)) = &mut self.drained
        {
            *until = (now + DRAIN).min(*most).max(*until);
        }
    }

    /// Waits for the answers that are still to come, for a while.
    pub(super) fn plan_away(&mut self, now: Instant) {
        // Whoever asked to leave waits no longer than an operation takes.
        let most = now + DRAIN.max(self.settings.operation_timeout / 2);
        let (until, _) = *self.drained.get_or_insert((now + DRAIN, most));
        if until <= now {
            // What has come whole is read, and not missing.
            while self.process(now) {}
            if self.phase != Phase::Draining {
                return;
            }
            let mut gaps = Vec::new();
            self.exchanges.retain(|_, exchange| {
                let Ask::Receive(target) = exchange.ask else {
                    return true;
                };
                // The server keeps nothing of an answer that it has begun; behind one that was read nothing is missing.
                let flies = exchange.is_flying() && exchange.answers != 1;
                if exchange.maybe || (flies && target != Target::Pool) {
                    gaps.push(target);
                }
                false
            });
            self.events.extend(gaps.into_iter().map(Event::Gap));
        }
        self.away();
    }

    /// Tells that the shell is left, once nothing more comes of it.
    pub(super) fn away(&mut self) {
        let receives = self.any(|ask| matches!(ask, Ask::Receive(_)));
        if self.phase != Phase::Draining || receives {
            return;
        }
        self.stay_away();
        self.events.push_back(Event::Disconnected(None));
        self.tell_kept();
    }

    /// Keeps our end of the shell until it is taken up again.
    pub(super) fn stay_away(&mut self) {
        self.phase = Phase::Away;
        self.drained = None;
        self.outage = None;
        self.exchanges.retain(|_, exchange| {
            let ends = matches!(
                exchange.ask,
                Ask::Stop(_)
                    | Ask::Terminate(_)
                    | Ask::Look
                    | Ask::Holder
                    | Ask::Reconnect(_)
                    | Ask::Disconnect
            );
            !ends && (exchange.stage == Stage::Held || !matches!(exchange.ask, Ask::Receive(_)))
        });
        let exchanges = &self.exchanges;
        for channel in self.channels.values_mut() {
            channel.receiving = channel.receiving.filter(|id| exchanges.contains_key(id));
            channel.pause = None;
            for step in [&mut channel.stop, &mut channel.terminate] {
                if *step == Step::Sent {
                    *step = Step::Wanted;
                }
            }
        }
    }

    /// The server has described the shell.
    pub(super) fn looked(&mut self, shell: &Shell) {
        self.kept = Kept::of(shell);
        self.tell_kept();
    }

    pub(super) fn tell_kept(&mut self) {
        if self.kept != Kept::default() {
            self.events.push_back(Event::Kept(self.kept.clone()));
        }
    }
}

impl Kept {
    pub(super) fn of(shell: &Shell) -> Self {
        Self {
            idle_timeout: shell.idle_timeout,
            max_idle_timeout: shell.max_idle_timeout,
            buffering: shell.buffering.clone(),
        }
    }
}
