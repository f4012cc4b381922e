//! The embedded servers: the demonstration.

mod demo;

pub use demo::{Demonstration, Held, Refusal, Session, Start};
