//! Drawing the prompt and the line in place, wrapped by us: terminals differ in what they do at the right edge.

use std::fmt::Write as _;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// What stands before each further line of a text.
const CONTINUATION: &str = ">> ";

/// Knows what it has drawn.
#[derive(Debug, Default)]
pub(in crate::cli) struct Painter {
    /// The row of the cursor, from the first row drawn.
    cursor_row: usize,
    /// Rows drawn; 0: nothing.
    rows: usize,
    /// What was drawn, if the cursor stands at its end: a character more needs no more than itself.
    last: Option<(String, usize)>,
}

/// The prompt: as it is written, and how wide it is.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Shown<'a> {
    pub(in crate::cli) text: &'a str,
    pub(in crate::cli) width: usize,
}

/// A position while text is laid out.
struct Layout {
    out: String,
    row: usize,
    column: usize,
    columns: usize,
}

impl Painter {
    /// What to write so that the terminal shows this prompt and line, the cursor between `before` and `after`.
    pub(in crate::cli) fn paint(
        &mut self,
        prompt: Shown<'_>,
        before: &str,
        after: &str,
        columns: u16,
    ) -> String {
        if let Some(more) = self.more(before, after, columns) {
            return more;
        }
        let mut out = self.erase();
        let mut layout = Layout {
            out: String::new(),
            row: 0,
            column: prompt.width % usize::from(columns.max(1)),
            columns: usize::from(columns.max(1)),
        };
        // A prompt wider than the window wraps by itself, before we count.
        layout.row = prompt.width / layout.columns;
        layout.text(before);
        let cursor = (layout.row, layout.column);
        layout.text(after);
        out.push_str(prompt.text);
        out.push_str(&layout.out);
        up(&mut out, layout.row - cursor.0);
        out.push('\r');
        if cursor.1 > 0 {
            let _ = write!(out, "\u{1b}[{}C", cursor.1);
        }
        self.cursor_row = cursor.0;
        self.rows = layout.row + 1;
        self.last = after.is_empty().then(|| (before.to_owned(), layout.column));
        out
    }

    /// What was typed behind what is drawn, if it fits the row.
    fn more(&mut self, before: &str, after: &str, columns: u16) -> Option<String> {
        let (drawn, column) = self.last.as_mut().filter(|_| after.is_empty())?;
        let more = before
            .strip_prefix(drawn.as_str())
            .filter(|more| more.is_ascii())?;
        if more.is_empty() || more.contains('\n') || *column + more.len() >= usize::from(columns) {
            return None;
        }
        *column += more.len();
        before.clone_into(drawn);
        Some(more.to_owned())
    }

    /// What to write so that what was drawn is gone and the cursor stands where it began.
    pub(in crate::cli) fn erase(&mut self) -> String {
        let mut out = String::new();
        if self.rows > 0 {
            up(&mut out, self.cursor_row);
            out.push_str("\r\u{1b}[J");
        }
        *self = Self::default();
        out
    }

    /// What to write so that what was drawn stays and the cursor stands on the line below it.
    pub(in crate::cli) fn leave(&mut self) -> String {
        let mut out = String::new();
        let below = self.rows.saturating_sub(1) - self.cursor_row.min(self.rows.saturating_sub(1));
        if below > 0 {
            let _ = write!(out, "\u{1b}[{below}B");
        }
        out.push_str("\r\n");
        *self = Self::default();
        out
    }
}

impl Layout {
    fn text(&mut self, text: &str) {
        for grapheme in text.graphemes(true) {
            if grapheme == "\n" {
                self.line_end();
                self.out.push_str(CONTINUATION);
                self.column = CONTINUATION.len();
                continue;
            }
            let width = grapheme.width();
            if self.column + width > self.columns {
                self.line_end();
            }
            self.out.push_str(grapheme);
            self.column += width;
            if self.column == self.columns {
                self.line_end();
            }
        }
    }

    fn line_end(&mut self) {
        self.out.push_str("\r\n");
        self.row += 1;
        self.column = 0;
    }
}

fn up(out: &mut String, rows: usize) {
    if rows > 0 {
        let _ = write!(out, "\u{1b}[{rows}A");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A terminal that shows what was painted, ten columns wide.
    fn screen(paint: impl FnOnce(&mut Painter) -> String) -> (Vec<String>, (u16, u16)) {
        let mut parser = vt100::Parser::new(6, 10, 0);
        parser.process(paint(&mut Painter::default()).as_bytes());
        let rows = parser.screen().rows(0, 10).collect();
        (rows, parser.screen().cursor_position())
    }

    fn prompt() -> Shown<'static> {
        Shown {
            text: "PS> ",
            width: 4,
        }
    }

    #[test]
    fn long_lines_wrap_and_the_cursor_stands_right() {
        let (rows, cursor) = screen(|painter| painter.paint(prompt(), "abcdefgh", "ij", 10));
        assert_eq!(rows[..2], ["PS> abcdef", "ghij"]);
        assert_eq!(cursor, (1, 2));
    }

    #[test]
    fn a_full_row_puts_the_cursor_below() {
        let (rows, cursor) = screen(|painter| painter.paint(prompt(), "abcdef", "", 10));
        assert_eq!(rows[..1], ["PS> abcdef"]);
        assert_eq!(cursor, (1, 0));
    }

    #[test]
    fn repainting_leaves_nothing_behind() {
        let (rows, cursor) = screen(|painter| {
            let mut out = painter.paint(prompt(), "abcdefghijklmnop\nx", "", 10);
            out.push_str(&painter.paint(prompt(), "a", "b", 10));
            out
        });
        assert_eq!(rows[..3], ["PS> ab", "", ""]);
        assert_eq!(cursor, (0, 5));
    }

    #[test]
    fn further_lines_have_their_mark_and_wide_characters_fit() {
        let (rows, _) = screen(|painter| painter.paint(prompt(), "{\n漢字漢字", "", 10));
        assert_eq!(rows[..3], ["PS> {", ">> 漢字漢", "字"]);
    }

    #[test]
    fn leaving_goes_below_all_of_it() {
        let (_, cursor) = screen(|painter| {
            let mut out = painter.paint(prompt(), "", "abcdefghij", 10);
            out.push_str(&painter.leave());
            out
        });
        assert_eq!(cursor, (2, 0));
    }
}
