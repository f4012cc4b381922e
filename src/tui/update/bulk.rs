//! Connecting, disconnecting and removing: one session or several, side by side.

use std::collections::{BTreeMap, BTreeSet};

use crate::remote_text;
use crate::session::{Report, SessionId, SessionInfo, SessionState, can_be_forgotten};
use crate::tui::model::bulk::{Bulk, Verb};
use crate::tui::model::layer::{Confirm, Confirmed, Layer, OpeningId, OpeningOf};
use crate::tui::model::pane::Pane;
use crate::tui::model::{Model, Redraw};

use super::{Effect, away, leaving, opening, tabs, toast};

/// Names in a sentence, at most.
const NAMED: usize = 6;

/// Asks about the marked sessions, by name, before anything is done to them.
pub(super) fn ask(model: &mut Model, verb: Verb) -> Vec<Effect> {
    let meant = model.sessions.meant().into_iter().cloned().collect();
    ask_about(model, verb, meant)
}

/// Asks whether what could not be removed is to go off the list all the same.
pub(super) fn ask_to_forget(model: &mut Model, ids: &[SessionId]) -> Vec<Effect> {
    let meant = ids.iter().filter_map(|id| model.sessions.get(*id));
    let meant = meant.cloned().collect();
    ask_about(model, Verb::Forget, meant)
}

fn ask_about(model: &mut Model, verb: Verb, meant: Vec<SessionInfo>) -> Vec<Effect> {
    let (fit, unfit): (Vec<_>, Vec<_>) =
        meant.into_iter().partition(|info| takes(model, verb, info));
    if fit.is_empty() {
        let text = format!(
            "None of the {} sessions can be {} now",
            unfit.len(),
            verb.done()
        );
        return toast(model, text, true);
    }
    let mut text = match verb {
        Verb::Connect => String::new(),
        Verb::Disconnect => "They go on at their servers. ".to_owned(),
        Verb::Remove => "They end on their servers, and with them what they run. ".to_owned(),
        Verb::Forget => "What they run goes on until their servers end it. ".to_owned(),
    };
    text.insert_str(0, &format!("{}. ", named(fit.iter())));
    if !unfit.is_empty() {
        let states = unfit.iter().map(|info| {
            let name = remote_text::plain(&info.name);
            if is_connecting(model, info.id) {
                return format!("{name} is being connected");
            }
            format!("{name} is {}", info.state)
        });
        text.push_str(&format!(
            "Left alone: {}. ",
            sentence(states.collect(), unfit.len())
        ));
    }
    if verb == Verb::Disconnect {
        for info in &fit {
            for warning in leaving::warnings(model, info) {
                text.push_str(&warning);
                text.push(' ');
            }
        }
    }
    let title = match fit.len() {
        1 => format!("{} 1 session?", verb.imperative()),
        count => format!("{} {count} sessions?", verb.imperative()),
    };
    let ids = fit.iter().map(|info| info.id).collect();
    model.layers.push(Layer::Confirm(Confirm {
        title,
        text: text.trim_end().to_owned(),
        action: Confirmed::Bulk(verb, ids),
    }));
    Vec::new()
}

/// Begins the work on some sessions.
pub(super) fn begin(model: &mut Model, verb: Verb, ids: &[SessionId]) -> Vec<Effect> {
    let again = |id| match verb {
        Verb::Connect => is_connecting(model, id),
        _ => is_under_way(model, verb, id),
    };
    let ids = ids.iter().filter(|id| !again(**id));
    let known = |id: &SessionId| Some((*id, model.sessions.get(*id)?.name.clone()));
    let sessions: BTreeMap<_, _> = ids.filter_map(known).collect();
    let ids: Vec<_> = sessions.keys().copied().collect();
    if ids.is_empty() {
        return Vec::new();
    }
    model.sessions.unmark();
    model.bulks.push(Bulk::new(verb, sessions));
    ids.into_iter()
        .flat_map(|id| one(model, verb, id))
        .collect()
}

/// Connects some sessions; each gets a pane.
pub(super) fn resume(model: &mut Model, ids: &[SessionId]) -> Vec<Effect> {
    let effects = begin(model, Verb::Connect, ids);
    if let Some(bulk) = model.bulks.last_mut().filter(|_| !effects.is_empty()) {
        bulk.entered = Some(BTreeSet::new());
    }
    effects
}

/// A session was connected that had no dialog of its own, or was not.
pub(super) fn connected(
    model: &mut Model,
    opening: OpeningId,
    result: Result<&SessionInfo, Box<Report>>,
) -> Vec<Effect> {
    let Some((_, session)) = model.under_way.remove(&opening) else {
        return Vec::new();
    };
    let mut effects = Vec::new();
    let waits = |bulk: &&mut Bulk| bulk.verb == Verb::Connect && bulk.waits_for(session);
    let bulk = model.bulks.iter_mut().find(waits);
    if let (Ok(info), Some(entered)) = (&result, bulk.and_then(|bulk| bulk.entered.as_mut()))
        && model.panes.iter().all(|pane| pane.session != session)
    {
        // In the order of the list, whichever server answers first.
        let after = |pane: &Pane| pane.session > session && entered.contains(&pane.session);
        let last = model.panes.iter().rposition(|pane| !after(pane));
        let place = last.map_or(0, |last| last + 1);
        entered.insert(session);
        effects.extend(tabs::resume(
            model,
            place,
            session,
            info.computer_name.clone(),
        ));
    }
    effects.extend(done(model, Verb::Connect, session, result.err()));
    effects
}

/// A session was taken off the list, or not.
pub(super) fn removed(
    model: &mut Model,
    opening: OpeningId,
    failure: Option<Box<Report>>,
) -> Vec<Effect> {
    opening::drop_questions(model, opening);
    match model.under_way.remove(&opening) {
        Some((verb, session)) => done(model, verb, session, failure),
        None => Vec::new(),
    }
}

/// How it went with one session; the last one ends the work.
pub(super) fn done(
    model: &mut Model,
    verb: Verb,
    session: SessionId,
    failure: Option<Box<Report>>,
) -> Vec<Effect> {
    model.draw(Redraw::Soon);
    let mut failure = failure;
    let place = model
        .bulks
        .iter()
        .position(|bulk| bulk.verb == verb && bulk.waits_for(session));
    let Some(place) = place else {
        model.layers.extend(failure.map(Layer::Report));
        return Vec::new();
    };
    let Some(bulk) = model.bulks.get_mut(place) else {
        return Vec::new();
    };
    let name = bulk.name(session).unwrap_or_default().to_owned();
    bulk.done(session, failure.take());
    if bulk.left() > 0 {
        return Vec::new();
    }
    let bulk = model.bulks.remove(place);
    let (count, well) = (bulk.count(), bulk.succeeded());
    let then_quit = bulk.then_quit;
    let failures = bulk.failures();
    if then_quit {
        model
            .layers
            .retain(|layer| !matches!(layer, Layer::Quit(_)));
        if failures.is_none() {
            return vec![Effect::Quit];
        }
    }
    let mut effects = Vec::new();
    if well > 0 {
        let text = match (verb, count) {
            (Verb::Disconnect, 1) => leaving::left_text(model, session),
            (_, 1) => format!("{name} is {}", verb.done()),
            (Verb::Disconnect, _) => {
                format!("{well} sessions are disconnected and go on. R takes them up again.")
            }
            _ => format!("{well} sessions are {}", verb.done()),
        };
        if !text.is_empty() {
            effects.extend(toast(model, text, false));
        }
    }
    if let Some((report, failed)) = failures {
        effects.extend(tell(model, verb, report, &failed));
    }
    effects
}

/// Esc in the list: gives up what is being connected or removed there.
pub(super) fn give_up(model: &Model) -> Vec<Effect> {
    let openings = model.under_way.keys();
    openings.map(|id| Effect::CancelOpening(*id)).collect()
}

/// Names of sessions with their computers, as many as a sentence bears.
pub(super) fn named<'a>(sessions: impl Iterator<Item = &'a SessionInfo>) -> String {
    let names: Vec<_> = sessions
        .map(|info| {
            let name = remote_text::plain(&info.name);
            format!("{name} on {}", remote_text::plain(&info.computer_name))
        })
        .collect();
    let count = names.len();
    sentence(names, count)
}

fn sentence(mut names: Vec<String>, count: usize) -> String {
    names.truncate(NAMED);
    let more = count - names.len();
    let text = names.join(", ");
    if more > 0 {
        format!("{text} and {more} more")
    } else {
        text
    }
}

/// Whether it is being connected: its state may not show that yet.
pub(super) fn is_connecting(model: &Model, id: SessionId) -> bool {
    let shown = |layer: &Layer| match layer {
        Layer::Opening(opening) => {
            opening.failure.is_none()
                && matches!(opening.of, OpeningOf::Connect(session) if session == id)
        }
        _ => false,
    };
    is_under_way(model, Verb::Connect, id) || model.layers.iter().any(shown)
}

fn is_under_way(model: &Model, verb: Verb, id: SessionId) -> bool {
    model.under_way.values().any(|work| *work == (verb, id))
}

/// Tells what failed; sessions that cannot be removed can be taken off the list all the same.
fn tell(
    model: &mut Model,
    verb: Verb,
    mut report: Box<Report>,
    failed: &[SessionId],
) -> Vec<Effect> {
    let left = failed.iter().filter_map(|id| model.sessions.get(*id));
    let left = left.filter(|info| can_be_forgotten(info));
    let left: Vec<_> = left.map(|info| info.id).collect();
    if verb != Verb::Remove || left.is_empty() {
        model.layers.push(Layer::Report(report));
        return Vec::new();
    }
    // It may come long after: what is typed elsewhere by then is not meant for it.
    if model.tab != 0 || model.sessions.filtering || !model.layers.is_empty() {
        let computer = report.computer.map(|computer| format!("[{computer}] "));
        let reason = report.reasons.first().map(|reason| format!(": {reason}"));
        let text = format!(
            "{}{}{}. In the list, r tries again.",
            computer.unwrap_or_default(),
            report.what,
            reason.unwrap_or_default()
        );
        return toast(model, text, true);
    }
    // A key does that here.
    report.hints.retain(|hint| !hint.contains("--forget"));
    model.layers.push(Layer::Unremoved(report, left));
    Vec::new()
}

fn takes(model: &Model, verb: Verb, info: &SessionInfo) -> bool {
    match verb {
        Verb::Connect => info.state == SessionState::Disconnected && !is_connecting(model, info.id),
        Verb::Disconnect => info.state == SessionState::Opened,
        Verb::Remove => true,
        Verb::Forget => can_be_forgotten(info),
    }
}

fn under_way(model: &mut Model, verb: Verb, id: SessionId) -> OpeningId {
    let opening = OpeningId(model.number());
    model.under_way.insert(opening, (verb, id));
    opening
}

fn one(model: &mut Model, verb: Verb, id: SessionId) -> Vec<Effect> {
    let pane = model.panes.iter_mut().find(|pane| pane.session == id);
    match verb {
        Verb::Connect => {
            let opening = under_way(model, verb, id);
            vec![Effect::Connect(opening, id)]
        }
        Verb::Disconnect => {
            if let Some(pane) = pane {
                pane.leaving = true;
            }
            vec![Effect::Disconnect(id)]
        }
        Verb::Remove | Verb::Forget => {
            let pane = pane.map(|pane| pane.id);
            let mut effects = match pane {
                Some(pane) => away::let_go(model, pane),
                None => Vec::new(),
            };
            let opening = under_way(model, verb, id);
            effects.push(if verb == Verb::Forget {
                Effect::Forget(opening, id)
            } else {
                Effect::Remove(opening, id)
            });
            effects
        }
    }
}
