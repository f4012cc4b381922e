//! The resume picker, and the servers that are asked for what it shows.

use crate::session::{Report, SessionId, SessionState};
use crate::tui::input::{Action, Chord, Context};
use crate::tui::model::layer::{Asker, Layer};
use crate::tui::model::list::SessionList;
use crate::tui::model::{Model, Redraw};

use super::{Effect, bulk, opening, toast};

/// What psdeck begins with: the picker, if something is remembered, and a question to every server.
pub(crate) fn start(model: &mut Model, notes: Vec<String>) -> Vec<Effect> {
    if resumable(model) {
        show(model);
    }
    let mut effects = ask(model, true);
    for note in notes {
        effects.extend(toast(model, note, true));
    }
    effects
}

/// Opens the picker; the servers are asked anew.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    show(model);
    if model.servers.asked() > 0 {
        return Vec::new();
    }
    ask(model, false)
}

/// Asks the servers what they hold; `quiet`: without questions to the user, and without notices.
pub(super) fn ask(model: &mut Model, quiet: bool) -> Vec<Effect> {
    let round = model.number();
    model.servers.quiet = quiet;
    model.servers.ask(round, Vec::new());
    vec![Effect::Refresh { round, quiet }]
}

/// These are being asked.
pub(super) fn asking(model: &mut Model, round: u64, names: Vec<String>) -> Vec<Effect> {
    if model.servers.round == round {
        model.servers.ask(round, names);
        model.draw(Redraw::Soon);
    }
    Vec::new()
}

/// A server has said what it holds, or not.
pub(super) fn listed(
    model: &mut Model,
    round: u64,
    place: usize,
    answer: Result<Vec<SessionId>, Box<Report>>,
) -> Vec<Effect> {
    let answer = answer.map(|sessions| sessions.len());
    let failure = answer.as_ref().err().map(|report| {
        let parts = [&report.what].into_iter().chain(&report.reasons);
        let parts: Vec<_> = parts.map(String::as_str).collect();
        match &report.computer {
            Some(computer) => format!("{computer}: {}", parts.join(": ")),
            None => parts.join(": "),
        }
    });
    if !model.servers.answered(round, place, answer) {
        return Vec::new();
    }
    model.draw(Redraw::Soon);
    let shown = model
        .layers
        .iter()
        .any(|layer| matches!(layer, Layer::Resume(_)));
    match failure {
        Some(text) if !shown && !model.servers.quiet => return toast(model, text, true),
        // Nothing is open, and nobody has begun anything: what there is to do is to take these up.
        None if model.untouched && model.layers.is_empty() && resumable(model) => show(model),
        _ => {}
    }
    Vec::new()
}

pub(super) fn key(model: &mut Model, mut list: Box<SessionList>, chord: Chord) -> Vec<Effect> {
    let height = usize::from(model.geometry.picker_rows());
    match model.keys.action(Context::Resume, chord) {
        Some(Action::Cancel) => {
            let effects = give_up(model);
            model.draw(Redraw::Now);
            return effects;
        }
        Some(Action::Open) => return take_up(model, &list),
        Some(Action::Mark) => list.mark(height),
        Some(Action::MarkAll) => list.mark_all(),
        Some(Action::Refresh) => {
            model.layers.push(Layer::Resume(list));
            return ask(model, false);
        }
        Some(action) => list.go(action, height),
        None => {}
    }
    model.layers.push(Layer::Resume(list));
    Vec::new()
}

/// Stops asking.
fn give_up(model: &mut Model) -> Vec<Effect> {
    if model.servers.asked() == 0 {
        return Vec::new();
    }
    model.servers.give_up();
    model.layers.retain(
        |layer| !matches!(layer, Layer::Question(asked) if matches!(asked.asker, Asker::Server(..))),
    );
    vec![Effect::CancelRefresh]
}

/// Connects what is meant: one with its stages in a dialog, several side by side in the list.
fn take_up(model: &mut Model, list: &SessionList) -> Vec<Effect> {
    let meant: Vec<_> = list.meant().iter().map(|info| info.id).collect();
    let mut effects = give_up(model);
    effects.extend(match meant[..] {
        [] => Vec::new(),
        [one] => {
            model.sessions.select(one);
            opening::connect(model, one, true)
        }
        _ => bulk::resume(model, &meant),
    });
    effects
}

fn show(model: &mut Model) {
    let list = SessionList::left_behind(model.sessions.shared());
    model
        .layers
        .retain(|layer| !matches!(layer, Layer::Resume(_)));
    model.layers.push(Layer::Resume(Box::new(list)));
    model.draw(Redraw::Now);
}

/// Whether there is something to resume, and nothing that is used here.
fn resumable(model: &Model) -> bool {
    let all = model.sessions.all();
    let used = |state| {
        matches!(
            state,
            SessionState::Opening | SessionState::Opened | SessionState::Connecting
        )
    };
    all.iter()
        .any(|info| info.state == SessionState::Disconnected)
        && !all.iter().any(|info| used(info.state))
}
