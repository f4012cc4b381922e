//! A shell that the server has disconnected by itself, as Windows does when nothing asks for it for a minute
//! (`robust-connections` 2.1): it is ours, and is taken up again.

use std::time::Instant;

use bytes::Bytes;

use super::exchange::Exchange;
use super::retry::Recovery;
use super::{Ask, Client, Event, ExchangeId, Phase, Stage};
use crate::psrp::Target;
use crate::wsman::{Answer, Fault, FaultCode};

/// Whether a fault says that the shell is disconnected.
pub(super) fn is_apart(fault: &Fault) -> bool {
    matches!(
        fault.code,
        Some(FaultCode::StreamDisconnected | FaultCode::ShellDisconnected)
    )
}

impl Client {
    /// Whether the shell is being taken up again.
    pub(super) fn is_rejoining(&self) -> bool {
        self.phase == Phase::Open && self.any(|ask| *ask == Ask::Reconnect(Target::Pool))
    }

    /// Whether what was refused is asked again once the shell was taken up.
    pub(super) fn may_rejoin(&self, exchange: &Exchange, fault: &Fault) -> bool {
        let asks = matches!(
            exchange.ask,
            Ask::Command(_)
                | Ask::ConnectCommand(_)
                | Ask::Send(..)
                | Ask::Stop(_)
                | Ask::Terminate(_)
                | Ask::Reconnect(Target::Pipeline(_))
        );
        asks && self.phase == Phase::Open && !exchange.rejoined && is_apart(fault)
    }

    /// Takes the shell up again. Everything else waits for that.
    pub(super) fn rejoin(&mut self, recovery: Option<Recovery>) {
        if self.is_rejoining() {
            return;
        }
        if let Some(pool) = self.channel(Target::Pool) {
            pool.resumed = 1;
        }
        let id = self.ask(Ask::Reconnect(Target::Pool), Bytes::new());
        if let Some(exchange) = self.exchanges.get_mut(&id) {
            exchange.recovery = recovery;
            exchange.fresh = recovery.is_some();
        }
    }

    /// Takes the shell up before a Receive after a long interruption. Servers that keep answers know how.
    pub(super) fn rejoin_late(&mut self, now: Instant) {
        let tried = self.channels.get(&Target::Pool);
        if !self.robust || self.phase != Phase::Open || tried.is_none_or(|pool| pool.resumed > 0) {
            return;
        }
        let late = self.exchanges.values().find_map(|exchange| {
            let due = exchange.stage == Stage::Due && matches!(exchange.ask, Ask::Receive(_));
            let schedule = self.schedule();
            let long = |one: &Recovery| schedule.is_apart(one.since, now);
            exchange.recovery.filter(long).filter(|_| due)
        });
        if late.is_some() {
            self.rejoin(late);
        }
    }

    /// Takes up what a Receive was refused for: the shell, then the command, as some servers want. Another Receive
    /// follows. False if that was tried.
    pub(super) fn take_up(&mut self, target: Target) -> bool {
        if self.is_rejoining() {
            return true;
        }
        let shell = self.channel(Target::Pool).map_or(0, |pool| pool.resumed);
        let Some(channel) = self.channel(target) else {
            return true;
        };
        if shell == 0 && channel.resumed == 0 {
            channel.resumed = 1;
            self.rejoin(None);
            return true;
        }
        if target == Target::Pool || channel.resumed > 1 {
            return false;
        }
        channel.resumed = 2;
        self.ask(Ask::Reconnect(target), Bytes::new());
        true
    }

    /// Asks about the commands whose Receives the server does not seem to know any more: it may have run those as new
    /// ones, and they would wait for what was said already.
    pub(super) fn doubt(&mut self, now: Instant) {
        let schedule = self.schedule();
        let is_due = |exchange: &Exchange| exchange.doubt(schedule).is_some_and(|at| at <= now);
        let due = self.exchanges.iter().filter(|(_, one)| is_due(one));
        let due: Vec<_> = due.map(|(id, one)| (*id, one.ask.target())).collect();
        for (id, target) in due {
            let Some(exchange) = self.exchanges.get_mut(&id) else {
                continue;
            };
            exchange.doubted = true;
            if target == Target::Pool {
                exchange.again = false; // told once
                self.events.push_back(Event::Gap(target));
            } else {
                self.ask(Ask::FindCommand(id), Bytes::new());
            }
        }
    }

    /// A command was asked about while its Receive is under way. Says whether that was all that is to be done: the
    /// Receive goes on, or has been given up.
    pub(super) fn is_decided(&mut self, id: ExchangeId, runs: bool) -> bool {
        let Some(exchange) = self.exchanges.get_mut(&id).filter(|one| one.doubted) else {
            return false;
        };
        let waits =
            exchange.again && !exchange.acknowledged && exchange.answers + exchange.unread == 0;
        if !waits {
            return true; // it was known after all
        }
        exchange.again = false; // told once
        self.events.push_back(Event::Gap(exchange.ask.target()));
        runs
    }

    /// The server may have forgotten what this Receive asked for again: then it has answered a new one, and what the old
    /// one brought is lost. Says whether the answer is done with: it does not show whether the command has ended.
    pub(super) fn has_gap(&mut self, id: ExchangeId, target: Target, answer: &Answer) -> bool {
        let empty = match answer {
            Answer::Received(received) => {
                received.state.is_none() && received.streams.iter().all(|one| one.data.is_empty())
            }
            Answer::Fault(fault) if fault.is_timeout() => true,
            _ => return false,
        };
        self.events.push_back(Event::Gap(target));
        let limit = self.header.max_envelope;
        let Some(exchange) = self.exchanges.get_mut(&id) else {
            return true;
        };
        if empty && target != Target::Pool {
            exchange.renew(limit);
            exchange.land(Stage::Probing);
            self.ask(Ask::FindCommand(id), Bytes::new());
            return true;
        }
        exchange.again = false; // told once
        false
    }
}
