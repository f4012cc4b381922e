//! What a session's task knows of one pipeline.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use uuid::Uuid;

use crate::clixml::records::ErrorRecord;

use super::control::{InputItem, RunId, Start, Weighed};
use super::flow::Flow;
use crate::session::{Finished, HostEvent, PipelineEvent, PipelineState, Report, Size};

/// One pipeline, from its creation until its channel has ended.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each becomes true by an event of its own"
)]
pub(super) struct Pipe {
    pub(super) id: Uuid,
    pub(super) run: RunId,
    pub(super) label: Option<String>,
    pub(super) window: Size,
    pub(super) flow: Flow,
    /// Its events; gone when nobody pulls.
    events: Option<mpsc::UnboundedSender<Weighed>>,
    /// The other end of those: what nobody has pulled when the session was left, for whoever comes next.
    pub(super) kept: Option<mpsc::UnboundedReceiver<Weighed>>,
    pub(super) input: Option<mpsc::UnboundedReceiver<InputItem>>,
    /// It was begun for whoever takes it up, who has nothing of its input.
    unread: bool,
    /// The server has acknowledged its creation.
    pub(super) created: bool,
    /// Since when an acknowledgement is awaited.
    pub(super) sent: Option<Instant>,
    pub(super) stop: Stop,
    /// Until when its channel must have ended.
    pub(super) closing: Option<Instant>,
    /// `Finished` was handed on.
    pub(super) finished: bool,
    pub(super) exit_code: Option<i32>,
    /// The server never heard of it, and never will.
    pub(super) unsent: bool,
    /// Some of its output is missing.
    pub(super) gap: bool,
    pub(super) silence: Silence,
}

/// Of a command that a former client began: whether it has put out anything since it was taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// It has, or it is our own.
    Broken,
    /// Not yet; from then on that is remarkable.
    Until(Instant),
    /// Not for long: it may wait for somebody.
    Long,
}

/// How far a stop has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    No,
    /// Asked for before the server knew of the pipeline; the person is told at that time.
    Wanted(Option<Instant>),
    /// Sent; the person is told at that time.
    Sent(Instant),
    /// Sent, and the person was told that it takes long.
    Pending,
    /// The server took it; without a state by then, it counts as stopped.
    Taken(Instant),
}

impl Pipe {
    pub(super) fn new(id: Uuid, start: Start, window: usize) -> Self {
        Self {
            id,
            run: start.run,
            label: start.label,
            window: start.window,
            flow: Flow::new(window),
            events: Some(start.events),
            kept: None,
            input: start.input,
            unread: start.unread,
            created: false,
            sent: None,
            stop: Stop::No,
            closing: None,
            finished: false,
            exit_code: None,
            unsent: false,
            gap: false,
            silence: Silence::Broken,
        }
    }

    /// Somebody pulls from here on, what was kept first.
    pub(super) fn watch(&mut self, start: Start, kept: Vec<Weighed>, window: usize) {
        self.run = start.run;
        self.window = start.window;
        self.flow.widen(window);
        for (event, cost) in kept {
            if matches!(
                event,
                PipelineEvent::Disconnected | PipelineEvent::Reconnected
            ) {
                // Of the time before.
                self.flow.pulled(cost);
            } else {
                let _ = start.events.send((event, cost));
            }
        }
        self.events = Some(start.events);
    }

    /// What was kept, once.
    pub(super) fn take_kept(&mut self) -> Vec<Weighed> {
        let mut kept = self.kept.take();
        std::iter::from_fn(|| kept.as_mut()?.try_recv().ok()).collect()
    }

    /// Keeps what it puts out from here on, if nobody pulls.
    pub(super) fn keep(&mut self) {
        if self.events.is_none() && self.label.is_some() && !self.finished {
            let (events, kept) = mpsc::unbounded_channel();
            (self.events, self.kept) = (Some(events), Some(kept));
        }
    }

    /// It is taken up over another connection, which has granted nothing yet.
    pub(super) fn attached(&mut self, window: usize) {
        self.flow = Flow::new(window);
        self.created = false;
        self.sent = Some(Instant::now());
    }

    /// Times a stop anew, now that the server can be told; its id if it was not told before.
    pub(super) fn rearm(&mut self, late: Instant) -> Option<Uuid> {
        match self.stop {
            Stop::Sent(_) | Stop::Pending if !self.finished => self.stop = Stop::Sent(late),
            Stop::Taken(_) => self.stop = Stop::Taken(late),
            Stop::Wanted(_) if self.created && !self.finished => return Some(self.id),
            _ => {}
        }
        None
    }

    /// Whether the server has not heard of it: its creation holds secrets, and waits for the session key.
    pub(super) fn waits(&self) -> bool {
        !self.created && self.sent.is_none() && self.closing.is_none()
    }

    /// Whether nothing more of it is read until somebody pulls.
    pub(super) fn starved(&self) -> bool {
        !self.waits() && self.flow.starved()
    }

    /// Whether what it puts out is read without regard to who pulls.
    pub(super) fn open_ended(&self) -> bool {
        self.events.is_none() || self.stop != Stop::No || self.closing.is_some() || self.finished
    }

    /// Whether the session cannot be left before all of its input is at the server.
    pub(super) fn owes_input(&self) -> bool {
        self.unread && self.input.is_some()
    }

    /// Whether somebody still pulls.
    pub(super) fn watched(&self) -> bool {
        self.events.is_some()
    }

    pub(super) fn abandon(&mut self) {
        self.events = None;
        self.flow.discard();
    }

    /// Hands an event on. What exceeds the window after a stop is dropped; before it, credit keeps that from happening.
    pub(super) fn push(&mut self, event: PipelineEvent) {
        self.silence = Silence::Broken;
        let ends = self.stop != Stop::No || self.closing.is_some();
        if self.finished || (ends && self.flow.full()) {
            self.flow.discard();
            return;
        }
        self.hand_on(event);
    }

    pub(super) fn host(&mut self, event: HostEvent) {
        self.push(PipelineEvent::Host(event));
    }

    /// Hands on an event that nothing may hold back.
    pub(super) fn hand_on(&mut self, event: PipelineEvent) {
        let cost = self.flow.hold();
        let sent = self
            .events
            .as_ref()
            .is_some_and(|events| events.send((event, cost)).is_ok());
        if !sent {
            self.flow.pulled(cost);
            self.events = None;
        }
    }

    /// Hands on its end, once.
    pub(super) fn finish(
        &mut self,
        state: PipelineState,
        reason: Option<Box<ErrorRecord>>,
        lost: Option<Report>,
    ) {
        if self.finished {
            return;
        }
        let finished = Finished {
            state,
            reason,
            lost: lost.map(Box::new),
            exit_code: self.exit_code,
            unsent: self.unsent,
            gap: self.gap,
        };
        self.hand_on(PipelineEvent::Finished(finished));
        self.finished = true;
        self.silence = Silence::Broken;
        self.input = None;
    }

    /// The next moment at which something is late. `counting`: whether acknowledgements have a
    /// limit now.
    pub(super) fn deadline(
        &self,
        acknowledge: std::time::Duration,
        counting: bool,
    ) -> Option<Instant> {
        let acknowledged = self
            .sent
            .filter(|_| counting && self.closing.is_none())
            .map(|sent| sent + acknowledge);
        let stopped = match self.stop {
            Stop::Wanted(Some(at)) | Stop::Sent(at) | Stop::Taken(at) if !self.finished => Some(at),
            _ => None,
        };
        let silent = match self.silence {
            Silence::Until(at) if !self.finished => Some(at),
            _ => None,
        };
        [acknowledged, stopped, self.closing, silent]
            .into_iter()
            .flatten()
            .min()
    }
}

/// The room that a pipeline's input has, in bytes.
pub(in crate::session) fn room(bytes: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(bytes))
}
