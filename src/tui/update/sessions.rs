//! Keys of the list.

use crate::session::{ExitCode, Report, SessionId, SessionState};
use crate::tui::input::{Action, Chord, Context};
use crate::tui::model::Model;
use crate::tui::model::layer::{Confirm, Confirmed, Layer};

use super::{Effect, opening, tabs, toast};

pub(super) fn key(model: &mut Model, chord: Chord) -> Vec<Effect> {
    if model.sessions.filtering {
        return filter_key(model, chord);
    }
    let Some(action) = model.keys.action(Context::Sessions, chord) else {
        return Vec::new();
    };
    match action {
        Action::Up
        | Action::Down
        | Action::First
        | Action::Last
        | Action::PageUp
        | Action::PageDown => {
            go(model, action);
            Vec::new()
        }
        Action::Filter => {
            model.sessions.filtering = true;
            Vec::new()
        }
        Action::ClearFilter => {
            clear_filter(model);
            Vec::new()
        }
        Action::Open => open(model),
        Action::Connect => connect(model),
        Action::Disconnect => disconnect(model),
        Action::Remove => remove(model),
        Action::Refresh => vec![Effect::Refresh],
        Action::Prefix => {
            model.prefix = true;
            Vec::new()
        }
        other => tabs::action(model, other),
    }
}

pub(super) fn paste(model: &mut Model, text: &str) {
    if model.sessions.filtering {
        let line = text.split('\n').next().unwrap_or_default();
        model.sessions.filter.insert(line);
        model.sessions.filter_changed();
    }
}

/// Leaves a session running, wherever it was asked for.
pub(super) fn disconnect_session(model: &mut Model, id: SessionId) -> Vec<Effect> {
    let Some(info) = model.sessions.get(id) else {
        return Vec::new();
    };
    if info.state != SessionState::Opened {
        let text = format!(
            "{} is {}: only an Opened session can be disconnected",
            info.name, info.state
        );
        return toast(model, text, true);
    }
    if let Some(pane) = model.panes.iter_mut().find(|pane| pane.session == id) {
        pane.leaving = true;
    }
    vec![Effect::Disconnect(id)]
}

/// The session runs on without us: its pane goes.
pub(super) fn disconnected(model: &mut Model, id: SessionId) -> Vec<Effect> {
    if let Some(pane) = model.panes.iter().find(|pane| pane.session == id) {
        let pane = pane.id;
        tabs::take_away(model, pane);
    }
    let name = model
        .sessions
        .get(id)
        .map_or_else(String::new, |info| info.name.clone());
    toast(
        model,
        format!("{name} is disconnected and goes on at its server."),
        false,
    )
}

fn filter_key(model: &mut Model, chord: Chord) -> Vec<Effect> {
    match model.keys.action(Context::Filter, chord) {
        Some(Action::Accept) => model.sessions.filtering = false,
        Some(Action::Cancel) => clear_filter(model),
        Some(action @ (Action::Up | Action::Down)) => go(model, action),
        _ => {
            let edit = model.keys.action(Context::Line, chord);
            if let Some(Action::Edit(edit)) = edit {
                model.sessions.filter.apply(edit);
            } else if let Some(c) = chord.typed() {
                model.sessions.filter.insert(c.encode_utf8(&mut [0; 4]));
            }
            model.sessions.filter_changed();
        }
    }
    Vec::new()
}

fn clear_filter(model: &mut Model) {
    model.sessions.filtering = false;
    model.sessions.filter.set("");
    model.sessions.filter_changed();
}

fn go(model: &mut Model, action: Action) {
    let height = usize::from(model.geometry.list_rows());
    let page = isize::try_from(height.max(1)).unwrap_or(1);
    let rows = match action {
        Action::Up => -1,
        Action::Down => 1,
        Action::PageUp => -page,
        Action::PageDown => page,
        Action::First => isize::MIN,
        _ => isize::MAX,
    };
    model.sessions.move_by(rows, height);
}

fn open(model: &mut Model) -> Vec<Effect> {
    let Some(info) = model.sessions.current() else {
        return tabs::action(model, Action::New);
    };
    let (id, state, computer) = (info.id, info.state, info.computer_name.clone());
    if let Some(tab) = model.tab_of_session(id) {
        tabs::show(model, tab);
        return Vec::new();
    }
    match state {
        SessionState::Opened => tabs::enter(model, id, computer),
        SessionState::Disconnected => opening::connect(model, id, true),
        _ => refused(model, "opened"),
    }
}

fn connect(model: &mut Model) -> Vec<Effect> {
    match model.sessions.current() {
        Some(info) if info.state == SessionState::Disconnected => {
            let id = info.id;
            opening::connect(model, id, false)
        }
        Some(info) if info.state == SessionState::Opened => {
            let text = format!("{} is Opened: Enter opens its pane", info.name);
            toast(model, text, false)
        }
        Some(_) => refused(model, "connected"),
        None => Vec::new(),
    }
}

fn disconnect(model: &mut Model) -> Vec<Effect> {
    match model.sessions.current().map(|info| info.id) {
        Some(id) => disconnect_session(model, id),
        None => Vec::new(),
    }
}

fn remove(model: &mut Model) -> Vec<Effect> {
    let Some(info) = model.sessions.current() else {
        return Vec::new();
    };
    let id = info.id;
    if info.state == SessionState::Broken || info.state == SessionState::Closed {
        return vec![Effect::Remove(id)];
    }
    let text = match &info.running {
        Some(running) => format!(
            "The session ends on {}, and with it what it runs: {}",
            info.computer_name,
            crate::remote_text::plain(running)
        ),
        None => format!("The session ends on {}.", info.computer_name),
    };
    model.layers.push(Layer::Confirm(Confirm {
        title: format!("Remove {}?", info.name),
        text,
        action: Confirmed::Remove(id),
    }));
    Vec::new()
}

/// Says why the session under the cursor cannot be opened or connected, and what can be done.
fn refused(model: &mut Model, what: &str) -> Vec<Effect> {
    let Some(info) = model.sessions.current() else {
        return Vec::new();
    };
    if !matches!(info.state, SessionState::Broken | SessionState::Closed) {
        let text = format!("{} is {} and cannot be {what} now", info.name, info.state);
        return toast(model, text, true);
    }
    let what = format!("{} is {} and cannot be {what}", info.name, info.state);
    let mut report = Report::new(ExitCode::Refused, what);
    report.computer = Some(info.computer_name.clone());
    report.reasons.extend(info.reason.clone());
    report.hints = vec![
        "n opens a new session".to_owned(),
        "r takes this one off the list".to_owned(),
    ];
    model.layers.push(Layer::Report(Box::new(report)));
    Vec::new()
}
