//! The tab line, the status line, and what the prefix key leads to.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;
use unicode_width::UnicodeWidthStr;

use crate::tui::input::Context;
use crate::tui::model::Model;
use crate::tui::model::pane::{Away, PaneState};
use crate::tui::theme::Role;
use crate::tui::widgets::wrap;
use crate::tui::words::countdown;

use super::{hints, popup};

/// A tab's name is cut to this.
const MAX_NAME: usize = 24;

/// The tabs; the one shown is always among those that fit.
pub(super) fn top(frame: &mut Frame, area: Rect, model: &Model) {
    let theme = &model.theme;
    let border = theme.style(Role::Border);
    let boxed = model.tab == 0;
    let mut spans = vec![
        Span::styled(if boxed { "┌ " } else { "─ " }, border),
        Span::styled("psdeck", theme.style(Role::Title)),
        Span::styled(" ─ ", border),
    ];
    if area.width < 30 {
        spans.truncate(1);
    }
    let names = names(model);
    let used: usize = spans.iter().map(Span::width).sum();
    let room = usize::from(area.width).saturating_sub(used + 2);
    let (first, last) = fitting(&names, model.tab, room);
    if first > 0 {
        spans.push(Span::styled("‹ ", border));
    }
    for (index, name) in names.iter().enumerate().take(last).skip(first) {
        if index > first {
            spans.push(Span::styled(" │ ", border));
        }
        let role = if index == model.tab {
            Role::TabActive
        } else {
            Role::Tab
        };
        let cut = wrap::ellipsis(name, room.max(1));
        let (name, dot) = match cut.strip_suffix(" ●") {
            Some(name) => (name.to_owned(), " ●"),
            None => (cut, ""),
        };
        spans.push(Span::styled(name, theme.style(role)));
        spans.push(Span::styled(dot, theme.style(Role::Unread)));
    }
    spans.push(Span::raw(" "));
    if last < names.len() {
        spans.push(Span::styled("› ", border));
    }
    let line = Line::from(spans);
    rule(frame, area, line, if boxed { "┐" } else { "─" }, model);
}

/// The keys that work here, as many as fit.
pub(super) fn bottom(frame: &mut Frame, area: Rect, model: &Model) {
    if area.is_empty() {
        return;
    }
    let theme = &model.theme;
    let border = theme.style(Role::Border);
    let boxed = model.tab == 0;
    let mut spans = vec![Span::styled(if boxed { "└ " } else { "─ " }, border)];
    let state = state(model);
    let mut left = usize::from(area.width).saturating_sub(4 + state.width());
    let filter = filter(area, model);
    if let Some(field) = filter {
        spans.push(Span::styled("/ ", theme.style(Role::Key)));
        spans.push(Span::raw(" ".repeat(usize::from(field.width) + 2)));
        left = left.saturating_sub(usize::from(field.width) + 4);
    }
    // Help and the way out stay when room is short.
    let mut hints = hints::here(model);
    let mut kept = Vec::new();
    for out in ["help", "quit"] {
        if let Some(at) = hints.iter().position(|(_, word)| *word == out) {
            let (key, word) = hints.remove(at);
            let width = key.width() + word.len() + 3;
            if kept.is_empty() || width <= left {
                left = left.saturating_sub(width);
                kept.insert(0, (key, word));
            }
        }
    }
    hints.retain(|(key, word)| {
        let width = key.width() + 1 + word.len() + 2;
        let fits = width <= left;
        left -= if fits { width } else { 0 };
        fits
    });
    for (key, word) in hints.into_iter().chain(kept) {
        spans.push(Span::styled(key, theme.style(Role::Key)));
        spans.push(Span::styled(format!(" {word}"), theme.style(Role::Hint)));
        spans.push(Span::raw("  "));
    }
    if spans.len() > 1 {
        spans.pop();
        spans.push(Span::raw(" "));
    }
    let line = Line::from(spans);
    rule(frame, area, line, if boxed { "┘" } else { "─" }, model);
    if let Some(field) = filter {
        let typing = model.sessions.filtering;
        let role = if typing {
            Role::FieldActive
        } else {
            Role::Field
        };
        let filter = &model.sessions.filter;
        filter.draw_field(frame, field, theme.style(role), typing);
    }
    let width = u16::try_from(state.width()).unwrap_or(u16::MAX);
    if width > 0 && width + 4 < area.width {
        let at = Rect {
            x: area.right() - width - 2,
            width,
            ..area
        };
        frame.render_widget(Span::styled(state, theme.style(Role::Notice)), at);
    }
}

/// Where the filter of the list stands in the status line, while there is one.
fn filter(area: Rect, model: &Model) -> Option<Rect> {
    let list = model.tab == 0 && model.layers.is_empty() && !model.prefix;
    let sessions = &model.sessions;
    let filtered = sessions.filtering || !sessions.filter.is_empty();
    if !list || !filtered {
        return None;
    }
    let text = u16::try_from(sessions.filter.text().width()).unwrap_or(u16::MAX);
    let room = area.width.saturating_sub(6);
    let width = text.saturating_add(1).clamp(12, (area.width / 2).max(12));
    Some(Rect {
        x: area.x + 4.min(area.width),
        width: width.min(room),
        ..area
    })
}

/// What the prefix key leads to, over the end of what is shown.
pub(super) fn prefix(frame: &mut Frame, area: Rect, model: &Model) {
    let mut lines = vec![Line::default()];
    let mut width = 0;
    for (key, word) in model.keys.hints(Context::Prefix) {
        let item = key.width() + word.len() + 3;
        if width > 0 && width + item > usize::from(area.width.saturating_sub(4)) {
            lines.push(Line::default());
            width = 0;
        }
        width += item;
        if let Some(line) = lines.last_mut() {
            line.push_span(Span::styled(key, model.theme.style(Role::Key)));
            line.push_span(Span::styled(
                format!(" {word}  "),
                model.theme.style(Role::Dialog),
            ));
        }
    }
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let at = Rect {
        y: area.bottom().saturating_sub(height.min(area.height)),
        height: height.min(area.height),
        ..area
    };
    let inner = popup::frame(frame, at, &format!("{} …", model.keys.prefix()), model);
    frame.render_widget(ratatui::text::Text::from(lines), inner);
}

/// A line of text with a rule behind it up to its end.
pub(super) fn rule(
    frame: &mut Frame,
    area: Rect,
    mut line: Line,
    end: &'static str,
    model: &Model,
) {
    let border = model.theme.style(Role::Border);
    let fill = usize::from(area.width).saturating_sub(line.width() + 1);
    line.push_span(Span::styled("─".repeat(fill), border));
    frame.render_widget(Clear, area);
    frame.render_widget(line, area);
    let corner = Rect {
        x: area.right().saturating_sub(1),
        width: 1,
        ..area
    };
    frame.render_widget(Span::styled(end, border), corner);
}

fn names(model: &Model) -> Vec<String> {
    let mut names = vec!["1 Sessions".to_owned()];
    for (index, pane) in model.panes.iter().enumerate() {
        let name = model.name_of(pane);
        let name = wrap::ellipsis(&name, MAX_NAME);
        let mark = match pane.unread {
            true => " ●",
            false if pane.is_left() => " ○",
            false => "",
        };
        names.push(format!("{} {name}{mark}", index + 2));
    }
    names
}

/// The tabs from and up to which fit into `room` columns, with the one shown among them.
fn fitting(names: &[String], shown: usize, room: usize) -> (usize, usize) {
    let width = |first: usize, last: usize| -> usize {
        names
            .iter()
            .take(last)
            .skip(first)
            .map(|name| name.width() + 3)
            .sum()
    };
    let (mut first, mut last) = (shown, shown + 1);
    loop {
        if last < names.len() && width(first, last + 1) <= room + 1 {
            last += 1;
        } else if first > 0 && width(first - 1, last) <= room + 1 {
            first -= 1;
        } else {
            return (first, last);
        }
    }
}

/// How the pane is, at the right of the status line.
fn state(model: &Model) -> String {
    let Some(pane) = model.pane() else {
        let shown = model.sessions.len();
        let all = model.sessions.all().len();
        let marked = match model.sessions.marks() {
            0 => String::new(),
            count => format!(" {count} marked "),
        };
        return if shown == all {
            marked
        } else {
            format!("{marked} {shown} of {all} ")
        };
    };
    if pane.scrollback.scrolled() {
        return format!(
            " {} lines below ",
            pane.scrollback.below(model.geometry.pane().1)
        );
    }
    match (&pane.state, &pane.away) {
        (PaneState::Broken(_), _) | (_, None) => {}
        (_, Some(Away::Lost(lost))) => {
            let left = lost.until.duration_since(model.now).unwrap_or_default();
            return format!(" offline {} ", countdown(left.as_secs()));
        }
        (_, Some(Away::Left { .. })) => return " Disconnected ".to_owned(),
    }
    match pane.state {
        PaneState::Running if pane.stopping => " stopping ".to_owned(),
        PaneState::Running => " running ".to_owned(),
        PaneState::Entering => " entering ".to_owned(),
        PaneState::Broken(_) => " Broken ".to_owned(),
        PaneState::Ready if pane.completing.is_some() => " completing ".to_owned(),
        PaneState::Ready => String::new(),
    }
}
