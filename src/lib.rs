//! psdeck: a terminal session manager for PowerShell remoting.
//!
//! The layers, from the wire up; dependencies point from the later to the earlier (`tests/layers.rs` holds it):
//!
//! | module | holds |
//! |---|---|
//! | [`clixml`] | values and their CLIXML text |
//! | [`psrp`] | messages, fragments, runspace pool, pipeline, host calls, keys |
//! | [`stdio`] | the one-line XML packets of SSH, processes and pipes |
//! | [`wsman`] | the messages of WSMan |
//! | [`auth`] | tokens of Negotiate and NTLM, and what they seal |
//! | [`language`] | the part of PowerShell's grammar that we read |
//! | [`remote_text`] | remote text made safe to show: styled runs |
//! | [`transport`] | connections; the only place that opens sockets |
//! | [`session`] | one live session, the pool of them, the operations on them |
//! | [`server`] | the embedded servers: the demonstration |
//! | [`config`] | files, profiles, themes |
//! | `format` | values as text: JSON, tables and lists as PowerShell shows them |
//! | [`cmdlets`] | the documented command lines |
//! | [`cli`] | the verbs of the command line |
//! | [`tui`] | the full-screen app |
//!
//! `clixml`, `psrp`, `stdio`, `wsman`, `auth`, `language` and `remote_text` do no IO and read no clock.

#![cfg_attr(
    test,
    allow(
        clippy::format_push_string,
        clippy::string_slice,
        reason = "a test that goes wrong should panic, and its speed is nobody's concern"
    )
)]

pub mod auth;
pub mod cli;
pub mod clixml;
pub mod cmdlets;
pub mod config;
mod format;
pub mod language;
pub mod psrp;
pub mod remote_text;
pub mod server;
pub mod session;
pub mod stdio;

pub mod transport;
pub mod tui;
pub mod wsman;
