//! The messages of WSMan (MS-WSMV): envelopes of SOAP with shells and commands in them, faults, and the format of sealed
//! bodies. No sockets and no clock.
//!
//! [`Request::write`] makes an envelope; [`Response::read`] takes one apart by the names of its elements, in any order
//! and with any prefix. What a server says is hostile: sizes, depth and counts are bounded.

pub mod client;
mod duration;
mod error;
mod fault;
mod names;
mod request;
mod response;
mod sealed;
mod shell;
mod text;
mod writer;
mod xml;

pub use error::Error;
pub use fault::{Fault, FaultCode, Guilty};
pub use names::{Action, STOP, TERMINATE, resource};
pub use request::{Body, Header, Operation, Request};
pub use response::{
    Answer, CommandState, Connected, Echo, Identity, Page, Received, Response, State, Stream,
};
pub use sealed::{MAX_PIECE, Part, Piece, Protocol, Sealed, is_sealed, seal};
pub use shell::{CommandInfo, Shell};
pub use text::decode;
