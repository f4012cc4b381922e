//! Connections to servers. The only layer that opens sockets and starts processes.

mod address;
mod connection;
mod culture;
mod endpoint;
pub mod http;
mod memory;
mod options;
mod packets;
mod password_command;
mod pattern;
pub mod process;
mod question;
pub mod ssh;
mod tcp;

pub use address::{AddressError, Scheme, TargetAddress};
pub use connection::{
    Capabilities, Command, Connection, Event, Failure, FailureKind, Keeping, Leave, Stage,
};
pub use endpoint::Endpoint;
pub use memory::Memory;
pub(crate) use options::deserialize_duration;
pub use options::{Authentication, Buffering, Options, parse_duration};
pub use password_command::PasswordCommand;
pub use pattern::fits_pattern;
pub use question::{Answer, Ask, Nobody, Question, Secret};
