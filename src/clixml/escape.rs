//! The two layers of escaping: PowerShell's `_xHHHH_` of UTF-16 code units, and XML's entities around it.

use std::borrow::Cow;

use memchr::memchr;

use super::Text;
use super::buffer::Buffer;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Where a text stands in XML.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Element,
    Attribute,
}

/// Appends a string in both layers of escaping.
pub(super) fn push(out: &mut Buffer, text: &Text, place: Place) {
    match text.utf8() {
        Some(utf8) => push_utf8(out, utf8, place),
        None => {
            for unit in char::decode_utf16(text.encode_utf16()) {
                match unit {
                    Ok(c) => push_str(out, c.encode_utf8(&mut [0; 4]), place),
                    Err(lone) => push_unit(out, lone.unpaired_surrogate()),
                }
            }
        }
    }
}

/// Appends a Unicode string in both layers of escaping.
pub(super) fn push_str(out: &mut Buffer, text: &str, place: Place) {
    push_utf8(out, text.as_bytes(), place);
}

fn push_utf8(out: &mut Buffer, text: &[u8], place: Place) {
    let mut rest = text;
    while let Some(found) = rest.iter().position(|byte| is_special(*byte)) {
        let (plain, from) = rest.split_at_checked(found).unwrap_or((rest, &[]));
        out.push_bytes(plain);
        rest = push_special(out, from, place);
    }
    out.push_bytes(rest);
}

/// Whether a byte starts a character that may need an escape.
fn is_special(byte: u8) -> bool {
    matches!(
        byte,
        0..=0x1F | b'"' | b'&' | b'<' | b'>' | b'_' | 0x7F | 0xC2 | 0xEF | 0xF0..
    )
}

/// Appends the first character and gives the rest.
fn push_special<'t>(out: &mut Buffer, text: &'t [u8], place: Place) -> &'t [u8] {
    let (length, escape) = match text {
        [b'&', ..] => (1, Some("&amp;")),
        [b'<', ..] => (1, Some("&lt;")),
        [b'>', ..] => (1, Some("&gt;")),
        [b'"', ..] if place == Place::Attribute => (1, Some("&quot;")),
        [b'_', b'x' | b'X', ..] => (1, Some("_x005F_")),
        [0..=0x1F | 0x7F, ..] => (1, None),
        [0xC2, 0x80..=0x9F, ..] => (2, None),
        [0xEF, 0xBF, 0xBE | 0xBF, ..] => (3, None),
        [0xF0..=0xFF, ..] => (4, None),
        [first, rest @ ..] => {
            out.push(*first);
            return rest;
        }
        [] => return &[],
    };
    let (character, rest) = text.split_at_checked(length).unwrap_or((text, &[]));
    match escape {
        Some(escape) => out.push_str(escape),
        None => {
            for unit in std::str::from_utf8(character)
                .unwrap_or_default()
                .encode_utf16()
            {
                push_unit(out, unit);
            }
        }
    }
    rest
}

fn push_unit(out: &mut Buffer, unit: u16) {
    out.push_str("_x");
    for shift in [12, 8, 4, 0] {
        let digit = HEX.get(usize::from(unit >> shift) & 15);
        out.push(*digit.unwrap_or(&b'0'));
    }
    out.push(b'_');
}

/// Takes away the `_xHHHH_` layer.
pub(super) fn decode(text: &str) -> Text {
    let Some(first) = next_escape(text, 0) else {
        return text.into();
    };
    let mut units = Vec::with_capacity(text.len());
    let (mut from, mut next) = (0, Some(first));
    while let Some((at, length, value)) = next {
        units.extend(text.get(from..at).unwrap_or_default().encode_utf16());
        if length == 7 {
            units.extend(u16::try_from(value));
        } else {
            match char::from_u32(value) {
                Some(c) => units.extend(c.encode_utf16(&mut [0; 2]).iter()),
                None => units.extend(u16::try_from(value)),
            }
        }
        from = at + length;
        next = next_escape(text, from);
    }
    units.extend(text.get(from..).unwrap_or_default().encode_utf16());
    Text::from_utf16(&units)
}

/// The next escape at or behind `from`: where, how long, and its value.
fn next_escape(text: &str, mut from: usize) -> Option<(usize, usize, u32)> {
    let bytes = text.as_bytes();
    loop {
        let at = from + memchr(b'_', bytes.get(from..)?)?;
        if bytes.get(at + 1) == Some(&b'x') {
            for length in [7, 11] {
                let Some([digits @ .., b'_']) = bytes.get(at + 2..at + length) else {
                    continue;
                };
                if let Some(value) = hex(digits)
                    && value <= 0x10_FFFF
                {
                    return Some((at, length, value));
                }
            }
        }
        from = at + 1;
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| {
        Some(value << 4 | char::from(*digit).to_digit(16)?)
    })
}

/// Whether a raw text or attribute is what it says: nothing in it is escaped or changed by either layer.
pub(super) fn is_plain(raw: &str) -> bool {
    let mark = |byte: &u8| matches!(byte, b'&' | b'_' | b'\t' | b'\n' | b'\r');
    !raw.as_bytes()
        .iter()
        .fold(false, |found, byte| found | mark(byte))
}

/// Takes away XML's layer of a text or an attribute: entities and line ends. An unknown entity is the error.
pub(super) fn unescape(raw: &str, place: Place) -> Result<Cow<'_, str>, String> {
    let plain = |byte: &u8| match byte {
        b'&' | b'\r' => false,
        b'\n' | b'\t' => place == Place::Element,
        _ => true,
    };
    if raw.as_bytes().iter().all(plain) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(found) = rest.bytes().position(|byte| !plain(&byte)) {
        let (before, from) = rest.split_at_checked(found).unwrap_or((rest, ""));
        out.push_str(before);
        if let Some(entity) = from.strip_prefix('&') {
            let (name, after) = entity.split_once(';').ok_or_else(|| short(entity))?;
            out.push(character(name).ok_or_else(|| short(name))?);
            rest = after;
        } else {
            rest = from
                .strip_prefix("\r\n")
                .or_else(|| from.strip_prefix(['\r', '\n', '\t']))
                .unwrap_or_default();
            out.push(match place {
                Place::Element => '\n',
                Place::Attribute => ' ',
            });
        }
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

/// The character that an entity stands for; only XML's own five and numbers, for there is no DTD.
fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(digits) if digits.len() <= 8 => hex(digits.as_bytes())?,
                Some(_) => return None,
                None if number.starts_with('+') => return None,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

/// The start of what was found, for a message.
pub(super) fn short(text: &str) -> String {
    let mut chars = text.chars();
    let mut start: String = chars.by_ref().take(40).collect();
    if chars.next().is_some() {
        start.push('…');
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(text: &str) -> String {
        let mut out = Buffer::default();
        push(&mut out, &text.into(), Place::Element);
        out.into_string()
    }

    #[test]
    fn what_powershell_escapes_is_escaped() {
        for (text, escaped) in [
            ("plain ü 한글 \u{FEFF}", "plain ü 한글 \u{FEFF}"),
            ("tab\tcr\rlf\n", "tab_x0009_cr_x000D_lf_x000A_"),
            (
                "\0\u{7F}\u{85}\u{9F}\u{A0}",
                "_x0000__x007F__x0085__x009F_\u{A0}",
            ),
            ("😀", "_xD83D__xDE00_"),
            ("_ _x _X a_b__x", "_ _x005F_x _x005F_X a_b__x005F_x"),
            ("<a & \"b\">", "&lt;a &amp; \"b\"&gt;"),
            ("\u{FFFE}\u{FFFD}", "_xFFFE_\u{FFFD}"),
        ] {
            assert_eq!(encode(text), escaped);
            let back = unescape(escaped, Place::Element).unwrap();
            assert_eq!(decode(&back), text);
        }
        let mut out = Buffer::default();
        push_str(&mut out, "\"", Place::Attribute);
        assert_eq!(out.into_string(), "&quot;");
    }

    #[test]
    fn lone_surrogates_are_escaped_each() {
        let lone = Text::from_utf16(&[0xDC00, 0xD800, 0x5F]);
        let mut out = Buffer::default();
        push(&mut out, &lone, Place::Element);
        let out = out.into_string();
        assert_eq!(out, "_xDC00__xD800__");
        assert_eq!(decode(&out), lone);
    }

    #[test]
    fn only_whole_escapes_are_decoded() {
        assert_eq!(decode("_x0041_"), "A");
        assert_eq!(decode("_x0001F600_"), "😀");
        assert_eq!(decode("_xd83d__xDE00_"), "😀");
        for literal in [
            "_x",
            "_x004_",
            "_x00g1_",
            "_X0041_",
            "_x0041",
            "_xFFFFFFFF_",
        ] {
            assert_eq!(decode(literal), literal);
        }
        assert_eq!(decode("_x_x0041_"), "_xA");
        assert_eq!(decode("_x005F_x0041_"), "_x0041_");
    }

    #[test]
    fn entities_and_line_ends_are_xmls_own() {
        let text = unescape("a&amp;&#65;&#x42;\r\nb\rc\td", Place::Element);
        assert_eq!(text.unwrap(), "a&AB\nb\nc\td");
        assert_eq!(unescape("a\r\nb\tc", Place::Attribute).unwrap(), "a b c");
        for bad in ["&lol;", "&", "&#xD800;", "&#x110000;", "&#+1;", "&#;"] {
            assert!(unescape(bad, Place::Element).is_err(), "{bad}");
        }
    }
}
