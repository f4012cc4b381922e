//! The session key: when it is asked for, and what waits for it.
//!
//! A server of protocol 2.3 never asks: it encrypts secure strings whether we have the key or not. So the exchange
//! begins with the first of them, or with the first secret that we have to send, or with the prompt for one.

use super::{Client, Event, Reason};
use crate::clixml::{Value, Version};
use crate::psrp::keys::SessionKey;
use crate::psrp::messages::{encrypted_session_key, public_key};
use crate::psrp::secret::holds_secret;
use crate::psrp::{Error, KeyPair, MessageType, PoolState, Priority, Target};

/// How far the exchange has come.
#[derive(Debug, Default)]
pub(super) enum Exchange {
    /// Nothing needed it yet.
    #[default]
    Idle,
    /// The owner has made a key pair beforehand.
    Ready(KeyPair),
    /// The owner makes a key pair.
    Asked,
    /// The public key was sent.
    Sent(KeyPair),
    /// The session key is there.
    Done(SessionKey),
}

impl Client {
    /// Whether secrets are encrypted with a session key; from protocol 2.4 on they are not.
    pub(super) fn encrypts_secrets(&self) -> bool {
        self.protocol < Version::new(2, 4)
    }

    /// Hands over the key pair that [`Event::KeyNeeded`] asked for. May be done before it is asked for, too.
    pub fn provide_key(&mut self, pair: KeyPair) {
        match self.exchange {
            Exchange::Idle => self.exchange = Exchange::Ready(pair),
            Exchange::Asked => self.send_public_key(pair),
            _ => {}
        }
    }

    /// The owner could not make a key pair: nothing that waits for it can go on.
    pub fn key_failed(&mut self, error: crate::psrp::KeyError) {
        self.end(PoolState::Broken, Some(Reason::Protocol(error.into())));
    }

    pub(super) fn start_exchange(&mut self) {
        match std::mem::replace(&mut self.exchange, Exchange::Asked) {
            Exchange::Idle => self.events.push_back(Event::KeyNeeded),
            Exchange::Ready(pair) => self.send_public_key(pair),
            begun => self.exchange = begun,
        }
    }

    fn send_public_key(&mut self, pair: KeyPair) {
        if !self.state.is_final() {
            let body = public_key::encode(&pair.public_key());
            self.push_pool(MessageType::PublicKey, &body);
            self.exchange = Exchange::Sent(pair);
        }
    }

    /// `ENCRYPTED_SESSION_KEY`: lets go everything that waited.
    pub(super) fn session_key(&mut self, body: &Value) -> Result<(), Error> {
        let Exchange::Sent(pair) = &self.exchange else {
            return Err(Error::Unexpected {
                message: MessageType::EncryptedSessionKey,
                state: self.state,
            });
        };
        let key = pair.session_key(&encrypted_session_key::decode(body)?)?;
        let unlocked = self.outbox.unlock(&key)?;
        self.exchange = Exchange::Done(key);
        for target in unlocked {
            if let Target::Pipeline(id) = target {
                self.pipeline_unlocked(id);
            }
        }
        self.release_held();
        Ok(())
    }

    /// Whether a message that holds secrets can be read.
    pub(super) fn can_open(&self) -> bool {
        matches!(self.exchange, Exchange::Done(_)) || !self.encrypts_secrets()
    }

    /// Decrypts the secrets of a value.
    pub(super) fn open_secrets(&self, value: &mut Value) -> Result<(), Error> {
        match &self.exchange {
            Exchange::Done(key) if self.encrypts_secrets() => Ok(key.open_all(value)?),
            _ => Ok(()),
        }
    }

    /// Queues a message that may hold secrets: encrypted, or to wait for the key.
    pub(super) fn send(
        &mut self,
        to: Target,
        priority: Priority,
        kind: MessageType,
        mut body: Value,
        alone: bool,
    ) -> Result<(), Error> {
        if self.encrypts_secrets() && holds_secret(&body) {
            if let Exchange::Done(key) = &self.exchange {
                key.seal_all(&mut body)?;
            } else {
                self.outbox.push_locked(to, priority, kind, body, alone);
                self.start_exchange();
                return Ok(());
            }
        }
        if alone {
            self.outbox.push_alone(to, kind, &body);
        } else {
            self.outbox.push(to, priority, kind, &body);
        }
        Ok(())
    }

    /// Whether our public key was sent and the session key has not come yet. The server owes it, so its owner should not
    /// wait for ever.
    pub fn is_exchanging(&self) -> bool {
        matches!(self.exchange, Exchange::Sent(_))
    }
}
