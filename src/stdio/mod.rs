//! The packets of SSH, processes, pipes and containers: one XML element a line. No IO; time comes in as an argument.
//!
//! A PowerShell server hands each line it reads to a pool of threads, so order exists only through acknowledgements.
//! [`Client`] keeps the rules that follow from it (protocol guide 9.2): a pipeline's `Command` is acknowledged before
//! its first `Data`, one `Data` a target is under way, and the session is closed after its pipelines.

mod client;
mod error;
mod lines;
mod packet;
mod server;
mod tail;

pub use client::{Client, Event, FRAGMENT};
pub use error::Error;
pub use packet::{Packet, Stream};
pub use server::Server;
pub use tail::{Tail, printable};
