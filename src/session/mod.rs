//! Live sessions, the pool of them, and the operations on them. Every way in (app, verbs, cmdlets) calls these.

mod builtin;
mod completion;
mod connector;
mod demo;
mod enter;
mod event;
mod host;
mod info;
mod interactive;
mod invoke;
mod limits;
mod line;
mod live;
mod opening;
mod operation;
mod pool;
pub mod registry;
mod report;
mod running;
mod sessions;
mod size;
mod task;
mod unread;

pub use completion::{CommandCompletion, CompletionMatch};
pub use connector::{BoxFuture, Connected, Connector, Description, Listed, Stages};
pub use demo::Demo;
pub use enter::{Interactive, InteractiveEvents};
pub use event::{Finished, HostEvent, PipelineEvent, PipelineState};
use info::span;
pub use info::{
    Availability, Holder, Interruption, SessionId, SessionInfo, SessionState, TransportKind,
};
pub use interactive::{
    Colour, FieldReply, InteractiveEvent, Line, Prompt, PromptField, PromptReply, StreamKind,
};
pub use invoke::{Display, InputSource, InputStream, Invoke};
pub use limits::Limits;
pub use live::Session;
pub use opening::{OpenRequest, Opening, OpeningEvent};
pub use operation::{InvokeRequest, Operation, OperationEvent, OperationKind};
pub(crate) use pool::can_be_forgotten;
pub use pool::{Left, Pool};
pub use report::{ExitCode, Report};
pub(crate) use running::weight;
pub use running::{Input, Running, Stopper};
pub use sessions::Sessions;
pub use size::Size;
