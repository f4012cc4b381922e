//! What a client asks of a server.

use uuid::Uuid;

use crate::clixml::Value;
use crate::clixml::records::HostInfo;
use crate::psrp::host::HostAnswer;
use crate::psrp::{MessageType, MetadataQuery, PipelineSpec, Target};

/// What a client asks of a server, in order.
///
/// Secure strings inside values are in the form that [`Secret`](crate::psrp::Secret) reads.
#[derive(Clone, Debug)]
pub enum Event {
    /// Opens the pool: [`Server::accept`](super::Server::accept) or [`Server::refuse`](super::Server::refuse) is due.
    Open {
        /// The pool's id.
        pool: Uuid,
        /// The host of pipelines that bring none of their own.
        host: Box<HostInfo>,
        /// `$PSSenderInfo.ApplicationArguments`.
        application_arguments: Option<Vec<(Value, Value)>>,
    },
    /// Runs a pipeline.
    Pipeline {
        /// The pipeline's id.
        id: Uuid,
        /// What it runs.
        spec: Box<PipelineSpec>,
    },
    /// Asks for the metadata of commands, under the id of a pipeline: a count, an object for each, a final state.
    Metadata {
        /// The pipeline's id.
        id: Uuid,
        /// For which.
        query: MetadataQuery,
    },
    /// An object of input.
    Input {
        /// The pipeline.
        pipeline: Uuid,
        /// The object.
        value: Value,
    },
    /// The end of input; of pipelines without input it does not come.
    EndOfInput {
        /// The pipeline.
        pipeline: Uuid,
    },
    /// The answer to a host call.
    HostAnswer {
        /// The pool, or the pipeline.
        target: Target,
        /// The call's id.
        call: i64,
        /// The answer.
        answer: HostAnswer,
    },
    /// Wants another number of runspaces at most: [`Server::answer_runspaces`](super::Server::answer_runspaces) is
    /// due, as for the next three.
    SetMaxRunspaces {
        /// The request's number.
        ci: i64,
        /// How many.
        count: i32,
    },
    /// Wants another number of runspaces at least.
    SetMinRunspaces {
        /// The request's number.
        ci: i64,
        /// How many.
        count: i32,
    },
    /// Asks how many runspaces are free.
    AvailableRunspaces {
        /// The request's number.
        ci: i64,
    },
    /// Wants the pool's runspace as new.
    Reset {
        /// The request's number.
        ci: i64,
    },
    /// A message that we do not know; it was dropped.
    Unknown {
        /// From what.
        target: Target,
        /// Its type.
        kind: MessageType,
    },
}
