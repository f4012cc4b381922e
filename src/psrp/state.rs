//! The states of a runspace pool and of a pipeline.

/// `RunspacePoolState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum PoolState {
    /// Nothing was sent yet.
    BeforeOpen = 0,
    /// The opening messages are under way.
    Opening = 1,
    /// Usable.
    Opened = 2,
    /// Closed in good order; final.
    Closed = 3,
    /// Being closed.
    Closing = 4,
    /// Failed or lost; final.
    Broken = 5,
    /// Being left; known to the client only.
    Disconnecting = 6,
    /// Left running on the server; known to the client only.
    Disconnected = 7,
    /// Being taken up again; known to the client only.
    Connecting = 8,
}

impl PoolState {
    /// Whether nothing can follow.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Closed | Self::Broken)
    }

    /// A state that a server may send.
    pub(crate) fn from_wire(number: i32) -> Option<Self> {
        [
            Self::BeforeOpen,
            Self::Opening,
            Self::Opened,
            Self::Closed,
            Self::Closing,
            Self::Broken,
        ]
        .into_iter()
        .find(|state| *state as i32 == number)
    }
}

/// `PSInvocationState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum PipelineState {
    /// Not yet sent.
    NotStarted = 0,
    /// Sent, and not finished as far as we know.
    Running = 1,
    /// The server was asked to stop it.
    Stopping = 2,
    /// Stopped; final.
    Stopped = 3,
    /// Ran to its end; final.
    Completed = 4,
    /// Ended by a terminating error, or lost; final.
    Failed = 5,
    /// Runs on without us; known to the client only.
    Disconnected = 6,
}

impl PipelineState {
    /// Whether nothing can follow.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Stopped | Self::Completed | Self::Failed)
    }

    /// A state that a server may send.
    pub(crate) fn from_wire(number: i32) -> Option<Self> {
        [
            Self::NotStarted,
            Self::Running,
            Self::Stopping,
            Self::Stopped,
            Self::Completed,
            Self::Failed,
        ]
        .into_iter()
        .find(|state| *state as i32 == number)
    }
}
