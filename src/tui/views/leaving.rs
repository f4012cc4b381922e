//! The question what becomes of open sessions when psdeck ends.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::tui::model::Model;
use crate::tui::model::bulk::Verb;
use crate::tui::model::layer::Quit;
use crate::tui::theme::Role;
use crate::tui::widgets::wrap;

use super::{dialogs, popup};

/// Sessions named one by one, at most.
const NAMED: usize = 6;

pub(super) fn draw(frame: &mut Frame, area: Rect, model: &Model, quit: &Quit) {
    let width = popup::text_width(area);
    let mut lines = Vec::new();
    let kept: Vec<_> = quit.kept.values().map(String::as_str).collect();
    let lost: Vec<_> = quit.lost.iter().map(String::as_str).collect();
    for (names, one, more) in [
        (
            kept,
            "1 open session can go on at its server:",
            "open sessions can go on at their servers:",
        ),
        (
            lost,
            "1 open session ends with psdeck:",
            "open sessions end with psdeck:",
        ),
    ] {
        let head = match names.len() {
            0 => continue,
            1 => one.to_owned(),
            count => format!("{count} {more}"),
        };
        lines.extend(popup::sentences(&head, width, Role::Dialog, model));
        for name in names.iter().take(NAMED) {
            let busy = quit.busy.iter().any(|busy| busy == name);
            let mark = if busy { ", runs something" } else { "" };
            let room = usize::from(width).saturating_sub(2 + mark.len());
            lines.push(Line::styled(
                format!("  {}{mark}", wrap::ellipsis(name, room)),
                model.theme.style(Role::Dialog),
            ));
        }
        if names.len() > NAMED {
            let more = format!("  and {} more", names.len() - NAMED);
            lines.push(Line::styled(more, model.theme.style(Role::Dim)));
        }
        lines.push(Line::default());
    }
    if quit.leaving {
        let bulk = model
            .bulks
            .iter()
            .find(|bulk| bulk.verb == Verb::Disconnect);
        let (left, count) = bulk.map_or((0, 0), |bulk| (bulk.left(), bulk.count()));
        let text = format!("Disconnecting: {} of {count} done.", count - left);
        lines.extend(popup::sentences(&text, width, Role::Changing, model));
        lines.push(dialogs::keys(
            &[("c", "do not wait, quit"), ("s", "stay")],
            model,
        ));
    } else if quit.kept.is_empty() {
        lines.push(dialogs::keys(
            &[("c, Enter", "close and quit"), ("s", "stay")],
            model,
        ));
    } else {
        lines.push(dialogs::keys(
            &[
                ("d, Enter", "disconnect and quit"),
                ("c", "close and quit"),
                ("s", "stay"),
            ],
            model,
        ));
    }
    popup::lines(frame, area, "Quit psdeck?", lines, model);
}
