//! A user's desk: one data folder that all their psdecks share, and a profile `Server01` that leads to a WSMan peer.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::psdeck::{Psdeck, Ran};
use super::wsman::{USER, WsmanPeer};

/// Several runs of the program by one user.
pub struct Desk {
    data: tempfile::TempDir,
    config: String,
}

impl Desk {
    /// Somebody who knows the peer as `Server01`.
    pub fn new(peer: &WsmanPeer) -> Self {
        let command = json!(peer.password_command());
        let (url, ca) = (peer.https_url(), peer.ca_file());
        Self {
            data: tempfile::tempdir().expect("a folder"),
            config: format!(
                "[computers.Server01]\ntarget = '{url}'\nuser = '{USER}'\npassword_command = {command}\n\
                 ca = '{}'\n",
                ca.display()
            ),
        }
    }

    /// Somebody who knows nothing but the demonstration.
    pub fn bare() -> Self {
        Self {
            data: tempfile::tempdir().expect("a folder"),
            config: String::new(),
        }
    }

    /// Another computer of theirs: the same profile, nothing remembered.
    pub fn elsewhere(&self) -> Self {
        Self {
            data: tempfile::tempdir().expect("a folder"),
            config: self.config.clone(),
        }
    }

    /// Adds to the configuration file.
    pub fn config(mut self, text: &str) -> Self {
        self.config.push_str(text);
        self
    }

    /// A run of the program.
    pub fn psdeck(&self, arguments: &[&str]) -> Psdeck {
        Psdeck::new()
            .config(&self.config)
            .env("PSDECK_DATA", self.data.path())
            .args(arguments)
    }

    /// The same, to its end.
    #[track_caller]
    pub fn run(&self, arguments: &[&str], status: i32) -> Ran {
        self.psdeck(arguments).run().expect(status)
    }

    /// What `list` says of every session, of these servers where some are named.
    #[track_caller]
    pub fn list(&self, targets: &[&str]) -> Vec<Value> {
        let arguments = [&["list", "--output", "jsonl"], targets].concat();
        self.run(&arguments, 0).json_lines()
    }

    /// Where its sessions are remembered.
    pub fn sessions(&self) -> PathBuf {
        self.data.path().join("sessions")
    }

    /// Where its data is.
    pub fn data(&self) -> PathBuf {
        self.data.path().to_owned()
    }

    /// Its configuration file's text.
    pub fn text(&self) -> &str {
        &self.config
    }
}
