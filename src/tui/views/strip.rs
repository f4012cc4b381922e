//! The strip below the list: what is known of the session under the cursor.

use std::time::SystemTime;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span, Text};
use unicode_width::UnicodeWidthStr;

use crate::remote_text;
use crate::session::{SessionInfo, SessionState};
use crate::tui::model::Model;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::wrap;

use super::{bars, popup};

pub(super) fn draw(frame: &mut Frame, area: Rect, model: &Model) {
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
    // Room may be short: what is the matter comes first.
    let mut lines = Vec::new();
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
    if let Some(running) = &info.running {
        let text = format!("running {}", remote_text::plain(running));
        lines.push(Line::raw(wrap::ellipsis(&text, usize::from(inner.width))));
    }
    lines.extend(flow(
        &facts(info, model.now),
        usize::from(inner.width),
        theme,
    ));
    frame.render_widget(Text::from(lines), inner);
}

/// What is known of a session, as label and value.
fn facts(info: &SessionInfo, now: SystemTime) -> Vec<(&'static str, String)> {
    let text = |value: &Option<String>| value.as_deref().map(remote_text::plain);
    let since = |value: Option<SystemTime>| {
        let past = now.duration_since(value?).unwrap_or_default();
        Some(match past.as_secs() {
            0..60 => "just now".to_owned(),
            seconds => format!("{} ago", age(seconds)),
        })
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

/// A span of time in its largest units. Minutes are the smallest, so that the list is drawn once a minute at most.
fn age(seconds: u64) -> String {
    match seconds {
        0..60 => "less than 1 min".to_owned(),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_said_in_their_largest_units() {
        assert_eq!(age(59), "less than 1 min");
        assert_eq!(age(5400), "1 h 30 min");
        assert_eq!(age(200_000), "2 d");
    }
}
