//! Prompts of the remote host: who asks stands in the title.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span, Text};

use crate::remote_text;
use crate::tui::model::Model;
use crate::tui::model::ask::{Choices, Filling, HostPrompt};
use crate::tui::theme::Role;
use crate::tui::widgets::wrap;

use super::{dialogs, popup};

pub(super) fn draw(frame: &mut Frame, area: Rect, model: &Model, who: &str, ask: &HostPrompt) {
    let width = popup::text_width(area);
    let title = format!("{} asks", remote_text::plain(who));
    let mut above = Vec::new();
    for (text, role) in [(&ask.caption, Role::Title), (&ask.message, Role::Dialog)] {
        if !text.is_empty() {
            above.extend(popup::sentences(text, width, role, model));
        }
    }
    if !above.is_empty() {
        above.push(Line::default());
    }
    match &ask.answer {
        Filling::Form(form, _) => dialogs::form(frame, area, &title, above, form, model),
        Filling::Key => {
            above.push(Line::styled("Press a key.", model.theme.style(Role::Key)));
            popup::lines(frame, area, &title, above, model);
        }
        Filling::Choices(choices) => choose(frame, area, &title, above, choices, model),
    }
}

fn choose(
    frame: &mut Frame,
    area: Rect,
    title: &str,
    above: Vec<Line<'static>>,
    choices: &Choices,
    model: &Model,
) {
    let width = popup::text_width(area);
    let theme = &model.theme;
    let items: Vec<Line> = choices
        .items
        .iter()
        .enumerate()
        .map(|(index, item)| {
            let here = index == choices.cursor;
            let mark = match (choices.several, choices.chosen.contains(&index)) {
                (true, true) => "[x] ",
                (true, false) => "[ ] ",
                (false, _) => "",
            };
            let key = item.key.map_or_else(String::new, |key| {
                format!("[{}] ", key.to_ascii_uppercase())
            });
            let role = if here { Role::Selected } else { Role::Dialog };
            let room = usize::from(width).saturating_sub(2 + mark.len() + key.len());
            Line::from(vec![
                Span::raw(if here { "› " } else { "  " }),
                Span::raw(mark),
                Span::styled(key, theme.style(Role::Key)),
                Span::styled(wrap::ellipsis(&item.label, room), theme.style(role)),
            ])
        })
        .collect();
    let help = choices
        .items
        .get(choices.cursor)
        .map(|item| popup::sentences(&item.help, width, Role::Dim, model))
        .unwrap_or_default();
    let rows = above.len() + items.len() + help.len();
    let inner = popup::frame(frame, popup::centered(area, rows), title, model);
    // The choice under the cursor stays in sight, whatever else has to go.
    let height = usize::from(inner.height);
    let keep = above.len().min(height.saturating_sub(items.len()));
    let room = height - keep;
    let top = choices.cursor.saturating_sub(room.saturating_sub(1));
    let lines: Vec<Line> = above
        .into_iter()
        .take(keep)
        .chain(items.into_iter().skip(top))
        .chain(help)
        .collect();
    frame.render_widget(Text::from(lines), inner);
}
