//! Rows under their columns' names.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::cell::Cells;
use super::row::Row;

/// The first rows say how wide columns are; they are kept until there are this many.
const FIRST_ROWS: usize = 500;
/// A column narrower than this is left out.
const NARROWEST: usize = 4;

/// Objects of one kind, shown as rows.
pub(super) struct Table {
    width: usize,
    above: Option<String>,
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
    /// Whether the widths are decided and the names written.
    begun: bool,
}

struct Column {
    label: String,
    right: bool,
    /// The view's width.
    fixed: Option<usize>,
    /// When it is left out for want of room, the lowest first; the others are cut.
    yields: Option<usize>,
    /// `None`: there is no room for it.
    width: Option<usize>,
}

impl Table {
    pub(super) fn new(width: usize, row: &Row<'_>, cells: &Cells<'_>) -> Self {
        let columns = row.columns.iter().map(|column| Column {
            label: column.label.clone().into_owned(),
            right: column.is_right(cells),
            fixed: column.width,
            yields: column.yields,
            width: None,
        });
        Self {
            width,
            above: row.above.clone(),
            columns: columns.collect(),
            rows: Vec::new(),
            begun: false,
        }
    }

    /// Whether the row has these columns.
    pub(super) fn fits(&self, row: &Row<'_>) -> bool {
        self.above == row.above
            && self.columns.len() == row.columns.len()
            && self
                .columns
                .iter()
                .zip(&row.columns)
                .all(|(one, other)| one.label == other.label && one.fixed == other.width)
    }

    pub(super) fn push(&mut self, out: &mut String, row: &Row<'_>, cells: &Cells<'_>) {
        let texts = row.columns.iter().map(|column| column.text(cells, true));
        let texts: Vec<_> = texts.collect();
        if self.begun {
            return self.write(out, &texts);
        }
        self.rows.push(texts);
        if self.rows.len() >= FIRST_ROWS {
            self.begin(out);
        }
    }

    pub(super) fn end(mut self, out: &mut String) {
        if !self.begun {
            self.begin(out);
        }
        out.push('\n');
    }

    fn begin(&mut self, out: &mut String) {
        self.begun = true;
        let rows = std::mem::take(&mut self.rows);
        self.decide(&rows);
        out.push('\n');
        if let Some(above) = &self.above {
            let _ = writeln!(out, "    {above}\n");
        }
        self.names(out);
        for row in &rows {
            self.write(out, row);
        }
    }

    /// Columns get what they need, without those that yield where it is too much; the last ones, what is left.
    fn decide(&mut self, rows: &[Vec<String>]) {
        let wanted = |(index, column): (usize, &Column)| {
            let texts = rows.iter().filter_map(|row| row.get(index));
            let longest = texts.map(|text| text.width()).max().unwrap_or_default();
            column.fixed.unwrap_or(longest.max(column.label.width()))
        };
        let wanted: Vec<_> = self.columns.iter().enumerate().map(wanted).collect();
        let mut room = self.width + 1;
        let mut needed: usize = wanted.iter().map(|wanted| wanted + 1).sum();
        let mut yielding: Vec<_> = self.columns.iter().zip(&wanted).collect();
        yielding.retain(|(column, _)| column.yields.is_some());
        yielding.sort_by_key(|(column, _)| column.yields);
        let mut least = None;
        for (column, wanted) in yielding {
            if needed > room {
                needed -= wanted + 1;
                least = column.yields;
            }
        }
        for (column, wanted) in self.columns.iter_mut().zip(wanted) {
            if column.yields.is_some_and(|rank| Some(rank) <= least) {
                continue;
            }
            let given = wanted.min(room.saturating_sub(1));
            column.width = Some(given).filter(|given| *given == wanted || *given >= NARROWEST);
            room = room.saturating_sub(given + 1);
        }
    }

    fn names(&self, out: &mut String) {
        let broken = |column: &Column| -> Vec<String> {
            // Where a column is not shown, neither is its name.
            let Some(width) = column.width.map(|width| width.max(1)) else {
                return Vec::new();
            };
            let mut lines = Vec::new();
            for mut line in column.label.split('\n') {
                while line.width() > width {
                    let (first, rest) = line.split_at(cut(line, width).max(1));
                    lines.push(first.to_owned());
                    line = rest;
                }
                lines.push(line.to_owned());
            }
            lines
        };
        let names: Vec<_> = self.columns.iter().map(broken).collect();
        for line in 0..names.iter().map(Vec::len).max().unwrap_or_default() {
            let texts = names.iter().map(|name| name.get(line).cloned());
            let texts: Vec<_> = texts.collect();
            // The last column has no blanks, nor has what it does not reach.
            self.line(out, &texts);
        }
        let rules = self.columns.iter().map(|column| {
            let width = column.label.width().min(column.width.unwrap_or_default());
            Some("-".repeat(width))
        });
        self.line(out, &rules.collect::<Vec<_>>());
    }

    fn write(&self, out: &mut String, texts: &[String]) {
        let texts = texts.iter().map(|text| Some(first_line(text)));
        self.line(out, &texts.collect::<Vec<_>>());
    }

    fn line(&self, out: &mut String, texts: &[Option<String>]) {
        let shown = |column: &&Column| column.width.is_some();
        let last = self.columns.iter().filter(shown).count();
        let mut nth = 0;
        for (column, text) in self.columns.iter().zip(texts) {
            let Some(width) = column.width else { continue };
            nth += 1;
            if nth > 1 {
                out.push(' ');
            }
            match text {
                Some(text) => column.put(out, text, width, nth == last),
                None if nth == last => {}
                None => out.push_str(&" ".repeat(width)),
            }
        }
        if texts.iter().any(Option::is_none) {
            let kept = out.trim_end_matches(' ').len();
            out.truncate(kept);
        }
        out.push('\n');
    }
}

impl Column {
    fn put(&self, out: &mut String, text: &str, width: usize, is_last: bool) {
        let fitted = fitted(text, width, self.right);
        let blanks = " ".repeat(width.saturating_sub(fitted.width()));
        if self.right {
            out.push_str(&blanks);
        }
        out.push_str(&fitted);
        if !self.right && !is_last {
            out.push_str(&blanks);
        }
    }
}

/// How many bytes of a text fit into this many cells.
pub(super) fn cut(text: &str, cells: usize) -> usize {
    let mut used = 0;
    for (at, char) in text.char_indices() {
        used += char.width().unwrap_or(1);
        if used > cells {
            return at;
        }
    }
    text.len()
}

/// A text, or the beginning of it, or of what stands at the right its end.
fn fitted(text: &str, width: usize, right: bool) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(1);
    if right {
        let mut from = text.len();
        for (at, _) in text.char_indices().rev() {
            match text.get(at..) {
                Some(end) if end.width() <= room => from = at,
                _ => break,
            }
        }
        return format!("…{}", text.get(from..).unwrap_or_default());
    }
    let (kept, _) = text.split_at(cut(text, room));
    format!("{kept}…")
}

fn first_line(text: &str) -> String {
    match text.split_once(['\n', '\r']) {
        Some((first, _)) => format!("{first}…"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_wide_is_cut_where_it_is_not_missed() {
        assert_eq!(fitted("abcdef", 4, false), "abc…");
        assert_eq!(fitted("123456", 4, true), "…456");
        assert_eq!(fitted("한글한글", 4, false), "한…");
        assert_eq!(fitted("abcd", 4, false), "abcd");
        assert_eq!(first_line("a\r\nb"), "a…");
    }
}
