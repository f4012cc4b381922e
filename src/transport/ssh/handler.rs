//! What russh calls back.

use std::sync::{Arc, Mutex, PoisonError};

use russh::Names;
use russh::client::{DisconnectReason, Handler, Session};
use russh::keys::{PublicKey, PublicKeyOrCertificate};
use tokio::sync::{mpsc, oneshot};

use crate::stdio::{Tail, printable};

/// A server's key, and where to say whether it is trusted.
pub(super) type KeyQuestion = (PublicKey, oneshot::Sender<bool>);

/// What the server said on the side.
#[derive(Clone, Default)]
pub(super) struct Side(Arc<Mutex<Said>>);

#[derive(Default)]
struct Said {
    windows: bool,
    banner: Tail,
    goodbye: Option<String>,
}

pub(super) struct Callbacks {
    pub(super) keys: mpsc::UnboundedSender<KeyQuestion>,
    pub(super) side: Side,
}

impl Side {
    /// The text that the server shows before authentication.
    pub(super) fn banner(&self) -> Vec<String> {
        self.lock().banner.last_lines(20)
    }

    /// Why the connection ended, if that is known.
    pub(super) fn goodbye(&self) -> Option<String> {
        self.lock().goodbye.clone()
    }

    /// Takes what the server calls its program.
    pub(super) fn identify(&self, program: &[u8]) {
        let windows = memchr::memmem::find(program, b"for_Windows").is_some();
        self.lock().windows = windows;
    }

    /// Whether the server runs on Windows.
    pub(super) fn is_windows(&self) -> bool {
        self.lock().windows
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for Callbacks {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        key: &PublicKeyOrCertificate,
    ) -> Result<bool, russh::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else {
            return Ok(false);
        };
        let (answer, trusted) = oneshot::channel();
        if self.keys.send((key.clone(), answer)).is_err() {
            return Ok(false);
        }
        Ok(trusted.await.unwrap_or(false))
    }

    async fn kex_done(
        &mut self,
        _: Option<&[u8]>,
        _: &Names,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.side.identify(session.remote_sshid());
        Ok(())
    }

    async fn auth_banner(&mut self, banner: &str, _: &mut Session) -> Result<(), russh::Error> {
        self.side.lock().banner.push(banner.as_bytes());
        Ok(())
    }

    async fn disconnected(
        &mut self,
        reason: DisconnectReason<russh::Error>,
    ) -> Result<(), russh::Error> {
        let (goodbye, result) = match reason {
            DisconnectReason::ReceivedDisconnect(said) => (
                format!("the server says: {}", printable(said.message.as_bytes())),
                Ok(()),
            ),
            DisconnectReason::Error(error) => (describe(&error), Err(error)),
        };
        self.side.lock().goodbye.get_or_insert(goodbye);
        result
    }
}

/// An error of russh in words for users.
pub(super) fn describe(error: &russh::Error) -> String {
    match error {
        russh::Error::KeepaliveTimeout => "the server no longer answers keep-alives".into(),
        russh::Error::Disconnect | russh::Error::HUP => "the server closed the connection".into(),
        russh::Error::IO(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            "the server closed the connection".into()
        }
        russh::Error::IO(error) => format!("the connection broke: {error}"),
        other => printable(other.to_string().as_bytes()),
    }
}
