//! Pipelines from their creation to their end.

use bytes::Bytes;
use uuid::Uuid;

use super::{Channel, Client, Event, Reason};
use crate::clixml::{Value, Version};
use crate::psrp::secret::holds_secret;
use crate::psrp::{
    Error, MessageType, MetadataQuery, PipelineSpec, PipelineState, PoolState, Priority, Target,
};

/// What is known of one pipeline whose channel is open.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) state: PipelineState,
    /// Whether input may be sent.
    takes_input: bool,
    /// Whether its first fragments still wait for the session key.
    waits: bool,
}

impl Client {
    /// Creates a pipeline. Gives its id and what its channel is opened with: the beginning of `CREATE_PIPELINE`, whose
    /// rest [`Client::transmit`] gives. Where the arguments hold secrets and no session key was exchanged yet, these
    /// bytes come later, with [`Event::PipelineReady`].
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the pipeline's secrets are wiped as soon as it is written"
    )]
    pub fn create_pipeline(&mut self, spec: PipelineSpec) -> Result<(Uuid, Option<Bytes>), Error> {
        self.expect(PoolState::Opened)?;
        if spec.statements.is_empty() || spec.statements.iter().any(Vec::is_empty) {
            return Err(Error::NoCommand);
        }
        if spec.statements.len() > 1 {
            self.needs("a pipeline of several statements", Version::new(2, 2))?;
        }
        let body = spec.encode(self.protocol);
        self.start_pipeline(MessageType::CreatePipeline, body, !spec.no_input)
    }

    /// Asks for the metadata of commands: a pipeline whose output is a count, then an object for each command.
    pub fn command_metadata(
        &mut self,
        query: &MetadataQuery,
    ) -> Result<(Uuid, Option<Bytes>), Error> {
        self.expect(PoolState::Opened)?;
        self.start_pipeline(MessageType::GetCommandMetadata, query.encode(), false)
    }

    fn start_pipeline(
        &mut self,
        kind: MessageType,
        body: Value,
        takes_input: bool,
    ) -> Result<(Uuid, Option<Bytes>), Error> {
        let id = Uuid::new_v4();
        let target = Target::Pipeline(id);
        self.send(target, Priority::Default, kind, body, true)?;
        let first = self.first_fragments(target);
        let channel = Channel::new(&self.options, target);
        self.channels.insert(target, channel);
        self.pipelines.insert(
            id,
            Pipeline {
                state: PipelineState::Running,
                takes_input,
                waits: first.is_none(),
            },
        );
        Ok((id, first))
    }

    fn first_fragments(&mut self, target: Target) -> Option<Bytes> {
        let size = self.options.opening_size;
        self.outbox.transmit(target, size).map(|(_, bytes)| bytes)
    }

    /// Tells of a pipeline whose first fragments have waited for the session key.
    pub(super) fn pipeline_unlocked(&mut self, id: Uuid) {
        if let Some(pipeline) = self.pipelines.get_mut(&id)
            && pipeline.waits
            && !pipeline.state.is_final()
        {
            pipeline.waits = false;
            if let Some(first) = self.first_fragments(Target::Pipeline(id)) {
                self.events.push_back(Event::PipelineReady {
                    pipeline: id,
                    first,
                });
            }
        }
    }

    /// Attaches to a pipeline that another client left running. It takes no input, and what is left of an object whose
    /// beginning the other client got is dropped.
    pub fn attach(&mut self, id: Uuid) -> Result<(), Error> {
        self.expect(PoolState::Opened)?;
        let target = Target::Pipeline(id);
        let mut channel = Channel::new(&self.options, target);
        channel.resynchronise();
        channel.set_lossy(self.lossy);
        self.channels.insert(target, channel);
        self.pipelines.insert(
            id,
            Pipeline {
                state: PipelineState::Running,
                takes_input: false,
                waits: false,
            },
        );
        Ok(())
    }

    /// The state of a pipeline whose channel is open.
    pub fn pipeline_state(&self, id: Uuid) -> Option<PipelineState> {
        self.pipelines.get(&id).map(|pipeline| pipeline.state)
    }

    /// The pipelines whose channels are open.
    pub fn pipelines(&self) -> impl Iterator<Item = Uuid> + '_ {
        self.pipelines.keys().copied()
    }

    /// Queues an object of input.
    pub fn input(&mut self, id: Uuid, value: &Value) -> Result<(), Error> {
        self.check_input(id)?;
        let target = Target::Pipeline(id);
        let kind = MessageType::PipelineInput;
        if *value == Value::Null {
            self.outbox.push_empty(target, kind);
            return Ok(());
        }
        if holds_secret(value) {
            return self.send(target, Priority::Default, kind, value.clone(), false);
        }
        self.outbox.push(target, Priority::Default, kind, value);
        Ok(())
    }

    /// Queues the end of input.
    pub fn end_input(&mut self, id: Uuid) -> Result<(), Error> {
        self.check_input(id)?.takes_input = false;
        self.outbox
            .push_empty(Target::Pipeline(id), MessageType::EndOfPipelineInput);
        Ok(())
    }

    fn check_input(&mut self, id: Uuid) -> Result<&mut Pipeline, Error> {
        let pipeline = self.pipelines.get_mut(&id).ok_or(Error::NoPipeline(id))?;
        if pipeline.takes_input && pipeline.state == PipelineState::Running {
            Ok(pipeline)
        } else {
            Err(Error::NoInput(id))
        }
    }

    /// The connection is asked to stop a pipeline. Its prompts are cancelled; answers that are late are refused. One
    /// that the server has not heard of, because it waits for the session key, is stopped at once.
    pub fn stop(&mut self, id: Uuid) -> Result<(), Error> {
        let pipeline = self.pipelines.get_mut(&id).ok_or(Error::NoPipeline(id))?;
        if pipeline.waits {
            self.end_pipeline(id, PipelineState::Stopped, None);
        } else if pipeline.state == PipelineState::Running {
            pipeline.state = PipelineState::Stopping;
            self.events.push_back(Event::PipelineState {
                pipeline: id,
                state: PipelineState::Stopping,
                reason: None,
            });
            self.cancel_calls(Target::Pipeline(id));
        }
        Ok(())
    }

    /// The pipeline's channel has ended. Without a final state from the server it was stopped, if that was asked for,
    /// and else it failed.
    pub fn pipeline_closed(&mut self, id: Uuid) {
        let state = match self.pipeline_state(id) {
            Some(PipelineState::Stopping) => PipelineState::Stopped,
            _ => PipelineState::Failed,
        };
        let reason = (state == PipelineState::Failed)
            .then(|| Reason::Lost("the server ended the pipeline without a result".to_owned()));
        self.end_pipeline(id, state, reason);
        self.pipelines.remove(&id);
        if let Some(channel) = self.channels.remove(&Target::Pipeline(id)) {
            self.held -= channel.held_bytes();
        }
    }

    /// The transport has failed one pipeline; the others go on.
    pub fn pipeline_lost(&mut self, id: Uuid, reason: impl Into<String>) {
        self.end_pipeline(id, PipelineState::Failed, Some(Reason::Lost(reason.into())));
    }

    /// Puts a pipeline into its final state.
    pub(super) fn end_pipeline(&mut self, id: Uuid, state: PipelineState, reason: Option<Reason>) {
        let Some(pipeline) = self.pipelines.get_mut(&id) else {
            return;
        };
        if pipeline.state.is_final() {
            return;
        }
        pipeline.state = state;
        pipeline.takes_input = false;
        let target = Target::Pipeline(id);
        self.outbox.remove(target);
        self.cancel_calls(target);
        self.events.push_back(Event::PipelineState {
            pipeline: id,
            state,
            reason,
        });
    }

    /// Moves all running pipelines between running and left behind.
    pub(super) fn move_pipelines(&mut self, from: PipelineState, to: PipelineState) {
        for (id, pipeline) in &mut self.pipelines {
            if pipeline.state == from {
                pipeline.state = to;
                self.events.push_back(Event::PipelineState {
                    pipeline: *id,
                    state: to,
                    reason: None,
                });
            }
        }
    }
}
