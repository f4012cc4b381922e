//! `Name : value` lines.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::cell::Cells;
use super::row::Row;
use super::table::cut;

/// The narrowest column of values.
const NARROWEST: usize = 10;

/// Objects shown as lists, one below the other.
pub(super) struct List {
    width: usize,
    begun: bool,
}

impl List {
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            begun: false,
        }
    }

    pub(super) fn push(&mut self, out: &mut String, row: &Row<'_>, cells: &Cells<'_>) {
        if !self.begun {
            self.begun = true;
            out.push('\n');
        }
        let names = row.columns.iter().map(|column| column.label.width());
        let names = names.max().unwrap_or_default();
        let room = self.width.saturating_sub(names + 3).max(NARROWEST);
        for column in &row.columns {
            let blanks = " ".repeat(names - column.label.width());
            let _ = write!(out, "{}{blanks} : ", column.label);
            let text = column.text(cells, false);
            for (index, line) in lines(&text, room).into_iter().enumerate() {
                if index > 0 {
                    out.push_str(&" ".repeat(names + 3));
                }
                out.push_str(line);
                out.push('\n');
            }
        }
        out.push('\n');
    }

    /// Each object ended with its empty line.
    #[expect(clippy::unused_self, reason = "groups end alike")]
    pub(super) fn end(self, _out: &mut str) {}
}

/// A text in lines that fit, broken behind a blank where there is one.
fn lines(text: &str, room: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    for mut line in text.split('\n') {
        line = line.strip_suffix('\r').unwrap_or(line);
        while line.width() > room {
            let (fits, _) = line.split_at(cut(line, room).max(1));
            let length = fits.rfind(' ').map_or(fits.len(), |blank| blank + 1);
            let (first, rest) = line.split_at(length);
            lines.push(first.trim_end());
            line = rest;
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_break_at_blanks() {
        assert_eq!(lines("one two three", 8), ["one two", "three"]);
        assert_eq!(lines("abcdefghijkl", 5), ["abcde", "fghij", "kl"]);
        assert_eq!(lines("a\r\nb", 5), ["a", "b"]);
        assert_eq!(lines("", 5), [""]);
        assert_eq!(lines("한글한글", 5), ["한글", "한글"]);
    }
}
