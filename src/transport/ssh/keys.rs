//! The user's keys: those of the agent, and those in files.

use std::path::{Path, PathBuf};

use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::{AgentClient, AgentStream};
use russh::keys::{self, HashAlg, PrivateKey, PublicKey, load_public_key};
use zeroize::Zeroizing;

use super::settings::{Agent, Settings};

pub(super) type AgentConnection = AgentClient<Box<dyn AgentStream + Send + Unpin + 'static>>;

/// What a key file holds.
pub(super) enum KeyFile {
    /// A key that is ready for use.
    Open(Box<PrivateKey>),
    /// A key under a passphrase; its public half where that can be known without.
    Locked {
        text: Zeroizing<String>,
        public: Option<Box<PublicKey>>,
    },
}

/// The agent, if there is one and it answers.
pub(super) async fn agent(settings: &Settings) -> Option<AgentConnection> {
    let socket = match &settings.agent {
        Agent::None => return None,
        Agent::Socket(path) => path.clone(),
        Agent::Environment => {
            match std::env::var_os("SSH_AUTH_SOCK").filter(|socket| !socket.is_empty()) {
                Some(socket) => PathBuf::from(socket),
                None if cfg!(windows) => PathBuf::from(r"\\.\pipe\openssh-ssh-agent"),
                None => return None,
            }
        }
    };
    #[cfg(unix)]
    let connected = AgentClient::connect_uds(&socket).await;
    #[cfg(windows)]
    let connected = AgentClient::connect_named_pipe(&socket).await;
    match connected {
        Ok(agent) => Some(agent.dynamic()),
        Err(error) => {
            tracing::debug!(socket = %socket.display(), %error, "no agent");
            None
        }
    }
}

/// The agent's keys, those of key files first; with `IdentitiesOnly` no others. Certificates are left out.
pub(super) async fn agent_keys(
    agent: &mut AgentConnection,
    settings: &Settings,
) -> Vec<(PublicKey, String)> {
    let Ok(identities) = agent.request_identities().await else {
        return Vec::new();
    };
    let mut keys: Vec<(PublicKey, String)> = identities
        .into_iter()
        .filter_map(|identity| match identity {
            AgentIdentity::PublicKey { key, comment } => Some((key, comment)),
            AgentIdentity::Certificate { .. } => None,
        })
        .collect();
    let files: Vec<PublicKey> = settings
        .identity_files
        .iter()
        .filter_map(|file| public_half(file))
        .collect();
    let is_of_file = |key: &PublicKey| {
        files
            .iter()
            .any(|public| public.key_data() == key.key_data())
    };
    if settings.identities_only {
        keys.retain(|(key, _)| is_of_file(key));
    }
    keys.sort_by_key(|(key, _)| !is_of_file(key));
    keys
}

/// Reads a key file in any of OpenSSH's formats. The error is for the user.
pub(super) fn read(file: &Path) -> Result<KeyFile, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let text = Zeroizing::new(text);
    match keys::decode_secret_key(&text, None) {
        Ok(key) if !key.is_encrypted() => Ok(KeyFile::Open(Box::new(key))),
        Ok(_) | Err(keys::Error::KeyIsEncrypted) => {
            let public = public_half(file).map(Box::new);
            Ok(KeyFile::Locked { text, public })
        }
        Err(_) if text.contains("PUBLIC KEY") || text.starts_with("ssh-") => {
            Err("it is a public key; the private one is needed".into())
        }
        Err(error) => Err(error.to_string()),
    }
}

/// The key under a passphrase; `None` when the passphrase is wrong.
pub(super) async fn unlock(text: &str, passphrase: &str) -> Option<PrivateKey> {
    let (text, passphrase) = (
        Zeroizing::new(text.to_owned()),
        Zeroizing::new(passphrase.to_owned()),
    );
    // The derivation is slow on purpose.
    let work =
        tokio::task::spawn_blocking(move || keys::decode_secret_key(&text, Some(&passphrase)).ok());
    work.await.ok().flatten()
}

/// The public half of a key file: what the private file tells without its passphrase, or the `.pub` file beside it.
fn public_half(file: &Path) -> Option<PublicKey> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".pub");
    let told = || {
        let text = Zeroizing::new(std::fs::read_to_string(file).ok()?);
        PrivateKey::from_openssh(text.as_bytes())
            .ok()
            .map(|key| key.public_key().clone())
    };
    told()
        .or_else(|| load_public_key(beside).ok())
        .or_else(|| load_public_key(file).ok())
}

/// How a key is called in reports.
pub(super) fn name(key: &PublicKey) -> String {
    format!("{} {}", key.algorithm(), key.fingerprint(HashAlg::Sha256))
}
