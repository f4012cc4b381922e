//! Connections to servers. The only layer that opens sockets and starts processes.

mod address;
mod connection;
mod memory;
mod options;
mod packets;
mod password_command;
pub mod process;
mod question;
pub mod ssh;

pub use address::{AddressError, TargetAddress};
pub use connection::{Capabilities, Command, Connection, Event, Failure, FailureKind, Stage};
pub use memory::Memory;
pub use options::{Options, parse_duration};
pub use password_command::PasswordCommand;
pub use question::{Answer, Ask, Nobody, Question, Secret};
