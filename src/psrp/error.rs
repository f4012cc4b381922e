//! What can go wrong.

use uuid::Uuid;

use super::fragment::FragmentError;
use super::{KeyError, MemberError, MessageError, MessageType, PoolState};
use crate::clixml::{self, Version};

/// What can go wrong in the protocol. [`Error::is_peers_fault`] says who is to blame.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer's fragments do not fit together, or are too large.
    #[error(transparent)]
    Fragment(#[from] FragmentError),
    /// The peer sent something that is no message.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The peer sent a message for the other side.
    #[error("{0} came from the side that it is meant for")]
    Direction(MessageType),
    /// The peer sent a message for another pipeline than the one whose channel it came through.
    #[error("{message} for pipeline {found} came through the channel of another target")]
    Target {
        /// The message.
        message: MessageType,
        /// The pipeline that it names.
        found: Uuid,
    },
    /// The body of a message is no CLIXML.
    #[error("the body of {message} cannot be read: {error}")]
    Body {
        /// The message.
        message: MessageType,
        /// Why not.
        error: Box<clixml::Error>,
    },
    /// The body of a message does not say what it should.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// A key or something encrypted is wrong.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A message came when none of its kind can.
    #[error("{message} came while the runspace pool was {state:?}")]
    Unexpected {
        /// The message.
        message: MessageType,
        /// The pool's state.
        state: PoolState,
    },
    /// A state that does not exist, or that cannot be sent.
    #[error("{message} says {number}, which is no state")]
    State {
        /// The message.
        message: MessageType,
        /// The number.
        number: i32,
    },
    /// The peer speaks another protocol.
    #[error("the peer speaks version {0} of the remoting protocol; 2.x is needed")]
    Protocol(Version),
    /// The peer asked for an answer under an id that still waits for one, or asked too much at once.
    #[error("host call {0} cannot be told from others that wait")]
    HostCall(i64),
    /// The peer sent more than may wait for the session key.
    #[error("more than {0} bytes wait for a session key that did not come")]
    TooMuchHeld(usize),
    /// The peer runs more pipelines than it may.
    #[error("more than {0} pipelines at once")]
    TooManyPipelines(usize),
    /// The pool is not open. Our side's fault.
    #[error("the runspace pool is {0:?}")]
    NotOpened(PoolState),
    /// There is no such pipeline, or no longer. Our side's fault.
    #[error("there is no pipeline {0}")]
    NoPipeline(Uuid),
    /// The pipeline takes no input, or no more. Our side's fault.
    #[error("pipeline {0} takes no more input")]
    NoInput(Uuid),
    /// No host call waits under this id: it was answered, or cancelled by a stop.
    #[error("no host call {0} waits for an answer")]
    NoHostCall(i64),
    /// The answer is of another kind than the method's. Our side's fault.
    #[error("this is no answer to the host's method {0}")]
    Answer(&'static str),
    /// The server's protocol is too old for this.
    #[error("{feature} needs version {needed} of the remoting protocol; {used} is used")]
    TooOld {
        /// What was asked for.
        feature: &'static str,
        /// The version it came with.
        needed: Version,
        /// The negotiated version.
        used: Version,
    },
    /// A pool cannot be left while pipelines are still being sent or keys exchanged.
    #[error("the session cannot be disconnected while {0}")]
    CannotDisconnect(&'static str),
    /// The answer to a connect lacks a message. The peer's fault.
    #[error("the server answered without {0}")]
    Incomplete(MessageType),
    /// A pipeline without a command. Our side's fault.
    #[error("a pipeline needs a command")]
    NoCommand,
}

impl Error {
    /// Whether the peer broke the protocol; else we, or whoever asked us, asked for something that cannot be.
    pub fn is_peers_fault(&self) -> bool {
        !matches!(
            self,
            Self::NotOpened(_)
                | Self::NoPipeline(_)
                | Self::NoInput(_)
                | Self::NoHostCall(_)
                | Self::Answer(_)
                | Self::TooOld { .. }
                | Self::CannotDisconnect(_)
                | Self::NoCommand
                | Self::Key(KeyError::Generate)
        )
    }
}
