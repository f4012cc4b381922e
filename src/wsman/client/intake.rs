//! What arrives, before it is known what it says.

use std::time::Instant;

use uuid::Uuid;

use super::channel::count;
use super::glance::{Glance, glance};
use super::{Ask, Client, ExchangeId, Sent, Trouble, Why};
use crate::wsman::{Answer, Error, Response};

/// Bytes of answers that wait to be read; beyond, they are read as they come.
const WAITING: usize = 32 << 20;
/// Words of a server that are no answer yet, besides one a minute.
const WORDS: u64 = 60;

/// An envelope that waits to be read.
#[derive(Debug)]
pub(super) struct Unread {
    transmission: ExchangeId,
    envelope: String,
    /// How many bytes of credit were taken for it.
    estimate: usize,
}

impl Client {
    /// The request was written whole to a connection that stands and is authenticated.
    pub fn written(&mut self, now: Instant, exchange: ExchangeId) {
        if let Some(id) = self.flight(exchange) {
            if let Some(exchange) = self.exchanges.get_mut(&id) {
                exchange.sign = Some(now);
            }
            self.back();
        }
    }

    /// One envelope of the answer came. It is only glanced at; [`Client::process`] reads it.
    pub fn arrived(&mut self, now: Instant, exchange: ExchangeId, envelope: String) {
        let Some(id) = self.flight(exchange) else {
            return;
        };
        let Some(waiting) = self.exchanges.get_mut(&id) else {
            return;
        };
        waiting.recovery = None;
        waiting.sign = Some(now);
        waiting.unread += 1;
        let mut estimate = 0;
        if let Ask::Receive(target) = waiting.ask
            && let Glance::Output(most) = glance(&envelope, waiting.message)
            && let Some(channel) = self.channels.get_mut(&target)
            && channel.receiving == Some(id)
        {
            estimate = most;
            waiting.estimate = waiting.estimate.saturating_add(most);
            channel.credit = channel.credit.saturating_sub(count(most));
        }
        self.waiting += envelope.len();
        self.unread.push_back(Unread {
            transmission: exchange,
            envelope,
            estimate,
        });
        self.back();
        while self.waiting > WAITING {
            self.process(now);
        }
    }

    /// The answer has ended, its last envelope included: the connection is free. A Receive of more output may be due
    /// now, before this one was [processed](Client::process).
    pub fn finished(&mut self, now: Instant, exchange: ExchangeId) {
        let Some(id) = self.flight(exchange) else {
            return;
        };
        let Some(waiting) = self.exchanges.get_mut(&id) else {
            return;
        };
        waiting.finished = true;
        if waiting.estimate > 0
            && let Ask::Receive(target) = waiting.ask
            && let Some(channel) = self.channels.get_mut(&target)
        {
            channel.receiving = None;
            channel.had_output();
        }
        if waiting.unread > 0 {
            return;
        }
        if waiting.answers > 0 {
            self.conclude(id, false);
        } else {
            self.cut_short(now, id);
        }
    }

    /// Reads one waiting answer; whether there was one.
    pub fn process(&mut self, now: Instant) -> bool {
        let Some(next) = self.unread.pop_front() else {
            return false;
        };
        self.waiting = self.waiting.saturating_sub(next.envelope.len());
        let Some(id) = self.flight(next.transmission) else {
            return true;
        };
        let Some(exchange) = self.exchanges.get_mut(&id) else {
            return true;
        };
        exchange.unread = exchange.unread.saturating_sub(1);
        exchange.estimate = exchange.estimate.saturating_sub(next.estimate);
        if let Ask::Receive(target) = exchange.ask
            && let Some(channel) = self.channels.get_mut(&target)
        {
            channel.credit = channel.credit.saturating_add(count(next.estimate));
        }
        let (message, operation) = (exchange.message, exchange.operation);
        let other = |id: Uuid| Err(Error::OtherRequest(id.to_string()));
        let response = Response::read(&next.envelope).and_then(|response| {
            match (response.relates_to, response.echo) {
                (Some(id), _) if id != message => other(id),
                (_, Some(echo)) if echo.operation != operation => other(echo.operation),
                _ => Ok(response),
            }
        });
        match response {
            Ok(response) => {
                self.robust |= response.echo.is_some();
                match response.answer {
                    // One that asks to be acknowledged is answered by the next request on its connection.
                    Answer::KeepAlive | Answer::Acknowledge | Answer::AcknowledgeRequest => {
                        exchange.acknowledged |= response.answer == Answer::Acknowledge;
                        self.intermediate(now, id);
                    }
                    answer => self.answered(now, id, answer),
                }
            }
            Err(error) => self.garbage(now, id, &error),
        }
        self.away();
        true
    }

    /// An envelope that is not the answer itself.
    fn intermediate(&mut self, now: Instant, id: ExchangeId) {
        let most = WORDS + self.settings.operation_timeout.as_secs() / 60;
        let Some(exchange) = self.exchanges.get_mut(&id) else {
            return;
        };
        exchange.words += 1;
        if exchange.words > most {
            return self.garbage(now, id, &Error::NoAnswer(most));
        }
        if exchange.unread > 0 {
            return;
        }
        let over = exchange.finished || exchange.loss.is_some();
        if over && exchange.answers > 0 {
            let lost = exchange.loss.is_some();
            return self.conclude(id, lost);
        }
        match exchange.loss.take() {
            Some((sent, why)) => self.fail(now, id, sent, why),
            None if exchange.finished => self.cut_short(now, id),
            None => {}
        }
    }

    fn cut_short(&mut self, now: Instant, id: ExchangeId) {
        let why = Why {
            kind: Trouble::Garbage,
            text: "the answer ended before it was whole".to_owned(),
        };
        self.fail(now, id, Sent::Maybe, why);
    }

    pub(super) fn garbage(&mut self, now: Instant, id: ExchangeId, error: &Error) {
        let why = Why {
            kind: Trouble::Garbage,
            text: error.to_string(),
        };
        self.fail(now, id, Sent::Maybe, why);
    }
}
