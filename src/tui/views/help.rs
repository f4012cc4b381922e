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

const PLACES: [(Context, &str); 6] = [
    (Context::Sessions, "The list of sessions"),
    (Context::Filter, "The filter of the list"),
    (Context::Pane, "A pane"),
    (Context::Line, "The line, and fields of dialogs"),
    (Context::Prefix, "After the prefix key"),
    (Context::Dialog, "Dialogs"),
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
    let inner = popup::frame(frame, at, "Keys", model);
    let shown: Vec<_> = lines(model, inner.width)
        .into_iter()
        .skip(scrolled)
        .take(usize::from(inner.height))
        .collect();
    frame.render_widget(Text::from(shown), inner);
}

fn lines(model: &Model, width: u16) -> Vec<Line<'static>> {
    let room = usize::from(width).saturating_sub(KEYS + 3).max(8);
    let mut lines = Vec::new();
    for (context, title) in PLACES {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(title, model.theme.style(Role::Title)));
        for binding in KeyMap::bindings(context) {
            let mut keys = model.keys.shown(binding).join(", ");
            let help = wrap::words(binding.help, u16::try_from(room).unwrap_or(width));
            for text in help {
                let pad = " ".repeat(KEYS.saturating_sub(keys.width()));
                lines.push(Line::from(vec![
                    Span::raw("  "),
                    Span::styled(std::mem::take(&mut keys), model.theme.style(Role::Key)),
                    Span::raw(pad),
                    Span::styled(format!(" {text}"), model.theme.style(Role::Dialog)),
                ]));
            }
        }
    }
    lines
}
