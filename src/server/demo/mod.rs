//! The demonstration: computers that are only told of, with runspaces that evaluate a little PowerShell.

mod commands;
mod display;
mod evaluator;
mod fault;
mod fleet;
mod machine;
mod outside;
mod running;
#[cfg(test)]
mod screen;
mod session;
#[cfg(test)]
mod tests;
mod values;

pub use fleet::{Demonstration, Held, Refusal, Start};
pub use session::Session;
