//! The full-screen app: `update` changes the model, views draw it, effects run outside.
//!
//! | module | holds |
//! |---|---|
//! | `model` | everything that the screen shows |
//! | `update` | messages in, a changed model and effects out; pure |
//! | `views`, `widgets` | the screen, drawn from the model alone |
//! | `input` | keys and their map, pastes |
//! | `theme` | colours by role |
//! | `terminal` | taking the terminal and giving it back |
//! | `effects`, `asking`, `commands` | what is done outside: sessions, timers; questions of ours; lines of cmdlets |
//! | `app` | the loop that ties them |

mod app;
mod asking;
mod commands;
mod effects;
mod input;
mod model;
mod overhear;
#[cfg(test)]
mod samples;
mod terminal;
mod theme;
mod update;
mod views;
mod widgets;
mod words;

use std::path::PathBuf;

use tokio::sync::watch;

use crate::config::Config;
use crate::session::Pool;
use crate::transport::{self, TargetAddress};

pub use app::run;

/// What the app is started with.
#[derive(Clone)]
pub struct Options {
    /// The sessions it shows and changes. It closes those that it leaves open when it ends.
    pub pool: Pool,
    /// Profiles for targets; theme and prefix key.
    pub config: Config,
    /// Whether colours are used.
    pub colours: bool,
    /// Where the user's own themes are.
    pub themes: Option<PathBuf>,
    /// Servers that are asked, at the start and by F5, which sessions they hold.
    pub servers: Vec<Server>,
    /// What is to be told at the start, a sentence each.
    pub notes: Vec<String>,
    /// What is to be told as it comes.
    pub warnings: watch::Receiver<Option<String>>,
}

/// A server that is asked which sessions it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// What the user calls it.
    pub name: String,
    /// Where it is.
    pub target: TargetAddress,
    /// How to get in.
    pub options: transport::Options,
}
