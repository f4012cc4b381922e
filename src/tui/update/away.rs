//! A pane whose session goes on at its server without us.

use crate::session::SessionId;
use crate::tui::input::{Action, Chord};
use crate::tui::model::Model;
use crate::tui::model::pane::{Pane, PaneId};

use super::{Effect, line, opening, tabs, toast};

/// Enter connects; what else is typed stays in the line.
pub(super) fn key(model: &mut Model, action: Option<Action>, chord: Chord) -> Vec<Effect> {
    let Some(pane) = model.pane_mut() else {
        return Vec::new();
    };
    match action {
        Some(Action::Submit) => {
            let session = pane.session;
            connect(model, session)
        }
        // What runs is not reached by a stop now, and is not to be stopped by it later.
        Some(Action::Interrupt) => {
            pane.held.clear();
            pane.editor.set("");
            Vec::new()
        }
        _ => line::key(model, action, chord),
    }
}

fn connect(model: &mut Model, session: SessionId) -> Vec<Effect> {
    if model.sessions.get(session).is_some() {
        return opening::connect(model, session, true);
    }
    let text = "The session is gone: its server dropped it, or another psdeck removed it.";
    toast(model, text.to_owned(), true)
}

/// Closes a pane. What a session runs at its server without us goes on unseen; else it is stopped.
pub(super) fn let_go(model: &mut Model, id: PaneId) -> Vec<Effect> {
    let pane = model.panes.iter().find(|pane| pane.id == id);
    let left = pane.is_some_and(Pane::is_left);
    tabs::take_away(model, id);
    if left {
        vec![Effect::LookAway(id)]
    } else {
        vec![Effect::Leave(id)]
    }
}
