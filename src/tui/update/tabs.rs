//! Tabs, and what is psdeck's own: the actions behind the prefix key, most of which the list has too.

use crate::session::SessionId;
use crate::tui::input::Action;
use crate::tui::model::layer::{self, Confirm, Confirmed, Layer};
use crate::tui::model::pane::{Pane, PaneId};
use crate::tui::model::{Model, Redraw};

use super::{Effect, away, command, leaving, pane_size, toast};

pub(super) fn action(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Sessions => show(model, 0),
        Action::NextTab => step(model, true),
        Action::PreviousTab => step(model, false),
        Action::Tab(number) => show(model, usize::from(number.saturating_sub(1))),
        Action::New => model
            .layers
            .push(Layer::New(layer::new_session(None, &model.config))),
        Action::Help => model.layers.push(Layer::Help(0)),
        Action::Suspend => return vec![Effect::Suspend],
        Action::Command => return command::open(model),
        Action::Quit => return leaving::quit(model),
        Action::Disconnect => return disconnect(model),
        Action::ClosePane => return close(model),
        Action::ForceClose => ask_force(model),
        _ => {}
    }
    Vec::new()
}

/// Shows a tab, if there is one of that number.
pub(super) fn show(model: &mut Model, tab: usize) {
    if tab <= model.panes.len() {
        model.tab = tab;
        if let Some(pane) = model.pane_mut() {
            pane.unread = false;
            let session = pane.session;
            model.sessions.select(session);
        }
    }
}

/// Opens a pane for a session and shows it. What runs in it goes on there: nothing else could begin before it ends.
pub(super) fn enter(model: &mut Model, session: SessionId, computer: String) -> Vec<Effect> {
    let info = model.sessions.get(session);
    if info.is_some_and(|info| info.running.is_some()) {
        return resume_here(model, session, computer);
    }
    let id = PaneId(model.number());
    model.panes.push(Pane::new(id, session, computer));
    show(model, model.panes.len());
    vec![Effect::Enter(id, session, pane_size(model))]
}

/// Opens a pane for a session that was taken up again, and shows it: what it runs goes on there.
pub(super) fn resume_here(model: &mut Model, session: SessionId, computer: String) -> Vec<Effect> {
    let effects = resume(model, model.panes.len(), session, computer);
    show(model, model.panes.len());
    effects
}

/// The same at a place among the panes, behind the tab that is shown.
pub(super) fn resume(
    model: &mut Model,
    place: usize,
    session: SessionId,
    computer: String,
) -> Vec<Effect> {
    let id = PaneId(model.number());
    let pane = Pane::taken_up(id, session, computer);
    model.panes.insert(place, pane);
    if model.tab > place {
        model.tab += 1;
    }
    vec![Effect::Resume(id, session, pane_size(model))]
}

/// Takes a pane's tab away. The tab to its left is shown if it was shown.
pub(super) fn take_away(model: &mut Model, pane: PaneId) {
    let Some(tab) = model.tab_of(pane) else {
        return;
    };
    model.panes.remove(tab - 1);
    model
        .layers
        .retain(|layer| !matches!(layer, Layer::Paste { pane: of, .. } if *of == pane));
    if model.tab >= tab {
        show(model, model.tab - 1);
    }
    model.draw(Redraw::Soon);
}

/// Asks whether the session of the pane shown is closed by force.
pub(super) fn ask_force(model: &mut Model) {
    let Some(pane) = model.pane() else { return };
    let confirm = Confirm {
        title: format!("Close the session on {} by force?", pane.computer),
        text: "What it runs is cut off, and its state is lost.".to_owned(),
        action: Confirmed::ForceClose(pane.id),
    };
    model.layers.push(Layer::Confirm(confirm));
}

fn step(model: &mut Model, forward: bool) {
    let count = model.panes.len() + 1;
    let tab = (model.tab + if forward { 1 } else { count - 1 }) % count;
    show(model, tab);
}

fn close(model: &mut Model) -> Vec<Effect> {
    let Some(pane) = model.pane() else {
        return Vec::new();
    };
    if pane.leaving {
        let text = format!("{} is being disconnected", pane.computer);
        return toast(model, text, false);
    }
    let id = pane.id;
    away::let_go(model, id)
}

fn disconnect(model: &mut Model) -> Vec<Effect> {
    match model.pane().map(|pane| (pane.id, pane.session)) {
        Some((_, session)) => leaving::disconnect(model, session),
        None => Vec::new(),
    }
}
