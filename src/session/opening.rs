//! Following a session while it is opened.

use tokio::sync::mpsc;

use super::{Report, Session, SessionId};
use crate::transport::Stage;

/// A session being opened: its events, then its result. Dropping it cancels nothing.
pub struct Opening {
    id: Option<SessionId>,
    events: mpsc::UnboundedReceiver<OpeningEvent>,
}

/// A step of opening.
#[derive(Debug)]
pub enum OpeningEvent {
    /// Waits for its turn.
    Queued,
    /// A stage begins.
    Stage(Stage),
    /// Opened. The last event.
    Opened(Session),
    /// Failed, late or cancelled. The last event.
    Failed(Box<Report>),
}

impl Opening {
    /// The number under which it is listed; none if it failed before that.
    pub fn id(&self) -> Option<SessionId> {
        self.id
    }

    /// The next event; `None` after the last. May be dropped and called again.
    pub async fn next(&mut self) -> Option<OpeningEvent> {
        self.events.recv().await
    }

    /// Waits for the result, past the stages.
    pub async fn session(mut self) -> Result<Session, Report> {
        while let Some(event) = self.next().await {
            match event {
                OpeningEvent::Opened(session) => return Ok(session),
                OpeningEvent::Failed(report) => return Err(*report),
                OpeningEvent::Queued | OpeningEvent::Stage(_) => {}
            }
        }
        Err(Report::new(
            super::ExitCode::Defect,
            "the opening ended without a result",
        ))
    }

    pub(super) fn new(id: SessionId, events: mpsc::UnboundedReceiver<OpeningEvent>) -> Self {
        Self {
            id: Some(id),
            events,
        }
    }

    pub(super) fn failed(report: Report) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let _ = sender.send(OpeningEvent::Failed(Box::new(report)));
        Self { id: None, events }
    }
}
