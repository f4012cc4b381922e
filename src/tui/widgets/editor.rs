//! A text being edited: the prompt's lines, and fields of dialogs.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use tui_textarea::{CursorMove, TextArea};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::tui::input::Edit;

use super::wrap;

/// A text with a place in it. The text area edits; this adds grapheme clusters and its own drawing, with a prompt
/// before the first line.
#[derive(Debug)]
pub(crate) struct Editor {
    area: TextArea<'static>,
}

/// What an editor looks like at a width.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Layout<'a> {
    /// Each row: what stands before it (a prompt, or nothing) and its part of the text.
    pub(crate) rows: Vec<(&'a str, &'a str)>,
    /// Row and column of the caret.
    pub(crate) caret: (usize, u16),
}

impl Default for Editor {
    fn default() -> Self {
        Self::new("")
    }
}

impl Editor {
    /// An editor with this text and the caret at its end.
    pub(crate) fn new(text: &str) -> Self {
        let mut area = TextArea::new(text.split('\n').map(str::to_owned).collect());
        area.set_max_histories(200);
        area.move_cursor(CursorMove::Bottom);
        area.move_cursor(CursorMove::End);
        Self { area }
    }

    /// The text, lines joined by `\n`.
    pub(crate) fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// The lines; at least one.
    pub(crate) fn lines(&self) -> &[String] {
        self.area.lines()
    }

    /// Whether there is no text.
    pub(crate) fn is_empty(&self) -> bool {
        self.area.is_empty()
    }

    /// Replaces the text; the caret goes to its end. What could be undone stays so within one text only.
    pub(crate) fn set(&mut self, text: &str) {
        let yank = self.area.yank_text();
        *self = Self::new(text);
        self.area.set_yank_text(yank);
    }

    /// Takes the text out.
    pub(crate) fn take(&mut self) -> String {
        let text = self.text();
        self.set("");
        text
    }

    /// Types text at the caret; line ends make lines.
    pub(crate) fn insert(&mut self, text: &str) {
        self.area.insert_str(text);
    }

    /// Whether the caret is in the first line.
    pub(crate) fn on_first_line(&self) -> bool {
        self.area.cursor().0 == 0
    }

    /// Whether the caret is in the last line.
    pub(crate) fn on_last_line(&self) -> bool {
        self.area.cursor().0 + 1 >= self.area.lines().len()
    }

    /// Moves the caret a line up or down.
    pub(crate) fn line_move(&mut self, down: bool) {
        self.area.move_cursor(if down {
            CursorMove::Down
        } else {
            CursorMove::Up
        });
    }

    /// The caret as a byte of [`Editor::text`].
    pub(crate) fn caret(&self) -> usize {
        let (row, before, _) = self.around();
        let above: usize = self
            .area
            .lines()
            .iter()
            .take(row)
            .map(|line| line.len() + 1)
            .sum();
        above + before.len()
    }

    /// Replaces a part of the text, named by bytes, and puts the caret behind it.
    pub(crate) fn replace(&mut self, start: usize, end: usize, with: &str) {
        let text = self.text();
        let (Some(before), Some(after)) = (text.get(..start), text.get(end..)) else {
            return;
        };
        self.set(&format!("{before}{with}{after}"));
        self.place(before.len() + with.len());
    }

    /// Puts the caret to a byte of the text.
    pub(crate) fn place(&mut self, byte: usize) {
        let text = self.text();
        let before = text.get(..byte).unwrap_or(&text);
        let row = before.matches('\n').count();
        let column = before
            .rsplit('\n')
            .next()
            .map_or(0, |line| line.chars().count());
        self.jump(row, column);
    }

    /// Edits, or moves the caret.
    pub(crate) fn apply(&mut self, edit: Edit) {
        match edit {
            Edit::Left => self.left(),
            Edit::Right => self.right(),
            Edit::WordLeft => self.area.move_cursor(CursorMove::WordBack),
            Edit::WordRight => self.area.move_cursor(CursorMove::WordForward),
            Edit::Home => self.area.move_cursor(CursorMove::Head),
            Edit::End => self.area.move_cursor(CursorMove::End),
            Edit::Backspace => {
                let count = last_cluster(self.around().1);
                for _ in 0..count.max(1) {
                    self.area.delete_char();
                }
            }
            Edit::Delete => {
                let count = first_cluster(self.around().2);
                for _ in 0..count.max(1) {
                    self.area.delete_next_char();
                }
            }
            Edit::DeleteWordLeft => {
                self.area.delete_word();
            }
            Edit::DeleteWordRight => {
                self.area.delete_next_word();
            }
            Edit::DeleteToHome => {
                self.area.delete_line_by_head();
            }
            Edit::DeleteToEnd => {
                self.area.delete_line_by_end();
            }
            Edit::Paste => {
                self.area.paste();
            }
            Edit::Undo => {
                self.area.undo();
            }
            Edit::Redo => {
                self.area.redo();
            }
        }
    }

    /// How the text stands in a window: `prompt` before the first line, `more` before the others.
    pub(crate) fn layout<'a>(&'a self, prompt: &'a str, more: &'a str, width: u16) -> Layout<'a> {
        let width = width.max(1);
        let (caret_row, before, _) = self.around();
        let mut rows = Vec::new();
        let mut caret = (0, 0);
        for (number, line) in self.area.lines().iter().enumerate() {
            let prompt = if number == 0 { prompt } else { more };
            // A prompt wider than the window takes rows of its own.
            let mut prompt_rows: Vec<&str> = wrap::rows(prompt, width)
                .filter_map(|(start, end)| prompt.get(start..end))
                .collect();
            let mut lead = prompt_rows.pop().unwrap_or_default();
            rows.extend(prompt_rows.into_iter().map(|row| (row, "")));
            if lead.width() >= usize::from(width) {
                rows.push((lead, ""));
                lead = "";
            }
            let mut start = 0;
            let mut room = usize::from(width) - lead.width();
            loop {
                let rest = line.get(start..).unwrap_or_default();
                let (_, length) = wrap::rows(rest, u16::try_from(room).unwrap_or(width))
                    .next()
                    .unwrap_or((0, 0));
                let end = start + length;
                let text = line.get(start..end).unwrap_or_default();
                let last = end >= line.len();
                if number == caret_row && (before.len() < end || last) && before.len() >= start {
                    let column = lead.width() + before.get(start..).unwrap_or_default().width();
                    caret = (rows.len(), u16::try_from(column).unwrap_or(u16::MAX));
                }
                rows.push((lead, text));
                if last {
                    break;
                }
                start = end;
                lead = "";
                room = usize::from(width);
            }
            // Behind a full last row the caret stands at the start of a row of its own.
            if caret.1 >= width {
                rows.push(("", ""));
                caret = (rows.len() - 1, 0);
            }
        }
        Layout { rows, caret }
    }

    /// Draws a field of one row: the part around the caret.
    pub(crate) fn draw_field(&self, frame: &mut Frame, area: Rect, style: Style, focused: bool) {
        let (_, before, after) = self.around();
        let width = usize::from(area.width.max(1));
        // Keep the caret inside, with what is left of it.
        let mut shown = before;
        while shown.width() >= width {
            let Some(cluster) = shown.graphemes(true).next() else {
                break;
            };
            shown = shown.get(cluster.len()..).unwrap_or_default();
        }
        let column = shown.width();
        let text = format!("{shown}{after}");
        let padding = " ".repeat(width.saturating_sub(text.width()));
        frame.render_widget(
            Line::from(vec![Span::raw(text), Span::raw(padding)]).style(style),
            area,
        );
        if focused {
            let x = area
                .x
                .saturating_add(u16::try_from(column).unwrap_or(u16::MAX));
            frame.set_cursor_position(Position::new(x, area.y));
        }
    }

    /// The caret's line, and that line before and behind the caret.
    fn around(&self) -> (usize, &str, &str) {
        let cursor = self.area.cursor();
        let line = self.area.lines().get(cursor.0).map_or("", String::as_str);
        let byte = line
            .char_indices()
            .nth(cursor.1)
            .map_or(line.len(), |(byte, _)| byte);
        let (before, after) = line.split_at_checked(byte).unwrap_or((line, ""));
        (cursor.0, before, after)
    }

    fn left(&mut self) {
        let count = last_cluster(self.around().1).max(1);
        for _ in 0..count {
            self.area.move_cursor(CursorMove::Back);
        }
    }

    fn right(&mut self) {
        let count = first_cluster(self.around().2).max(1);
        for _ in 0..count {
            self.area.move_cursor(CursorMove::Forward);
        }
    }

    fn jump(&mut self, row: usize, column: usize) {
        let clip = |number| u16::try_from(number).unwrap_or(u16::MAX);
        self.area
            .move_cursor(CursorMove::Jump(clip(row), clip(column)));
    }
}

/// How many characters the last grapheme cluster has.
fn last_cluster(text: &str) -> usize {
    text.graphemes(true)
        .next_back()
        .map_or(0, |cluster| cluster.chars().count())
}

/// How many characters the first grapheme cluster has.
fn first_cluster(text: &str) -> usize {
    text.graphemes(true)
        .next()
        .map_or(0, |cluster| cluster.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_one_step_and_one_deletion() {
        let mut editor = Editor::new("ae\u{301}👩‍👩‍👧b");
        editor.apply(Edit::Left);
        editor.apply(Edit::Backspace);
        assert_eq!(editor.text(), "ae\u{301}b");
        editor.apply(Edit::Left);
        assert_eq!(editor.caret(), 1);
        editor.apply(Edit::Delete);
        assert_eq!(editor.text(), "ab");
    }

    #[test]
    fn a_long_line_wraps_behind_its_prompt() {
        let editor = Editor::new("abcdefgh");
        let layout = editor.layout("PS> ", ">> ", 8);
        assert_eq!(
            layout.rows,
            [("PS> ", "abcd"), ("", "efgh")]
                .into_iter()
                .collect::<Vec<_>>()
        );
        assert_eq!(layout.caret, (1, 4));
    }

    #[test]
    fn a_full_row_puts_the_caret_on_the_next() {
        let editor = Editor::new("abcd");
        let layout = editor.layout("PS> ", ">> ", 8);
        assert_eq!(layout.rows.len(), 2);
        assert_eq!(layout.caret, (1, 0));
    }

    #[test]
    fn more_lines_have_their_own_prompt() {
        let mut editor = Editor::new("if (1) {\nx");
        let layout = editor.layout("PS> ", ">> ", 40);
        assert_eq!(layout.rows, vec![("PS> ", "if (1) {"), (">> ", "x")]);
        assert_eq!(layout.caret, (1, 4));
        assert_eq!(editor.caret(), 10);
        editor.place(2);
        assert_eq!(editor.layout("PS> ", ">> ", 40).caret, (0, 6));
    }

    #[test]
    fn a_narrow_window_takes_any_prompt() {
        for width in 1..6 {
            let editor = Editor::new("日本語 text");
            let layout = editor.layout("[Server01]: PS> ", ">> ", width);
            assert!(usize::from(layout.caret.1) < usize::from(width).max(2));
        }
    }

    #[test]
    fn a_part_is_replaced_in_place() {
        let mut editor = Editor::new("Get-Proc | x");
        editor.replace(0, 8, "Get-Process");
        assert_eq!(editor.text(), "Get-Process | x");
        assert_eq!(editor.caret(), 11);
    }
}
