//! What arrives, before it is known what it says.

use std::time::Instant;

use super::channel::count;
use super::glance::{Glance, glance};
use super::{Ask, Client, Event, ExchangeId, Sent, Trouble, Why};
use crate::wsman::{Answer, Error, Response};

impl Client {
    /// The request was written whole to a connection that stands and is authenticated.
    pub fn written(&mut self, _now: Instant, exchange: ExchangeId) {
        if self.flight(exchange).is_some() {
            self.back();
        }
    }

    /// One envelope of the answer came. It is only glanced at; [`Client::process`] reads it.
    pub fn arrived(&mut self, _now: Instant, exchange: ExchangeId, envelope: String) {
        let Some(id) = self.flight(exchange) else {
            return;
        };
        let Some(waiting) = self.exchanges.get_mut(&id) else {
            return;
        };
        waiting.recovery = None;
        waiting.unread += 1;
        if let Ask::Receive(target) = waiting.ask
            && let Glance::Output(most) = glance(&envelope, waiting.message)
            && let Some(channel) = self.channels.get_mut(&target)
            && channel.receiving == Some(id)
        {
            waiting.estimate = most;
            channel.credit = channel.credit.saturating_sub(count(most));
        }
        self.unread.push_back((exchange, envelope));
        self.back();
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
        if waiting.unread == 0 {
            self.cut_short(now, id);
        }
    }

    /// Reads one waiting answer; whether there was one.
    pub fn process(&mut self, now: Instant) -> bool {
        let Some((transmission, envelope)) = self.unread.pop_front() else {
            return false;
        };
        let Some(id) = self.flight(transmission) else {
            return true;
        };
        let Some(exchange) = self.exchanges.get_mut(&id) else {
            return true;
        };
        exchange.unread = exchange.unread.saturating_sub(1);
        let response = Response::read(&envelope).and_then(|response| match response.relates_to {
            Some(other) if other != exchange.message => Err(Error::OtherRequest(other.to_string())),
            _ => Ok(response),
        });
        match response {
            Ok(response) => {
                self.robust |= response.echo.is_some();
                match response.answer {
                    Answer::KeepAlive | Answer::Acknowledge | Answer::AcknowledgeRequest => {
                        self.intermediate(now, id);
                    }
                    answer => self.answered(now, id, answer),
                }
            }
            Err(error) => self.garbage(now, id, &error),
        }
        true
    }

    /// An envelope that is not the answer itself.
    fn intermediate(&mut self, now: Instant, id: ExchangeId) {
        let Some(exchange) = self.exchanges.get_mut(&id).filter(|e| e.unread == 0) else {
            return;
        };
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

    /// The network works.
    fn back(&mut self) {
        if std::mem::take(&mut self.outage) {
            self.events.push_back(Event::Back);
        }
    }
}
