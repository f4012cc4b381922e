//! The last words of a server.

use std::collections::VecDeque;

/// Keeps the last bytes of a stream for a report.
#[derive(Debug)]
pub struct Tail {
    bytes: VecDeque<u8>,
    limit: usize,
    cut: bool,
}

impl Default for Tail {
    /// 64 KiB.
    fn default() -> Self {
        Self {
            bytes: VecDeque::new(),
            limit: 64 * 1024,
            cut: false,
        }
    }
}

impl Tail {
    /// Adds bytes at the end, and forgets as many at the front as are too many.
    pub fn push(&mut self, bytes: &[u8]) {
        let kept = bytes
            .get(bytes.len().saturating_sub(self.limit)..)
            .unwrap_or_default();
        let surplus = (self.bytes.len() + kept.len()).saturating_sub(self.limit);
        self.cut |= surplus > 0 || kept.len() < bytes.len();
        self.bytes.drain(..surplus);
        self.bytes.extend(kept);
    }

    /// Whether nothing came.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The last `count` lines that are not blank, made printable.
    pub fn last_lines(&self, count: usize) -> Vec<String> {
        let bytes: Vec<u8> = self.bytes.iter().copied().collect();
        let mut lines = bytes.split(|&byte| byte == b'\n');
        if self.cut {
            lines.next();
        }
        let lines: Vec<String> = lines
            .map(printable)
            .filter(|line| !line.is_empty())
            .collect();
        lines
            .get(lines.len().saturating_sub(count)..)
            .unwrap_or_default()
            .to_vec()
    }
}

/// The text of a peer's line as it may be shown: 500 characters at most, no control characters, invalid UTF-8 replaced,
/// no blanks at the ends.
pub fn printable(bytes: &[u8]) -> String {
    const MOST: usize = 500;
    let head = bytes.get(..MOST * 4).unwrap_or(bytes);
    let text = String::from_utf8_lossy(head);
    let mut shown = String::new();
    for (count, character) in text.trim().chars().enumerate() {
        if count == MOST {
            shown.push('…');
            break;
        }
        match character {
            '\t' => shown.push(' '),
            c if c.is_control() || is_direction_mark(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

/// Marks that reorder the text around them, and so can hide what it says.
fn is_direction_mark(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bytes_are_kept_and_a_cut_line_is_left_out() {
        let mut tail = Tail {
            bytes: VecDeque::new(),
            limit: 12,
            cut: false,
        };
        tail.push(b"first\n\nsecond\nthi");
        tail.push(b"rd\n");
        assert_eq!(tail.last_lines(5), ["third"]);
        tail.push(&[b'x'; 100]);
        assert_eq!(tail.bytes.len(), 12);
    }

    #[test]
    fn control_characters_are_shown_not_passed_on() {
        assert_eq!(printable(b" a\x1b[31mb\r"), "a\\u{1b}[31mb");
        assert_eq!(printable("\u{202e}x".as_bytes()), "\\u{202e}x");
        assert_eq!(printable(&[b'y'; 10_000]).chars().count(), 501);
    }
}
