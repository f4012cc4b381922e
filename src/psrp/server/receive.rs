//! Bytes in, events out.

use bytes::{Bytes, BytesMut};
use uuid::Uuid;

use super::{Event, Server};
use crate::clixml::{self, Value};
use crate::psrp::fragment::{Defragmenter, FragmentLimits};
use crate::psrp::host::HostAnswer;
use crate::psrp::members::Member;
use crate::psrp::messages::{
    Capability, ConnectPool, InitData, InitPool, call_id, encrypted_session_key, public_key,
    runspace_count,
};
use crate::psrp::{
    Destination, Error, Message, MessageType, MetadataQuery, PipelineSpec, PoolState, Priority,
    Target,
};

/// What is known of one pipeline.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) takes_input: bool,
    pub(super) ended: bool,
}

impl Server {
    /// Takes bytes that the client sent to a target, cut anywhere. After an error the target is of no more use: the
    /// owner fails the pipeline, or closes the connection if it was the pool.
    pub fn handle(
        &mut self,
        target: Target,
        priority: Priority,
        bytes: &[u8],
    ) -> Result<(), Error> {
        let channel = (target, priority == Priority::PromptResponse);
        if !self.channels.contains_key(&channel) {
            if self.channels.len() >= 2 * (self.options.max_pipelines + 1) {
                return Err(Error::TooManyPipelines(self.options.max_pipelines));
            }
            let limits = FragmentLimits {
                object: self.options.max_object_size,
                total: match target {
                    Target::Pool => None,
                    Target::Pipeline(_) => self.options.max_pipeline_data,
                },
            };
            self.channels.insert(channel, Defragmenter::new(limits));
        }
        if let Some(incoming) = self.channels.get_mut(&channel) {
            incoming.push(bytes)?;
        }
        while let Some(incoming) = self.channels.get_mut(&channel)
            && let Some(message) = incoming.next_message()?
        {
            self.receive(target, &Message::decode(message)?)?;
        }
        Ok(())
    }

    /// Takes what another client sends to take the pool up: `SESSION_CAPABILITY` and `CONNECT_RUNSPACEPOOL`. Gives the
    /// answer. The input of running pipelines ends; `APPLICATION_PRIVATE_DATA` follows through the pool's channel.
    pub fn handle_connect(&mut self, opening: &[u8]) -> Result<Bytes, Error> {
        if self.state != PoolState::Opened {
            return Err(Error::NotOpened(self.state));
        }
        let mut incoming = Defragmenter::new(FragmentLimits {
            object: self.options.max_object_size,
            total: None,
        });
        incoming.push(opening)?;
        for wanted in [
            MessageType::SessionCapability,
            MessageType::ConnectRunspacePool,
        ] {
            let message = incoming.next_message()?.ok_or(Error::Incomplete(wanted))?;
            let message = Message::decode(message)?;
            if message.kind != wanted {
                return Err(self.unexpected(message.kind));
            }
            let body = self.body(&message)?;
            if wanted == MessageType::SessionCapability {
                self.agree(&body)?;
            } else {
                ConnectPool::decode(&body)?;
            }
        }
        self.channels.clear();
        for (pipeline, state) in &mut self.pipelines {
            if std::mem::take(&mut state.takes_input) {
                self.events.push_back(Event::EndOfInput {
                    pipeline: *pipeline,
                });
            }
        }
        // The answer goes ahead of what waits for the pool, so it does not pass through its queue.
        let waiting = self.outbox.take(Target::Pool);
        self.push_capability();
        // As PowerShell's server has it: the larger number under the name of the smaller.
        let data = InitData {
            min_runspaces: self.runspaces.1,
            max_runspaces: self.runspaces.0,
        };
        self.push(
            Target::Pool,
            MessageType::RunspacePoolInitData,
            &data.encode(),
        );
        let mut answer = BytesMut::new();
        while let Some(part) = self.transmit(Target::Pool, usize::MAX) {
            answer.extend_from_slice(&part);
        }
        self.outbox.put_back(Target::Pool, waiting);
        self.push_private_data();
        Ok(answer.freeze())
    }

    fn receive(&mut self, target: Target, message: &Message) -> Result<(), Error> {
        let kind = message.kind;
        if message.destination != Destination::Server {
            return Err(Error::Direction(kind));
        }
        let expected = match target {
            Target::Pool => Uuid::nil(),
            Target::Pipeline(id) => id,
        };
        if message.pipeline != expected {
            return Err(Error::Target {
                message: kind,
                found: message.pipeline,
            });
        }
        if let MessageType::Unknown(_) = kind {
            self.events.push_back(Event::Unknown { target, kind });
            return Ok(());
        }
        let body = self.body(message)?;
        match target {
            Target::Pool => self.pool_message(message.pool, kind, &body),
            Target::Pipeline(id) => self.pipeline_message(id, kind, body),
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
        if self.encrypts_secrets() {
            self.key.open_all(&mut value)?;
        }
        Ok(value)
    }

    fn unexpected(&self, message: MessageType) -> Error {
        Error::Unexpected {
            message,
            state: self.state,
        }
    }

    /// Settles the version of the protocol.
    fn agree(&mut self, body: &Value) -> Result<(), Error> {
        let theirs = Capability::decode(body)?.protocol;
        if theirs.major != 2 {
            return Err(Error::Protocol(theirs));
        }
        self.protocol = Some(self.options.protocol.min(theirs));
        Ok(())
    }

    fn pool_message(&mut self, pool: Uuid, kind: MessageType, body: &Value) -> Result<(), Error> {
        let opened = self.state == PoolState::Opened;
        let event = match kind {
            MessageType::SessionCapability if self.protocol.is_none() => {
                self.agree(body)?;
                self.pool = pool;
                self.outbox.set_pool(pool);
                self.push_capability();
                return Ok(());
            }
            MessageType::InitRunspacePool
                if self.protocol.is_some() && self.state == PoolState::BeforeOpen =>
            {
                let init = InitPool::decode(body)?;
                self.runspaces = (init.min_runspaces, init.max_runspaces);
                self.state = PoolState::Opening;
                Event::Open {
                    pool,
                    host: Box::new(init.host),
                    application_arguments: init.application_arguments,
                }
            }
            MessageType::PublicKey if self.protocol.is_some() => {
                let key = self.key.encrypt_to(&public_key::decode(body)?)?;
                let answer = encrypted_session_key::encode(&key);
                self.push(Target::Pool, MessageType::EncryptedSessionKey, &answer);
                return Ok(());
            }
            MessageType::RunspacePoolHostResponse => {
                return self.host_answer(Target::Pool, kind, body);
            }
            MessageType::SetMaxRunspaces if opened => Event::SetMaxRunspaces {
                ci: call_id(kind, body)?,
                count: runspace_count(kind, body, "MaxRunspaces")?,
            },
            MessageType::SetMinRunspaces if opened => Event::SetMinRunspaces {
                ci: call_id(kind, body)?,
                count: runspace_count(kind, body, "MinRunspaces")?,
            },
            MessageType::GetAvailableRunspaces if opened => Event::AvailableRunspaces {
                ci: call_id(kind, body)?,
            },
            MessageType::ResetRunspaceState if opened => Event::Reset {
                ci: call_id(kind, body)?,
            },
            _ => return Err(self.unexpected(kind)),
        };
        self.events.push_back(event);
        Ok(())
    }

    fn pipeline_message(&mut self, id: Uuid, kind: MessageType, body: Value) -> Result<(), Error> {
        if self.state != PoolState::Opened {
            return Err(self.unexpected(kind));
        }
        let known = self.pipelines.contains_key(&id);
        let event = match kind {
            MessageType::CreatePipeline if !known => {
                let spec = Box::new(PipelineSpec::decode(&body)?);
                self.add_pipeline(id, !spec.no_input)?;
                Event::Pipeline { id, spec }
            }
            MessageType::GetCommandMetadata if !known => {
                let query = MetadataQuery::decode(&body)?;
                self.add_pipeline(id, false)?;
                Event::Metadata { id, query }
            }
            MessageType::PipelineInput if known => {
                if !self.takes_input(id) {
                    // Input that was under way when the pipeline ended.
                    return Ok(());
                }
                Event::Input {
                    pipeline: id,
                    value: body,
                }
            }
            MessageType::EndOfPipelineInput if known => {
                if !self.takes_input(id) {
                    return Ok(());
                }
                if let Some(pipeline) = self.pipelines.get_mut(&id) {
                    pipeline.takes_input = false;
                }
                Event::EndOfInput { pipeline: id }
            }
            MessageType::PipelineHostResponse if known => {
                return self.host_answer(Target::Pipeline(id), kind, &body);
            }
            _ => return Err(self.unexpected(kind)),
        };
        self.events.push_back(event);
        Ok(())
    }

    fn add_pipeline(&mut self, id: Uuid, takes_input: bool) -> Result<(), Error> {
        if self.pipelines.len() >= self.options.max_pipelines {
            return Err(Error::TooManyPipelines(self.options.max_pipelines));
        }
        self.pipelines.insert(
            id,
            Pipeline {
                takes_input,
                ended: false,
            },
        );
        Ok(())
    }

    fn takes_input(&self, id: Uuid) -> bool {
        self.pipelines
            .get(&id)
            .is_some_and(|pipeline| pipeline.takes_input && !pipeline.ended)
    }

    fn host_answer(
        &mut self,
        target: Target,
        kind: MessageType,
        body: &Value,
    ) -> Result<(), Error> {
        let call = call_id(kind, body)?;
        // The answer to a call that a stop has cancelled does no harm.
        if let Some(method) = self.calls.remove(&(target, call)) {
            let answer = HostAnswer::decode(method, &Member::body(kind, body))?;
            self.events.push_back(Event::HostAnswer {
                target,
                call,
                answer,
            });
        }
        Ok(())
    }
}
