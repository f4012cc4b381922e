//! What is done about answers that do not come (`robust-connections` 1.3, 1.4).

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::channel::count;
use super::exchange::Exchange;
use super::retry::{ATTEMPTS, Recovery, pause};
use super::{Ask, Client, Event, ExchangeId, Failure, Phase, Sent, Stage, Target, Trouble, Why};

/// A Receive that was parked for so long has proved its connection.
const PROVEN: Duration = Duration::from_mins(1);

impl Client {
    /// The answer will not come, or not whole. Whoever calls this has let go of the exchange and of its connection.
    pub fn lost(&mut self, now: Instant, exchange: ExchangeId, sent: Sent, why: Why) {
        let Some(id) = self.flight(exchange) else {
            return;
        };
        match self.exchanges.get_mut(&id) {
            Some(waiting) if waiting.unread > 0 => waiting.loss = Some((sent, why)),
            Some(waiting) if waiting.answers > 0 => self.conclude(id, true),
            _ => self.fail(now, id, sent, why),
        }
        self.away();
    }

    /// When [`Client::handle_timeout`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        let schedule = self.schedule();
        let over = schedule.over();
        let exchanges = self.exchanges.values();
        let exchanges = exchanges.filter_map(|exchange| match exchange.stage {
            Stage::Waiting(at) => Some(at),
            Stage::Flying => {
                let doubt = exchange.doubt(schedule);
                let backstop = exchange.backstop(self.settings.operation_timeout);
                end_of_flight(exchange, over)
                    .into_iter()
                    .chain(backstop)
                    .chain(doubt)
                    .min()
            }
            _ => None,
        });
        let pauses = self.channels.values().filter_map(|channel| channel.pause);
        let outage = self.outage.as_ref().map(|outage| outage.ends);
        exchanges
            .chain(pauses)
            .chain(self.drained.map(|(until, _)| until))
            .chain(outage)
            .min()
    }

    /// Does what time has come for.
    pub fn handle_timeout(&mut self, now: Instant) {
        for channel in self.channels.values_mut() {
            channel.pause = channel.pause.filter(|until| *until > now);
        }
        let operation = self.settings.operation_timeout;
        let end = self.schedule().over();
        let (mut over, mut forgotten) = (Vec::new(), Vec::new());
        for (id, exchange) in &mut self.exchanges {
            match exchange.stage {
                Stage::Waiting(at) if at <= now => exchange.stage = Stage::Due,
                Stage::Flying if end_of_flight(exchange, end).is_some_and(|end| end <= now) => {
                    over.push(*id);
                }
                Stage::Flying if exchange.backstop(operation).is_some_and(|end| end <= now) => {
                    forgotten.push(*id);
                }
                _ => {}
            }
        }
        for id in over {
            let why = Why {
                kind: Trouble::Silence,
                text: "the network did not come back".to_owned(),
            };
            self.give_up(id, now, why);
        }
        for id in forgotten {
            let why = Why {
                kind: Trouble::Silence,
                text: "nothing was heard of it".to_owned(),
            };
            self.fail(now, id, Sent::Maybe, why);
        }
        self.doubt(now);
        self.window_over(now);
    }

    pub(super) fn fail(&mut self, now: Instant, id: ExchangeId, sent: Sent, why: Why) {
        let Some(exchange) = self.exchanges.get(&id) else {
            return;
        };
        if why.kind == Trouble::Final {
            return self.give_up(id, now, why);
        }
        if exchange.ask == Ask::Holder {
            self.exchanges.remove(&id);
            return self.held_by(None);
        }
        if self.is_pointless(exchange) {
            if let Some(exchange) = self.exchanges.remove(&id) {
                self.release(id, &exchange);
            }
            return;
        }
        if why.kind == Trouble::TooLarge {
            let limit = exchange.limit;
            if !self.shrink(limit) {
                return self.give_up(id, now, why);
            }
            let limit = self.header.max_envelope;
            let Some(exchange) = self.exchanges.get_mut(&id) else {
                return;
            };
            exchange.land(Stage::Due);
            if sent == Sent::Maybe && exchange.ask.runs_once() {
                exchange.maybe = true;
                return self.find_out(id, now, why);
            }
            exchange.renew(limit);
            return;
        }
        let maybe = exchange.maybe || sent == Sent::Maybe;
        let leaves = matches!(self.phase, Phase::Leaving | Phase::Draining)
            && matches!(exchange.ask, Ask::Receive(_));
        // Its output would come behind that of the Receive that has taken its place; or there is to be no other.
        if self.is_overtaken(id) || (leaves && !(maybe && self.robust)) {
            if let Some(exchange) = self.exchanges.remove(&id) {
                self.release(id, &exchange);
                if maybe {
                    self.events.push_back(Event::Gap(exchange.ask.target()));
                }
            }
            return;
        }
        let next = self.next_try(now, id, sent, &why);
        if let Some(exchange) = self.exchanges.get_mut(&id) {
            exchange.maybe = maybe;
        }
        let Some(at) = next else {
            return self.give_up(id, now, why);
        };
        self.announce(now, id, sent, &why);
        let robust = self.robust;
        let Some(exchange) = self.exchanges.get_mut(&id) else {
            return;
        };
        exchange.fresh = true;
        exchange.land(Stage::Waiting(at));
        let estimate = std::mem::take(&mut exchange.estimate);
        if let Ask::Receive(target) = exchange.ask
            && let Some(channel) = self.channels.get_mut(&target)
        {
            channel.credit = channel.credit.saturating_add(count(estimate));
            channel.receiving = Some(id);
            channel.resumed = 0;
        }
        if !exchange.maybe {
            return; // it has not been there
        }
        if robust {
            exchange.again = true;
            return;
        }
        self.find_out(id, at, why);
    }

    /// What is done where the server keeps no answers.
    pub(super) fn find_out(&mut self, id: ExchangeId, at: Instant, why: Why) {
        let limit = self.header.max_envelope;
        let Some(exchange) = self.exchanges.get_mut(&id) else {
            return;
        };
        let recovery = exchange.recovery;
        let probe = match exchange.ask {
            Ask::Create { .. } => Ask::FindShell(id),
            Ask::Command(_) => Ask::FindCommand(id),
            // It may have worked; then it is left first.
            Ask::Connect => {
                exchange.renew(limit);
                let left = self.ask(Ask::Disconnect, Bytes::new());
                if let Some(left) = self.exchanges.get_mut(&left) {
                    left.stage = Stage::Waiting(at);
                    left.recovery = recovery;
                    left.fresh = true;
                }
                return;
            }
            Ask::Send(..) => {
                let action = exchange.ask.action();
                let target = exchange.ask.target();
                self.exchanges.remove(&id);
                return self.broken(target, Failure::Undecided { action, why });
            }
            Ask::Receive(Target::Pool) => {
                exchange.renew(limit);
                return self.events.push_back(Event::Gap(Target::Pool));
            }
            // The end may have been in it, and then nothing more would ever come.
            Ask::Receive(target) => {
                self.events.push_back(Event::Gap(target));
                Ask::FindCommand(id)
            }
            _ => return exchange.renew(limit),
        };
        exchange.stage = Stage::Probing;
        let probe = self.ask(probe, Bytes::new());
        if let Some(probe) = self.exchanges.get_mut(&probe) {
            probe.recovery = recovery;
            probe.fresh = true;
            probe.stage = Stage::Waiting(at);
        }
    }

    /// Whether nobody needs its answer any more.
    fn is_pointless(&self, exchange: &Exchange) -> bool {
        let closed = |target| {
            self.channels
                .get(&target)
                .is_none_or(|channel| channel.closed)
        };
        match exchange.ask {
            _ if self.phase == Phase::Ended => true,
            Ask::Create { .. } | Ask::Connect | Ask::Delete => false,
            Ask::FindShell(lost) | Ask::FindCommand(lost) => !self.exchanges.contains_key(&lost),
            _ if self.phase == Phase::Closing => true,
            Ask::Look => true,
            Ask::Receive(target) | Ask::Send(target @ Target::Pipeline(_), _) => closed(target),
            Ask::Stop(id) => closed(Target::Pipeline(id)),
            _ => false,
        }
    }

    /// Whether another Receive has taken the place of this one, whose answer seemed to be plain output.
    fn is_overtaken(&self, id: ExchangeId) -> bool {
        let Some(Ask::Receive(target)) = self.exchanges.get(&id).map(|exchange| &exchange.ask)
        else {
            return false;
        };
        let channel = self.channels.get(target);
        channel.is_some_and(|channel| channel.receiving.is_some_and(|other| other != id))
    }

    /// When it is tried again; none if it was tried enough.
    fn next_try(&mut self, now: Instant, id: ExchangeId, sent: Sent, why: &Why) -> Option<Instant> {
        let schedule = self.schedule();
        let exchange = self.exchanges.get_mut(&id)?;
        if matches!(why.kind, Trouble::Network | Trouble::Silence) {
            let (first, last) = exchange.flown.unwrap_or((now, now));
            let parked = matches!(exchange.ask, Ask::Receive(_)) && why.kind == Trouble::Network;
            if parked && now.duration_since(last) >= PROVEN {
                exchange.recovery = None;
            }
            // An idle connection that the server closed says nothing of the network.
            if sent == Sent::No && exchange.recovery.is_none() && exchange.attempts == 0 {
                exchange.attempts = 1;
                return Some(now);
            }
            // The server may have lost us long before we noticed; what it would do twice must not come late.
            let since = if exchange.ask.runs_once() { first } else { now };
            let recovery = exchange
                .recovery
                .get_or_insert_with(|| Recovery::new(since));
            let most = match exchange.ask {
                Ask::Reconnect(Target::Pool) | Ask::Disconnect => schedule.window,
                _ => schedule.last(),
            };
            return recovery.next(now, most, schedule, &mut self.random);
        }
        exchange.attempts += 1;
        if exchange.attempts > ATTEMPTS {
            return None;
        }
        let at_once = why.kind == Trouble::Context && exchange.attempts == 1;
        Some(
            now + if at_once {
                Duration::ZERO
            } else {
                pause(exchange.attempts)
            },
        )
    }

    fn give_up(&mut self, id: ExchangeId, now: Instant, why: Why) {
        if matches!(why.kind, Trouble::Network | Trouble::Silence) && self.is_kept() {
            return self.drift(now, id, &why);
        }
        let Some(exchange) = self.exchanges.remove(&id) else {
            return;
        };
        self.release(id, &exchange);
        let begun = exchange.recovery.map(|recovery| recovery.since);
        let begun = begun.or(exchange.flown.map(|(first, _)| first));
        let action = exchange.ask.action();
        let all = matches!(
            why.kind,
            Trouble::Network | Trouble::Silence | Trouble::Final
        );
        let failure = Failure::NoAnswer {
            action,
            why,
            tried: begun.map_or(Duration::ZERO, |begun| now.duration_since(begun)),
        };
        match exchange.ask {
            Ask::Delete => self.end(Event::Lost(failure)),
            Ask::Holder => self.held_by(None),
            _ if self.phase == Phase::Returning => self.turned_back(failure),
            _ if all => self.end(Event::Lost(failure)),
            Ask::FindShell(lost) | Ask::FindCommand(lost) => {
                if let Some(lost) = self.exchanges.remove(&lost) {
                    self.stand(lost.ask.target());
                    self.broken(lost.ask.target(), failure);
                }
            }
            Ask::Terminate(id) => {
                self.forget(id);
                self.events.push_back(Event::Notice(failure.to_string()));
            }
            Ask::Stop(_) => self.events.push_back(Event::Notice(failure.to_string())),
            Ask::Command(_) | Ask::ConnectCommand(_) if exchange.may_have_run() => {
                self.stand(exchange.ask.target()); // so that it is ended
                self.broken(exchange.ask.target(), failure);
            }
            ask => self.broken(ask.target(), failure),
        }
    }
}

/// When a request that was sent again gets its answer no more.
fn end_of_flight(exchange: &Exchange, over: Duration) -> Option<Instant> {
    exchange
        .recovery
        .filter(|_| exchange.again)
        .map(|recovery| recovery.since + over)
}
