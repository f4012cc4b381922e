//! A pane: scrollback, the prompt with its line, progress, proposals.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};
use unicode_width::UnicodeWidthStr;

use crate::remote_text::{self, Colour};
use crate::session::Report;
use crate::tui::model::Model;
use crate::tui::model::complete::Completion;
use crate::tui::model::pane::{MORE, Pane, PaneState};
use crate::tui::model::records::Bar;
use crate::tui::model::scrollback::{Ink, Row};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::wrap;

use super::{dialogs, popup};

pub(super) fn draw(frame: &mut Frame, area: Rect, model: &Model, pane: &Pane) {
    if area.is_empty() {
        return;
    }
    let mut tail = tail(model, pane, area.width);
    let height = usize::from(area.height);
    if pane.scrollback.scrolled() {
        let rows = pane.scrollback.rows(area.width, height);
        lines(frame, area, &rows, &model.theme);
        return;
    }
    // A line longer than the window keeps its caret in sight.
    if tail.lines.len() > height {
        let caret = tail.caret.map_or(tail.lines.len() - 1, |(row, _)| row);
        let first = caret.saturating_sub(height - 1);
        tail.lines.drain(..first);
        tail.lines.truncate(height);
        tail.caret = tail.caret.map(|(row, column)| (row - first, column));
    }
    let rows = pane.scrollback.rows(area.width, height - tail.lines.len());
    let above = u16::try_from(rows.len()).unwrap_or(area.height);
    lines(frame, area, &rows, &model.theme);
    let at = Rect {
        y: area.y + above,
        height: area.height - above,
        ..area
    };
    frame.render_widget(Text::from(tail.lines), at);
    let quiet = model.layers.is_empty() && pane.asked().is_none() && !model.prefix;
    if let Some((row, column)) = tail.caret.filter(|_| quiet) {
        let y = at.y + u16::try_from(row).unwrap_or(0);
        let x = at.x + column.min(at.width.saturating_sub(1));
        frame.set_cursor_position(Position::new(x, y));
        if let Some(completion) = &pane.completion {
            proposals(frame, area, model, completion, Position::new(x, y));
        }
    }
    if let PaneState::Broken(report) = &pane.state {
        broken(frame, area, model, pane, report);
    }
}

/// What stands below the scrollback.
struct Tail<'a> {
    lines: Vec<Line<'a>>,
    caret: Option<(usize, u16)>,
}

fn tail<'a>(model: &'a Model, pane: &'a Pane, width: u16) -> Tail<'a> {
    let theme = &model.theme;
    match pane.state {
        PaneState::Entering => {
            let tail = Tail {
                lines: vec![Line::styled(
                    format!("Entering {} …", remote_text::plain(&pane.computer)),
                    theme.style(Role::Notice),
                )],
                caret: None,
            };
            below(tail, model, pane, width)
        }
        PaneState::Broken(_) => Tail {
            lines: Vec::new(),
            caret: None,
        },
        PaneState::Ready => below(line(pane, &pane.prompt, theme, width), model, pane, width),
        PaneState::Running => below(running(pane, theme, width), model, pane, width),
    }
}

/// Adds what was kept while the session could not be reached, and what is to be known of it.
fn below<'a>(mut tail: Tail<'a>, model: &Model, pane: &Pane, width: u16) -> Tail<'a> {
    for held in pane.held.iter().take(3) {
        let text = held.lines().next().unwrap_or_default();
        let text = wrap::ellipsis(&format!("kept: {text}"), usize::from(width));
        let style = model.theme.style(Role::Notice);
        tail.lines.push(Line::styled(text, style));
    }
    for notice in pane.notices(model.now) {
        tail.lines
            .extend(popup::sentences(&notice, width, Role::Warning, model));
    }
    tail
}

fn line<'a>(pane: &'a Pane, prompt: &'a str, theme: &Theme, width: u16) -> Tail<'a> {
    let layout = pane.editor.layout(prompt, MORE, width);
    let mut lines: Vec<_> = layout
        .rows
        .into_iter()
        .map(|(prompt, text)| {
            Line::from(vec![
                Span::styled(prompt, theme.style(Role::Prompt)),
                Span::styled(text, theme.style(Role::Text)),
            ])
        })
        .collect();
    if let Some(search) = &pane.search {
        let found = search.text.is_empty() || pane.history.find(&search.text, 0).is_some();
        let text = format!(
            "{}: {}",
            if found { "search" } else { "not found" },
            search.text
        );
        lines.push(Line::styled(text, theme.style(Role::Match)));
    }
    Tail {
        lines,
        caret: Some(layout.caret),
    }
}

/// While something runs: its bars, the lines that wait, and what is being typed.
fn running<'a>(pane: &'a Pane, theme: &Theme, width: u16) -> Tail<'a> {
    let mut lines: Vec<Line> = pane
        .bars
        .iter()
        .map(|shown| bar(shown, theme, usize::from(width)))
        .collect();
    for waiting in pane.waiting.iter().take(3) {
        let text = waiting.lines().next().unwrap_or_default();
        lines.push(Line::styled(
            wrap::ellipsis(&format!("next: {text}"), usize::from(width)),
            theme.style(Role::Notice),
        ));
    }
    if pane.editor.is_empty() {
        return Tail { lines, caret: None };
    }
    let mut typed = line(pane, "", theme, width);
    let above = lines.len();
    lines.append(&mut typed.lines);
    Tail {
        lines,
        caret: typed.caret.map(|(row, column)| (row + above, column)),
    }
}

pub(super) fn bar<'a>(bar: &'a Bar, theme: &Theme, width: usize) -> Line<'a> {
    let style = theme.style(Role::Progress);
    let mut text = bar.activity.clone();
    if !bar.status.is_empty() {
        text = format!("{text}: {}", bar.status);
    }
    let Some(percent) = bar.percent else {
        return Line::styled(wrap::ellipsis(&text, width), style);
    };
    let room = (width / 3).clamp(6, 30);
    let text = wrap::ellipsis(&text, width.saturating_sub(room + 8));
    let full = room * usize::from(percent.min(100)) / 100;
    Line::styled(
        format!(
            "{text} [{}{}] {percent:>3} %",
            "#".repeat(full),
            " ".repeat(room - full)
        ),
        style,
    )
}

pub(super) fn lines(frame: &mut Frame, area: Rect, rows: &[Row], theme: &Theme) {
    for (row, y) in rows.iter().zip(area.top()..area.bottom()) {
        let at = Rect {
            y,
            height: 1,
            ..area
        };
        frame.render_widget(styled(row, theme), at);
    }
}

/// A row with its runs.
fn styled<'a>(row: &Row<'a>, theme: &Theme) -> Line<'a> {
    let mut spans = Vec::new();
    let mut at = row.start;
    let first = row
        .runs
        .partition_point(|run| usize::try_from(run.end).is_ok_and(|end| end <= row.start));
    for run in row.runs.iter().skip(first) {
        let end = usize::try_from(run.end).unwrap_or(row.end).min(row.end);
        spans.push(Span::styled(
            row.text.get(at..end).unwrap_or_default(),
            ink(run.ink, theme),
        ));
        at = end;
        if at >= row.end {
            break;
        }
    }
    if at < row.end {
        spans.push(Span::styled(
            row.text.get(at..row.end).unwrap_or_default(),
            theme.style(Role::Text),
        ));
    }
    Line::from(spans)
}

fn ink(ink: Ink, theme: &Theme) -> Style {
    let remote = match ink {
        Ink::Role(role) => return theme.style(role),
        Ink::Remote(remote) => remote,
    };
    let mut style = theme.style(Role::Text);
    for (set, modifier) in [
        (remote.bold, Modifier::BOLD),
        (remote.dim, Modifier::DIM),
        (remote.italic, Modifier::ITALIC),
        (remote.underline, Modifier::UNDERLINED),
        (remote.reverse, Modifier::REVERSED),
        (remote.strike, Modifier::CROSSED_OUT),
    ] {
        if set {
            style = style.add_modifier(modifier);
        }
    }
    if !theme.colours() {
        return style;
    }
    if let Some(colour) = remote.foreground {
        style = style.fg(terminal_colour(colour));
    }
    if let Some(colour) = remote.background {
        style = style.bg(terminal_colour(colour));
    }
    style
}

fn terminal_colour(colour: Colour) -> Color {
    match colour {
        Colour::Ansi(number) | Colour::Indexed(number) => Color::Indexed(number),
        Colour::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
    }
}

/// The proposals of the server, below the caret or above it.
pub(super) fn proposals(
    frame: &mut Frame,
    area: Rect,
    model: &Model,
    completion: &Completion,
    caret: Position,
) {
    let widest = completion
        .items
        .iter()
        .map(|item| item.label.width())
        .max()
        .unwrap_or(0);
    let below = area.bottom().saturating_sub(caret.y + 1);
    let above = caret.y.saturating_sub(area.y);
    let under = below >= above || below >= 10;
    let room = if under { below } else { above };
    let wanted = u16::try_from(completion.items.len() + 2).unwrap_or(u16::MAX);
    let height = wanted.min(room).min(12);
    if height < 3 {
        return;
    }
    let width = u16::try_from(widest + 4)
        .unwrap_or(u16::MAX)
        .clamp(12, 50)
        .min(area.width);
    let at = Rect {
        x: caret.x.min(area.right().saturating_sub(width)),
        y: if under { caret.y + 1 } else { caret.y - height },
        width,
        height,
    };
    let count = completion.items.len();
    let title = match completion.chosen {
        Some(chosen) => format!("{} of {count}", chosen + 1),
        None => format!("{count}"),
    };
    let inner = popup::frame(frame, at, &title, model);
    let rows = usize::from(inner.height);
    let top = completion
        .chosen
        .unwrap_or(0)
        .saturating_sub(rows.saturating_sub(1));
    let lines: Vec<_> = completion
        .items
        .iter()
        .enumerate()
        .skip(top)
        .take(rows)
        .map(|(index, item)| {
            let role = if completion.chosen == Some(index) {
                Role::Selected
            } else {
                Role::Dialog
            };
            let text = wrap::ellipsis(&item.label, usize::from(inner.width));
            let pad = " ".repeat(usize::from(inner.width).saturating_sub(text.width()));
            Line::styled(format!("{text}{pad}"), model.theme.style(role))
        })
        .collect();
    frame.render_widget(Text::from(lines), inner);
}

/// Why the session is lost, and what can be done now, at the end of the pane.
fn broken(frame: &mut Frame, area: Rect, model: &Model, pane: &Pane, report: &Report) {
    let width = area.width.saturating_sub(4).max(1);
    let mut lines = dialogs::report_lines(report, width, model);
    lines.push(Line::default());
    lines.push(dialogs::keys(
        &[
            ("Enter", "a new session"),
            (&format!("{} x", model.keys.prefix()), "close this pane"),
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
    let title = format!("Broken: {}", model.name_of(pane));
    let inner = popup::frame(frame, at, &title, model);
    frame.render_widget(Text::from(lines), inner);
}
