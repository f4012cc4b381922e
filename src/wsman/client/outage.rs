//! A lost network: what was under way waits for it, is asked for again, or is given up one by one; when the window for
//! it is over, the shell is left to itself, and can be taken up again later.

use std::time::{Duration, Instant};

use super::exchange::Exchange;
use super::retry::Recovery;
use super::{Ask, Client, Event, ExchangeId, Failure, Phase, Sent, Stage, Trouble, Why};
use crate::psrp::Target;

/// The network is lost.
#[derive(Clone, Debug)]
pub(super) struct Outage {
    since: Instant,
    /// When nothing is tried any more.
    pub(super) ends: Instant,
    why: Why,
}

impl Client {
    /// Whether the network is lost.
    pub fn is_interrupted(&self) -> bool {
        self.outage.is_some()
    }

    /// Whether the server keeps answers, so that what is under way can be asked for again over other connections.
    pub fn is_robust(&self) -> bool {
        self.robust
    }

    /// Nothing could be seen for so long, as this computer slept: the shell is taken up before anything else. What was
    /// under way is to be told as [`Client::lost`] now.
    pub fn slept(&mut self, time: Duration) {
        for exchange in self.exchanges.values_mut() {
            let earlier = |at: Instant| at.checked_sub(time).unwrap_or(at);
            exchange.flown = exchange.flown.map(|(first, last)| (earlier(first), last));
        }
        if self.phase == Phase::Open && self.is_kept() {
            self.rejoin(None);
        }
    }

    /// The network works: what waits for it is tried at once.
    pub(super) fn back(&mut self) {
        if self.outage.take().is_none() {
            return;
        }
        for exchange in self.exchanges.values_mut() {
            if matches!(exchange.stage, Stage::Waiting(_)) && exchange.recovery.is_some() {
                exchange.stage = Stage::Due;
            }
        }
        self.events.push_back(Event::Back);
    }

    /// Says that the network is lost, once.
    pub(super) fn announce(&mut self, now: Instant, id: ExchangeId, sent: Sent, why: &Why) {
        let network = matches!(why.kind, Trouble::Network | Trouble::Silence);
        let exchange = self.exchanges.get(&id);
        let trying = exchange.is_some_and(|one| one.recovery.is_some());
        if network && (trying || sent == Sent::Maybe) {
            self.interrupt(now, why);
        }
    }

    fn interrupt(&mut self, now: Instant, why: &Why) {
        if self.outage.is_some() {
            return;
        }
        let window = self.settings.retry_window;
        self.outage = Some(Outage {
            since: now,
            ends: now + window,
            why: why.clone(),
        });
        // Nobody waits for the server's word that a command has ended while there is no server.
        for (target, channel) in &mut self.channels {
            if let Target::Pipeline(id) = *target
                && std::mem::take(&mut channel.owed)
            {
                self.events.push_back(Event::PipelineClosed(id));
            }
        }
        self.events.push_back(Event::Retrying {
            why: why.clone(),
            window,
        });
    }

    /// Whether the shell outlives a lost network.
    pub(super) fn is_kept(&self) -> bool {
        let pool = self.channels.get(&Target::Pool);
        let open = self.phase == Phase::Open || self.is_leaving();
        open && pool.is_some_and(|pool| pool.standing)
    }

    /// An exchange was tried for as long as that can help. It waits until the shell was taken up, which is tried now.
    pub(super) fn drift(&mut self, now: Instant, id: ExchangeId, why: &Why) {
        self.interrupt(now, why);
        self.set_aside(now, id, why);
        if self.phase == Phase::Open {
            let since = self.outage.as_ref().map_or(now, |outage| outage.since);
            self.rejoin(Some(Recovery::new(since)));
        }
    }

    /// What the server may have forgotten, and would do again, is not sent again: whether it was done is found out where
    /// that is possible.
    pub(super) fn find_out_late(&mut self, now: Instant) {
        let last = self.schedule().last();
        let late = self.exchanges.iter().filter(|(_, exchange)| {
            exchange.stage == Stage::Due
                && exchange.again
                && exchange.ask.runs_once()
                && exchange
                    .flown
                    .is_some_and(|(first, _)| now.saturating_duration_since(first) > last)
        });
        let late: Vec<_> = late.map(|(id, _)| *id).collect();
        for id in late {
            let why = Why {
                kind: Trouble::Network,
                text: "the network was lost for too long".to_owned(),
            };
            self.find_out(id, now, why);
        }
    }

    /// No more is tried.
    pub(super) fn window_over(&mut self, now: Instant) {
        let ended = self.outage.as_ref().filter(|outage| outage.ends <= now);
        let Some(outage) = ended.cloned() else {
            return;
        };
        while self.process(now) {}
        if self.outage.is_none() {
            return; // that was the server
        }
        self.outage = None;
        let failure = Failure::NoAnswer {
            action: crate::wsman::Action::Reconnect,
            why: outage.why.clone(),
            tried: now.saturating_duration_since(outage.since),
        };
        if !self.is_kept() {
            match self.phase {
                Phase::Ended => self.exchanges.clear(),
                _ => self.end(Event::Lost(failure)),
            }
            return;
        }
        for id in self.exchanges.keys().copied().collect::<Vec<_>>() {
            if let Some(exchange) = self.exchanges.get_mut(&id) {
                // What was not sent before the loss has not been sent since.
                let left = exchange.sign.is_some_and(|at| at <= outage.since);
                exchange.maybe |= exchange.is_flying() && left;
            }
            self.set_aside(now, id, &outage.why);
            self.expire(id, &outage.why);
        }
        if self.phase != Phase::Ended {
            self.stay_away();
            self.events.push_back(Event::Disconnected(Some(failure)));
            self.tell_kept();
        }
    }

    /// Keeps an exchange until the shell was taken up, if it can be kept.
    fn set_aside(&mut self, now: Instant, id: ExchangeId, why: &Why) {
        let robust = self.robust;
        let limit = self.header.max_envelope;
        let Some(exchange) = self.exchanges.get_mut(&id) else {
            return;
        };
        let probing = exchange.stage == Stage::Probing;
        match exchange.ask {
            Ask::Reconnect(_) | Ask::Disconnect | Ask::Look | Ask::Holder => {
                self.exchanges.remove(&id);
                return;
            }
            _ if probing => return,
            _ => {}
        }
        let estimate = std::mem::take(&mut exchange.estimate);
        let maybe = exchange.maybe;
        exchange.land(Stage::Held);
        exchange.fresh = true;
        exchange.recovery = None;
        exchange.attempts = 0;
        if let Ask::Receive(target) = exchange.ask
            && let Some(channel) = self.channels.get_mut(&target)
        {
            channel.credit = channel.credit.saturating_add(super::count(estimate));
            channel.receiving = Some(id);
        }
        // Later, it could be done twice.
        let repeats = robust && !exchange.ask.runs_once();
        if !maybe {
            exchange.renew(limit);
        } else if repeats {
            exchange.again = true;
        } else {
            self.find_out(id, now, why.clone());
        }
        // Whoever finds out waits too.
        for exchange in self.exchanges.values_mut() {
            if matches!(exchange.ask, Ask::FindCommand(_) | Ask::FindShell(_)) {
                exchange.land(Stage::Held);
                exchange.recovery = None;
            }
        }
    }

    /// Nobody expects a command to begin any more.
    fn expire(&mut self, id: ExchangeId, why: &Why) {
        let Some(exchange) = self.exchanges.get_mut(&id) else {
            return;
        };
        let Ask::Command(_) = exchange.ask else {
            return;
        };
        exchange.expired = true;
        if exchange.stage == Stage::Held && !exchange.may_have_run() {
            let (action, why) = (exchange.ask.action(), why.clone());
            let target = exchange.ask.target();
            self.exchanges.remove(&id);
            self.broken(target, Failure::NotArrived { action, why });
        }
    }

    /// The shell is ours again: what was set aside goes on.
    pub(super) fn resume(&mut self) {
        for exchange in self.exchanges.values_mut() {
            if exchange.stage == Stage::Held {
                exchange.stage = Stage::Due;
            }
        }
    }

    /// Whether a request may leave before the shell was taken up again.
    pub(super) fn goes_before(exchange: &Exchange) -> bool {
        matches!(
            exchange.ask,
            Ask::Reconnect(Target::Pool)
                | Ask::Create { .. }
                | Ask::Connect
                | Ask::Disconnect
                | Ask::Delete
                | Ask::Holder
                | Ask::FindShell(_)
        )
    }
}
