//! A pane whose session goes on at its server without us.

use crate::tui::input::{Action, Chord};
use crate::tui::model::Model;
use crate::tui::model::pane::{Away, PaneId};

use super::{Effect, opening, tabs};

pub(super) fn key(model: &mut Model, action: Option<Action>, chord: Chord) -> Vec<Effect> {
    let Some(session) = model.pane().map(|pane| pane.session) else {
        return Vec::new();
    };
    match (action, chord.typed()) {
        (Some(Action::Submit), _) | (_, Some('c')) => opening::connect(model, session, true),
        (Some(Action::Cancel), _) | (_, Some('x')) => tabs::action(model, Action::ClosePane),
        _ => Vec::new(),
    }
}

/// Closes a pane. What a session runs at its server without us goes on unseen; else it is stopped.
pub(super) fn let_go(model: &mut Model, id: PaneId) -> Vec<Effect> {
    let pane = model.panes.iter().find(|pane| pane.id == id);
    let left = pane.is_some_and(|pane| matches!(pane.away, Some(Away::Left { .. })));
    tabs::take_away(model, id);
    if left {
        vec![Effect::Forget(id)]
    } else {
        vec![Effect::Leave(id)]
    }
}
