//! The command line at the end of the screen, below what its lines put out.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span, Text};

use crate::tui::model::Model;
use crate::tui::model::command::PROMPT;
use crate::tui::model::layer::Layer;
use crate::tui::model::pane::MORE;
use crate::tui::theme::Role;

use super::{pane, popup};

pub(super) fn draw(frame: &mut Frame, area: Rect, model: &Model) {
    let line = &model.command;
    let (columns, most) = model.geometry.command();
    let layout = line.editor.layout(PROMPT, MORE, columns.max(1));
    let bars = line.bars.iter();
    let bars = bars.map(|bar| pane::bar(bar, &model.theme, usize::from(columns)));
    let mut tail: Vec<Line> = bars.collect();
    let above = tail.len();
    tail.extend(layout.rows.into_iter().map(|(prompt, text)| {
        Line::from(vec![
            Span::styled(prompt, model.theme.style(Role::Prompt)),
            Span::styled(text, model.theme.style(Role::Dialog)),
        ])
    }));
    let (row, column) = (layout.caret.0 + above, layout.caret.1);
    let most = usize::from(most);
    let room = most.saturating_sub(tail.len());
    let rows = if line.wrote {
        line.output.rows(columns.max(1), room)
    } else {
        Vec::new()
    };
    // The line with the caret stays in sight.
    let skip = tail.len().saturating_sub(most).min(row);
    let height = u16::try_from(rows.len() + tail.len() - skip + 2).unwrap_or(u16::MAX);
    let height = height.min(area.height);
    let at = Rect {
        y: area.bottom() - height,
        height,
        ..area
    };
    let title = match (line.running, line.stopping) {
        (_, true) => "Cmdlets: stopping",
        (true, _) => "Cmdlets: running",
        _ => "Cmdlets",
    };
    let inner = popup::frame(frame, at, title, model);
    pane::lines(frame, inner, &rows, &model.theme);
    let shown = u16::try_from(rows.len())
        .unwrap_or(u16::MAX)
        .min(inner.height);
    let below = Rect {
        y: inner.y + shown,
        height: inner.height - shown,
        ..inner
    };
    tail.drain(..skip);
    frame.render_widget(Text::from(tail), below);
    let on_top = matches!(model.layers.last(), Some(Layer::Command));
    if on_top && !line.output.scrolled() && !below.is_empty() {
        let y = below.y + u16::try_from(row - skip).unwrap_or(0);
        let caret = Position::new(
            below.x + column.min(below.width - 1),
            y.min(below.bottom() - 1),
        );
        frame.set_cursor_position(caret);
        if let Some(completion) = &line.completion {
            pane::proposals(frame, area, model, completion, caret);
        }
    }
}
