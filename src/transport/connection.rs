//! The seam between a session and the way its bytes travel.
//!
//! A session owns its [`Connection`]. It hands over [`Command`]s, which never wait, and takes [`Event`]s as they come.
//! What differs between WSMan, SSH, processes, pipes, containers, virtual machines and the demonstration is behind it:
//! sealing, authentication, packets, polling.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use super::Buffering;
use crate::psrp::{Priority, Target};

/// What a kind of connection can do; told at opening.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent abilities, not a state"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The session can be left running on the server and taken up again.
    pub disconnect: bool,
    /// The server can be asked which sessions it holds.
    pub list: bool,
    /// Several pipelines can be open at once.
    pub several_pipelines: bool,
    /// Reading one target can be held back while others go on. Where not, the whole connection pauses when a target's
    /// credit is used up.
    pub credit_per_target: bool,
    /// Answers to prompts go beside a `Send` that is under way, and [`Event::Answered`] acknowledges them. Where not,
    /// they wait for it, and [`Event::Acknowledged`] does.
    pub answers_beside: bool,
    /// Bytes are encrypted on their way, so that protocol 2.4 may be offered.
    pub encrypted: bool,
    /// The connection keeps deadlines of its own, and tries again meanwhile what was lost: the session sets none for
    /// acknowledgements, and this one for what takes an exchange of PSRP, opening among it.
    pub own_deadlines: Option<Duration>,
    /// How long it goes on trying beyond those when the network is lost.
    pub retry_window: Duration,
    /// The most bytes (headers included) that one fragment may have.
    pub fragment_size: usize,
}

/// What a session asks of its connection.
///
/// At most one `Send` is under way for a target, and one of answers to prompts beside it where the connection carries
/// that: the next one may follow when [`Event::Acknowledged`] or [`Event::Answered`] came.
#[derive(Debug)]
pub enum Command {
    /// Opens the runspace pool `id`; `opening` holds the fragments of the first two messages. Answered by
    /// [`Event::Opened`].
    Open {
        /// The runspace pool's id.
        id: Uuid,
        /// The session's name, for servers that list it.
        name: String,
        /// `SESSION_CAPABILITY` and `INIT_RUNSPACEPOOL`.
        opening: Bytes,
    },
    /// Opens a pipeline's channel and sends its first fragments, which hold `CREATE_PIPELINE` (or its beginning) and
    /// nothing else. Answered by [`Event::Acknowledged`] of its target.
    CreatePipeline {
        /// The pipeline's id.
        id: Uuid,
        /// The fragments.
        first: Bytes,
    },
    /// Sends whole fragments. Answered by [`Event::Acknowledged`].
    Send {
        /// To what.
        target: Target,
        /// From which queue.
        priority: Priority,
        /// Whole fragments, in order.
        data: Bytes,
    },
    /// Lets that many more bytes of a target be read. A target starts with none.
    Read {
        /// From what.
        target: Target,
        /// How many more bytes.
        credit: usize,
    },
    /// Asks the server to stop a pipeline. Answered by [`Event::StopAcknowledged`]; the pipeline's final state is data.
    Stop(Uuid),
    /// Ends a pipeline's channel, finished or not. Answered by [`Event::PipelineClosed`].
    ClosePipeline(Uuid),
    /// Closes the session on the server, then the connection. Answered by [`Event::Closed`].
    Close,
    /// Leaves the session running on the server. Answered by [`Event::Disconnected`], or [`Event::NotDisconnected`].
    Disconnect(Leave),
    /// Takes the session up again that this connection left. Answered by [`Event::Reconnected`].
    Reconnect,
    /// Takes up a session that another client left; `opening` holds the fragments of `SESSION_CAPABILITY` and
    /// `CONNECT_RUNSPACEPOOL`. Answered by [`Event::Connected`].
    Connect {
        /// The runspace pool's id.
        id: Uuid,
        /// The two messages, each in one fragment.
        opening: Bytes,
        /// The server may still count it as connected to this very client, whose process is gone: then it is left first.
        ours: bool,
    },
    /// Attaches to a running pipeline of a session that was taken up by `Connect`. Answered by
    /// [`Event::Acknowledged`].
    ConnectPipeline(Uuid),
}

/// What a connection tells its session.
#[derive(Debug)]
pub enum Event {
    /// The server took the opening messages.
    Opened,
    /// Bytes of a target: parts of fragments, in order. They count against the target's credit.
    Data {
        /// From what.
        target: Target,
        /// The bytes.
        data: Bytes,
    },
    /// The last `CreatePipeline`, `Send` or `ConnectPipeline` of the target has arrived.
    Acknowledged(Target),
    /// The last `Send` of answers to prompts of the target has arrived.
    Answered(Target),
    /// The server took the stop.
    StopAcknowledged(Uuid),
    /// The pipeline's channel has ended, asked for or not. No more of its data follows.
    PipelineClosed(Uuid),
    /// One target failed; the others go on.
    Fault {
        /// What failed.
        target: Target,
        /// Why.
        failure: Failure,
    },
    /// The session runs on without us; if nobody asked for that, why. Where this connection's end of it is kept,
    /// `Reconnect` takes it up again.
    Disconnected(Option<Failure>),
    /// The server does not let us leave the session, which goes on as before.
    NotDisconnected(Failure),
    /// The session is ours again.
    Reconnected,
    /// The session of another client is ours; the bytes are the server's answer (`connectResponseXml`).
    Connected(Bytes),
    /// Closed, as was asked; the last event. If the server has not said so, why not: it may still have the session.
    Closed(Option<Failure>),
    /// Lost. The last event.
    Lost(Failure),
    /// An answer was lost that the server does not keep: some of the target's data may be missing.
    Gap(Target),
    /// The network is lost. What was under way is tried again for so long at most; then comes `Restored`, `Disconnected`
    /// or `Lost`.
    Interrupted {
        /// What happened, without a final stop.
        why: String,
        /// How long it is tried, from now on.
        window: Duration,
    },
    /// The server answers again.
    Restored,
    /// How the server keeps the session once it is left; after `Opened`, `Connected` and `Disconnected`, where it says so.
    Kept(Keeping),
    /// Something to report that is no failure: a line before the first packet, say.
    Notice(String),
}

/// How a session is to be left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leave {
    /// How long the server keeps it without a client (`-IdleTimeoutSec`); none: as it was opened.
    pub idle_timeout: Option<Duration>,
    /// What becomes of output that finds no room (`-OutputBufferingMode`); none: as it was opened.
    pub buffering: Option<Buffering>,
}

/// How a server keeps a session that has no client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keeping {
    /// For how long.
    pub idle_timeout: Option<Duration>,
    /// The most that may be asked for.
    pub max_idle_timeout: Option<Duration>,
    /// What becomes of output that finds no room.
    pub buffering: Option<Buffering>,
}

/// A step of getting in, shown while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Finding the address.
    Resolve,
    /// Reaching the port, or starting the process.
    Connect,
    /// Agreeing on keys, and trusting the server.
    Handshake,
    /// Saying who we are.
    Authenticate,
    /// Starting the subsystem or the endpoint.
    Start,
    /// The first exchange of PSRP.
    Open,
}

/// Whose fault a failure is, and so which exit status and which remedy it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The server cannot be reached, or was lost.
    Unreachable,
    /// The server could not be reached in time, has not heard of it, and never will.
    NotSent,
    /// The server refused: identity, permission, trust, a missing subsystem.
    Refused,
    /// A deadline passed.
    TimedOut,
    /// The peer broke the protocol.
    Protocol,
    /// What the user gave cannot work.
    Usage,
    /// The user or a token cancelled.
    Cancelled,
    /// A program that we need is missing, or ended by itself.
    Process,
}

/// Why a connection could not be made or was lost.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Whose fault it is.
    pub kind: FailureKind,
    /// The step that failed, while getting in.
    pub stage: Option<Stage>,
    /// What happened, in one sentence without a final stop.
    pub message: String,
    /// The reasons behind it, outermost first: the last lines of standard error, say.
    pub details: Vec<String>,
    /// What to do next, a sentence each.
    pub hints: Vec<String>,
    /// PowerShell's own error id, where it has one.
    pub error_id: Option<String>,
}

/// One way to a server. Dropping it lets go of the local end, and cancels nothing on the server; but a session that it
/// was asked to open, and neither to close nor to leave, is taken away there if that is quickly done.
pub trait Connection: Send {
    /// What this connection can do.
    fn capabilities(&self) -> Capabilities;

    /// Takes a command. Never waits: the rules above bound what can be outstanding. Stop, close and prompt responses
    /// go ahead of everything that waits.
    fn submit(&mut self, command: Command);

    /// The next event. May be dropped and called again without losing anything. After [`Event::Closed`] or
    /// [`Event::Lost`] it waits for ever.
    fn event(&mut self) -> Pin<Box<dyn Future<Output = Event> + Send + '_>>;

    /// How many bytes of whole fragments one [`Command::Send`] should carry at the moment. It grows with the round trip;
    /// one fragment always fits.
    fn packet_size(&self) -> usize {
        self.capabilities().fragment_size
    }

    /// Ends when the connection has: told its last event, or dropped and done with what that entails. Whether the server
    /// has nothing of the session then, as far as is known.
    fn over(&self) -> Pin<Box<dyn Future<Output = bool> + Send>> {
        Box::pin(std::future::ready(true))
    }

    /// How long silence may last before the connection is taken for lost, if it watches that.
    fn keep_alive(&self) -> Option<Duration> {
        None
    }
}

impl Failure {
    /// A failure with nothing but its kind and message.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            stage: None,
            message: message.into(),
            details: Vec::new(),
            hints: Vec::new(),
            error_id: None,
        }
    }

    /// Says at which step it happened.
    #[must_use]
    pub fn at(mut self, stage: Stage) -> Self {
        self.stage = Some(stage);
        self
    }

    /// Adds a reason.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    /// Adds a next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Names PowerShell's error id.
    #[must_use]
    pub fn id(mut self, error_id: impl Into<String>) -> Self {
        self.error_id = Some(error_id.into());
        self
    }
}
