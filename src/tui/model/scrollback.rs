//! The lines of a pane: each stored once as text and runs of styles, wrapped only where they are looked at.

use std::collections::VecDeque;

use unicode_width::UnicodeWidthStr;

use crate::remote_text::{self, Parser, Piece};
use crate::tui::theme::Role;
use crate::tui::widgets::wrap;

/// Lines kept.
const MAX_LINES: usize = 50_000;
/// Bytes of text kept.
const MAX_BYTES: usize = 32 << 20;
/// A longer line is broken, so that looking at one line stays cheap.
const MAX_LINE: usize = 16 << 10;
const TAB: usize = 8;

/// How a run of text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// As the remote side wants it.
    Remote(remote_text::Style),
    /// As the theme has it.
    Role(Role),
}

/// Text in one ink, up to a byte of its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) end: u32,
    pub(crate) ink: Ink,
}

/// A finished line.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoredLine {
    pub(crate) text: Box<str>,
    /// In order; what stands behind the last run is plain.
    pub(crate) runs: Box<[Run]>,
}

/// The place looked at: a line by its number since the pane began, and the row in it that is at the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Anchor {
    line: u64,
    row: usize,
}

/// What a pane has shown.
#[derive(Debug, Default)]
pub(crate) struct Scrollback {
    lines: VecDeque<StoredLine>,
    bytes: usize,
    /// The number of the first line kept.
    first: u64,
    open: OpenLine,
    parser: Parser,
    /// Where the user scrolled to; none follows the end.
    anchor: Option<Anchor>,
}

/// The line being written.
#[derive(Debug, Default)]
struct OpenLine {
    text: String,
    runs: Vec<Run>,
    column: usize,
    rewritten: bool,
}

/// A row of the screen: a part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    /// The text of the whole line.
    pub(crate) text: &'a str,
    /// The runs of the whole line.
    pub(crate) runs: &'a [Run],
    /// The bytes of the line that stand in this row.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Scrollback {
    /// Writes remote text, which may hold escape sequences and line ends. `ink` is what plain text of it looks like.
    pub(crate) fn write_remote(&mut self, text: &str, ink: Option<Ink>) {
        let mut parser = std::mem::take(&mut self.parser);
        parser.parse(text, |piece| match piece {
            Piece::Text(run, style) if style.is_plain() => self.push(run, ink),
            Piece::Text(run, style) => self.push(run, Some(Ink::Remote(style))),
            Piece::LineFeed => self.end_line(),
            Piece::CarriageReturn => self.open.rewritten = true,
            Piece::Tab => {
                let blanks = TAB - self.open.column % TAB;
                self.push(&" ".repeat(blanks), ink);
            }
        });
        self.parser = parser;
    }

    /// Ends the line being written.
    pub(crate) fn end_line(&mut self) {
        let open = std::mem::take(&mut self.open);
        self.bytes += open.text.len();
        self.lines.push_back(StoredLine {
            text: open.text.into_boxed_str(),
            runs: open.runs.into_boxed_slice(),
        });
        while self.lines.len() > MAX_LINES || self.bytes > MAX_BYTES {
            if let Some(dropped) = self.lines.pop_front() {
                self.bytes -= dropped.text.len();
                self.first += 1;
            }
        }
    }

    /// Writes whole lines of ours, on lines of their own.
    pub(crate) fn write_lines(&mut self, text: &str, role: Role) {
        self.fresh_line();
        for line in text.split('\n') {
            self.push(&remote_text::plain(line), Some(Ink::Role(role)));
            self.end_line();
        }
    }

    /// Starts a line if one is begun.
    pub(crate) fn fresh_line(&mut self) {
        if !self.open.text.is_empty() {
            self.end_line();
        }
    }

    /// The start of the line being written: a question that waits for its answer, say.
    pub(crate) fn open_text(&self) -> &str {
        &self.open.text
    }

    /// Appends text without control characters.
    pub(crate) fn push(&mut self, text: &str, ink: Option<Ink>) {
        if std::mem::take(&mut self.open.rewritten) {
            self.open = OpenLine::default();
        }
        let mut rest = text;
        while !rest.is_empty() {
            let room = MAX_LINE.saturating_sub(self.open.text.len());
            let cut = rest.floor_char_boundary(room);
            if cut == 0 {
                self.end_line();
                continue;
            }
            let (now, later) = rest.split_at(cut);
            self.open.append(now, ink);
            rest = later;
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.first += self.lines.len() as u64;
        self.lines.clear();
        self.bytes = 0;
        self.open = OpenLine::default();
        self.anchor = None;
    }

    /// Whether the user scrolled away from the end.
    pub(crate) fn scrolled(&self) -> bool {
        self.anchor.is_some()
    }

    /// How many lines stand below a window of this height at the place scrolled to; long lines make it one too few.
    pub(crate) fn below(&self, height: u16) -> u64 {
        self.anchor.map_or(0, |anchor| {
            (self.first + self.lines.len() as u64)
                .saturating_sub(anchor.line)
                .saturating_sub(u64::from(height))
        })
    }

    /// Follows the end again.
    pub(crate) fn follow(&mut self) {
        self.anchor = None;
    }

    /// Goes to the first line kept.
    pub(crate) fn first_line(&mut self) {
        if !self.lines.is_empty() {
            self.anchor = Some(Anchor {
                line: self.first,
                row: 0,
            });
        }
    }

    /// Scrolls `rows` back in a window of this size, of which `tail` rows at the end are not the scrollback's.
    pub(crate) fn scroll_back(&mut self, rows: usize, width: u16, height: usize, tail: usize) {
        let (mut index, mut row) = match self.anchor {
            Some(anchor) => (self.index(anchor), anchor.row),
            None => self.last_rows(height.saturating_sub(tail), width),
        };
        let mut left = rows;
        while left > 0 {
            if row >= left {
                row -= left;
                break;
            }
            left -= row;
            row = 0;
            if index == 0 {
                break;
            }
            index -= 1;
            row = self.rows_of(index, width);
        }
        if index < self.lines.len() {
            self.anchor = Some(self.anchor_at(index, row));
        }
    }

    /// Scrolls `rows` forward; at the end it follows again.
    pub(crate) fn scroll_forward(&mut self, rows: usize, width: u16, height: usize, tail: usize) {
        let Some(anchor) = self.anchor else { return };
        let (mut index, mut row) = (self.index(anchor), anchor.row + rows);
        while index < self.lines.len() {
            let count = self.rows_of(index, width);
            if row < count {
                break;
            }
            row -= count;
            index += 1;
        }
        let end = self.last_rows(height.saturating_sub(tail), width);
        self.anchor = ((index, row) < end).then(|| self.anchor_at(index, row));
    }

    /// The rows to show in a window of this width, at most `height` of them: from the place scrolled to, else the
    /// last ones.
    pub(crate) fn rows(&self, width: u16, height: usize) -> Vec<Row<'_>> {
        let (first, skip) = match self.anchor {
            Some(anchor) => (self.index(anchor), anchor.row),
            None => self.last_rows(height, width),
        };
        let mut rows = Vec::with_capacity(height);
        let mut skip = skip;
        for index in first..self.count() {
            let (text, runs) = self.line(index);
            for (start, end) in wrap::rows(text, width) {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                if rows.len() == height {
                    return rows;
                }
                rows.push(Row {
                    text,
                    runs,
                    start,
                    end,
                });
            }
            skip = 0;
        }
        rows
    }

    /// The line and row where the last `height` rows begin.
    fn last_rows(&self, height: usize, width: u16) -> (usize, usize) {
        let mut left = height;
        let mut index = self.count();
        while index > 0 && left > 0 {
            index -= 1;
            let count = self.rows_of(index, width);
            if count >= left {
                return (index, count - left);
            }
            left -= count;
        }
        (index, 0)
    }

    /// Finished lines and, if it holds something, the open one.
    fn count(&self) -> usize {
        self.lines.len() + usize::from(!self.open.text.is_empty())
    }

    fn line(&self, index: usize) -> (&str, &[Run]) {
        match self.lines.get(index) {
            Some(line) => (&line.text, &line.runs),
            None => (&self.open.text, &self.open.runs),
        }
    }

    fn rows_of(&self, index: usize, width: u16) -> usize {
        wrap::rows(self.line(index).0, width).count()
    }

    fn index(&self, anchor: Anchor) -> usize {
        usize::try_from(anchor.line.saturating_sub(self.first))
            .unwrap_or(usize::MAX)
            .min(self.count())
    }

    fn anchor_at(&self, index: usize, row: usize) -> Anchor {
        Anchor {
            line: self.first + index as u64,
            row,
        }
    }
}

impl OpenLine {
    fn append(&mut self, text: &str, ink: Option<Ink>) {
        if let Some(ink) = ink {
            let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
            let end = u32::try_from(self.text.len() + text.len()).unwrap_or(u32::MAX);
            let covered = self.runs.last().map_or(0, |run| run.end);
            if covered < start {
                let plain = Ink::Remote(remote_text::Style::default());
                self.runs.push(Run {
                    end: start,
                    ink: plain,
                });
            }
            match self.runs.last_mut() {
                Some(run) if run.ink == ink => run.end = end,
                _ => self.runs.push(Run { end, ink }),
            }
        }
        self.column += text.width();
        self.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(scrollback: &Scrollback, width: u16, height: usize) -> Vec<String> {
        scrollback
            .rows(width, height)
            .iter()
            .map(|row| row.text[row.start..row.end].to_owned())
            .collect()
    }

    fn counted(lines: usize) -> Scrollback {
        let mut scrollback = Scrollback::default();
        for number in 1..=lines {
            scrollback.write_remote(&format!("line {number}\n"), None);
        }
        scrollback
    }

    #[test]
    fn long_lines_wrap_and_reflow() {
        let mut scrollback = Scrollback::default();
        scrollback.write_remote("abcdefghij\nklm", None);
        assert_eq!(shown(&scrollback, 4, 10), ["abcd", "efgh", "ij", "klm"]);
        assert_eq!(shown(&scrollback, 20, 10), ["abcdefghij", "klm"]);
        assert_eq!(shown(&scrollback, 4, 2), ["ij", "klm"]);
    }

    #[test]
    fn scrolling_stays_where_it_is_while_lines_arrive() {
        let mut scrollback = counted(100);
        scrollback.scroll_back(5, 20, 10, 1);
        let before = shown(&scrollback, 20, 10);
        assert_eq!(before.first().unwrap(), "line 87");
        scrollback.write_remote("more\n", None);
        assert_eq!(shown(&scrollback, 20, 10), before);
        scrollback.scroll_forward(100, 20, 10, 1);
        assert!(!scrollback.scrolled());
        assert_eq!(shown(&scrollback, 20, 10).last().unwrap(), "more");
    }

    #[test]
    fn scrolling_past_the_start_stops_there() {
        let mut scrollback = counted(30);
        scrollback.scroll_back(1000, 20, 10, 1);
        assert_eq!(shown(&scrollback, 20, 10).first().unwrap(), "line 1");
        scrollback.scroll_forward(1, 20, 10, 1);
        assert_eq!(shown(&scrollback, 20, 10).first().unwrap(), "line 2");
    }

    #[test]
    fn memory_is_bounded_by_lines_and_by_length() {
        let mut scrollback = counted(MAX_LINES + 10);
        assert_eq!(scrollback.lines.len(), MAX_LINES);
        scrollback.write_remote(&"x".repeat(MAX_LINE * 3), None);
        assert!(scrollback.open.text.len() <= MAX_LINE);
        for _ in 0..40 {
            scrollback.write_remote(&"y".repeat(1 << 20), None);
        }
        assert!(scrollback.bytes <= MAX_BYTES);
    }

    #[test]
    fn a_carriage_return_writes_the_line_anew() {
        let mut scrollback = Scrollback::default();
        scrollback.write_remote("10 %\r20 %\r\nnext\tx\n", None);
        assert_eq!(shown(&scrollback, 40, 5), ["20 %", "next    x"]);
    }

    #[test]
    fn colours_are_kept_as_runs() {
        let mut scrollback = Scrollback::default();
        scrollback.write_remote("a\u{1b}[31mb\u{1b}[0mc", None);
        let row = &scrollback.rows(10, 1)[0];
        assert_eq!(row.text, "abc");
        assert_eq!(row.runs.len(), 2);
        assert_eq!(row.runs[1].end, 2);
    }
}
