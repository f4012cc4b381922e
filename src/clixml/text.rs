//! .NET strings: sequences of UTF-16 code units that need not be valid Unicode.

use std::borrow::Cow;
use std::fmt;

/// A .NET string.
///
/// Nearly all strings are valid Unicode and are kept as UTF-8; one with a lone surrogate keeps its UTF-16 code units,
/// so that it is written back as it was read.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(Repr);

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Repr {
    Utf8(Box<str>),
    /// Holds at least one lone surrogate; otherwise the string is `Utf8`.
    Utf16(Box<[u16]>),
}

impl Text {
    /// Makes a string of UTF-16 code units.
    pub fn from_utf16(units: &[u16]) -> Self {
        match String::from_utf16(units) {
            Ok(text) => text.into(),
            Err(_) => Self(Repr::Utf16(units.into())),
        }
    }

    /// The string, if it is valid Unicode.
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Repr::Utf8(text) => Some(text),
            Repr::Utf16(_) => None,
        }
    }

    /// The string with each lone surrogate replaced by U+FFFD.
    pub fn to_str_lossy(&self) -> Cow<'_, str> {
        match &self.0 {
            Repr::Utf8(text) => Cow::Borrowed(text),
            Repr::Utf16(units) => Cow::Owned(String::from_utf16_lossy(units)),
        }
    }

    /// The UTF-16 code units.
    pub fn encode_utf16(&self) -> Vec<u16> {
        match &self.0 {
            Repr::Utf8(text) => text.encode_utf16().collect(),
            Repr::Utf16(units) => units.to_vec(),
        }
    }

    /// Whether the string has no characters.
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Repr::Utf8(text) if text.is_empty())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Repr::Utf8(text.into()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Repr::Utf8(text.into()))
    }
}

impl Default for Text {
    fn default() -> Self {
        "".into()
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == Some(other)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_str_lossy())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.to_str_lossy(), f)
    }
}
