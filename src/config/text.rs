//! The text of files that users write.

/// UTF-8, or UTF-16 with a byte order mark as Windows PowerShell writes files.
pub fn text_of(bytes: &[u8]) -> Option<String> {
    let utf16 = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().copied().map(read).collect();
        rest.is_empty()
            .then(|| String::from_utf16(&units).ok())
            .flatten()
    };
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_windows_are_read() {
        assert_eq!(text_of(b"\xEF\xBB\xBFa").unwrap(), "a");
        assert_eq!(text_of(b"\xFF\xFEa\0").unwrap(), "a");
        assert_eq!(text_of(b"\xFE\xFF\0a").unwrap(), "a");
        assert_eq!(text_of(b"\xC3\xA4").unwrap(), "ä");
        assert!(text_of(b"\xC3").is_none());
        assert!(text_of(b"\xFF\xFEa").is_none());
    }
}
