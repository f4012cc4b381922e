//! What a pool tells its owner.

use std::fmt;

use bytes::Bytes;
use uuid::Uuid;

use crate::clixml::Value;
use crate::clixml::records::{ErrorRecord, InformationRecord, InformationalRecord, ProgressRecord};
use crate::psrp::host::HostCall;
use crate::psrp::{Error, MessageType, PipelineState, PoolState, Target, UserEvent};

/// What a pool tells its owner, in the order in which it happened.
///
/// Secure strings inside values are in the form that [`Secret`](crate::psrp::Secret) reads.
#[derive(Clone, Debug)]
pub enum Event {
    /// The pool's state changed.
    PoolState {
        /// The new state.
        state: PoolState,
        /// Why, if it broke.
        reason: Option<Reason>,
    },
    /// `APPLICATION_PRIVATE_DATA`: the entries of a dictionary; `PSVersionTable` is among them.
    ApplicationPrivateData(Vec<(Value, Value)>),
    /// Make a [`KeyPair`](crate::psrp::KeyPair) off this thread, and hand it to
    /// [`Client::provide_key`](super::Client::provide_key). Until the session key is there, what holds secrets waits,
    /// and no event comes of it: go on reading, for the key comes through the pool's channel.
    KeyNeeded,
    /// The fragments of a pipeline that waited for the session key: see
    /// [`Client::create_pipeline`](super::Client::create_pipeline).
    PipelineReady {
        /// The pipeline.
        pipeline: Uuid,
        /// What its channel is opened with.
        first: Bytes,
    },
    /// A pipeline wrote an object.
    Output {
        /// The pipeline.
        pipeline: Uuid,
        /// The object.
        value: Value,
        /// The bytes of its CLIXML.
        bytes: usize,
    },
    /// A pipeline wrote an error.
    Error {
        /// The pipeline.
        pipeline: Uuid,
        /// The error.
        record: Box<ErrorRecord>,
    },
    /// A pipeline wrote a warning.
    Warning {
        /// The pipeline.
        pipeline: Uuid,
        /// The warning.
        record: Box<InformationalRecord>,
    },
    /// A pipeline wrote a verbose record.
    Verbose {
        /// The pipeline.
        pipeline: Uuid,
        /// The record.
        record: Box<InformationalRecord>,
    },
    /// A pipeline wrote a debug record.
    Debug {
        /// The pipeline.
        pipeline: Uuid,
        /// The record.
        record: Box<InformationalRecord>,
    },
    /// A pipeline wrote an information record; `Write-Host` does, beside its host call.
    Information {
        /// The pipeline.
        pipeline: Uuid,
        /// The record.
        record: Box<InformationRecord>,
    },
    /// A pipeline reported progress.
    Progress {
        /// The pipeline.
        pipeline: Uuid,
        /// The record.
        record: Box<ProgressRecord>,
    },
    /// Output of a pipeline is missing: the server dropped it, or its beginning went to a former client.
    Missing {
        /// The pipeline.
        pipeline: Uuid,
    },
    /// A pipeline's state changed. After a final state its channel has to be closed.
    PipelineState {
        /// The pipeline.
        pipeline: Uuid,
        /// The new state.
        state: PipelineState,
        /// Why, if it failed or was stopped.
        reason: Option<Reason>,
    },
    /// The server asks something of the host. If it [waits](HostCall::waits), exactly one
    /// [`Client::answer`](super::Client::answer) is due.
    HostCall {
        /// The pool, or the pipeline.
        target: Target,
        /// What is asked.
        call: HostCall,
    },
    /// Nobody waits any more for the answer to a host call: take the prompt away.
    HostCallCancelled {
        /// The pool, or the pipeline.
        target: Target,
        /// The call's id.
        call: i64,
    },
    /// An event that the server forwards.
    UserEvent(Box<UserEvent>),
    /// The answer to a call for counts or a reset.
    RunspaceAvailability {
        /// The number that the call gave.
        ci: i64,
        /// The answer.
        answer: RunspaceAnswer,
    },
    /// A message that we do not know; it was dropped.
    Unknown {
        /// From what.
        target: Target,
        /// Its type.
        kind: MessageType,
    },
}

/// The answer to a call for counts or a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunspaceAnswer {
    /// Whether the change was made.
    Done(bool),
    /// How many runspaces are free.
    Free(i64),
}

/// Why a pool or a pipeline ended.
#[derive(Clone, Debug)]
pub enum Reason {
    /// The server says so.
    Record(Box<ErrorRecord>),
    /// The protocol was broken.
    Protocol(Error),
    /// The connection says so.
    Lost(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(record) => f.write_str(record.display_text()),
            Self::Protocol(error) => error.fmt(f),
            Self::Lost(reason) => f.write_str(reason),
        }
    }
}
