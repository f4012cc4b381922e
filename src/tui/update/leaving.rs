//! Leaving sessions at their servers: what is said before, and the end of psdeck.

use crate::remote_text;
use crate::session::{SessionId, SessionInfo, SessionState, TransportKind};
use crate::tui::input::{Action, Chord};
use crate::tui::model::Model;
use crate::tui::model::bulk::Verb;
use crate::tui::model::layer::{Confirm, Confirmed, Layer, Quit};
use crate::tui::model::pane::PaneState;
use crate::tui::words;

use super::{Effect, bulk, toast};

/// Leaves a session running, wherever that was asked for; where it costs something, after a yes.
pub(super) fn disconnect(model: &mut Model, id: SessionId) -> Vec<Effect> {
    let Some(info) = model.sessions.get(id).cloned() else {
        return Vec::new();
    };
    if info.state != SessionState::Opened {
        let text = format!(
            "{} is {}: only an Opened session can be disconnected",
            info.name, info.state
        );
        return toast(model, text, true);
    }
    let warnings = warnings(model, &info);
    if warnings.is_empty() {
        return bulk::begin(model, Verb::Disconnect, &[id]);
    }
    model.layers.push(Layer::Confirm(Confirm {
        title: format!(
            "Disconnect {} on {}?",
            remote_text::plain(&info.name),
            remote_text::plain(&info.computer_name)
        ),
        text: warnings.join(" "),
        action: Confirmed::Bulk(Verb::Disconnect, vec![id]),
    }));
    Vec::new()
}

/// The session could not be left: its pane goes on.
pub(super) fn stays(model: &mut Model, id: SessionId) {
    if let Some(pane) = model.panes.iter_mut().find(|pane| pane.session == id) {
        pane.leaving = false;
    }
}

/// What is said once it is left; nothing where its pane says so.
pub(super) fn left_text(model: &Model, id: SessionId) -> String {
    let Some(info) = model.sessions.get(id) else {
        return String::new();
    };
    if model.pane().is_some_and(|pane| pane.session == id) {
        return String::new();
    }
    format!(
        "{} is disconnected and goes on at its server. R takes it up again.",
        info.name
    )
}

/// What disconnecting this session may cost.
pub(super) fn warnings(model: &Model, info: &SessionInfo) -> Vec<String> {
    let mut warnings = Vec::new();
    let name = remote_text::plain(&info.name);
    let pane = model.panes.iter().find(|pane| pane.session == info.id);
    if pane.is_some_and(|pane| !pane.asks.is_empty()) {
        warnings.push(format!(
            "{name} waits for an answer of yours, and that question may not come again."
        ));
    } else if let Some(running) = &info.running {
        let running = remote_text::plain(running);
        let limit = match info.keeping.idle_timeout {
            Some(limit) => format!(
                "{} after you left, even if it still runs",
                words::age(limit.as_secs())
            ),
            None => "when its idle time-out is over, even if it still runs".to_owned(),
        };
        warnings.push(format!(
            "{name} goes on with `{running}`; the server ends the session {limit}."
        ));
    }
    warnings
}

/// Ends psdeck; asks first what becomes of open sessions.
pub(super) fn quit(model: &mut Model) -> Vec<Effect> {
    let mut quit = Quit::default();
    for info in model.sessions.all() {
        if info.state != SessionState::Opened {
            continue;
        }
        let name = format!(
            "{} on {}",
            remote_text::plain(&info.name),
            remote_text::plain(&info.computer_name)
        );
        let pane = model.panes.iter().find(|pane| pane.session == info.id);
        let busy = pane.is_some_and(|pane| matches!(pane.state, PaneState::Running));
        // The demonstration's servers end with psdeck: nothing there is worth a question unless it runs.
        if info.transport == TransportKind::Demo && !busy {
            continue;
        }
        if busy || info.running.is_some() {
            quit.busy.push(name.clone());
        }
        if info.transport == TransportKind::WSMan {
            quit.kept.insert(info.id, name);
        } else {
            quit.lost.push(name);
        }
    }
    if quit.kept.is_empty() && quit.lost.is_empty() {
        return vec![Effect::Quit];
    }
    model.layers.push(Layer::Quit(quit));
    Vec::new()
}

/// A key of the question what becomes of them.
pub(super) fn quit_key(
    model: &mut Model,
    mut quit: Quit,
    action: Option<Action>,
    chord: Chord,
) -> Vec<Effect> {
    let keep = !quit.kept.is_empty() && !quit.leaving;
    match (action, chord.typed()) {
        (Some(Action::Cancel), _) | (_, Some('s' | 'S' | 'n' | 'N')) => {
            for bulk in &mut model.bulks {
                bulk.then_quit = false;
            }
            return Vec::new();
        }
        (_, Some('c' | 'C')) => return vec![Effect::Quit],
        (Some(Action::Accept), _) if quit.kept.is_empty() => return vec![Effect::Quit],
        (Some(Action::Accept), _) | (_, Some('d' | 'D')) if keep => {
            quit.leaving = true;
            let ids: Vec<_> = quit.kept.keys().copied().collect();
            model.layers.push(Layer::Quit(quit));
            let effects = bulk::begin(model, Verb::Disconnect, &ids);
            if let Some(bulk) = model.bulks.last_mut().filter(|_| !effects.is_empty()) {
                bulk.then_quit = true;
            }
            return effects;
        }
        _ => {}
    }
    model.layers.push(Layer::Quit(quit));
    Vec::new()
}
