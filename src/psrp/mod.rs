//! The PowerShell Remoting Protocol ([MS-PSRP]): messages, fragments, runspace pool, pipelines, host calls, keys.
//! No IO, no clock.

pub mod client;
mod error;
pub mod fragment;
pub mod host;
mod keys;
mod members;
mod message;
mod messages;
mod outbox;
mod secret;
pub mod server;
mod state;
mod target;

pub use error::Error;
pub use keys::{KeyError, KeyPair};
pub use members::MemberError;
pub use message::{Destination, Message, MessageError, MessageType};
pub use messages::{
    ApartmentState, CommandSpec, CommandTypes, Merge, MetadataQuery, PipelineSpec, ResultTypes,
    StreamOptions, ThreadOptions, UserEvent,
};
pub use secret::{Secret, SecretError};
pub use state::{PipelineState, PoolState};
pub use target::{Priority, Target};
