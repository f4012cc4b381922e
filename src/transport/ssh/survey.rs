//! What a login would go by, for whoever looks for a fault: the settings of a host, the agent, the key files. Nothing is
//! connected to but the agent.

use std::path::PathBuf;

use super::{config, keys};
use crate::transport::{Failure, Options};

/// What a login to one host would go by.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The name or address to connect to.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The account.
    pub user: String,
    /// The agent's keys, as kind and fingerprint; `None` without an agent.
    pub agent: Option<Vec<String>>,
    /// The key files in the order they are tried; those of the usual places that are not there are left out.
    pub keys: Vec<(PathBuf, KeyState)>,
}

/// What a key file is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Ready for use; kind and fingerprint.
    Open(String),
    /// Under a passphrase.
    Locked,
    /// Why it cannot be used.
    Unusable(String),
}

/// Looks at the settings for `host` (as a target names it), the agent and the key files.
pub async fn survey(
    host: &str,
    user: Option<&str>,
    port: Option<u16>,
    options: &Options,
) -> Result<Survey, Failure> {
    let settings = config::load(host, user, port, options).await?;
    let agent = match keys::agent(&settings).await {
        Some(mut agent) => {
            let found = keys::agent_keys(&mut agent, &settings).await;
            Some(found.iter().map(|(key, _)| keys::name(key)).collect())
        }
        None => None,
    };
    let files = settings.identity_files.iter();
    let keys = files
        .filter(|file| file.exists() || options.identity.contains(file))
        .map(|file| {
            let state = match keys::read(file) {
                Ok(keys::KeyFile::Open(key)) => KeyState::Open(keys::name(key.public_key())),
                Ok(keys::KeyFile::Locked { .. }) => KeyState::Locked,
                Err(reason) => KeyState::Unusable(reason),
            };
            (file.clone(), state)
        })
        .collect();
    Ok(Survey {
        host: settings.host,
        port: settings.port,
        user: settings.user,
        agent,
        keys,
    })
}
