//! .NET strings: sequences of UTF-16 code units that need not be valid Unicode.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

/// A .NET string.
///
/// Nearly all strings are valid Unicode and are kept as UTF-8, short ones without an allocation; one with a lone
/// surrogate keeps its UTF-16 code units, so that it is written back as it was read.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text(Repr);

/// What fits beside the tag and the length in the space of a boxed string.
const INLINE: usize = 22;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    /// UTF-8 of at most [`INLINE`] bytes; the rest is zero, so that equality can be derived.
    Short(u8, [u8; INLINE]),
    /// Longer UTF-8.
    Long(Box<str>),
    /// Holds at least one lone surrogate; otherwise the string is one of the others.
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
        std::str::from_utf8(self.utf8()?).ok()
    }

    /// The string with each lone surrogate replaced by U+FFFD.
    pub fn to_str_lossy(&self) -> Cow<'_, str> {
        match &self.0 {
            Repr::Utf16(units) => Cow::Owned(String::from_utf16_lossy(units)),
            _ => Cow::Borrowed(self.as_str().unwrap_or_default()),
        }
    }

    /// The UTF-16 code units.
    pub fn encode_utf16(&self) -> Vec<u16> {
        match &self.0 {
            Repr::Utf16(units) => units.to_vec(),
            _ => self.as_str().unwrap_or_default().encode_utf16().collect(),
        }
    }

    /// Whether the string has no characters.
    pub fn is_empty(&self) -> bool {
        matches!(self.0, Repr::Short(0, _))
    }

    /// Whether this is `other`, whatever the case of its ASCII letters.
    pub fn eq_ignore_ascii_case(&self, other: &str) -> bool {
        self.utf8()
            .is_some_and(|found| found.eq_ignore_ascii_case(other.as_bytes()))
    }

    /// The string's UTF-8, unless it has lone surrogates.
    pub(super) fn utf8(&self) -> Option<&[u8]> {
        match &self.0 {
            Repr::Short(length, bytes) => bytes.get(..usize::from(*length)),
            Repr::Long(text) => Some(text.as_bytes()),
            Repr::Utf16(_) => None,
        }
    }

    fn short(text: &str) -> Option<Self> {
        let mut bytes = [0; INLINE];
        bytes
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        let length = u8::try_from(text.len()).ok()?;
        Some(Self(Repr::Short(length, bytes)))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::short(text).unwrap_or_else(|| Self(Repr::Long(text.into())))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::short(&text).unwrap_or_else(|| Self(Repr::Long(text.into())))
    }
}

impl From<Cow<'_, str>> for Text {
    fn from(text: Cow<'_, str>) -> Self {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

impl Default for Text {
    fn default() -> Self {
        "".into()
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.as_str(), other.as_str()) {
            (Some(left), Some(right)) => left.cmp(right),
            // Units that are no Unicode sort after all that is.
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => self.encode_utf16().cmp(&other.encode_utf16()),
        }
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.utf8() == Some(other.as_bytes())
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_strings_are_equal_to_what_they_were_made_of() {
        for length in [0, 1, 21, 22, 23, 500] {
            let made: String = "ä".chars().cycle().take(length).collect();
            let text = Text::from(made.as_str());
            assert_eq!(text, made.as_str());
            assert_eq!(text, Text::from(made.clone()));
            assert_eq!(text.as_str(), Some(made.as_str()));
            assert_eq!(text.is_empty(), made.is_empty());
        }
        assert_eq!(size_of::<Text>(), 24);
    }

    #[test]
    fn lone_surrogates_are_kept_and_pairs_are_joined() {
        let lone = Text::from_utf16(&[0x61, 0xD800, 0x62]);
        assert_eq!(lone.as_str(), None);
        assert_eq!(lone.to_str_lossy(), "a\u{FFFD}b");
        assert_eq!(lone.encode_utf16(), [0x61, 0xD800, 0x62]);
        assert_eq!(Text::from_utf16(&[0xD83D, 0xDE00]), "😀");
    }
}
