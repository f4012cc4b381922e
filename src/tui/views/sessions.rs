//! The list of sessions and the strip about the one under the cursor.

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

use super::{bars, popup};

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
    let columns = columns(&model.sessions.widths, usize::from(inner.width));
    let header = Rect { height: 1, ..inner };
    if model.sessions.filtering || !model.sessions.filter.is_empty() {
        filter(frame, header, model);
    } else {
        frame.render_widget(heads(&columns, model), header);
    }
    let body = Rect {
        y: inner.y + 1,
        height: list_rows.min(inner.height.saturating_sub(1)),
        ..inner
    };
    rows(frame, body, &columns, model);
    let detail = Rect {
        y: body.bottom(),
        height: area.bottom().saturating_sub(body.bottom()),
        ..area
    };
    if model.geometry.detail_rows() > 0 && detail.height > 1 {
        strip(frame, detail, model);
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
        frame.render_widget(line(info, columns, &model.theme, selected).style(base), at);
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
            step("n", "a new session: user@host, local, demo:Server01"),
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

fn filter(frame: &mut Frame, area: Rect, model: &Model) {
    let theme = &model.theme;
    frame.render_widget(Span::styled(" / ", theme.style(Role::Key)), area);
    let field = Rect {
        x: area.x + 3.min(area.width),
        width: area.width.saturating_sub(4),
        ..area
    };
    model.sessions.filter.draw_field(
        frame,
        field,
        theme.style(Role::FieldActive),
        model.sessions.filtering && model.layers.is_empty() && !model.prefix,
    );
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
    // What is left over goes to the names, so that the last column ends at the right edge.
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
    let mut spans = vec![Span::raw(" ")];
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
    theme: &Theme,
    selected: bool,
) -> Line<'static> {
    let mut spans = vec![Span::raw(if selected { "›" } else { " " })];
    for (index, (column, width)) in columns.iter().enumerate() {
        let text = remote_text::plain(&cell(info, *column));
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

fn cell(info: &SessionInfo, column: Column) -> String {
    match column {
        Column::Id => info.id.to_string(),
        Column::Name => info.name.clone(),
        Column::Transport => info.transport.to_string(),
        Column::ComputerName => info.computer_name.clone(),
        Column::ComputerType => info.computer_type.to_owned(),
        Column::State => info.state.to_string(),
        Column::ConfigurationName => info.configuration_name.clone(),
        Column::Availability => info.availability.to_string(),
    }
}

fn colour(info: &SessionInfo, column: Column, theme: &Theme) -> Style {
    match column {
        Column::State => theme.style(state_role(info.state)),
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

fn strip(frame: &mut Frame, area: Rect, model: &Model) {
    let theme = &model.theme;
    let border = theme.style(Role::Border);
    let current = model.sessions.current();
    let name = current.map_or_else(String::new, |info| {
        let name = remote_text::plain(&info.name);
        wrap::ellipsis(&name, usize::from(area.width.saturating_sub(6)))
    });
    let mut title = vec![Span::styled("├", border)];
    if !name.is_empty() {
        title.push(Span::styled(format!(" {name} "), theme.style(Role::Title)));
    }
    let head = Rect { height: 1, ..area };
    bars::rule(frame, head, Line::from(title), "┤", model);
    let Some(info) = current else { return };
    let inner = Rect {
        x: area.x + 2,
        y: area.y + 1,
        width: area.width.saturating_sub(4),
        height: area.height - 1,
    };
    let mut lines = flow(&facts(info, model.now), usize::from(inner.width), theme);
    if let Some(running) = &info.running {
        let text = format!("running {}", remote_text::plain(running));
        lines.push(Line::raw(wrap::ellipsis(&text, usize::from(inner.width))));
    }
    if let Some(reason) = &info.reason {
        let role = if info.state == SessionState::Broken {
            Role::Broken
        } else {
            Role::Notice
        };
        lines.extend(popup::sentences(
            &remote_text::plain(reason),
            inner.width,
            role,
            model,
        ));
    }
    frame.render_widget(Text::from(lines), inner);
}

/// What is known of a session, as label and value.
fn facts(info: &SessionInfo, now: SystemTime) -> Vec<(&'static str, String)> {
    let text = |value: &Option<String>| value.as_deref().map(remote_text::plain);
    let since = |value: Option<SystemTime>| {
        let past = now.duration_since(value?).unwrap_or_default();
        Some(format!("{} ago", age(past.as_secs())))
    };
    let until = |value: Option<SystemTime>| {
        let left = value?.duration_since(now).unwrap_or_default();
        Some(format!("in {}", age(left.as_secs())))
    };
    [
        ("instance", Some(info.instance_id.to_string())),
        ("computer", Some(remote_text::plain(&info.computer_name))),
        (
            "endpoint",
            Some(remote_text::plain(&info.configuration_name)),
        ),
        ("user", text(&info.user)),
        ("by", text(&info.authentication)),
        ("transport", Some(info.transport.to_string())),
        ("protocol", text(&info.protocol)),
        ("PowerShell", text(&info.ps_version)),
        ("opened", since(info.opened)),
        ("last heard of", since(info.last_activity)),
        ("expires", until(info.expires)),
    ]
    .into_iter()
    .filter_map(|(label, value)| Some((label, value?)))
    .filter(|(_, value)| !value.is_empty())
    .collect()
}

fn flow(facts: &[(&'static str, String)], width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = vec![Line::default()];
    let mut used = 0;
    for (label, value) in facts {
        let value = wrap::ellipsis(value, width.saturating_sub(label.len() + 1));
        let wide = label.len() + 1 + value.width();
        if used > 0 && used + 3 + wide > width {
            lines.push(Line::default());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push_span(Span::raw("   "));
                used += 3;
            }
            line.push_span(Span::styled(format!("{label} "), theme.style(Role::Dim)));
            line.push_span(Span::raw(value));
        }
        used += wide;
    }
    lines
}

/// A span of time in its largest units.
fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d", seconds / 86_400),
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

    #[test]
    fn ages_are_said_in_their_largest_units() {
        assert_eq!(age(59), "59 s");
        assert_eq!(age(5400), "1 h 30 min");
        assert_eq!(age(200_000), "2 d");
    }
}
