//! Host calls and their answers.

use uuid::Uuid;

use super::{Client, Event};
use crate::clixml::Value;
use crate::psrp::host::{HostAnswer, HostCall, NO_ANSWER};
use crate::psrp::{Error, MemberError, MessageType, Priority, Target};

/// The most host calls of one pool that wait at once. A server's threads wait for theirs, so these are few.
const MOST_WAITING: usize = 256;

impl Client {
    /// Answers a host call. Each takes one answer; after a stop or the end of its pipeline none.
    pub fn answer(&mut self, target: Target, call: i64, answer: &HostAnswer) -> Result<(), Error> {
        let method = *self
            .calls
            .get(&(target, call))
            .ok_or(Error::NoHostCall(call))?;
        if !answer.fits(method) {
            return Err(Error::Answer(method.name()));
        }
        self.calls.remove(&(target, call));
        self.respond(target, answer.encode(call, method))
    }

    fn respond(&mut self, target: Target, body: Value) -> Result<(), Error> {
        let kind = match target {
            Target::Pool => MessageType::RunspacePoolHostResponse,
            Target::Pipeline(_) => MessageType::PipelineHostResponse,
        };
        self.send(target, Priority::PromptResponse, kind, body, false)
    }

    pub(super) fn host_call(
        &mut self,
        target: Target,
        kind: MessageType,
        body: &Value,
    ) -> Result<(), Error> {
        let call = match HostCall::from_value(kind, body) {
            Ok(call) => call,
            Err(error) => return self.unread_call(target, kind, body, &error),
        };
        if call.waits() {
            let key = (target, call.id);
            let resumed = self
                .channels
                .get(&target)
                .is_some_and(|channel| channel.resumed);
            if resumed && self.calls.get(&key) == Some(&call.method.id()) {
                // The server asks once more, after the session was left and taken up.
                return Ok(());
            }
            if self.calls.len() >= MOST_WAITING || self.calls.contains_key(&key) {
                return Err(Error::HostCall(call.id));
            }
            self.calls.insert((target, call.id), call.method.id());
            if self.encrypts_secrets() && call.method.asks_for_secret() {
                // While the person types there is time for the exchange.
                self.start_exchange();
            }
        }
        self.events.push_back(Event::HostCall { target, call });
        Ok(())
    }

    /// A call of a later server, or one that makes no sense. The server's thread would wait for ever without an answer.
    fn unread_call(
        &mut self,
        target: Target,
        kind: MessageType,
        body: &Value,
        error: &MemberError,
    ) -> Result<(), Error> {
        let (call, method) = HostCall::ids(kind, body)?;
        self.events.push_back(Event::Unknown { target, kind });
        if call == NO_ANSWER {
            return Ok(());
        }
        let body = HostAnswer::encode_unread(call, method, &error.to_string());
        self.respond(target, body)
    }

    /// Goes on waiting for the answers that a former client of the same pool owes a pipeline.
    pub fn adopt_calls(&mut self, pipeline: Uuid, former: &Self) {
        let target = Target::Pipeline(pipeline);
        let calls = former.calls.range((target, i64::MIN)..=(target, i64::MAX));
        self.calls
            .extend(calls.map(|(key, method)| (*key, *method)));
    }

    /// Forgets the calls of a target that wait.
    pub(super) fn cancel_calls(&mut self, target: Target) {
        let waiting: Vec<i64> = self
            .calls
            .range((target, i64::MIN)..=(target, i64::MAX))
            .map(|((_, call), _)| *call)
            .collect();
        for call in waiting {
            self.calls.remove(&(target, call));
            self.events
                .push_back(Event::HostCallCancelled { target, call });
        }
    }
}
