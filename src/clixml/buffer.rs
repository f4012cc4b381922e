//! The text that is being written. Bytes, because checking each piece for UTF-8 costs more than checking all at once.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub(super) struct Buffer(Vec<u8>);

impl Default for Buffer {
    /// Room for a small message.
    fn default() -> Self {
        Self(Vec::with_capacity(512))
    }
}

impl Buffer {
    pub(super) fn into_string(self) -> String {
        String::from_utf8(self.0).unwrap_or_default()
    }

    #[inline]
    pub(super) fn push(&mut self, ascii: u8) {
        self.0.push(ascii);
    }

    #[inline]
    pub(super) fn push_str(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// Appends a piece of a text in UTF-8.
    #[inline]
    pub(super) fn push_bytes(&mut self, utf8: &[u8]) {
        self.0.extend_from_slice(utf8);
    }

    /// Appends an integer of 64 bits, of either sign.
    pub(super) fn push_integer(&mut self, number: i128) {
        let mut rest = u64::try_from(number.unsigned_abs()).unwrap_or(u64::MAX);
        let mut digits = [0; 20];
        let mut length = 0;
        for slot in digits.iter_mut().rev() {
            *slot = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            length += 1;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            self.push(b'-');
        }
        self.push_bytes(digits.get(digits.len() - length..).unwrap_or_default());
    }

    pub(super) fn push_base64(&mut self, bytes: &[u8]) {
        self.push_str(&STANDARD.encode(bytes));
    }
}

impl fmt::Write for Buffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }
}
