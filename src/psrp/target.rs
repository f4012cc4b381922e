//! Where bytes belong.

use uuid::Uuid;

/// The runspace pool or one pipeline of it. Each target has its own stream of fragments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// The runspace pool.
    Pool,
    /// The pipeline of that id (PID, `CommandId`).
    Pipeline(Uuid),
}

/// Which of the two outgoing queues of a target bytes come from (`stdin` and `pr` of WSMan).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Priority {
    /// Everything but answers to host calls.
    Default,
    /// Answers to host calls, sent first.
    PromptResponse,
}
