//! Live sessions, the pool of them, and the operations on them. Every way in (app, verbs, cmdlets) calls these.

mod info;
mod interactive;
mod report;

pub use info::{Availability, SessionId, SessionInfo, SessionState, TransportKind};
pub use interactive::{
    Colour, FieldReply, InteractiveEvent, Line, Prompt, PromptField, PromptReply, StreamKind,
};
pub use report::{ExitCode, Report};
