//! What goes out of the machine, and what is told to it.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use crate::psrp::{Priority, Target};
use crate::wsman::{Action, Error, Fault};

/// One transmission of a request, and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExchangeId(pub(super) u64);

/// How a request shares the connections. One connection carries one exchange at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// It waits for nothing: a stop, an end, an answer to a prompt.
    Urgent,
    /// Answered soon.
    Ordinary,
    /// A Receive: it stays until there is output.
    Parked,
}

/// A request that is to be sent now.
#[derive(Clone, PartialEq, Eq)]
pub struct Transmit {
    /// To tell its answer by.
    pub exchange: ExchangeId,
    /// What it asks for.
    pub action: Action,
    /// Which connection it takes.
    pub lane: Lane,
    /// The text of the request.
    pub envelope: String,
    /// How long the server may be silent until this exchange counts as [lost](super::Client::lost).
    pub patience: Duration,
    /// It must go over a connection that was made, and authenticated, after the last loss: what it repeats is answered
    /// there.
    pub fresh_connection: bool,
}

/// Whether a lost request can have reached the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The server cannot have run it: no connection, a refused connection, 401 or 503.
    No,
    /// Nobody knows: it was on its way, or its answer was.
    Maybe,
}

/// Why the answer of an exchange will not come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// What helps.
    pub kind: Trouble,
    /// What happened, without a final stop.
    pub text: String,
}

/// What kind of trouble an exchange met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// No connection, or a broken one: tried again until the time for it is over.
    Network,
    /// No answer in its [patience](Transmit::patience): treated alike.
    Silence,
    /// 425, 429, 503: tried again after a pause, a few times.
    Busy,
    /// 413: sent again in smaller parts.
    TooLarge,
    /// 401, or a bare 400 to a sealed body: the connection has lost its context. Tried again on a new one, a few times.
    Context,
    /// An answer that is none: cut short, of another type, unreadable. Asked for again a few times.
    Garbage,
    /// Nothing helps: 403, 404, a refused identity, an answer that should have been sealed.
    Final,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// A creation, a send or a connect of a pipeline has arrived whole.
    Acknowledged {
        /// Of what.
        target: Target,
        /// From which queue.
        priority: Priority,
    },
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
    /// The shell runs on without us; if nobody asked for that, why.
    Disconnected(Option<Failure>),
    /// The server does not let us leave the shell: it stays ours.
    NotDisconnected(Failure),
    /// The shell is ours again.
    Reconnected,
    /// The shell of another client is ours; the server's answer (`connectResponseXml`).
    Connected(Bytes),
    /// Deleted, as was asked; the last event. If the server has not said so, why not: it may still have the shell.
    Closed(Option<Failure>),
    /// The session cannot go on. The last event.
    Lost(Failure),
    /// The network failed, and what was under way is tried again for so long at most.
    Retrying {
        /// What happened.
        why: Why,
        /// How long it is tried.
        window: Duration,
    },
    /// The server answers again.
    Back,
    /// An answer with output was lost that the server does not keep: some of the output may be missing.
    Gap(Target),
    /// How the server keeps the shell once it is left.
    Kept(Kept),
    /// Something to report that is no failure.
    Notice(String),
}

/// How a server keeps a shell that has no client, as far as it says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// For how long.
    pub idle_timeout: Option<Duration>,
    /// The most that may be asked for.
    pub max_idle_timeout: Option<Duration>,
    /// What becomes of output that finds no room: `Block` or `Drop`.
    pub buffering: Option<String>,
}

/// Why something did not work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The server said no.
    #[error("the server refused {}: {}", .action.name(), said(.fault))]
    Refused {
        /// What was tried.
        action: Action,
        /// Its words.
        fault: Box<Fault>,
    },
    /// The server's answer cannot be used.
    #[error("the answer to {} cannot be used: {error}", .action.name())]
    Unusable {
        /// What was answered.
        action: Action,
        /// What is wrong with it.
        error: Error,
    },
    /// Another client has the shell.
    #[error("another client has the session: {}", said(.fault))]
    Held {
        /// The server's words.
        fault: Box<Fault>,
        /// Where that client is, if the server tells.
        client: Option<String>,
        /// How long ago the server heard of it.
        heard: Option<Duration>,
    },
    /// No answer could be had.
    #[error("{} got no answer: {}", .action.name(), .why.text)]
    NoAnswer {
        /// What was asked.
        action: Action,
        /// Why.
        why: Why,
        /// How long it was tried.
        tried: Duration,
    },
    /// It has not been done, and the time to try it is over.
    #[error("{} has not reached the server: {}", .action.name(), .why.text)]
    NotArrived {
        /// What was to be asked.
        action: Action,
        /// Why it could not be.
        why: Why,
    },
    /// The command has ended, and how it did was in an answer that was lost.
    #[error(
        "the command has ended, and its last output was lost with a connection: the server does not have it any more"
    )]
    ResultLost,
    /// The answer was lost, the server does not keep answers, and a second attempt could do it twice.
    #[error("the answer to {} was lost ({}), so nobody knows whether the server has done it", .action.name(), .why.text)]
    Undecided {
        /// What may have been done.
        action: Action,
        /// How the answer was lost.
        why: Why,
    },
}

impl Failure {
    /// Whether it shows that the server has no shell.
    pub(super) fn shows_no_shell(&self) -> bool {
        matches!(self, Self::Refused { action, fault } if *action == Action::Create || fault.is_gone())
    }

    /// Whether the server may be there, and the shell on it.
    pub(super) fn leaves_shell(&self) -> bool {
        match self {
            Self::Refused { fault, .. } => !fault.is_gone(),
            Self::NoAnswer { why, .. }
            | Self::NotArrived { why, .. }
            | Self::Undecided { why, .. } => !matches!(
                why.kind,
                Trouble::Network | Trouble::Silence | Trouble::Final
            ),
            Self::Held { .. } => false,
            Self::Unusable { .. } | Self::ResultLost => true,
        }
    }
}

fn said(fault: &Fault) -> String {
    match (fault.message.as_str(), fault.code) {
        ("", Some(code)) => format!("fault {:#010x}", code.code()),
        ("", None) => "it does not say why".to_owned(),
        (message, _) => message.to_owned(),
    }
}

impl fmt::Debug for Transmit {
    /// Without the envelope, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            exchange,
            action,
            lane,
            envelope,
            fresh_connection,
            ..
        } = self;
        let bytes = envelope.len();
        write!(
            f,
            "{exchange:?} {action:?} {lane:?} {bytes} bytes, fresh {fresh_connection}"
        )
    }
}
