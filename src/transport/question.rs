//! What getting in may ask the user.

use std::fmt;
use std::pin::Pin;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{Failure, PasswordCommand};

/// A secret that the user typed. Wiped when dropped; its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

/// A question of ours (never of the remote side) while a connection is made.
#[derive(Clone, Debug)]
pub enum Question {
    /// The server's key is not on file.
    UnknownHostKey {
        /// The server as `known_hosts` names it.
        host: String,
        /// The kind of key, `ssh-ed25519` say.
        algorithm: String,
        /// `SHA256:…`.
        fingerprint: String,
    },
    /// Nobody has said which account to use.
    UserName {
        /// The server.
        host: String,
    },
    /// The way to prove who we are does not prove to us who the server is.
    TrustHost {
        /// The server.
        host: String,
        /// Where its requests go: `http://Server01:5985/wsman`.
        url: String,
    },
    /// A password for an account.
    Password {
        /// The account.
        user: String,
        /// The server.
        host: String,
        /// Whether the server has refused one.
        again: bool,
        /// What prints it, if the profile says so.
        command: Option<PasswordCommand>,
    },
    /// The passphrase of a key file.
    Passphrase {
        /// The file.
        file: String,
    },
    /// A prompt of keyboard-interactive authentication.
    KeyboardInteractive {
        /// The server.
        host: String,
        /// What the server says first; may be empty.
        instructions: String,
        /// The server's prompt.
        prompt: String,
        /// Whether the answer may be shown while it is typed.
        echo: bool,
        /// What prints the answer, if it is a password and the profile says so.
        command: Option<PasswordCommand>,
    },
}

impl Question {
    /// Whether a prompt of keyboard-interactive is for the account's password: most servers ask for it this way.
    pub fn is_for_password(prompt: &str, echo: bool) -> bool {
        !echo && prompt.to_lowercase().contains("password")
    }

    /// What saying yes to [`Question::TrustHost`] means, a paragraph each.
    pub fn about_trust(host: &str, url: &str) -> [String; 2] {
        let place = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        [
            format!(
                "NTLM proves to {host} who you are. It does not prove to you that {host} is who it says. {url} is \
                 clear HTTP: whoever answers there in its place can pass your login on to another server, try out \
                 passwords against it, or, as a member of your domain, take what you send."
            ),
            format!(
                "HTTPS proves it: https://{place}:5986/wsman, or --use-ssl with its name. Where you trust the \
                 network, a line trusted_hosts = [\"{host}\"] in config.toml answers this question for good."
            ),
        ]
    }

    /// What prints the answer, if the profile says so.
    pub fn command(&self) -> Option<&PasswordCommand> {
        match self {
            Self::Password { command, .. } | Self::KeyboardInteractive { command, .. } => {
                command.as_ref()
            }
            Self::UnknownHostKey { .. }
            | Self::UserName { .. }
            | Self::TrustHost { .. }
            | Self::Passphrase { .. } => None,
        }
    }
}

/// The answer to a [`Question`].
#[derive(Clone, Debug)]
pub enum Answer {
    /// To a host key: trust it from now on.
    Accept,
    /// To a host key: trust it this time only. To a host: trust it.
    AcceptOnce,
    /// A secret or a line.
    Secret(Secret),
    /// Whoever was to answer failed: getting in ends with this.
    Failed(Box<Failure>),
    /// No answer: nobody is there, or the user said no.
    Refuse,
}

/// Whoever can ask the user.
pub trait Ask: Send + Sync {
    /// Asks; the future may be dropped when the connection is cancelled.
    fn ask(&self, question: Question) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>>;
}

/// Nobody is there to be asked: everything is refused.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl Ask for Nobody {
    fn ask(&self, _: Question) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
        Box::pin(std::future::ready(Answer::Refuse))
    }
}

impl Secret {
    /// Wraps a secret.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself, for the moment of its use.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
