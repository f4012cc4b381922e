//! What handles ask of a session's task.

use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::Task;
use crate::clixml::Value;
use crate::psrp::{MetadataQuery, PipelineSpec};
use crate::session::{Left, PipelineEvent, PromptReply, Report, Size};
use crate::transport::Leave;

/// The number of a pipeline, given by the handle before the server knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::session) struct RunId(pub(in crate::session) u64);

/// An event and what it weighs, in bytes of the wire.
pub(in crate::session) type Weighed = (PipelineEvent, usize);

/// An object for a pipeline's input, with its share of the room.
pub(in crate::session) type InputItem = (Value, OwnedSemaphorePermit);

/// What to start.
pub(in crate::session) enum Work {
    /// A pipeline.
    Pipeline(Box<PipelineSpec>),
    /// The metadata of commands.
    Metadata(MetadataQuery),
}

pub(in crate::session) struct Start {
    pub(in crate::session) run: RunId,
    /// What the list shows while it runs; none for what psdeck asks on its own.
    pub(in crate::session) label: Option<String>,
    /// Nothing that it puts out is read: that is for whoever takes it up.
    pub(in crate::session) unread: bool,
    /// The size that getters of the remote host are answered with.
    pub(in crate::session) window: Size,
    pub(in crate::session) events: mpsc::UnboundedSender<Weighed>,
    pub(in crate::session) input: Option<mpsc::UnboundedReceiver<InputItem>>,
}

pub(in crate::session) enum Control {
    Start(Work, Box<Start>),
    /// Hands on what a running pipeline puts out from here on.
    Receive(Uuid, Box<Start>),
    /// Events of that weight were pulled.
    Pulled(RunId, usize),
    /// There is input, or its end.
    InputReady,
    Stop(RunId),
    ForceClose(RunId),
    /// Nobody pulls any more; what was not pulled.
    Abandon(RunId, mpsc::UnboundedReceiver<Weighed>),
    Answer(u64, PromptReply),
    Disconnect(Leave, oneshot::Sender<Result<Left, Report>>),
    Reconnect(oneshot::Sender<Result<(), Report>>),
    /// The session was taken up again over a connection of that task.
    Succeed(Box<Task>, oneshot::Sender<()>),
    /// The server does not have the session any more.
    Lose(Box<Report>),
    Close(oneshot::Sender<()>),
}
