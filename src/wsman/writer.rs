//! Text of XML, appended piece by piece.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::names::POWERSHELL;

/// An envelope that grows.
pub(super) struct Xml(pub(super) String);

impl Xml {
    pub(super) fn raw(&mut self, text: &str) -> &mut Self {
        self.0.push_str(text);
        self
    }

    /// Text or an attribute's value. What XML cannot hold becomes the replacement character.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for char in text.chars() {
            match char {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\t' | '\n' | '\r' => {
                    let _ = write!(self.0, "&#{};", u32::from(char));
                }
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => self.0.push('\u{fffd}'),
                _ => self.0.push(char),
            }
        }
        self
    }

    pub(super) fn element(&mut self, name: &str, text: &str) -> &mut Self {
        self.raw("<").raw(name).raw(">").text(text);
        self.raw("</").raw(name).raw(">")
    }

    /// `uuid:` and the id in upper case.
    pub(super) fn id(&mut self, id: Uuid) -> &mut Self {
        let mut buffer = Uuid::encode_buffer();
        self.raw("uuid:")
            .raw(id.hyphenated().encode_upper(&mut buffer))
    }

    pub(super) fn base64(&mut self, data: &[u8]) -> &mut Self {
        STANDARD.encode_string(data, &mut self.0);
        self
    }

    /// An element of PowerShell's that holds fragments.
    pub(super) fn powershell(&mut self, name: &str, data: &[u8]) -> &mut Self {
        self.raw("<")
            .raw(name)
            .raw(" xmlns=\"")
            .raw(POWERSHELL)
            .raw("\">");
        self.base64(data).raw("</").raw(name).raw(">")
    }
}
