//! What happened to sessions by itself, told where nobody sees it.

use std::collections::HashMap;

use crate::session::{SessionId, SessionInfo, SessionState};
use crate::tui::model::Model;
use crate::tui::model::bulk::Verb;

use super::{Effect, bulk, toast};

/// Something that nobody asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Interrupted,
    Restored,
    Left,
    Broken,
}

impl Change {
    const ALL: [Self; 4] = [Self::Restored, Self::Interrupted, Self::Left, Self::Broken];

    /// From one look at the list to the next.
    fn of(before: &SessionInfo, after: &SessionInfo) -> Option<Self> {
        let was = |state| before.state == state && after.state != state;
        match after.state {
            SessionState::Disconnected if was(SessionState::Opened) => Some(Self::Left),
            SessionState::Broken if before.state != SessionState::Broken => Some(Self::Broken),
            SessionState::Opened => {
                match (before.interruption.is_some(), after.interruption.is_some()) {
                    (false, true) => Some(Self::Interrupted),
                    (true, false) => Some(Self::Restored),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn told(self) -> &'static str {
        match self {
            Self::Interrupted => "the network is lost; psdeck tries on.",
            Self::Restored => "the network is back.",
            Self::Left => "Disconnected; it goes on at its server. R takes it up again.",
            Self::Broken => "Broken; the list says why.",
        }
    }
}

/// Takes a new list, and tells of what changed in it out of sight.
pub(super) fn take(model: &mut Model, sessions: std::sync::Arc<[SessionInfo]>) -> Vec<Effect> {
    let before = model.sessions.shared();
    model.set_sessions(sessions);
    let before: HashMap<SessionId, &SessionInfo> =
        before.iter().map(|info| (info.id, info)).collect();
    let changed: Vec<_> = model
        .sessions
        .all()
        .iter()
        .filter_map(|info| Some((Change::of(before.get(&info.id)?, info)?, info)))
        .filter(|(change, info)| !asked_for(model, *change, info.id) && !in_sight(model, info.id))
        .collect();
    let mut texts = Vec::new();
    for change in Change::ALL {
        let of: Vec<_> = changed
            .iter()
            .filter(|(what, _)| *what == change)
            .map(|(_, info)| *info)
            .collect();
        if !of.is_empty() {
            let names = bulk::named(of.into_iter());
            texts.push((format!("{names}: {}", change.told()), change));
        }
    }
    let mut effects = Vec::new();
    for (text, change) in texts {
        effects.extend(toast(model, text, change != Change::Restored));
    }
    effects
}

fn asked_for(model: &Model, change: Change, id: SessionId) -> bool {
    let pane = model.panes.iter().find(|pane| pane.session == id);
    let mut bulks = model.bulks.iter();
    match change {
        Change::Left => {
            bulks.any(|bulk| bulk.verb == Verb::Disconnect && bulk.waits_for(id))
                || pane.is_some_and(|pane| pane.leaving)
        }
        // A pane tells of its own.
        Change::Broken => pane.is_some() || bulks.any(|bulk| bulk.waits_for(id)),
        Change::Interrupted | Change::Restored => false,
    }
}

/// Whether the screen shows how that session is.
fn in_sight(model: &Model, id: SessionId) -> bool {
    if let Some(pane) = model.pane() {
        return pane.session == id;
    }
    let height = usize::from(model.geometry.list_rows());
    model.sessions.in_sight(id, height)
}
