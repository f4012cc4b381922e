//! The strip below the list: what is known of the session under the cursor.

use std::time::SystemTime;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span, Text};
use unicode_width::UnicodeWidthStr;

use crate::remote_text;
use crate::session::{Holder, SessionInfo, SessionState};
use crate::tui::model::Model;
use crate::tui::model::left::{is_busy, is_expired, times};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::wrap;
use crate::tui::words::{age, countdown};

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
    frame.render_widget(Text::from(about(info, model, inner.width)), inner);
}

/// What it runs, as far as its server says.
pub(super) fn running(info: &SessionInfo) -> Option<String> {
    let running = remote_text::plain(info.running.as_deref()?);
    Some(if running.trim().is_empty() {
        "a command".to_owned()
    } else {
        running
    })
}

/// What is known of a session, as lines. Room may be short: what is the matter comes first.
pub(super) fn about(info: &SessionInfo, model: &Model, width: u16) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let Some(lost) = &info.interruption {
        let left = lost.until.duration_since(model.now).unwrap_or_default();
        let text = format!(
            "The network is lost ({}). Tried again for {} more; then the session is Disconnected and goes on at its server.",
            remote_text::plain(&lost.why),
            countdown(left.as_secs())
        );
        lines.extend(popup::sentences(&text, width, Role::Broken, model));
    }
    if let Some(reason) = &info.reason {
        let role = if info.state == SessionState::Broken {
            Role::Broken
        } else {
            Role::Notice
        };
        lines.extend(popup::sentences(
            &remote_text::plain(reason),
            width,
            role,
            model,
        ));
    }
    if let Some(advice) = advice(info, model.now) {
        lines.extend(popup::sentences(advice, width, Role::Notice, model));
    }
    if let Some(running) = running(info) {
        let text = format!("running {running}");
        lines.push(Line::raw(wrap::ellipsis(&text, usize::from(width))));
    }
    lines.extend(flow(
        &facts(info, model.now),
        usize::from(width),
        &model.theme,
    ));
    lines
}

/// Why a session that is left behind cannot be had, and what can be done.
fn advice(info: &SessionInfo, now: SystemTime) -> Option<&'static str> {
    if info.state != SessionState::Disconnected {
        None
    } else if is_expired(info, now) {
        Some(
            "Its time is over: the server has dropped it. In the list, n opens a new session and r takes this one off.",
        )
    } else if info.holder == Holder::Dead {
        Some("Enter takes it up; the server may need a minute for it.")
    } else if info.holder == Holder::Elsewhere {
        Some("It can be had once it is disconnected there; this list hears of it.")
    } else if is_busy(info) {
        Some(
            "It can be had once its client leaves it: disconnect it there. If that client is gone, the server frees it after about a minute. F5 asks again.",
        )
    } else {
        None
    }
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
        let at = value?;
        let past = || now.duration_since(at).unwrap_or_default();
        Some(match at.duration_since(now) {
            Ok(left) => format!("in {}", age(left.as_secs())),
            Err(_) => format!("{} ago", age(past().as_secs())),
        })
    };
    let (left, expires) = times(info);
    let mut facts: Vec<_> = [
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
        ("left", since(left)),
        ("last heard of", since(info.last_activity)),
        (
            if is_expired(info, now) {
                "expired"
            } else {
                "expires"
            },
            until(expires),
        ),
    ]
    .into_iter()
    .filter_map(|(label, value)| Some((label, value?)))
    .filter(|(_, value)| !value.is_empty())
    .collect();
    if info.state == SessionState::Disconnected {
        // How long it can still be had must not fall off the end.
        facts.sort_by_key(|(label, _)| !matches!(*label, "left" | "expires" | "expired"));
    }
    facts
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
