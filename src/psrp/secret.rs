//! Secrets while they are in memory, and their two forms on the wire.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::clixml::{Content, Object, Property, SecureText, Value};

/// A password or another secure string, in the clear. Wiped when dropped; its `Debug` shows nothing of it.
///
/// Values that pass between the owner and a [`Client`](super::client::Client) or [`Server`](super::server::Server)
/// hold secure strings in the form of protocol 2.4: base64 of UTF-16LE. `Secret` turns into that and back; the pool
/// encrypts and decrypts where the negotiated protocol asks for it.
#[derive(Clone, Default, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(Vec<u8>);

/// A secure string that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secure string cannot be read")]
pub struct SecretError;

impl Secret {
    /// A secret of UTF-8 text.
    pub fn new(text: &str) -> Self {
        // Sized beforehand: growing would leave copies behind.
        let mut bytes = Vec::with_capacity(text.len() * 2);
        bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        Self(bytes)
    }

    /// The text, lone surrogates replaced.
    pub fn reveal(&self) -> Zeroizing<String> {
        let units = self.0.chunks_exact(2).map(|pair| match pair {
            [low, high] => u16::from_le_bytes([*low, *high]),
            _ => 0,
        });
        let mut text = Zeroizing::new(String::with_capacity(self.0.len() * 2));
        text.extend(
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)),
        );
        text
    }

    /// The length in UTF-16 code units.
    pub fn len(&self) -> usize {
        self.0.len() / 2
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The UTF-16LE bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn from_bytes(mut bytes: Zeroizing<Vec<u8>>) -> Result<Self, SecretError> {
        if bytes.len().is_multiple_of(2) {
            Ok(Self(std::mem::take(&mut *bytes)))
        } else {
            Err(SecretError)
        }
    }

    /// The secret as a value of messages: an `SS`.
    pub fn to_value(&self) -> Value {
        Value::SecureString(SecureText(STANDARD.encode(&self.0)))
    }
}

impl TryFrom<&SecureText> for Secret {
    type Error = SecretError;

    fn try_from(text: &SecureText) -> Result<Self, SecretError> {
        Self::from_bytes(decode(&text.0)?)
    }
}

impl TryFrom<&Value> for Secret {
    type Error = SecretError;

    fn try_from(value: &Value) -> Result<Self, SecretError> {
        match value.base() {
            Value::SecureString(text) => text.try_into(),
            _ => Err(SecretError),
        }
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Reads base64, blanks tolerated.
pub(crate) fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let dense: Zeroizing<Vec<u8>> = Zeroizing::new(
        text.bytes()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect(),
    );
    STANDARD
        .decode(&*dense)
        .map(Zeroizing::new)
        .map_err(|_| SecretError)
}

/// Calls `change` on each secure string of a value.
pub(crate) fn for_each<E>(
    value: &mut Value,
    change: &mut impl FnMut(&mut SecureText) -> Result<(), E>,
) -> Result<(), E> {
    match value {
        Value::SecureString(text) => change(text),
        Value::Object(object) => {
            let Object {
                content,
                adapted,
                extended,
                ..
            } = &mut **object;
            match content {
                Content::None => {}
                Content::Value(inner) => for_each(inner, change)?,
                Content::List(_, items) => {
                    for item in items {
                        for_each(item, change)?;
                    }
                }
                Content::Dictionary(entries) => {
                    for (key, value) in entries {
                        for_each(key, change)?;
                        for_each(value, change)?;
                    }
                }
            }
            for Property { value, .. } in adapted.iter_mut().chain(extended) {
                for_each(value, change)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Whether a value holds a secure string.
pub(crate) fn holds_secret(value: &Value) -> bool {
    match value {
        Value::SecureString(_) => true,
        Value::Object(object) => {
            let inside = match &object.content {
                Content::None => false,
                Content::Value(inner) => holds_secret(inner),
                Content::List(_, items) => items.iter().any(holds_secret),
                Content::Dictionary(entries) => entries
                    .iter()
                    .any(|(key, value)| holds_secret(key) || holds_secret(value)),
            };
            inside
                || object
                    .adapted
                    .iter()
                    .chain(&object.extended)
                    .any(|property| holds_secret(&property.value))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_form_that_powershell_sends_at_2_4() {
        // `<SS>` of a recorded session, for 's3crét'.
        let text = SecureText("cwAzAGMAcgDpAHQA".to_owned());
        let secret = Secret::try_from(&text).unwrap();
        assert_eq!(&**secret.reveal(), "s3crét");
        assert_eq!(secret.to_value(), Value::SecureString(text));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
