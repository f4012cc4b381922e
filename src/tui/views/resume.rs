//! The resume picker: what was left behind, and the servers that are asked for more.

use std::time::SystemTime;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span, Text};
use unicode_width::UnicodeWidthStr;

use crate::remote_text;
use crate::session::{Availability, SessionInfo};
use crate::tui::model::Model;
use crate::tui::model::left::{is_expired, times};
use crate::tui::model::list::SessionList;
use crate::tui::model::servers::{Asking, Server, Servers};
use crate::tui::theme::Role;
use crate::tui::widgets::wrap;
use crate::tui::words::age;

use super::{bars, popup, strip};

/// A wider window gives no column more.
const WIDEST: u16 = 130;

pub(super) fn draw(frame: &mut Frame, area: Rect, model: &Model, list: &SessionList) {
    let width = area.width.min(WIDEST);
    let area = Rect {
        x: area.x + (area.width - width) / 2,
        width,
        ..area
    };
    let count = list.len();
    let title = match list.marks() {
        0 => format!("Resume: {count} disconnected"),
        marks => format!("Resume: {marks} of {count} marked"),
    };
    let inner = popup::frame(frame, area, &title, model);
    if inner.is_empty() {
        return;
    }
    let body = Rect {
        height: (1 + model.geometry.picker_rows()).min(inner.height),
        ..inner
    };
    rows(frame, body, model, list);
    let below = Rect {
        y: body.bottom(),
        height: inner.bottom().saturating_sub(body.bottom()),
        ..inner
    };
    detail(frame, below, model, list);
}

fn rows(frame: &mut Frame, area: Rect, model: &Model, list: &SessionList) {
    let columns = Columns::new(list, usize::from(area.width));
    let (shown, cursor) = list.window(usize::from(area.height.saturating_sub(1)));
    let mut lines = vec![Line::styled(
        columns.line(
            "  ",
            [
                "Name",
                "ComputerName",
                columns.availability(),
                "Left",
                "Expires",
                "Running",
            ],
        ),
        model.theme.style(Role::Header),
    )];
    if shown.is_empty() {
        let text = if model.servers.asked() > 0 {
            "  Nothing yet."
        } else {
            "  Nothing is left behind."
        };
        lines.push(Line::styled(text, model.theme.style(Role::Dialog)));
    }
    for (row, info) in shown.into_iter().enumerate() {
        let mark = if list.is_marked(info.id) { "*" } else { " " };
        let (before, role) = if row == cursor {
            (format!("›{mark}"), Role::Selected)
        } else {
            (format!(" {mark}"), Role::Dialog)
        };
        let text = columns.line(
            &before,
            cells(info, model.now).each_ref().map(String::as_str),
        );
        lines.push(Line::styled(text, model.theme.style(role)));
    }
    frame.render_widget(Text::from(lines), area);
}

fn cells(info: &SessionInfo, now: SystemTime) -> [String; 6] {
    let availability = match info.availability {
        _ if is_expired(info, now) => "expired".to_owned(),
        Availability::None => "None".to_owned(),
        other => other.to_string(),
    };
    let (left, expires) = times(info);
    let left = left.map_or_else(String::new, |since| {
        match now.duration_since(since).unwrap_or_default().as_secs() {
            0..60 => "just now".to_owned(),
            past => age(past),
        }
    });
    let expires = expires.map_or_else(String::new, |at| match at.duration_since(now) {
        Ok(left) => format!("in {}", age(left.as_secs())),
        Err(_) => "past".to_owned(),
    });
    let running = strip::running(info);
    [
        remote_text::plain(&info.name),
        remote_text::plain(&info.computer_name),
        availability,
        left,
        expires,
        running.unwrap_or_else(|| "-".to_owned()),
    ]
}

/// The widths of the columns; one without room has none.
struct Columns([usize; 6]);

impl Columns {
    fn new(list: &SessionList, room: usize) -> Self {
        let wide = room >= 100;
        let mut widths = [
            list.widths.name.clamp(4, if wide { 32 } else { 16 }),
            list.widths.computer.clamp(12, if wide { 32 } else { 18 }),
            if wide { 12 } else { 7 },
            if wide { 12 } else { 11 },
            15,
            8,
        ];
        let total = |widths: &[usize; 6]| 2 + widths.iter().map(|width| width + 1).sum::<usize>();
        // In this order they go where there is no room; the column before the last is the last resort.
        for dropped in [3, 5, 4, 2] {
            if total(&widths) <= room + 1 {
                break;
            }
            if let Some(width) = widths.get_mut(dropped) {
                *width = 0;
            }
        }
        let rest = (room + 1).saturating_sub(total(&widths));
        let [name, .., running] = &mut widths;
        *(if *running > 0 { running } else { name }) += rest;
        Self(widths)
    }

    fn availability(&self) -> &'static str {
        if self.0.get(2) == Some(&12) {
            "Availability"
        } else {
            "Avail"
        }
    }

    fn line(&self, before: &str, cells: [&str; 6]) -> String {
        let mut line = before.to_owned();
        for (cell, width) in cells.into_iter().zip(self.0) {
            if width == 0 {
                continue;
            }
            let text = wrap::ellipsis(cell, width);
            line.push_str(&text);
            line.push_str(&" ".repeat((width + 1).saturating_sub(text.width())));
        }
        line
    }
}

/// What is known of the session under the cursor, and how the servers answer.
fn detail(frame: &mut Frame, area: Rect, model: &Model, list: &SessionList) {
    if area.height < 2 {
        return;
    }
    let name = list
        .current()
        .map_or_else(String::new, |info| remote_text::plain(&info.name));
    let theme = &model.theme;
    let title = vec![
        Span::styled("── ", theme.style(Role::DialogBorder)),
        Span::styled(
            wrap::ellipsis(&name, usize::from(area.width.saturating_sub(6))),
            theme.style(Role::Title),
        ),
        Span::raw(" "),
    ];
    let head = Rect { height: 1, ..area };
    bars::rule(frame, head, Line::from(title), "─", model);
    let servers = asked(&model.servers, model, usize::from(area.width));
    let room = usize::from(area.height - 1);
    let below = servers.len().min(room.div_ceil(2));
    let mut lines = list
        .current()
        .map_or_else(Vec::new, |info| strip::about(info, model, area.width));
    lines.truncate(room - below);
    while lines.len() + below < room {
        lines.push(Line::default());
    }
    lines.extend(servers.into_iter().take(below));
    let at = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    frame.render_widget(Text::from(lines), at);
}

/// The servers: those being asked, those that failed and why, those that answered.
fn asked(servers: &Servers, model: &Model, width: usize) -> Vec<Line<'static>> {
    let style = |role| model.theme.style(role);
    let names = |wanted: fn(&Asking) -> bool| -> Vec<String> {
        let all = servers.all.iter().filter(|server| wanted(&server.answer));
        let name = |server: &Server| match server.answer {
            Asking::Holds(count) => format!("{} ({count})", remote_text::plain(&server.name)),
            _ => remote_text::plain(&server.name),
        };
        all.map(name).collect()
    };
    let mut lines = Vec::new();
    let mut list = |words: &str, names: Vec<String>, role| {
        if !names.is_empty() {
            let text = format!("{words} {}", names.join(", "));
            lines.push(Line::styled(wrap::ellipsis(&text, width), style(role)));
        }
    };
    list(
        "asking…",
        names(|answer| matches!(answer, Asking::Now)),
        Role::Changing,
    );
    list(
        "answered:",
        names(|answer| matches!(answer, Asking::Holds(_))),
        Role::Dim,
    );
    list(
        "not waited for:",
        names(|answer| matches!(answer, Asking::GivenUp)),
        Role::Dim,
    );
    for server in &servers.all {
        if let Asking::Failed(report) = &server.answer {
            let why = report.reasons.first().unwrap_or(&report.what);
            let text = format!("{}: {why}", server.name);
            let text = wrap::ellipsis(&remote_text::plain(&text), width);
            lines.push(Line::styled(text, style(Role::Error)));
        }
    }
    lines
}
