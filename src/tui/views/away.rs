//! A pane whose session goes on at its server without us.

use std::time::SystemTime;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Text};

use crate::remote_text;
use crate::tui::model::Model;
use crate::tui::model::pane::Pane;
use crate::tui::theme::Role;
use crate::tui::words::age;

use super::{dialogs, popup};

/// Why it is so, how long the server waits, and what can be done, at the end of the pane.
pub(super) fn draw(
    frame: &mut Frame,
    area: Rect,
    model: &Model,
    pane: &Pane,
    why: Option<&str>,
    expires: Option<SystemTime>,
) {
    let width = area.width.saturating_sub(4).max(1);
    let mut text = why.map_or_else(String::new, |why| {
        let why = remote_text::plain(why);
        format!("{}. ", why.trim_end_matches('.'))
    });
    text.push_str("What runs in the session goes on at its server");
    if let Some(left) = expires.and_then(|at| at.duration_since(model.now).ok()) {
        text.push_str(&format!(", which keeps it for {}", age(left.as_secs())));
    }
    text.push('.');
    let mut lines = popup::sentences(&text, width, Role::Dialog, model);
    if !pane.held.is_empty() || !pane.editor.is_empty() {
        let kept = "What was typed is kept and comes back into the line; nothing was sent.";
        lines.extend(popup::sentences(kept, width, Role::Dialog, model));
    }
    lines.push(Line::default());
    lines.push(dialogs::keys(
        &[
            ("Enter", "connect again"),
            ("x", "close this pane"),
            ("PageUp", "what it said"),
        ],
        model,
    ));
    let height = u16::try_from(lines.len() + 2)
        .unwrap_or(u16::MAX)
        .min(area.height);
    let at = Rect {
        y: area.bottom() - height,
        height,
        ..area
    };
    let title = format!("Disconnected: {}", remote_text::plain(&pane.computer));
    let inner = popup::frame(frame, at, &title, model);
    frame.render_widget(Text::from(lines), inner);
}
