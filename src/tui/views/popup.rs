//! Frames that lie over what is shown.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear};

use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::wrap;

/// Columns of text of a dialog, at most.
pub(super) const TEXT: u16 = 70;

/// A frame with a title; what is under it goes. Returns its inside, a column away from the frame.
pub(super) fn frame(frame: &mut Frame, area: Rect, title: &str, model: &Model) -> Rect {
    let area = area.intersection(frame.area());
    let title = wrap::ellipsis(title, usize::from(area.width.saturating_sub(4)));
    let block = Block::bordered()
        .border_type(BorderType::Plain)
        .style(model.theme.style(Role::Dialog))
        .border_style(model.theme.style(Role::DialogBorder))
        .title(Span::styled(
            format!(" {title} "),
            model.theme.style(Role::DialogBorder),
        ));
    frame.render_widget(Clear, area);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let margin = u16::from(inner.width > 4);
    Rect {
        x: inner.x + margin,
        width: inner.width.saturating_sub(2 * margin),
        ..inner
    }
}

/// How many columns of text a dialog has in an area.
pub(super) fn text_width(area: Rect) -> u16 {
    area.width.saturating_sub(6).clamp(1, TEXT)
}

/// A rectangle for that many rows of text, in the middle of an area.
pub(super) fn centered(area: Rect, rows: usize) -> Rect {
    let height = u16::try_from(rows.saturating_add(2))
        .unwrap_or(u16::MAX)
        .min(area.height);
    let width = (text_width(area) + 4).min(area.width);
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}

/// Sentences as lines of a dialog.
pub(super) fn sentences(text: &str, width: u16, role: Role, model: &Model) -> Vec<Line<'static>> {
    let style = model.theme.style(role);
    wrap::words(text, width)
        .into_iter()
        .map(|line| Line::styled(line, style))
        .collect()
}

/// A dialog of nothing but lines.
pub(super) fn lines(
    target: &mut Frame,
    area: Rect,
    title: &str,
    lines: Vec<Line<'static>>,
    model: &Model,
) {
    let inner = frame(target, centered(area, lines.len()), title, model);
    target.render_widget(ratatui::text::Text::from(lines), inner);
}
