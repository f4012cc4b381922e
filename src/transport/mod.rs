//! Connections to servers. The only layer that opens sockets and starts processes.

mod connection;
mod question;

pub use connection::{Capabilities, Command, Connection, Event, Failure, FailureKind, Stage};
pub use question::{Answer, Ask, Question, Secret};
