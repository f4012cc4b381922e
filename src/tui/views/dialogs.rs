//! Dialogs of ours.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span, Text};
use unicode_width::UnicodeWidthStr;

use crate::remote_text;
use crate::session::Report;
use crate::transport::Question;
use crate::tui::input::paste;
use crate::tui::model::Model;
use crate::tui::model::form::{Content, Field, Form};
use crate::tui::model::layer::{Asked, Layer};
use crate::tui::theme::Role;
use crate::tui::widgets::wrap;

use super::{opening, popup};

/// A key of a dialog and what it does.
pub(super) type Key<'a> = (&'a str, &'static str);
pub(super) const CLOSE: Key<'static> = ("Enter", "close");

pub(super) fn draw(frame: &mut Frame, area: Rect, model: &Model, layer: &Layer) {
    let width = popup::text_width(area);
    match layer {
        Layer::Help(_) | Layer::Resume(_) | Layer::Quit(_) | Layer::Command | Layer::Asks(_) => {}
        Layer::New(shown) => {
            form(frame, area, "New session", Vec::new(), shown, model);
        }
        Layer::Opening(shown) => opening::draw(frame, area, model, shown),
        Layer::Question(asked) => question(frame, area, model, asked),
        Layer::Confirm(confirm) => {
            let mut lines = popup::sentences(&confirm.text, width, Role::Dialog, model);
            lines.push(Line::default());
            lines.push(keys(&[("y", "yes"), ("n", "no")], model));
            popup::lines(frame, area, &confirm.title, lines, model);
        }
        Layer::Paste { pane, text } => {
            let computer = model
                .panes
                .iter()
                .find(|shown| shown.id == *pane)
                .map_or_else(String::new, |shown| model.name_of(shown));
            let pasted = paste::lines(text);
            let mut lines = popup::sentences(
                &format!(
                    "{} lines were pasted for {computer}. Run them?",
                    pasted.len()
                ),
                width,
                Role::Dialog,
                model,
            );
            lines.push(Line::default());
            for line in pasted.iter().take(6) {
                let line = remote_text::plain(line);
                lines.push(Line::styled(
                    wrap::ellipsis(&format!("  {line}"), usize::from(width)),
                    model.theme.style(Role::Dim),
                ));
            }
            if pasted.len() > 6 {
                lines.push(Line::styled("  …", model.theme.style(Role::Dim)));
            }
            lines.push(Line::default());
            lines.push(keys(
                &[
                    ("Enter", "run"),
                    ("e", "put into the line"),
                    ("Esc", "drop"),
                ],
                model,
            ));
            popup::lines(frame, area, "Paste", lines, model);
        }
        Layer::Report(report) => failed(frame, area, report, &[CLOSE], model),
        Layer::Unremoved(report, _) => {
            let forget = ("f", "take off the list, leave to the server");
            failed(frame, area, report, &[forget, CLOSE], model);
        }
    }
}

fn failed(frame: &mut Frame, area: Rect, report: &Report, ways: &[Key], model: &Model) {
    let mut lines = report_lines(report, popup::text_width(area), model);
    lines.push(Line::default());
    lines.push(keys(ways, model));
    popup::lines(frame, area, "Failed", lines, model);
}

/// What failed, why, and what to do next.
pub(super) fn report_lines(report: &Report, width: u16, model: &Model) -> Vec<Line<'static>> {
    let plain = |text: &str| {
        text.lines()
            .map(remote_text::plain)
            .collect::<Vec<_>>()
            .join("\n")
    };
    let what = match &report.computer {
        Some(computer) => format!("[{computer}] {}", report.what),
        None => report.what.clone(),
    };
    let mut lines = popup::sentences(&plain(&what), width, Role::Error, model);
    for reason in &report.reasons {
        lines.extend(hanging(
            "because ",
            &plain(reason),
            width,
            Role::Dialog,
            model,
        ));
    }
    for hint in &report.hints {
        lines.extend(hanging("next: ", &plain(hint), width, Role::Key, model));
    }
    if let Some(id) = &report.error_id {
        lines.extend(popup::sentences(
            &format!("[{}]", plain(id)),
            width,
            Role::Dim,
            model,
        ));
    }
    lines
}

/// Text behind a word, its further lines below the text.
fn hanging(
    word: &'static str,
    text: &str,
    width: u16,
    role: Role,
    model: &Model,
) -> Vec<Line<'static>> {
    let indent = u16::try_from(word.len()).unwrap_or(0);
    wrap::words(text, width.saturating_sub(indent).max(1))
        .into_iter()
        .enumerate()
        .map(|(index, line)| {
            let before = if index == 0 {
                word.to_owned()
            } else {
                " ".repeat(word.len())
            };
            Line::from(vec![
                Span::styled(before, model.theme.style(Role::Dim)),
                Span::styled(line, model.theme.style(role)),
            ])
        })
        .collect()
}

/// Keys of a dialog with what they do.
pub(super) fn keys(keys: &[Key], model: &Model) -> Line<'static> {
    let mut spans = Vec::new();
    for (key, word) in keys {
        spans.push(Span::styled(
            (*key).to_owned(),
            model.theme.style(Role::Key),
        ));
        spans.push(Span::styled(
            format!(" {word}   "),
            model.theme.style(Role::Dialog),
        ));
    }
    Line::from(spans)
}

/// Text and below it fields, the one with the focus with the caret and its help. Where room is short, the field with
/// the focus stays.
pub(super) fn form(
    frame: &mut Frame,
    area: Rect,
    title: &str,
    above: Vec<Line<'static>>,
    form: &Form,
    model: &Model,
) {
    let width = popup::text_width(area);
    let help = |field: &Field| popup::sentences(&field.help, width, Role::Dim, model);
    // Fields that come and go, and longer helps, have their room from the beginning: nothing moves under the keys.
    let helps = form.fields.iter().map(|field| help(field).len()).max();
    let help = form.fields.get(form.focus).map(help).unwrap_or_default();
    let listed: usize = form
        .fields
        .iter()
        .map(|field| match &field.content {
            Content::List(lines, _) => lines.len(),
            _ => 0,
        })
        .sum();
    let fields = || {
        form.fields
            .iter()
            .enumerate()
            .filter(|(_, field)| field.shown)
    };
    let count = fields().count();
    let rows = above.len() + form.fields.len() + listed + helps.unwrap_or(0);
    let inner = popup::frame(frame, popup::centered(area, rows), title, model);
    let label = form
        .fields
        .iter()
        .map(|field| field.label.width() + 2)
        .max()
        .unwrap_or(0)
        .min(usize::from(inner.width) / 2);
    // Text gives way to fields.
    let wanted = count + listed;
    let shown_above = above
        .len()
        .min(usize::from(inner.height).saturating_sub(wanted));
    let skip = (wanted).saturating_sub(usize::from(inner.height));
    let mut y = inner.y;
    let text = Rect {
        height: u16::try_from(shown_above).unwrap_or(0),
        ..inner
    };
    frame.render_widget(Text::from(above), text);
    y += text.height;
    let before = fields()
        .take_while(|(index, _)| *index < form.focus)
        .count();
    for (index, field) in fields().skip(skip.min(before)) {
        let has_focus = index == form.focus;
        let style = model.theme.style(if has_focus {
            Role::FieldActive
        } else {
            Role::Field
        });
        if let Content::List(lines, _) = &field.content {
            for line in lines {
                let at = row(inner, y);
                let text = format!("{}{line}", " ".repeat(label));
                frame.render_widget(Span::raw(text), at);
                y += at.height;
            }
        }
        let at = row(inner, y);
        if at.height == 0 {
            return;
        }
        let name = match field.label.as_str() {
            "" => String::new(),
            name => format!("{}:", wrap::ellipsis(name, label.saturating_sub(2))),
        };
        frame.render_widget(Span::styled(name, model.theme.style(Role::Dialog)), at);
        let indent = if field.label.is_empty() { 0 } else { label };
        let indent = u16::try_from(indent).unwrap_or(0).min(at.width);
        let input = Rect {
            x: at.x + indent,
            width: at.width - indent,
            ..at
        };
        match &field.content {
            Content::Plain(editor) | Content::List(_, editor) => {
                editor.draw_field(frame, input, style, has_focus);
            }
            Content::Choice(words) => {
                let text = format!("‹ {} ›", words.word());
                crate::tui::widgets::editor::Editor::new(&text)
                    .draw_field(frame, input, style, has_focus);
            }
            Content::Hidden(hidden) => {
                let stars = "*".repeat(hidden.len());
                crate::tui::widgets::editor::Editor::new(&stars)
                    .draw_field(frame, input, style, has_focus);
            }
        }
        y += 1;
    }
    let rest = Rect {
        y,
        height: inner.bottom().saturating_sub(y),
        ..inner
    };
    frame.render_widget(Text::from(help), rest);
}

fn row(area: Rect, y: u16) -> Rect {
    Rect {
        y,
        height: u16::from(y < area.bottom()),
        ..area
    }
}

fn question(frame: &mut Frame, area: Rect, model: &Model, asked: &Asked) {
    let width = popup::text_width(area);
    let sentences = |text: &str| popup::sentences(text, width, Role::Dialog, model);
    match &asked.question {
        Question::UnknownHostKey {
            host,
            algorithm,
            fingerprint,
        } => {
            let mut lines = sentences(&format!(
                "The key of {} is not on file yet. Compare its fingerprint with what the server's owner says:",
                remote_text::plain(host)
            ));
            lines.push(Line::default());
            lines.extend(popup::sentences(
                &format!(
                    "{} {}",
                    remote_text::plain(algorithm),
                    remote_text::plain(fingerprint)
                ),
                width,
                Role::Key,
                model,
            ));
            lines.push(Line::default());
            lines.push(keys(
                &[
                    ("y", "trust it from now on"),
                    ("o", "this time only"),
                    ("n", "no"),
                ],
                model,
            ));
            popup::lines(frame, area, "Do you know this server?", lines, model);
        }
        Question::TrustHost { host, url } => {
            let [host, url] = [host, url].map(|text| remote_text::plain(text));
            let mut lines = Vec::new();
            for paragraph in Question::about_trust(&host, &url) {
                lines.extend(sentences(&paragraph));
                lines.push(Line::default());
            }
            lines.push(keys(&[("y", "trust it this time"), ("n", "no")], model));
            popup::lines(
                frame,
                area,
                &format!("Trust {host} without proof?"),
                lines,
                model,
            );
        }
        Question::UserName { host } => {
            let title = format!("Who are you on {}?", remote_text::plain(host));
            form(frame, area, &title, Vec::new(), &asked.form, model);
        }
        Question::Password { host, again, .. } => {
            let what = if *again {
                "refused that password"
            } else {
                "wants a password"
            };
            let title = format!("{} {what}", remote_text::plain(host));
            form(frame, area, &title, Vec::new(), &asked.form, model);
        }
        Question::Passphrase { .. } => {
            form(
                frame,
                area,
                "A key wants its passphrase",
                Vec::new(),
                &asked.form,
                model,
            );
        }
        Question::KeyboardInteractive {
            host, instructions, ..
        } => {
            let instructions: Vec<_> = instructions.lines().map(remote_text::plain).collect();
            let above = if instructions.is_empty() {
                Vec::new()
            } else {
                sentences(&instructions.join("\n"))
            };
            let title = format!("{} asks", remote_text::plain(host));
            form(frame, area, &title, above, &asked.form, model);
        }
    }
}
