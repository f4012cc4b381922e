//! The list of sessions.

use std::time::SystemTime;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span, Text};
use unicode_width::UnicodeWidthStr;

use crate::remote_text;
use crate::session::{Availability, SessionInfo, SessionState};
use crate::tui::model::Model;
use crate::tui::model::list::Widths;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::wrap;
use crate::tui::words::countdown;

use super::strip;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Id,
    Name,
    Transport,
    ComputerName,
    ComputerType,
    State,
    ConfigurationName,
    Availability,
}

const COLUMNS: [Column; 8] = [
    Column::Id,
    Column::Name,
    Column::Transport,
    Column::ComputerName,
    Column::ComputerType,
    Column::State,
    Column::ConfigurationName,
    Column::Availability,
];

/// Which columns go, in this order, where the width does not allow them all.
const DROPPED: [Column; 6] = [
    Column::ComputerType,
    Column::Transport,
    Column::ConfigurationName,
    Column::Id,
    Column::Availability,
    Column::Name,
];

pub(super) fn draw(frame: &mut Frame, area: Rect, model: &Model) {
    sides(frame, area, model);
    let inner = Rect {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    };
    if inner.is_empty() {
        return;
    }
    let list_rows = model.geometry.list_rows();
    let marks = usize::from(model.sessions.marks() > 0);
    let room = usize::from(inner.width).saturating_sub(marks);
    let columns = columns(&model.sessions.widths, room);
    let header = Rect {
        height: model.geometry.header_rows(),
        ..inner
    };
    frame.render_widget(heads(&columns, model), header);
    let body = Rect {
        y: header.bottom(),
        height: list_rows.min(inner.height.saturating_sub(header.height)),
        ..inner
    };
    rows(frame, body, &columns, model);
    let detail = Rect {
        y: body.bottom(),
        height: area.bottom().saturating_sub(body.bottom()),
        ..area
    };
    if model.geometry.detail_rows() > 0 && detail.height > 1 {
        strip::draw(frame, detail, model);
    }
}

fn sides(frame: &mut Frame, area: Rect, model: &Model) {
    let border = model.theme.style(Role::Border);
    for y in area.top()..area.bottom() {
        for x in [area.left(), area.right().saturating_sub(1)] {
            if let Some(cell) = frame.buffer_mut().cell_mut(Position::new(x, y)) {
                cell.set_symbol("│").set_style(border);
            }
        }
    }
}

fn rows(frame: &mut Frame, area: Rect, columns: &[(Column, usize)], model: &Model) {
    if model.sessions.len() == 0 {
        empty(frame, area, model);
        return;
    }
    let (shown, cursor) = model.sessions.window(usize::from(area.height));
    for (row, info) in shown.into_iter().enumerate() {
        let at = Rect {
            y: area.y + u16::try_from(row).unwrap_or(0),
            height: 1,
            ..area
        };
        let selected = row == cursor;
        let base = if selected {
            model.theme.style(Role::Selected)
        } else {
            model.theme.style(Role::Text)
        };
        let mark = (model.sessions.marks() > 0).then(|| model.sessions.is_marked(info.id));
        let line = line(info, columns, model, selected, mark);
        frame.render_widget(line.style(base), at);
    }
}

/// What to do when nothing is listed.
fn empty(frame: &mut Frame, area: Rect, model: &Model) {
    let key = model.theme.style(Role::Key);
    let text = model.theme.style(Role::Text);
    let lines = if model.sessions.all().is_empty() {
        let step = |k: &'static str, words: &'static str| {
            Line::from(vec![
                Span::styled(format!("  {k}  "), key),
                Span::styled(words, text),
            ])
        };
        vec![
            Line::default(),
            Line::styled(" No sessions yet. The next three keys to press:", text),
            Line::default(),
            step("n", "a new session: Server01, user@host, demo:Server01"),
            step("?", "every key, by place"),
            step(
                "q",
                "quit; `psdeck demo` shows the app with servers of its own",
            ),
        ]
    } else {
        vec![
            Line::default(),
            Line::styled(" No session fits the filter. Esc clears it.", text),
        ]
    };
    frame.render_widget(Text::from(lines), area);
}

/// Columns with their widths, as many as fit; names are cut where even the last ones do not fit whole.
fn columns(widths: &Widths, room: usize) -> Vec<(Column, usize)> {
    let mut columns: Vec<_> = COLUMNS
        .iter()
        .map(|column| (*column, width(*column, widths)))
        .collect();
    // A blank before each column.
    let total = |columns: &[(Column, usize)]| -> usize {
        columns.iter().map(|(_, width)| width + 1).sum::<usize>() + 1
    };
    for dropped in DROPPED {
        if total(&columns) <= room {
            break;
        }
        // Long names are cut before the columns that matter go.
        let last_resort = matches!(dropped, Column::Id | Column::Availability | Column::Name);
        if last_resort {
            let mut over = total(&columns).saturating_sub(room);
            for wanted in [Column::Name, Column::ComputerName] {
                if let Some((_, width)) = columns.iter_mut().find(|(column, _)| *column == wanted) {
                    let give = over.min(width.saturating_sub(10));
                    *width -= give;
                    over -= give;
                }
            }
            if over == 0 {
                break;
            }
        }
        columns.retain(|(column, _)| *column != dropped);
    }
    // What is left over goes to names that are cut, then to all of them, so that the last column ends at the right edge.
    for (wanted, whole) in [
        (Column::ComputerName, widths.computer),
        (Column::Name, widths.name),
        (Column::ConfigurationName, widths.configuration),
    ] {
        let left = room.saturating_sub(total(&columns));
        if let Some((_, width)) = columns.iter_mut().find(|(column, _)| *column == wanted) {
            *width += left.min(whole.saturating_sub(*width));
        }
    }
    let left = room.saturating_sub(total(&columns));
    let share = left.min(12);
    for (wanted, more) in [
        (Column::Name, share / 3),
        (Column::ComputerName, share / 3),
        (Column::ConfigurationName, share / 3),
    ] {
        if let Some((_, width)) = columns.iter_mut().find(|(column, _)| *column == wanted) {
            *width += more;
        }
    }
    let rest = room.saturating_sub(total(&columns));
    if let Some((Column::Availability, width)) = columns.last_mut() {
        *width += rest.min(8);
    }
    columns
}

fn width(column: Column, widths: &Widths) -> usize {
    let content = match column {
        Column::Id => widths.id.max(2),
        Column::Name => widths.name.min(24),
        Column::Transport => 0,
        Column::ComputerName => widths.computer.min(32),
        Column::ComputerType => "RemoteMachine".len(),
        Column::State => "Disconnecting".len(),
        Column::ConfigurationName => widths.configuration.min(28),
        Column::Availability => widths.availability.min(16),
    };
    content.max(head(column).len())
}

const fn head(column: Column) -> &'static str {
    match column {
        Column::Id => "Id",
        Column::Name => "Name",
        Column::Transport => "Transport",
        Column::ComputerName => "ComputerName",
        Column::ComputerType => "ComputerType",
        Column::State => "State",
        Column::ConfigurationName => "ConfigurationName",
        Column::Availability => "Availability",
    }
}

fn heads(columns: &[(Column, usize)], model: &Model) -> Line<'static> {
    let style = model.theme.style(Role::Header);
    let marks = usize::from(model.sessions.marks() > 0);
    let mut spans = vec![Span::raw(" ".repeat(1 + marks))];
    for (index, (column, width)) in columns.iter().enumerate() {
        let blank = " ".repeat(usize::from(index > 0));
        let text = head(*column);
        let pad = " ".repeat(width.saturating_sub(text.len()));
        spans.push(Span::raw(blank));
        if right(*column) {
            spans.push(Span::raw(pad));
            spans.push(Span::styled(text, style));
        } else {
            spans.push(Span::styled(text, style));
            spans.push(Span::raw(pad));
        }
    }
    Line::from(spans)
}

fn right(column: Column) -> bool {
    matches!(column, Column::Id | Column::Availability)
}

fn line(
    info: &SessionInfo,
    columns: &[(Column, usize)],
    model: &Model,
    selected: bool,
    mark: Option<bool>,
) -> Line<'static> {
    let (theme, now) = (&model.theme, model.now);
    let mut spans = vec![Span::raw(if selected { "›" } else { " " })];
    if let Some(mark) = mark {
        let style = if selected {
            Style::new()
        } else {
            theme.style(Role::Key)
        };
        spans.push(Span::styled(if mark { "*" } else { " " }, style));
    }
    for (index, (column, width)) in columns.iter().enumerate() {
        let text = remote_text::plain(&cell(info, *column, now));
        let text = wrap::ellipsis(&text, *width);
        let pad = " ".repeat(width.saturating_sub(text.width()));
        let blank = " ".repeat(usize::from(index > 0));
        let style = if selected {
            Style::new()
        } else {
            colour(info, *column, theme)
        };
        if right(*column) {
            spans.push(Span::raw(format!("{blank}{pad}")));
            spans.push(Span::styled(text, style));
        } else {
            spans.push(Span::raw(blank));
            spans.push(Span::styled(text, style));
            spans.push(Span::raw(pad));
        }
    }
    Line::from(spans)
}

fn cell(info: &SessionInfo, column: Column, now: SystemTime) -> String {
    match column {
        Column::Id => info.id.to_string(),
        Column::Name => info.name.clone(),
        Column::Transport => info.transport.to_string(),
        Column::ComputerName => info.computer_name.clone(),
        Column::ComputerType => info.computer_type.to_owned(),
        Column::State => info.state.to_string(),
        Column::ConfigurationName => info.configuration_name.clone(),
        Column::Availability => match &info.interruption {
            Some(lost) => {
                let left = lost.until.duration_since(now).unwrap_or_default();
                format!("offline {}", countdown(left.as_secs()))
            }
            None => info.availability.to_string(),
        },
    }
}

fn colour(info: &SessionInfo, column: Column, theme: &Theme) -> Style {
    match column {
        Column::State => theme.style(state_role(info.state)),
        Column::Availability if info.interruption.is_some() => theme.style(Role::Broken),
        Column::Availability if info.availability == Availability::Busy => theme.style(Role::Busy),
        _ => Style::new(),
    }
}

fn state_role(state: SessionState) -> Role {
    match state {
        SessionState::Opened => Role::Opened,
        SessionState::Disconnected => Role::Disconnected,
        SessionState::Broken => Role::Broken,
        SessionState::Closed => Role::Dim,
        SessionState::Opening
        | SessionState::Disconnecting
        | SessionState::Connecting
        | SessionState::Closing => Role::Changing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(room: usize) -> Vec<&'static str> {
        let widths = Widths {
            id: 1,
            name: 9,
            computer: 18,
            configuration: 20,
            availability: 9,
        };
        let columns = columns(&widths, room);
        let total: usize = columns.iter().map(|(_, width)| width + 1).sum();
        assert!(total <= room, "{room}: {columns:?}");
        columns.iter().map(|(column, _)| head(*column)).collect()
    }

    #[test]
    fn columns_go_in_the_order_of_the_design() {
        assert_eq!(names(120).len(), 8);
        assert!(!names(98).contains(&"ComputerType"));
        assert!(names(98).contains(&"Transport"));
        assert_eq!(
            names(84),
            [
                "Id",
                "Name",
                "ComputerName",
                "State",
                "ConfigurationName",
                "Availability"
            ]
        );
        assert_eq!(
            names(62),
            ["Id", "Name", "ComputerName", "State", "Availability"]
        );
    }
}
