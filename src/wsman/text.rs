//! The text of a body, from its bytes.

use std::borrow::Cow;

use super::Error;

/// Reads a body as text: UTF-8, or UTF-16 where the content type or a byte-order mark says so.
pub fn decode<'a>(content_type: &str, body: &'a [u8]) -> Result<Cow<'a, str>, Error> {
    let charset = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is = name.trim().eq_ignore_ascii_case("charset");
        is.then(|| value.trim().trim_matches('"'))
    });
    match body {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest),
        _ => match charset {
            Some(name) if name.eq_ignore_ascii_case("utf-16be") => utf16(body, u16::from_be_bytes),
            Some(name) if name.to_ascii_lowercase().starts_with("utf-16") => {
                utf16(body, u16::from_le_bytes)
            }
            _ => utf8(body),
        },
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, Error> {
    std::str::from_utf8(bytes)
        .map(Cow::Borrowed)
        .map_err(|_| Error::NotUnicode)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'static, str>, Error> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(Error::NotUnicode);
    }
    let units = pairs.iter().map(|pair| unit(*pair));
    char::decode_utf16(units)
        .collect::<Result<String, _>>()
        .map(Cow::Owned)
        .map_err(|_| Error::NotUnicode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_counts_more_than_the_content_type() {
        let utf16 = "application/soap+xml; charset=\"UTF-16\"";
        assert_eq!(decode(utf16, b"<\0a\0").unwrap(), "<a");
        assert_eq!(decode(utf16, b"\xFE\xFF\0<\0a").unwrap(), "<a");
        assert_eq!(decode(utf16, b"\xEF\xBB\xBF<a").unwrap(), "<a");
        assert_eq!(decode("application/soap+xml", b"<\xC3\xA4").unwrap(), "<ä");
        assert!(decode(utf16, b"<\0a").is_err());
        assert!(decode("", b"\xFF").is_err());
    }
}
