//! The keys, made from the key map.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span, Text};
use unicode_width::UnicodeWidthStr;

use crate::tui::input::{Context, KeyMap};
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::wrap;

use super::popup;

/// Columns for the keys.
const KEYS: usize = 24;

/// In the order for the list; in a pane the list's come last.
const PLACES: [(Context, &str); 8] = [
    (Context::Sessions, "The list of sessions"),
    (Context::Filter, "The filter of the list"),
    (Context::Pane, "A pane"),
    (Context::Line, "The line, and fields of dialogs"),
    (Context::Prefix, "After the prefix key"),
    (Context::Dialog, "Dialogs"),
    (Context::Resume, "The resume picker"),
    (Context::Command, "The command line"),
];

/// How many rows the help has.
pub(crate) fn rows(model: &Model) -> usize {
    lines(model, model.geometry.columns.saturating_sub(4)).len()
}

pub(super) fn draw(frame: &mut Frame, area: Rect, model: &Model, scrolled: usize) {
    let at = Rect {
        y: area.y + area.height.min(1),
        height: area.height.saturating_sub(2),
        ..area
    };
    let all = lines(model, at.width.saturating_sub(4));
    let count = all.len();
    let room = usize::from(at.height.saturating_sub(2));
    let last = (scrolled + room).min(count);
    let title = if room < count {
        format!("Keys: {} to {last} of {count}", scrolled + 1)
    } else {
        "Keys".to_owned()
    };
    let inner = popup::frame(frame, at, &title, model);
    let shown: Vec<_> = all.into_iter().skip(scrolled).take(room).collect();
    frame.render_widget(Text::from(shown), inner);
}

fn lines(model: &Model, width: u16) -> Vec<Line<'static>> {
    let room = usize::from(width).saturating_sub(KEYS + 3).max(8);
    let mut lines = Vec::new();
    let mut places = PLACES;
    if model.tab > 0 {
        places.rotate_left(2);
    }
    for (context, title) in places {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(title, model.theme.style(Role::Title)));
        for binding in KeyMap::bindings(context) {
            let keys = columns(&model.keys.shown(binding));
            let help = wrap::words(binding.help, u16::try_from(room).unwrap_or(width));
            for row in 0..keys.len().max(help.len()) {
                let keys = keys.get(row).cloned().unwrap_or_default();
                let help = help.get(row).map_or("", |text| &**text);
                let pad = " ".repeat(KEYS.saturating_sub(keys.width()));
                lines.push(Line::from(vec![
                    Span::raw("  "),
                    Span::styled(keys, model.theme.style(Role::Key)),
                    Span::raw(pad),
                    Span::styled(format!(" {help}"), model.theme.style(Role::Dialog)),
                ]));
            }
        }
    }
    lines
}

/// Keys with commas between them, in rows of the width that they have.
fn columns(keys: &[String]) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        let comma = if index + 1 < keys.len() { "," } else { "" };
        let key = format!("{key}{comma}");
        match rows.last_mut() {
            Some(row) if row.width() + 1 + key.width() <= KEYS => {
                row.push(' ');
                row.push_str(&key);
            }
            _ => rows.push(key),
        }
    }
    rows
}
