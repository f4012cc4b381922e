//! The documented command lines: PowerShell's session cmdlets, as its documentation writes them, over a
//! [`Pool`](crate::session::Pool).
//!
//! `interpreter` reads the language's tree and runs statements, expressions and pipelines; `metadata` has the cmdlets'
//! parameter sets; `binding` fits arguments to them as PowerShell does; `commands` holds one file a cmdlet. Nothing here
//! knows how a session works, nor where its output is shown: the first is the pool's, the second the [`Host`]'s.

mod binding;
mod commands;
mod console;
mod error;
mod help;
mod host;
mod interpreter;
mod interrupt;
mod job;
mod kept;
mod metadata;
mod options;
mod reach;
mod remote;
mod select;
mod session_object;
mod value;

pub use console::{Console, Outcome};
pub use error::Error;
pub use host::{Entered, Host, ToldIn};
pub use interrupt::Interrupt;
pub use metadata::{completions, is_cmdlet};
pub use session_object::session_object;
