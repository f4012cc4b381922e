//! What a fault means for what was asked.

use std::time::Instant;

use super::exchange::Exchange;
use super::rejoin::is_apart;
use super::retry::{ATTEMPTS, pause};
use super::{Ask, Client, ENVELOPE, Event, ExchangeId, Failure, Phase, Stage, Trouble, Why};
use crate::psrp::Target;
use crate::wsman::{Fault, FaultCode, Shell};

/// No server takes less.
const LEAST: usize = 32_768;

impl Client {
    pub(super) fn refused(
        &mut self,
        now: Instant,
        id: ExchangeId,
        mut exchange: Exchange,
        fault: Box<Fault>,
    ) {
        if self.robust && fault.is_known_operation() && exchange.was_repeated() {
            // It was thought not to have arrived, and has: its answer is kept.
            exchange.again = true;
            exchange.fresh = true;
            exchange.land(Stage::Due);
            if let Ask::Receive(target) = exchange.ask
                && let Some(channel) = self.channel(target)
            {
                channel.receiving = Some(id);
            }
            self.exchanges.insert(id, exchange);
            return;
        }
        let ended = fault.is_gone()
            || matches!(
                fault.code,
                Some(FaultCode::CommandTerminated | FaultCode::PluginCommand)
            );
        if fault.is_too_large() && self.shrink(exchange.limit) {
            return self.once_more(id, exchange, None);
        }
        if self.may_rejoin(&exchange, &fault) {
            exchange.rejoined = true;
            self.rejoin(None);
            return self.once_more(id, exchange, None);
        }
        if self.is_held_elsewhere(&exchange, &fault) {
            return self.ask_holder(&exchange, fault);
        }
        match exchange.ask {
            Ask::Create { .. } => match fault.code {
                Some(FaultCode::ShellIdExists) if exchange.may_have_run() => {
                    self.created(exchange, Shell::default());
                }
                Some(code) if code.can_retry() && exchange.attempts < ATTEMPTS => {
                    let at = now + pause(exchange.attempts + 1);
                    self.once_more(id, exchange, Some(at));
                }
                _ => self.end_with(&exchange, fault),
            },
            Ask::Command(_) => match fault.code {
                Some(FaultCode::CommandIdExists) if exchange.may_have_run() => self.done(exchange),
                // It is the shell that is addressed.
                _ if fault.is_gone() => self.end_with(&exchange, fault),
                _ => {
                    if fault.is_timeout() || exchange.may_have_run() {
                        self.stand(exchange.ask.target()); // it may still come
                    }
                    self.break_off(&exchange, fault);
                }
            },
            // The command's output tells how it ended.
            Ask::Send(Target::Pipeline(_), _) | Ask::Stop(_) if ended => self.done(exchange),
            Ask::Receive(target) => self.receive_refused(now, target, &exchange, fault, ended),
            Ask::Stop(_) => self.note(&exchange, fault),
            // Asked for again once the shell was taken up.
            Ask::Terminate(_) if is_apart(&fault) && self.is_leaving() => {}
            Ask::Terminate(_) => {
                if !ended {
                    self.note(&exchange, fault);
                }
                self.done(exchange);
            }
            Ask::Delete => self.end_with(&exchange, fault),
            Ask::Disconnect => self.leave_refused(exchange, fault),
            Ask::Look => {}
            Ask::Holder => self.held_by(None),
            Ask::Reconnect(Target::Pool) => match fault.code {
                Some(FaultCode::CannotConnectInvalid) => self.done(exchange),
                // What was to be asked then shows what is wrong.
                _ if self.phase == Phase::Open && !fault.is_gone() => self.resume(),
                _ if self.phase == Phase::Returning && !fault.is_gone() => {
                    self.turned_back(failure(&exchange, fault));
                }
                _ => self.end_with(&exchange, fault),
            },
            Ask::Reconnect(_) => match fault.code {
                Some(FaultCode::CommandConnected) => {}
                _ => self.break_off(&exchange, fault),
            },
            Ask::FindShell(lost) if fault.is_gone() => self.found(lost, false),
            Ask::FindCommand(_) if fault.is_gone() => self.end_with(&exchange, fault),
            // A server that lists no commands: what comes next will show.
            Ask::FindCommand(lost) if self.is_receive(lost) => self.found(lost, false),
            Ask::FindShell(lost) | Ask::FindCommand(lost) => {
                if let Some(lost) = self.exchanges.remove(&lost) {
                    self.stand(lost.ask.target());
                    let failure = Failure::Undecided {
                        action: lost.ask.action(),
                        why: Why {
                            kind: Trouble::Network,
                            text: failure(&exchange, fault).to_string(),
                        },
                    };
                    self.broken(lost.ask.target(), failure);
                }
            }
            Ask::Connect | Ask::ConnectCommand(_) | Ask::Send(..) => {
                self.break_off(&exchange, fault);
            }
        }
    }

    fn receive_refused(
        &mut self,
        now: Instant,
        target: Target,
        exchange: &Exchange,
        fault: Box<Fault>,
        ended: bool,
    ) {
        let phase = self.phase;
        let is_stale = exchange.flight < Some(self.rejoined);
        let Some(channel) = self.channel(target) else {
            return;
        };
        // Whoever leaves or ends something ends its Receive too.
        if fault.is_timeout() || channel.closed || phase != Phase::Open {
            channel.resumed = 0;
            return channel.was_empty(exchange.flown.map(|(_, last)| last), now);
        }
        if ended && target != Target::Pool {
            // It ended without a word of how.
            channel.done = true;
            return self.close_channel(target);
        }
        if is_apart(&fault) && (is_stale || self.take_up(target)) {
            return;
        }
        self.break_off(exchange, fault);
    }

    /// Sends it again as a new request: the server has refused it whole.
    fn once_more(&mut self, id: ExchangeId, mut exchange: Exchange, at: Option<Instant>) {
        exchange.renew(self.header.max_envelope);
        if let Some(at) = at {
            exchange.attempts += 1;
            exchange.land(Stage::Waiting(at));
        } else {
            exchange.land(Stage::Due);
        }
        if let Ask::Receive(_) = exchange.ask {
            return; // another one is due anyhow
        }
        self.exchanges.insert(id, exchange);
    }

    /// Takes smaller envelopes from now on, if there are any.
    pub(super) fn shrink(&mut self, refused: usize) -> bool {
        self.settled = true;
        let smaller = match refused {
            limit if limit > ENVELOPE => ENVELOPE,
            limit => limit / 2,
        };
        if smaller < LEAST {
            return false;
        }
        if smaller < self.header.max_envelope {
            self.limit(smaller);
        }
        true
    }

    /// Tells of a refusal that ends nothing.
    fn note(&mut self, exchange: &Exchange, fault: Box<Fault>) {
        let text = failure(exchange, fault).to_string();
        self.events.push_back(Event::Notice(text));
    }

    fn break_off(&mut self, exchange: &Exchange, fault: Box<Fault>) {
        let failure = failure(exchange, fault);
        self.broken(exchange.ask.target(), failure);
    }

    fn is_receive(&self, lost: ExchangeId) -> bool {
        let lost = self.exchanges.get(&lost);
        lost.is_some_and(|lost| matches!(lost.ask, Ask::Receive(_)))
    }

    pub(super) fn end_with(&mut self, exchange: &Exchange, fault: Box<Fault>) {
        let failure = failure(exchange, fault);
        self.end(Event::Lost(failure));
    }
}

pub(super) fn failure(exchange: &Exchange, fault: Box<Fault>) -> Failure {
    Failure::Refused {
        action: exchange.ask.action(),
        fault,
    }
}
