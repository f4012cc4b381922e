//! What a server tells its client.

use uuid::Uuid;

use super::{RunspaceAnswer, Server};
use crate::clixml::Value;
use crate::clixml::records::{ErrorRecord, InformationRecord, InformationalRecord, ProgressRecord};
use crate::psrp::host::{HostCall, HostMethod, NO_ANSWER};
use crate::psrp::messages::{Availability, Capability, private_data, state};
use crate::psrp::secret::holds_secret;
use crate::psrp::{Error, MessageType, PipelineState, PoolState, Target, UserEvent};

impl Server {
    /// Opens the pool that was asked for.
    pub fn accept(&mut self) -> Result<(), Error> {
        if self.state != PoolState::Opening {
            return Err(Error::NotOpened(self.state));
        }
        self.push_private_data();
        self.end_state(PoolState::Opened, None);
        Ok(())
    }

    /// Breaks the pool: at opening, or when it cannot go on.
    pub fn refuse(&mut self, reason: &ErrorRecord) {
        self.end_state(PoolState::Broken, Some(reason));
    }

    /// Closes the pool in good order: says Closing, then Closed.
    pub fn close(&mut self) {
        if !self.state.is_final() {
            self.end_state(PoolState::Closing, None);
            self.end_state(PoolState::Closed, None);
        }
    }

    fn end_state(&mut self, state: PoolState, reason: Option<&ErrorRecord>) {
        self.state = state;
        let body = state::encode("RunspaceState", state as i32, reason);
        self.push(Target::Pool, MessageType::RunspacePoolState, &body);
    }

    pub(super) fn push_capability(&mut self) {
        let body = Capability::new(self.options.protocol).encode();
        self.push(Target::Pool, MessageType::SessionCapability, &body);
    }

    pub(super) fn push_private_data(&mut self) {
        let body = private_data::encode(Some(self.options.application_private_data()));
        self.push(Target::Pool, MessageType::ApplicationPrivateData, &body);
    }

    /// Writes an object of a pipeline.
    pub fn output(&mut self, pipeline: Uuid, value: &Value) -> Result<(), Error> {
        self.record(pipeline, MessageType::PipelineOutput, value)
    }

    /// Writes an error of a pipeline.
    pub fn error(&mut self, pipeline: Uuid, record: &ErrorRecord) -> Result<(), Error> {
        self.record(pipeline, MessageType::ErrorRecord, &record.to_value())
    }

    /// Writes a warning of a pipeline.
    pub fn warning(&mut self, pipeline: Uuid, record: &InformationalRecord) -> Result<(), Error> {
        self.record(
            pipeline,
            MessageType::WarningRecord,
            &record.to_value("Warning"),
        )
    }

    /// Writes a verbose record of a pipeline.
    pub fn verbose(&mut self, pipeline: Uuid, record: &InformationalRecord) -> Result<(), Error> {
        self.record(
            pipeline,
            MessageType::VerboseRecord,
            &record.to_value("Verbose"),
        )
    }

    /// Writes a debug record of a pipeline.
    pub fn debug(&mut self, pipeline: Uuid, record: &InformationalRecord) -> Result<(), Error> {
        self.record(
            pipeline,
            MessageType::DebugRecord,
            &record.to_value("Debug"),
        )
    }

    /// Writes an information record of a pipeline; older clients do not get it.
    pub fn information(&mut self, pipeline: Uuid, record: &InformationRecord) -> Result<(), Error> {
        if self.protocol() < crate::clixml::Version::new(2, 3) {
            return Ok(());
        }
        self.record(pipeline, MessageType::InformationRecord, &record.to_value())
    }

    /// Reports progress of a pipeline.
    pub fn progress(&mut self, pipeline: Uuid, record: &ProgressRecord) -> Result<(), Error> {
        self.record(pipeline, MessageType::ProgressRecord, &record.to_value())
    }

    fn record(&mut self, pipeline: Uuid, kind: MessageType, value: &Value) -> Result<(), Error> {
        self.running(pipeline)?;
        let target = Target::Pipeline(pipeline);
        if *value == Value::Null {
            self.outbox.push_empty(target, kind);
            return Ok(());
        }
        self.send(target, kind, value)
    }

    /// Sends a message that may hold secrets.
    fn send(&mut self, target: Target, kind: MessageType, value: &Value) -> Result<(), Error> {
        if self.encrypts_secrets() && holds_secret(value) {
            let mut sealed = value.clone();
            self.key.seal_all(&mut sealed)?;
            self.push(target, kind, &sealed);
        } else {
            self.push(target, kind, value);
        }
        Ok(())
    }

    fn running(&self, pipeline: Uuid) -> Result<(), Error> {
        match self.pipelines.get(&pipeline) {
            Some(known) if !known.ended => Ok(()),
            _ => Err(Error::NoPipeline(pipeline)),
        }
    }

    /// Ends a pipeline: stopped, completed or failed. Nothing of it can follow.
    pub fn end_pipeline(
        &mut self,
        pipeline: Uuid,
        state: PipelineState,
        reason: Option<&ErrorRecord>,
    ) -> Result<(), Error> {
        self.running(pipeline)?;
        if let Some(known) = self.pipelines.get_mut(&pipeline) {
            known.ended = true;
        }
        self.cancel_calls(pipeline);
        let body = state::encode("PipelineState", state as i32, reason);
        self.push(
            Target::Pipeline(pipeline),
            MessageType::PipelineState,
            &body,
        );
        Ok(())
    }

    /// The client's stop has come: nobody waits any more for the answers to the pipeline's host calls.
    pub fn cancel_calls(&mut self, pipeline: Uuid) {
        self.calls
            .retain(|(target, _), _| *target != Target::Pipeline(pipeline));
    }

    /// The pipeline's channel was closed by the client: forgets all of it.
    pub fn close_pipeline(&mut self, pipeline: Uuid) {
        let target = Target::Pipeline(pipeline);
        self.cancel_calls(pipeline);
        self.pipelines.remove(&pipeline);
        self.outbox.remove(target);
        self.channels.remove(&(target, false));
        self.channels.remove(&(target, true));
    }

    /// Asks something of the client's host. Gives the id under which the answer comes, if one does.
    pub fn host_call(&mut self, target: Target, method: HostMethod) -> Result<Option<i64>, Error> {
        let kind = match target {
            Target::Pool => MessageType::RunspacePoolHostCall,
            Target::Pipeline(pipeline) => {
                self.running(pipeline)?;
                MessageType::PipelineHostCall
            }
        };
        let id = if method.id().is_void() {
            NO_ANSWER
        } else {
            self.last_call += 1;
            self.calls.insert((target, self.last_call), method.id());
            self.last_call
        };
        let body = HostCall { id, method }.to_value();
        self.send(target, kind, &body)?;
        Ok((id != NO_ANSWER).then_some(id))
    }

    /// Answers a request for counts or a reset.
    pub fn answer_runspaces(&mut self, ci: i64, answer: RunspaceAnswer) {
        let answer = match answer {
            RunspaceAnswer::Done(done) => Availability::Done(done),
            RunspaceAnswer::Free(count) => Availability::Free(count),
        };
        self.push(
            Target::Pool,
            MessageType::RunspaceAvailability,
            &answer.encode(ci),
        );
    }

    /// Sets the least and the most runspaces, once a request for other ones is granted.
    pub fn set_runspaces(&mut self, min: i32, max: i32) {
        self.runspaces = (min, max);
    }

    /// Forwards an event.
    pub fn user_event(&mut self, event: &UserEvent) -> Result<(), Error> {
        self.send(Target::Pool, MessageType::UserEvent, &event.encode())
    }
}
