//! A signer that signs nothing.

use russh::keys::HashAlg;
use russh::keys::agent::AgentIdentity;
use russh::{SendError, Signer};

/// Learns whether the server would take a signature, and gives none.
pub(super) struct Probe {
    pub(super) taken: bool,
}

impl Signer for Probe {
    type Error = SendError;

    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        _: Option<HashAlg>,
        _: Vec<u8>,
    ) -> Result<Vec<u8>, SendError> {
        self.taken = true;
        Err(SendError {})
    }
}
