//! An entered session: the prompt, lines, completion.

use tokio::sync::mpsc;

use super::{ExitCode, InteractiveEvent, PromptReply, Report, Session, Size};

/// The handle of an entered session; clones are the same. Every method returns at once, except `complete`.
#[derive(Clone, Debug)]
pub struct Interactive {
    session: Session,
}

/// The events of an entered session, pulled: the remote side is held back while nobody pulls.
#[derive(Debug)]
pub struct InteractiveEvents {
    events: mpsc::UnboundedReceiver<InteractiveEvent>,
}

/// What the server proposes for a line (`CommandCompletion`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandCompletion {
    /// Where the replaced text begins, in UTF-16 units.
    pub replacement_index: usize,
    /// How long it is, in UTF-16 units.
    pub replacement_length: usize,
    /// The proposals.
    pub matches: Vec<CompletionMatch>,
}

/// One proposal (`CompletionResult`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletionMatch {
    /// What goes into the line.
    pub text: String,
    /// What a list shows.
    pub label: String,
    /// `Command`, `ParameterName`, `Property` and so on.
    pub kind: String,
    /// What it is.
    pub tool_tip: String,
}

impl Interactive {
    /// Enters a session: asks whether the endpoint allows it, and for the first prompt, side by side. The first event is
    /// [`InteractiveEvent::Ready`], or the end. Leaving keeps the session open.
    pub fn enter(session: Session, window: Size) -> (Self, InteractiveEvents) {
        let (sender, events) = mpsc::unbounded_channel();
        let _ = window;
        let _ = sender.send(InteractiveEvent::Broken(Box::new(not_yet())));
        (Self { session }, InteractiveEvents { events })
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Runs a line (or several; complete as the `language` reader says). `exit` leaves. While another runs, it waits.
    pub fn submit(&self, line: String) {
        drop(line);
    }

    /// Ctrl+C: stops what runs. At the prompt it does nothing.
    pub fn interrupt(&self) {}

    /// Ends what runs by force, and the session with it if the server does not let go.
    pub fn force_close(&self) {}

    /// The window's new size; the next command learns of it.
    pub fn resize(&self, window: Size) {
        let _ = window;
    }

    /// Asks the server what could stand at the cursor, which counts UTF-16 units; gives up after five seconds. Only while
    /// nothing runs.
    #[expect(clippy::unused_async, reason = "not available yet")]
    pub async fn complete(&self, text: String, cursor: usize) -> Result<CommandCompletion, Report> {
        drop((text, cursor));
        Err(not_yet())
    }

    /// Answers a prompt.
    pub fn answer(&self, id: u64, reply: PromptReply) {
        drop((id, reply));
    }

    /// Leaves; what runs is stopped.
    pub fn leave(&self) {}
}

impl InteractiveEvents {
    /// The next event; `None` after [`InteractiveEvent::Left`] or [`InteractiveEvent::Broken`]. May be dropped and called
    /// again.
    pub async fn next(&mut self) -> Option<InteractiveEvent> {
        self.events.recv().await
    }
}

fn not_yet() -> Report {
    Report::new(ExitCode::Defect, "not available yet")
}
