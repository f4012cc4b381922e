//! The exchange of a session key, and secure strings under it ([MS-PSRP] 2.2.5.1.24, 3.1.1.1.1).
//!
//! The client sends a public RSA key, the server answers with an AES key encrypted to it. All that is secret is wiped
//! when dropped.

use std::fmt;

use aes::Aes256;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, Pkcs1v15Encrypt, RsaPrivateKey, RsaPublicKey};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::secret::{self, Secret, SecretError};
use crate::clixml::{SecureText, Value};

const BITS: usize = 2048;
const RSA_BYTES: usize = BITS / 8;
const AES_BYTES: usize = 32;
/// The same for every value, so that equal secrets have equal ciphers: the protocol has it so.
const IV: [u8; 16] = [0; 16];

/// PUBLICKEYBLOB: type, version, algorithm `RSA_KEYX`, "RSA1", length in bits, exponent 65537.
const PUBLIC_HEADER: [u8; 20] = *b"\x06\x02\0\0\0\xa4\0\0RSA1\0\x08\0\0\x01\0\x01\0";
/// SIMPLEBLOB: type, version, algorithm `AES_256`, encrypted by `RSA_KEYX`.
const SESSION_HEADER: [u8; 12] = *b"\x01\x02\0\0\x10\x66\0\0\0\xa4\0\0";

/// What went wrong with a key or with something encrypted by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The peer's public key is not 2048-bit RSA in a PUBLICKEYBLOB.
    #[error("the public key is malformed")]
    PublicKey,
    /// The peer's session key is not in a SIMPLEBLOB, or was not encrypted to our key.
    #[error("the session key cannot be read")]
    SessionKey,
    /// A secure string was not encrypted with the session key.
    #[error("a secure string cannot be decrypted")]
    Secret,
    /// The random numbers of the operating system, or the key made of them, failed.
    #[error("no key could be made")]
    Generate,
}

impl From<SecretError> for KeyError {
    fn from(_: SecretError) -> Self {
        Self::Secret
    }
}

/// The client's key pair. Making one takes up to seconds, so it is made by the owner, off the threads that must not
/// wait, when [`Event::KeyNeeded`](super::client::Event::KeyNeeded) asks for it.
pub struct KeyPair(RsaPrivateKey);

impl KeyPair {
    /// Makes a key pair of 2048 bits. Slow.
    pub fn generate() -> Result<Self, KeyError> {
        RsaPrivateKey::new(&mut rand::rng(), BITS)
            .map(Self)
            .map_err(|_| KeyError::Generate)
    }

    /// The `PublicKey` member of `PUBLIC_KEY`: base64 of a PUBLICKEYBLOB.
    pub(crate) fn public_key(&self) -> String {
        let mut modulus = self.0.n().to_le_bytes().into_vec();
        modulus.resize(RSA_BYTES, 0);
        STANDARD.encode([PUBLIC_HEADER.as_slice(), &modulus].concat())
    }

    /// Reads the `EncryptedSessionKey` member of `ENCRYPTED_SESSION_KEY`: base64 of a SIMPLEBLOB.
    pub(crate) fn session_key(&self, text: &str) -> Result<SessionKey, KeyError> {
        let blob = secret::decode(text).map_err(|_| KeyError::SessionKey)?;
        let mut cipher = blob
            .strip_prefix(&SESSION_HEADER)
            .filter(|cipher| cipher.len() <= RSA_BYTES)
            .ok_or(KeyError::SessionKey)?
            .to_vec();
        cipher.resize(RSA_BYTES, 0);
        cipher.reverse();
        let key = self
            .0
            .decrypt_blinded(&mut rand::rng(), Pkcs1v15Encrypt, &cipher)
            .map(Zeroizing::new)
            .map_err(|_| KeyError::SessionKey)?;
        let key = key
            .as_slice()
            .try_into()
            .map_err(|_| KeyError::SessionKey)?;
        Ok(SessionKey(key))
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPair(…)")
    }
}

/// The AES key of one runspace pool.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct SessionKey([u8; AES_BYTES]);

impl SessionKey {
    /// Makes a key: the server's part.
    pub(crate) fn generate() -> Self {
        Self(rand::random())
    }

    /// The `EncryptedSessionKey` member for the client whose `PublicKey` member is `public_key`.
    pub(crate) fn encrypt_to(&self, public_key: &str) -> Result<String, KeyError> {
        let blob = secret::decode(public_key).map_err(|_| KeyError::PublicKey)?;
        let modulus = blob
            .strip_prefix(&PUBLIC_HEADER)
            .filter(|modulus| modulus.len() == RSA_BYTES)
            .ok_or(KeyError::PublicKey)?;
        let key = RsaPublicKey::new(BoxedUint::from_le_slice_vartime(modulus), 65537u32.into())
            .map_err(|_| KeyError::PublicKey)?;
        let mut cipher = key
            .encrypt(&mut rand::rng(), Pkcs1v15Encrypt, &self.0)
            .map_err(|_| KeyError::PublicKey)?;
        cipher.reverse();
        cipher.resize(RSA_BYTES, 0);
        Ok(STANDARD.encode([SESSION_HEADER.as_slice(), &cipher].concat()))
    }

    /// A secret as it travels below protocol 2.4.
    fn seal(&self, secret: &Secret) -> SecureText {
        let cipher = cbc::Encryptor::<Aes256>::inner_iv_init(self.cipher(), &IV.into())
            .encrypt_padded_vec::<Pkcs7>(secret.bytes());
        SecureText(STANDARD.encode(cipher))
    }

    fn cipher(&self) -> Aes256 {
        // By reference: a copy of the key would not be wiped.
        Aes256::new((&self.0).into())
    }

    fn open(&self, text: &SecureText) -> Result<Secret, KeyError> {
        let cipher = secret::decode(&text.0)?;
        let bytes = cbc::Decryptor::<Aes256>::inner_iv_init(self.cipher(), &IV.into())
            .decrypt_padded_vec::<Pkcs7>(&cipher)
            .map_err(|_| KeyError::Secret)?;
        Ok(Secret::from_bytes(Zeroizing::new(bytes))?)
    }

    /// Encrypts each secure string of a value.
    pub(crate) fn seal_all(&self, value: &mut Value) -> Result<(), KeyError> {
        secret::for_each(value, &mut |text| {
            *text = self.seal(&Secret::try_from(&*text)?);
            Ok(())
        })
    }

    /// Decrypts each secure string of a value.
    pub(crate) fn open_all(&self, value: &mut Value) -> Result<(), KeyError> {
        secret::for_each(value, &mut |text| {
            let Value::SecureString(plain) = self.open(text)?.to_value() else {
                return Err(KeyError::Secret);
            };
            *text = plain;
            Ok(())
        })
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

#[cfg(test)]
pub(super) mod tests {
    use rsa::pkcs8::DecodePrivateKey;
    use serde::Deserialize;

    use super::*;

    /// What psrpcore made.
    #[derive(Deserialize)]
    pub(in crate::psrp) struct Recorded {
        private_key_pkcs8: String,
        pub(in crate::psrp) public_key: String,
        session_key: String,
        pub(in crate::psrp) encrypted_session_key: String,
        pub(in crate::psrp) secrets: Vec<Sealed>,
    }

    #[derive(Deserialize)]
    pub(in crate::psrp) struct Sealed {
        pub(in crate::psrp) text: String,
        pub(in crate::psrp) cipher: String,
    }

    pub(in crate::psrp) fn recorded() -> (Recorded, KeyPair) {
        let text = include_str!("../../tests/recordings/psrpcore-keys.json");
        let recorded: Recorded = serde_json::from_str(text).unwrap();
        let der = STANDARD.decode(&recorded.private_key_pkcs8).unwrap();
        let pair = KeyPair(RsaPrivateKey::from_pkcs8_der(&der).unwrap());
        (recorded, pair)
    }

    #[test]
    fn agrees_with_psrpcore() {
        let (recorded, pair) = recorded();
        assert_eq!(pair.public_key(), recorded.public_key);
        let key = pair.session_key(&recorded.encrypted_session_key).unwrap();
        assert_eq!(STANDARD.encode(key.0), recorded.session_key);
        for Sealed { text, cipher } in recorded.secrets {
            let secret = Secret::new(&text);
            assert_eq!(key.seal(&secret).0, cipher);
            assert_eq!(key.open(&SecureText(cipher)).unwrap(), secret);
        }
    }

    #[test]
    fn a_servers_key_reaches_its_client() {
        let (recorded, pair) = recorded();
        let key = SessionKey::generate();
        let text = key.encrypt_to(&recorded.public_key).unwrap();
        assert_eq!(pair.session_key(&text).unwrap().0, key.0);
    }

    #[test]
    fn refuses_what_is_no_key() {
        let (recorded, pair) = recorded();
        let other = STANDARD.encode([SESSION_HEADER.as_slice(), &[7; 256]].concat());
        for text in ["", "AAAA", "!", &recorded.public_key, &other] {
            assert_eq!(pair.session_key(text).unwrap_err(), KeyError::SessionKey);
        }
        let key = SessionKey::generate();
        assert_eq!(key.encrypt_to("AAAA").unwrap_err(), KeyError::PublicKey);
        let cipher = SecureText("AAAA".to_owned());
        assert_eq!(key.open(&cipher).unwrap_err(), KeyError::Secret);
    }
}
