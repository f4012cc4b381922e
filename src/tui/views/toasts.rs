//! Notices that go by themselves, where they hide least: at the end of the list, at the head of a pane, whose end is
//! the prompt.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Clear;
use unicode_width::UnicodeWidthStr;

use crate::remote_text;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::wrap;

pub(super) fn draw(frame: &mut Frame, area: Rect, model: &Model) {
    let list = model.tab == 0;
    let rows = model.geometry.header_rows() + model.geometry.list_rows();
    let mut edge = area.y + if list { rows.min(area.height) } else { 0 };
    for toast in model.toasts.iter().rev() {
        let text = remote_text::plain(&toast.text);
        let text = if toast.wrong {
            format!("! {text}")
        } else {
            text
        };
        let room = area.width.saturating_sub(6).clamp(1, 60);
        let lines = wrap::words(&text, room);
        let widest = lines.iter().map(|line| line.width()).max().unwrap_or(0);
        let width = u16::try_from(widest + 2)
            .unwrap_or(u16::MAX)
            .min(area.width);
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        let fits = if list {
            edge >= area.y + height
        } else {
            edge + height <= area.bottom()
        };
        if !fits {
            return;
        }
        let top = if list { edge - height } else { edge };
        edge = if list { top } else { top + height };
        let style = model.theme.style(Role::Toast);
        for (line, y) in lines.iter().zip(top..) {
            let at = Rect {
                x: area.right().saturating_sub(width + 1).max(area.x),
                y,
                width,
                height: 1,
            };
            let pad = " ".repeat(usize::from(width).saturating_sub(line.width() + 1));
            frame.render_widget(Clear, at);
            frame.render_widget(Line::styled(format!(" {line}{pad}"), style), at);
        }
    }
}
