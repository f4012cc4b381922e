//! The pool's state, its runspaces, its end.

use super::{Client, Event, Reason, RunspaceAnswer};
use crate::clixml::{Value, Version};
use crate::psrp::members::bag;
use crate::psrp::messages::{Availability, availability};
use crate::psrp::{Error, MessageType, PipelineState, PoolState, Target};

/// A request that `RUNSPACE_AVAILABILITY` answers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Request {
    Max(i32),
    Min(i32),
    Free,
    Reset,
}

impl Client {
    /// Asks for another number of runspaces at most. The number given is that of the
    /// [`Event::RunspaceAvailability`] that answers.
    pub fn set_max_runspaces(&mut self, count: i32) -> Result<i64, Error> {
        self.request(
            MessageType::SetMaxRunspaces,
            Some(("MaxRunspaces", count)),
            Request::Max(count),
        )
    }

    /// Asks for another number of runspaces at least.
    pub fn set_min_runspaces(&mut self, count: i32) -> Result<i64, Error> {
        self.request(
            MessageType::SetMinRunspaces,
            Some(("MinRunspaces", count)),
            Request::Min(count),
        )
    }

    /// Asks how many runspaces are free.
    pub fn available_runspaces(&mut self) -> Result<i64, Error> {
        self.request(MessageType::GetAvailableRunspaces, None, Request::Free)
    }

    /// Asks for the pool's runspace to be as new. Needs protocol 2.3.
    pub fn reset(&mut self) -> Result<i64, Error> {
        self.needs("resetting a session", Version::new(2, 3))?;
        self.request(MessageType::ResetRunspaceState, None, Request::Reset)
    }

    fn request(
        &mut self,
        kind: MessageType,
        count: Option<(&'static str, i32)>,
        request: Request,
    ) -> Result<i64, Error> {
        self.expect(PoolState::Opened)?;
        self.last_request += 1;
        let ci = self.last_request;
        let mut members: Vec<(&'static str, Value)> = Vec::with_capacity(2);
        members.extend(count.map(|(name, count)| (name, count.into())));
        members.push(("ci", ci.into()));
        self.push_pool(kind, &bag(members));
        self.requests.insert(ci, request);
        Ok(ci)
    }

    pub(super) fn runspace_availability(&mut self, body: &Value) -> Result<(), Error> {
        let (ci, answer) = availability(body)?;
        let Some(request) = self.requests.remove(&ci) else {
            // An answer to nobody does no harm.
            return Ok(());
        };
        match (request, answer) {
            (Request::Max(count), Availability::Done(true)) => self.runspaces.1 = count,
            (Request::Min(count), Availability::Done(true)) => self.runspaces.0 = count,
            _ => {}
        }
        self.events.push_back(Event::RunspaceAvailability {
            ci,
            answer: match answer {
                Availability::Done(done) => RunspaceAnswer::Done(done),
                Availability::Free(count) => RunspaceAnswer::Free(count),
            },
        });
        Ok(())
    }

    /// The connection is asked to close the pool: nothing new starts.
    pub fn closing(&mut self) {
        if !self.state.is_final() {
            self.set_state(PoolState::Closing, None);
        }
    }

    /// The connection has closed the pool in good order.
    pub fn closed(&mut self) {
        self.end(PoolState::Closed, None);
    }

    /// The connection is lost, or the server did not answer in time.
    pub fn lost(&mut self, reason: impl Into<String>) {
        self.end(PoolState::Broken, Some(Reason::Lost(reason.into())));
    }

    /// Ends the pool and with it everything that waits.
    pub(super) fn end(&mut self, state: PoolState, reason: Option<Reason>) {
        if self.state.is_final() {
            return;
        }
        let (last, why) = match state {
            PoolState::Closed => (PipelineState::Stopped, None),
            _ => (PipelineState::Failed, reason.clone()),
        };
        let pipelines: Vec<_> = self.pipelines.keys().copied().collect();
        for pipeline in pipelines {
            self.end_pipeline(pipeline, last, why.clone());
        }
        self.cancel_calls(Target::Pool);
        self.outbox.remove(Target::Pool);
        self.channels.clear();
        self.held = 0;
        self.set_state(state, reason);
    }

    pub(super) fn set_state(&mut self, state: PoolState, reason: Option<Reason>) {
        if self.state != state {
            self.state = state;
            self.events.push_back(Event::PoolState { state, reason });
        }
    }
}
