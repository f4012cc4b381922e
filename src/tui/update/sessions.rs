//! Keys of the list.

use crate::session::{ExitCode, Report, SessionState, TransportKind};
use crate::tui::input::{Action, Chord, Context};
use crate::tui::model::Model;
use crate::tui::model::bulk::Verb;
use crate::tui::model::layer::{Confirm, Confirmed, Layer};
use crate::tui::model::left::is_expired;

use super::{Effect, bulk, leaving, opening, resume, tabs, toast};

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
            let height = usize::from(model.geometry.list_rows());
            model.sessions.go(action, height);
            Vec::new()
        }
        Action::Filter => {
            model.sessions.filtering = true;
            Vec::new()
        }
        Action::ClearFilter => {
            let effects = bulk::give_up(model);
            if effects.is_empty() && !model.sessions.unmark() {
                clear_filter(model);
            }
            effects
        }
        Action::Mark => {
            let height = usize::from(model.geometry.list_rows());
            model.sessions.mark(height);
            Vec::new()
        }
        Action::MarkAll => {
            model.sessions.mark_all();
            Vec::new()
        }
        Action::Open => open(model),
        Action::Connect if model.sessions.marks() > 0 => bulk::ask(model, Verb::Connect),
        Action::Disconnect if model.sessions.marks() > 0 => bulk::ask(model, Verb::Disconnect),
        Action::Remove if model.sessions.marks() > 0 => bulk::ask(model, Verb::Remove),
        Action::Connect => connect(model),
        Action::Disconnect => disconnect(model),
        Action::Remove => remove(model),
        Action::Resume => resume::open(model),
        Action::Refresh => resume::ask(model, false),
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

fn filter_key(model: &mut Model, chord: Chord) -> Vec<Effect> {
    match model.keys.action(Context::Filter, chord) {
        Some(Action::Accept) => model.sessions.filtering = false,
        Some(Action::Cancel) => clear_filter(model),
        Some(action @ (Action::Up | Action::Down)) => {
            let height = usize::from(model.geometry.list_rows());
            model.sessions.go(action, height);
        }
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
        Some(id) => leaving::disconnect(model, id),
        None => Vec::new(),
    }
}

fn remove(model: &mut Model) -> Vec<Effect> {
    let Some(info) = model.sessions.current() else {
        return Vec::new();
    };
    let id = info.id;
    let kept = info.transport == TransportKind::WSMan;
    let is_over = match info.state {
        SessionState::Broken => !kept,
        SessionState::Closed => true,
        _ => false,
    };
    if is_over {
        return bulk::begin(model, Verb::Remove, &[id]);
    }
    let text = match &info.running {
        // Another client may have had it since its time was told.
        _ if info.state == SessionState::Broken || is_expired(info, model.now) => format!(
            "If {} has it still, it ends there, and with it what it runs.",
            info.computer_name
        ),
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
        action: Confirmed::Bulk(Verb::Remove, vec![id]),
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
