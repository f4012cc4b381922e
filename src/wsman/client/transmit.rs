//! What is sent when.

use std::time::Instant;

use bytes::Bytes;
use uuid::Uuid;

use super::channel::{Channel, Step, cut};
use super::{Ask, Client, ExchangeId, Lane, Phase, Stage, Transmit, upper};
use crate::psrp::{Priority, Target};
use crate::wsman::{Body, Header, Operation, Request, STOP, TERMINATE, resource};

impl Client {
    /// The next request to send, the most urgent first.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        self.plan(now);
        self.find_out_late(now);
        self.rejoin_late(now);
        let due = self
            .exchanges
            .iter()
            .filter(|(id, exchange)| exchange.stage == Stage::Due && !self.is_held(**id));
        let (_, id) = due.map(|(id, exchange)| (exchange.ask.lane(), *id)).min()?;
        let envelope = self.write(id)?;
        self.last += 1;
        let transmission = ExchangeId(self.last);
        let exchange = self.exchanges.get_mut(&id)?;
        exchange.stage = Stage::Flying;
        exchange.flight = Some(transmission);
        if exchange.ask == Ask::Reconnect(Target::Pool) {
            self.rejoined = transmission;
        }
        let first = exchange.flown.map_or(now, |(first, _)| first);
        exchange.flown = Some((first, now));
        exchange.sign = Some(now);
        Some(Transmit {
            exchange: transmission,
            action: exchange.ask.action(),
            lane: exchange.ask.lane(),
            envelope,
            patience: exchange.patience(self.settings.operation_timeout),
            fresh_connection: exchange.fresh,
        })
    }

    /// Changes the envelope's limit.
    pub(super) fn limit(&mut self, bytes: usize) {
        self.header.max_envelope = bytes;
        let nil = upper(Uuid::nil());
        let send = Request {
            resource: &self.settings.resource,
            shell: Some(&self.shell),
            body: Body::Send {
                stream: "stdin",
                command: Some(&nil),
                data: &[],
            },
        };
        self.packet = send.room(&self.header, bytes);
    }

    /// Begins what is due by itself: Receives, signals, the last request.
    fn plan(&mut self, now: Instant) {
        match self.phase {
            Phase::Open => self.plan_open(now),
            Phase::Leaving if !self.any(|ask| *ask == Ask::Disconnect) => {
                self.plan_open(now);
                self.plan_leave();
            }
            Phase::Draining => self.plan_away(now),
            Phase::Closing => {
                let waits = self.creating() || self.any(|ask| *ask == Ask::Delete);
                if !waits {
                    self.ask(Ask::Delete, Bytes::new());
                }
            }
            _ => {}
        }
    }

    /// What a shell of ours is asked for.
    fn plan_open(&mut self, now: Instant) {
        for target in self.receivable(now) {
            let id = self.ask(Ask::Receive(target), Bytes::new());
            if let Some(channel) = self.channels.get_mut(&target) {
                channel.receiving = Some(id);
            }
        }
        self.signal();
    }

    /// The targets that a Receive is to be parked on.
    fn receivable(&self, now: Instant) -> Vec<Target> {
        let wants = |(target, channel): (&Target, &Channel)| {
            let urgent = self.exchanges.values().any(|exchange| {
                exchange.is_flying()
                    && exchange.ask.lane() == Lane::Urgent
                    && exchange.ask.target() == *target
            });
            channel.wants_receive(urgent, now).then_some(*target)
        };
        self.channels.iter().filter_map(wants).collect()
    }

    fn signal(&mut self) {
        let mut due = Vec::new();
        for (target, channel) in &mut self.channels {
            let Target::Pipeline(id) = *target else {
                continue;
            };
            if channel.standing && channel.stop == Step::Wanted {
                channel.stop = Step::Sent;
                due.push(Ask::Stop(id));
            }
            if channel.standing && channel.terminate == Step::Wanted {
                channel.terminate = Step::Sent;
                due.push(Ask::Terminate(id));
            }
        }
        for ask in due {
            self.ask(ask, Bytes::new());
        }
    }

    pub(super) fn any(&self, is: impl Fn(&Ask) -> bool) -> bool {
        self.exchanges.values().any(|exchange| is(&exchange.ask))
    }

    /// Whether it must wait for an earlier one: order is kept in each queue, and what is being left gets nothing more.
    fn is_held(&self, id: ExchangeId) -> bool {
        let Some(exchange) = self.exchanges.get(&id) else {
            return true;
        };
        match exchange.ask {
            _ if self.is_left_out(exchange) => true,
            // The shell is taken up first, and the command.
            _ if self.is_rejoining() && !Self::goes_before(exchange) => true,
            Ask::Receive(target) if self.any(|ask| *ask == Ask::Reconnect(target)) => true,
            Ask::Send(target, priority) => {
                let mut earlier = self.exchanges.range(..id);
                earlier.any(|(_, other)| match other.ask {
                    Ask::Send(to, of) => to == target && of == priority,
                    Ask::Command(of) => target == Target::Pipeline(of),
                    _ => false,
                })
            }
            _ => false,
        }
    }

    /// The envelope of an exchange, cut to what fits at its first time.
    fn write(&mut self, id: ExchangeId) -> Option<String> {
        let exchange = self.exchanges.get(&id)?;
        let header = Header {
            max_envelope: exchange.limit,
            timeout: match exchange.ask {
                Ask::Receive(_) => self.parked,
                _ => self.header.timeout,
            },
            ..self.header.clone()
        };
        let operation = Operation {
            id: exchange.operation,
            again: exchange.again,
        };
        let message = exchange.message;
        let data = &exchange.data;
        let cut = exchange.cut.unwrap_or_else(|| {
            if data.is_empty() {
                return 0;
            }
            let room = |empty: &Request<'_>| empty.room(&header, header.max_envelope);
            cut(data, self.request(&exchange.ask, &[], room))
        });
        let part = data.get(..cut).unwrap_or(data);
        let envelope = self.request(&exchange.ask, part, |request| {
            request.write(&header, message, Some(operation))
        });
        self.exchanges.get_mut(&id)?.cut = Some(cut);
        Some(envelope)
    }

    /// Makes the request that asks for it, with `data` in it.
    fn request<T>(&self, ask: &Ask, data: &[u8], with: impl FnOnce(&Request<'_>) -> T) -> T {
        let command = match ask.target() {
            Target::Pipeline(id) => upper(id),
            Target::Pool => String::new(),
        };
        let in_pool = command.is_empty();
        let command = command.as_str();
        let target = (!in_pool).then_some(command);
        let shell = self.shell.as_str();
        let body = match ask {
            Ask::Create { name } => Body::Create {
                id: shell,
                name: Some(name),
                protocol: &self.settings.protocol,
                no_profile: self.settings.no_profile,
                idle_timeout: self.settings.idle_timeout,
                buffering: self.settings.buffering,
                creation: data,
            },
            Ask::Connect => Body::Connect {
                protocol: &self.settings.protocol,
                connect: data,
            },
            Ask::Command(_) => Body::Command {
                id: command,
                arguments: data,
            },
            Ask::ConnectCommand(_) => Body::ConnectCommand { command },
            Ask::Send(_, priority) => Body::Send {
                stream: match priority {
                    Priority::Default => "stdin",
                    Priority::PromptResponse => "pr",
                },
                command: target,
                data,
            },
            Ask::Receive(_) => Body::Receive { command: target },
            Ask::Stop(_) => Body::Signal {
                command,
                code: STOP,
            },
            Ask::Terminate(_) => Body::Signal {
                command,
                code: TERMINATE,
            },
            Ask::Disconnect => Body::Disconnect {
                idle_timeout: self.leave.0,
                buffering: self.leave.1,
            },
            Ask::Reconnect(_) => Body::Reconnect { command: target },
            Ask::Delete => Body::Delete,
            Ask::FindShell(_) | Ask::Look | Ask::Holder => Body::Get,
            Ask::FindCommand(_) => Body::EnumerateCommands { shell },
        };
        let resource = match ask {
            Ask::FindShell(_) | Ask::Look | Ask::Holder => resource::SHELLS,
            Ask::FindCommand(_) => resource::COMMANDS,
            _ => &self.settings.resource,
        };
        let addressed = !matches!(ask, Ask::Create { .. } | Ask::FindCommand(_));
        with(&Request {
            resource,
            shell: addressed.then_some(shell),
            body,
        })
    }
}
