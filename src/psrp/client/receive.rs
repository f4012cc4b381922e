//! Bytes in, events out.

use std::collections::VecDeque;

use memchr::memmem;

use super::objects::Objects;
use super::{Client, Event, PoolOptions, Reason};
use crate::clixml::records::{ErrorRecord, InformationRecord, InformationalRecord, ProgressRecord};
use crate::clixml::{self, Value};
use crate::psrp::fragment::{Defragmenter, FragmentLimits};
use crate::psrp::messages::{Capability, InitData, private_data, state};
use crate::psrp::{
    Destination, Error, Message, MessageType, PipelineState, PoolState, Target, UserEvent,
};

/// What may wait for the session key, beside one object of any allowed size.
const MOST_HELD: usize = 16 << 20;

/// What comes from one target.
#[derive(Debug)]
pub(super) struct Channel {
    incoming: Defragmenter,
    /// Messages from the first that needs the session key on.
    held: VecDeque<Message>,
    /// The objects that came, for finding those that did not.
    pub(super) objects: Objects,
    /// It was left and taken up: what was sent before may come once more.
    pub(super) resumed: bool,
}

impl Channel {
    pub(super) fn new(options: &PoolOptions, target: Target) -> Self {
        let limits = FragmentLimits {
            object: options.max_object_size,
            total: match target {
                Target::Pool => None,
                Target::Pipeline(_) => options.max_pipeline_data,
            },
        };
        Self {
            incoming: Defragmenter::new(limits),
            held: VecDeque::new(),
            objects: Objects::default(),
            resumed: false,
        }
    }

    pub(super) fn resynchronise(&mut self) {
        self.incoming.resynchronise();
        self.resumed = true;
    }

    pub(super) fn set_lossy(&mut self, lossy: bool) {
        self.incoming.set_lossy(lossy);
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.held.iter().map(weight).sum()
    }
}

/// What a message that waits costs.
fn weight(message: &Message) -> usize {
    message.body.len() + size_of::<Message>()
}

impl Client {
    /// Takes bytes of a target, cut anywhere. Bytes of a target that is closed are dropped.
    ///
    /// After an error the target is of no more use: its pipeline has failed, or with the pool's target the pool is
    /// broken, and the events say so too.
    pub fn handle(&mut self, target: Target, bytes: &[u8]) -> Result<(), Error> {
        let result = self.handle_bytes(target, bytes);
        if let Err(error) = &result {
            self.fail(target, error);
        }
        result
    }

    fn handle_bytes(&mut self, target: Target, bytes: &[u8]) -> Result<(), Error> {
        if let Some(channel) = self.channels.get_mut(&target) {
            channel.incoming.push(bytes)?;
        }
        while let Some(channel) = self.channels.get_mut(&target) {
            let message = channel.incoming.next_message()?;
            let skipped = channel.incoming.take_skipped();
            if let Some(object) = channel.incoming.last_object() {
                channel.objects.came(object);
            }
            if skipped && let Target::Pipeline(pipeline) = target {
                self.events.push_back(Event::Missing { pipeline });
            }
            let Some(message) = message else { break };
            self.receive(target, Message::decode(message)?)?;
        }
        Ok(())
    }

    /// Ends a target that broke the protocol.
    pub(super) fn fail(&mut self, target: Target, error: &Error) {
        let reason = Some(Reason::Protocol(error.clone()));
        match target {
            Target::Pool => self.end(PoolState::Broken, reason),
            Target::Pipeline(id) => {
                self.end_pipeline(id, PipelineState::Failed, reason);
                if let Some(channel) = self.channels.remove(&target) {
                    self.held -= channel.held_bytes();
                }
            }
        }
    }

    fn receive(&mut self, target: Target, message: Message) -> Result<(), Error> {
        if message.destination != Destination::Client {
            return Err(Error::Direction(message.kind));
        }
        // The pool's id is not looked at: a server's first message bears none.
        let expected = match target {
            Target::Pool => uuid::Uuid::nil(),
            Target::Pipeline(id) => id,
        };
        if message.pipeline != expected {
            return Err(Error::Target {
                message: message.kind,
                found: message.pipeline,
            });
        }
        match message.kind {
            // Keys pass by what waits for them.
            MessageType::EncryptedSessionKey | MessageType::PublicKeyRequest => {
                return self.dispatch(target, &message);
            }
            _ => {}
        }
        let opens = self.can_open() || memmem::find(&message.body, b"<SS").is_none();
        let Some(channel) = self.channels.get_mut(&target) else {
            return Ok(());
        };
        if opens && channel.held.is_empty() {
            return self.dispatch(target, &message);
        }
        self.held += weight(&message);
        channel.held.push_back(message);
        if self.held > MOST_HELD + self.options.max_object_size {
            return Err(Error::TooMuchHeld(MOST_HELD));
        }
        self.start_exchange();
        Ok(())
    }

    /// Reads what has waited for the session key.
    pub(super) fn release_held(&mut self) {
        self.held = 0;
        let targets: Vec<Target> = self.channels.keys().copied().collect();
        for target in targets {
            let held = self
                .channels
                .get_mut(&target)
                .map(|channel| std::mem::take(&mut channel.held));
            for message in held.unwrap_or_default() {
                if let Err(error) = self.dispatch(target, &message) {
                    self.fail(target, &error);
                    break;
                }
            }
        }
    }

    fn body(&self, message: &Message) -> Result<Value, Error> {
        if message.body.is_empty() {
            return Ok(Value::Null);
        }
        let mut value =
            clixml::read(&message.body, &self.options.clixml).map_err(|error| Error::Body {
                message: message.kind,
                error: Box::new(error),
            })?;
        self.open_secrets(&mut value)?;
        Ok(value)
    }

    fn dispatch(&mut self, target: Target, message: &Message) -> Result<(), Error> {
        let kind = message.kind;
        if let MessageType::Unknown(_) = kind {
            self.events.push_back(Event::Unknown { target, kind });
            return Ok(());
        }
        match target {
            Target::Pool => {
                let body = self.body(message)?;
                self.pool_message(kind, &body)
            }
            Target::Pipeline(pipeline) => {
                let state = self.pipeline_state(pipeline);
                if state.is_none_or(PipelineState::is_final) {
                    return Ok(());
                }
                let body = self.body(message)?;
                self.pipeline_message(pipeline, kind, body, message.body.len())
            }
        }
    }

    fn pool_message(&mut self, kind: MessageType, body: &Value) -> Result<(), Error> {
        if !self.server_spoke && kind != MessageType::SessionCapability {
            return Err(self.unexpected(kind));
        }
        match kind {
            MessageType::SessionCapability => self.capability(body),
            MessageType::ApplicationPrivateData => self.private_data(body),
            MessageType::RunspacePoolState => self.pool_state(body),
            MessageType::RunspacePoolInitData => self.init_data(body),
            MessageType::RunspaceAvailability => self.runspace_availability(body),
            MessageType::UserEvent => {
                let event = Box::new(UserEvent::decode(body)?);
                self.events.push_back(Event::UserEvent(event));
                Ok(())
            }
            MessageType::RunspacePoolHostCall => self.host_call(Target::Pool, kind, body),
            MessageType::EncryptedSessionKey => self.session_key(body),
            MessageType::PublicKeyRequest => {
                self.start_exchange();
                Ok(())
            }
            _ => Err(self.unexpected(kind)),
        }
    }

    fn unexpected(&self, message: MessageType) -> Error {
        Error::Unexpected {
            message,
            state: self.state,
        }
    }

    fn capability(&mut self, body: &Value) -> Result<(), Error> {
        let channel = self.channels.get(&Target::Pool);
        if self.server_spoke && channel.is_some_and(|channel| channel.resumed) {
            // The answer to a client that was gone before it came.
            return Ok(());
        }
        // A pool may be closed before its server has said anything.
        let opening = matches!(
            self.state,
            PoolState::Opening | PoolState::Connecting | PoolState::Closing
        );
        if !opening || self.server_spoke {
            return Err(self.unexpected(MessageType::SessionCapability));
        }
        let theirs = Capability::decode(body)?.protocol;
        if theirs.major != 2 {
            return Err(Error::Protocol(theirs));
        }
        self.server_spoke = true;
        self.protocol = self.protocol.min(theirs);
        Ok(())
    }

    fn private_data(&mut self, body: &Value) -> Result<(), Error> {
        let entries = private_data::decode(body)?.unwrap_or_default();
        // An old server repeats our version in its capability; what it speaks itself stands here.
        let table = entry(&entries, "PSVersionTable").and_then(Value::as_dictionary);
        let theirs = table.and_then(|table| entry(table, "PSRemotingProtocolVersion"));
        if let Some(Value::Version(theirs)) = theirs.map(Value::base)
            && theirs.major == 2
        {
            self.protocol = self.protocol.min(*theirs);
        }
        self.events
            .push_back(Event::ApplicationPrivateData(entries));
        Ok(())
    }

    fn pool_state(&mut self, body: &Value) -> Result<(), Error> {
        let kind = MessageType::RunspacePoolState;
        let (number, reason) = state::decode(kind, "RunspaceState", body)?;
        let state = PoolState::from_wire(number).ok_or(Error::State {
            message: kind,
            number,
        })?;
        let reason = reason.map(|record| Reason::Record(Box::new(record)));
        match state {
            PoolState::Opened if self.state == PoolState::Opening => self.set_state(state, None),
            PoolState::Closing => self.closing(),
            PoolState::Closed | PoolState::Broken => self.end(state, reason),
            // The others say nothing new.
            _ => {}
        }
        Ok(())
    }

    fn init_data(&mut self, body: &Value) -> Result<(), Error> {
        // A server may say it again to a pool that is open.
        if matches!(self.state, PoolState::Closing | PoolState::Opened) {
            return Ok(());
        }
        if self.state != PoolState::Connecting {
            return Err(self.unexpected(MessageType::RunspacePoolInitData));
        }
        let data = InitData::decode(body)?;
        self.runspaces = (data.min_runspaces, data.max_runspaces);
        self.set_state(PoolState::Opened, None);
        Ok(())
    }

    fn pipeline_message(
        &mut self,
        pipeline: uuid::Uuid,
        kind: MessageType,
        value: Value,
        bytes: usize,
    ) -> Result<(), Error> {
        let unreadable = |error: clixml::Error| Error::Body {
            message: kind,
            error: Box::new(error),
        };
        let informational = |value: &Value| {
            InformationalRecord::from_value(value)
                .map(Box::new)
                .map_err(unreadable)
        };
        let event = match kind {
            MessageType::PipelineOutput => Event::Output {
                pipeline,
                value,
                bytes,
            },
            MessageType::ErrorRecord => Event::Error {
                pipeline,
                record: Box::new(ErrorRecord::from_value(&value).map_err(unreadable)?),
            },
            MessageType::WarningRecord => Event::Warning {
                pipeline,
                record: informational(&value)?,
            },
            MessageType::VerboseRecord => Event::Verbose {
                pipeline,
                record: informational(&value)?,
            },
            MessageType::DebugRecord => Event::Debug {
                pipeline,
                record: informational(&value)?,
            },
            MessageType::InformationRecord => Event::Information {
                pipeline,
                record: Box::new(InformationRecord::from_value(&value).map_err(unreadable)?),
            },
            MessageType::ProgressRecord => Event::Progress {
                pipeline,
                record: Box::new(ProgressRecord::from_value(&value).map_err(unreadable)?),
            },
            MessageType::PipelineHostCall => {
                return self.host_call(Target::Pipeline(pipeline), kind, &value);
            }
            MessageType::PipelineState => return self.state_message(pipeline, &value),
            _ => return Err(self.unexpected(kind)),
        };
        self.events.push_back(event);
        Ok(())
    }

    fn state_message(&mut self, pipeline: uuid::Uuid, value: &Value) -> Result<(), Error> {
        let kind = MessageType::PipelineState;
        let (number, reason) = state::decode(kind, "PipelineState", value)?;
        let state = PipelineState::from_wire(number).ok_or(Error::State {
            message: kind,
            number,
        })?;
        // Others than final ones are not sent by PowerShell, and say nothing that we do not know.
        if state.is_final() {
            if self.lossy && self.misses(pipeline) {
                self.events.push_back(Event::Missing { pipeline });
            }
            let reason = reason.map(|record| Reason::Record(Box::new(record)));
            self.end_pipeline(pipeline, state, reason);
        }
        Ok(())
    }
}

/// The value of a dictionary's string key.
fn entry<'a>(entries: &'a [(Value, Value)], name: &str) -> Option<&'a Value> {
    entries
        .iter()
        .find(|(key, _)| {
            key.as_str()
                .is_some_and(|key| key.eq_ignore_ascii_case(name))
        })
        .map(|(_, value)| value)
}
