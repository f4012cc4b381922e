//! Values from CLIXML text.

use std::borrow::Cow;

use super::error::{Error, Fault};
use super::reader::Reader;
use super::scan::Result;
use super::{Limits, Value, Values};

/// Reads one value as it travels in a message: a bare element without `<Objs>`.
///
/// # Errors
///
/// An [`Error`] that names the place, if the text is no CLIXML or more than the limits allow.
pub fn read(text: impl AsRef<[u8]>, limits: &Limits) -> Result<Value> {
    let text = checked(text.as_ref(), limits)?;
    let mut reader = Reader::new(text, limits);
    let root = reader.scan.root()?;
    let root = root.ok_or_else(|| Error::at(text.len(), Fault::Empty))?;
    let value = reader.value(&root, 1)?;
    match reader.scan.root()? {
        None => Ok(value),
        Some(tag) => Err(Error::at(tag.offset, Fault::Trailing)),
    }
}

/// Reads all values of a file: the children of each `<Objs>`, and bare values. A byte-order mark may say that the file
/// is UTF-16, as Windows PowerShell writes it, and `#< CLIXML` lines are passed over.
///
/// An object keeps its reference id through the whole file, so that a reference may point into an earlier value.
///
/// # Errors
///
/// As [`read`] has them.
pub fn read_all(bytes: &[u8], limits: &Limits) -> Result<Vec<Value>> {
    let decoded = match bytes {
        [0xFF, 0xFE, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0xFE, 0xFF, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        _ => Cow::Borrowed(bytes),
    };
    Values::new(checked(&decoded, limits)?, limits).collect()
}

/// The text of a file, which may be UTF-16 with a byte-order mark.
///
/// # Errors
///
/// [`Fault::NotUnicode`].
pub fn decode(bytes: Vec<u8>) -> Result<String> {
    let bytes = match bytes.as_slice() {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        _ => bytes,
    };
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        Error::at(offset, Fault::NotUnicode)
    })
}

fn checked<'a>(bytes: &'a [u8], limits: &Limits) -> Result<&'a str> {
    if bytes.len() > limits.bytes {
        return Err(Error::at(limits.bytes, Fault::TooLarge(limits.bytes)));
    }
    std::str::from_utf8(bytes).map_err(|error| Error::at(error.valid_up_to(), Fault::NotUnicode))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Vec<u8>> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let text: std::result::Result<String, _> =
        char::decode_utf16(pairs.iter().copied().map(unit)).collect();
    match text {
        Ok(text) if odd.is_empty() => Ok(text.into_bytes()),
        _ => Err(Error::at(0, Fault::NotUnicode)),
    }
}
