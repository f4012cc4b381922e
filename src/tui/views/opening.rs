//! A session on its way: the stages, and why it failed.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::remote_text;
use crate::transport::{Scheme, Stage};
use crate::tui::model::Model;
use crate::tui::model::layer::{Opening, OpeningOf, Way};
use crate::tui::theme::Role;

use super::dialogs::{CLOSE, keys, report_lines};
use super::popup;

/// The stages of getting in, in the order in which they are shown.
const STAGES: &[(Stage, &str)] = &[
    (Stage::Resolve, "find the address"),
    (Stage::Connect, "reach it"),
    (Stage::Handshake, "agree on keys, trust the server"),
    (Stage::Authenticate, "say who we are"),
    (Stage::Start, "start PowerShell there"),
    (Stage::Open, "open the session"),
];

/// The same of WSMan; the shell is created with the session's first messages.
const WSMAN_STAGES: &[(Stage, &str)] = &[
    (Stage::Resolve, "find the address"),
    (Stage::Connect, "reach the port"),
    (Stage::Handshake, "agree on TLS, check the certificate"),
    (Stage::Authenticate, "say who we are"),
    (Stage::Open, "create and open the session"),
];

pub(super) fn draw(frame: &mut Frame, area: Rect, model: &Model, shown: &Opening) {
    let width = popup::text_width(area);
    let label = remote_text::plain(&shown.label);
    if let Some(report) = &shown.failure {
        let mut lines = report_lines(report, width, model);
        lines.push(Line::default());
        lines.push(match shown.of {
            OpeningOf::New(_) => {
                let change = ("Enter", "change and try again");
                keys(&[change, ("Esc", "close")], model)
            }
            OpeningOf::Connect(_) => keys(&[CLOSE], model),
        });
        popup::lines(frame, area, &label, lines, model);
        return;
    }
    let mut lines = Vec::new();
    let stages = match shown.way {
        Way::Computer | Way::Uri(_) => WSMAN_STAGES,
        Way::Ssh | Way::Other => STAGES,
    };
    for (stage, words) in stages.iter().copied() {
        let tls = shown.way == Way::Uri(Scheme::Https) || shown.stage == Some(Stage::Handshake);
        if matches!(shown.way, Way::Computer | Way::Uri(_)) && stage == Stage::Handshake && !tls {
            continue;
        }
        let (mark, role) = match shown.stage {
            Some(now) if stage < now => ("done", Role::Dim),
            Some(now) if stage == now => ("now", Role::Changing),
            _ => ("", Role::Dim),
        };
        lines.push(Line::styled(
            format!("{mark:>5}  {words}"),
            model.theme.style(role),
        ));
    }
    lines.push(Line::default());
    let mut last = keys(&[("Esc", "cancel")], model);
    last.push_span(Span::styled(
        format!("{} s", shown.seconds),
        model.theme.style(Role::Dim),
    ));
    lines.push(last);
    let verb = match shown.of {
        OpeningOf::New(_) => "Opening",
        OpeningOf::Connect(_) => "Connecting",
    };
    popup::lines(frame, area, &format!("{verb} {label}"), lines, model);
}
