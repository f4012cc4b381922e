//! Where a line breaks at the right edge, by grapheme clusters, as a terminal breaks it.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The rows of a line at a width, as byte ranges: at least one, none wider than `width` (a wide character in a window of
/// one column gets a row of its own).
pub(crate) fn rows(text: &str, width: u16) -> Rows<'_> {
    Rows {
        text,
        width: usize::from(width.max(1)),
        at: Some(0),
        ascii: text.is_ascii(),
    }
}

/// Iterator of [`rows`].
pub(crate) struct Rows<'a> {
    text: &'a str,
    width: usize,
    at: Option<usize>,
    ascii: bool,
}

impl Iterator for Rows<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        let start = self.at?;
        let end = if self.ascii {
            (start + self.width).min(self.text.len())
        } else {
            start + fit(self.text.get(start..).unwrap_or_default(), self.width)
        };
        self.at = (end < self.text.len()).then_some(end);
        Some((start, end))
    }
}

/// How many bytes of `text` fit into `width` columns; at least one grapheme cluster.
fn fit(text: &str, width: usize) -> usize {
    let mut used = 0;
    let mut bytes = 0;
    for grapheme in text.graphemes(true) {
        let wide = grapheme.width();
        if bytes > 0 && used + wide > width {
            break;
        }
        used += wide;
        bytes += grapheme.len();
    }
    bytes
}

/// `text` cut to `width` columns, the last of them an ellipsis if something is lost.
pub(crate) fn ellipsis(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let Some(room) = width.checked_sub(1) else {
        return String::new();
    };
    let mut shown = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        used += grapheme.width();
        if used > room {
            break;
        }
        shown.push_str(grapheme);
    }
    shown.push('…');
    shown
}

/// Sentences broken between words, for panels.
pub(crate) fn words(text: &str, width: u16) -> Vec<String> {
    let width = usize::from(width.max(1));
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let blank = usize::from(!line.is_empty());
            if line.width() + blank + word.width() <= width {
                if blank == 1 {
                    line.push(' ');
                }
                line.push_str(word);
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            let pieces: Vec<_> = rows(word, u16::try_from(width).unwrap_or(u16::MAX)).collect();
            for (start, end) in pieces {
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                word.get(start..end)
                    .unwrap_or_default()
                    .clone_into(&mut line);
            }
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str, width: u16) -> Vec<&str> {
        rows(text, width).map(|(a, b)| &text[a..b]).collect()
    }

    #[test]
    fn wide_characters_are_not_cut_in_two() {
        assert_eq!(cut("日本語x", 3), ["日", "本", "語x"]);
        assert_eq!(cut("日", 1), ["日"]);
        assert_eq!(cut("", 5), [""]);
        assert_eq!(cut("abcdef", 3), ["abc", "def"]);
        assert_eq!(cut("e\u{301}e\u{301}e\u{301}", 2).len(), 2);
    }

    #[test]
    fn sentences_break_between_words() {
        assert_eq!(words("the port is closed", 8), ["the port", "is", "closed"]);
        assert_eq!(words("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(ellipsis("Microsoft.PowerShell", 8), "Microso…");
        assert_eq!(ellipsis("日本語", 4), "日…");
    }

    proptest! {
        #[test]
        fn rows_join_to_the_line(text in "\\PC{0,60}", width in 1u16..20) {
            let all = cut(&text, width);
            prop_assert_eq!(all.concat(), text.clone());
            for row in &all {
                prop_assert!(row.width() <= usize::from(width).max(2) || row.graphemes(true).count() == 1);
            }
        }
    }
}
