//! Text being edited, and its cursor.

use unicode_segmentation::UnicodeSegmentation as _;

/// A text of one or several lines; the cursor stands between two characters as people count them (graphemes).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Buffer {
    text: String,
    /// In bytes, at a grapheme's start.
    cursor: usize,
}

impl Buffer {
    pub(super) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            cursor: text.len(),
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn before(&self) -> &str {
        self.text.get(..self.cursor).unwrap_or_default()
    }

    pub(super) fn after(&self) -> &str {
        self.text.get(self.cursor..).unwrap_or_default()
    }

    /// The cursor in UTF-16 units, as completion counts.
    pub(super) fn cursor_utf16(&self) -> usize {
        self.before().encode_utf16().count()
    }

    pub(super) fn insert(&mut self, text: &str) {
        self.text.insert_str(self.cursor, text);
        self.cursor += text.len();
    }

    /// Replaces a range given in UTF-16 units; the cursor goes behind the new text. A range that does not fit changes
    /// nothing.
    pub(super) fn replace_utf16(&mut self, start: usize, length: usize, text: &str) {
        let (Some(from), Some(to)) = (self.byte_of(start), self.byte_of(start + length)) else {
            return;
        };
        self.text.replace_range(from..to, text);
        self.cursor = from + text.len();
    }

    pub(super) fn left(&mut self) {
        self.cursor -= self
            .before()
            .graphemes(true)
            .next_back()
            .map_or(0, str::len);
    }

    pub(super) fn right(&mut self) {
        self.cursor += self.after().graphemes(true).next().map_or(0, str::len);
    }

    pub(super) fn word_left(&mut self) {
        let before = self.before();
        let start = before
            .split_word_bound_indices()
            .rev()
            .find(|(_, word)| !word.trim().is_empty());
        self.cursor = start.map_or(0, |(at, _)| at);
    }

    pub(super) fn word_right(&mut self) {
        let after = self.after();
        let end = after
            .split_word_bound_indices()
            .find(|(_, word)| !word.trim().is_empty());
        self.cursor += end.map_or(after.len(), |(at, word)| at + word.len());
    }

    /// To the start of the line that the cursor is in.
    pub(super) fn home(&mut self) {
        self.cursor = self.before().rfind('\n').map_or(0, |at| at + 1);
    }

    /// To the end of that line.
    pub(super) fn end(&mut self) {
        self.cursor += self.after().find('\n').unwrap_or(self.after().len());
    }

    /// Up or down one line of the text; `false` where there is none.
    pub(super) fn vertical(&mut self, down: bool) -> bool {
        let column = self
            .before()
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .graphemes(true)
            .count();
        let target = if down {
            self.after().find('\n').map(|at| self.cursor + at + 1)
        } else {
            let start = self.before().rfind('\n');
            start.map(|end| {
                self.text
                    .get(..end)
                    .and_then(|above| above.rfind('\n'))
                    .map_or(0, |at| at + 1)
            })
        };
        let Some(start) = target else { return false };
        let line = self
            .text
            .get(start..)
            .unwrap_or_default()
            .split('\n')
            .next()
            .unwrap_or_default();
        self.cursor = start
            + line
                .graphemes(true)
                .take(column)
                .map(str::len)
                .sum::<usize>();
        true
    }

    pub(super) fn backspace(&mut self) {
        let end = self.cursor;
        self.left();
        self.text.replace_range(self.cursor..end, "");
    }

    pub(super) fn delete(&mut self) {
        let start = self.cursor;
        self.right();
        self.text.replace_range(start..self.cursor, "");
        self.cursor = start;
    }

    pub(super) fn delete_word(&mut self) {
        let end = self.cursor;
        self.word_left();
        self.text.replace_range(self.cursor..end, "");
    }

    pub(super) fn delete_to_end(&mut self) {
        let start = self.cursor;
        self.end();
        self.text.replace_range(start..self.cursor, "");
        self.cursor = start;
    }

    pub(super) fn delete_to_start(&mut self) {
        let end = self.cursor;
        self.home();
        self.text.replace_range(self.cursor..end, "");
    }

    /// The byte of a position in UTF-16 units, if it is between two characters.
    fn byte_of(&self, units: usize) -> Option<usize> {
        let mut counted = 0;
        for (at, char) in self.text.char_indices() {
            if counted >= units {
                return (counted == units).then_some(at);
            }
            counted += char.len_utf16();
        }
        (counted == units).then_some(self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_goes_by_what_people_call_characters() {
        let mut buffer = Buffer::new("ae\u{301}🇩🇪");
        buffer.backspace();
        assert_eq!(buffer.text(), "ae\u{301}");
        buffer.left();
        assert_eq!(buffer.before(), "a");
        buffer.delete();
        assert_eq!(buffer.text(), "a");
    }

    #[test]
    fn words_and_lines_are_deleted() {
        let mut buffer = Buffer::new("Get-Process -Name pwsh");
        buffer.delete_word();
        assert_eq!(buffer.text(), "Get-Process -Name ");
        buffer.home();
        buffer.word_right();
        buffer.delete_to_end();
        assert_eq!(buffer.text(), "Get");
        buffer.delete_to_start();
        assert_eq!(buffer.text(), "");
    }

    #[test]
    fn lines_go_up_and_down_in_their_column() {
        let mut buffer = Buffer::new("abc\nd\nefgh");
        assert!(!buffer.vertical(true));
        assert!(buffer.vertical(false));
        assert_eq!(buffer.before(), "abc\nd");
        assert!(buffer.vertical(false));
        assert_eq!(buffer.before(), "a");
        assert!(!buffer.vertical(false));
    }

    #[test]
    fn completion_counts_utf16() {
        let mut buffer = Buffer::new("'🦀' | gp");
        assert_eq!(buffer.cursor_utf16(), 9);
        buffer.replace_utf16(7, 2, "Get-Process");
        assert_eq!(buffer.text(), "'🦀' | Get-Process");
        buffer.replace_utf16(2, 99, "x");
        assert_eq!(buffer.text(), "'🦀' | Get-Process");
    }
}
