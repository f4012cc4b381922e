//! Everything that the screen shows. Views read it, `update` changes it, nobody else.

pub(crate) mod ask;
pub(crate) mod complete;
pub(crate) mod form;
pub(crate) mod geometry;
pub(crate) mod history;
pub(crate) mod layer;
pub(crate) mod list;
pub(crate) mod pane;
pub(crate) mod records;
pub(crate) mod scrollback;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use crate::config::Config;
use crate::session::{SessionId, SessionInfo};
use crate::tui::input::KeyMap;
use crate::tui::theme::Theme;

use self::geometry::Geometry;
use self::layer::{Layer, NewSession};
use self::list::SessionList;
use self::pane::{Pane, PaneId};

/// The app's state.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) geometry: Geometry,
    pub(crate) theme: Theme,
    pub(crate) keys: KeyMap,
    pub(crate) sessions: SessionList,
    /// In the order of the tabs, which the list leads.
    pub(crate) panes: Vec<Pane>,
    /// The tab shown: 0 is the list, 1 the first pane.
    pub(crate) tab: usize,
    /// Whether the prefix key was pressed and its second key is awaited.
    pub(crate) prefix: bool,
    /// Dialogs, the one on top last.
    pub(crate) layers: Vec<Layer>,
    pub(crate) toasts: Vec<Toast>,
    /// The profiles.
    pub(crate) config: Config,
    /// What sessions that were opened here were made from.
    pub(crate) origins: HashMap<SessionId, NewSession>,
    /// When the last message came, for ages.
    pub(crate) now: SystemTime,
    pub(crate) redraw: Redraw,
    numbers: u64,
}

/// How soon a change must be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Redraw {
    /// Nothing to see has changed.
    #[default]
    No,
    /// With the next frame: output.
    Soon,
    /// Now: a key.
    Now,
}

/// A short notice that goes by itself.
#[derive(Debug)]
pub(crate) struct Toast {
    pub(crate) number: u64,
    pub(crate) text: String,
    pub(crate) wrong: bool,
}

impl Model {
    /// An app with an empty list.
    pub(crate) fn new(size: (u16, u16), theme: Theme, keys: KeyMap, now: SystemTime) -> Self {
        Self {
            geometry: Geometry::new(size),
            theme,
            keys,
            sessions: SessionList::default(),
            panes: Vec::new(),
            tab: 0,
            prefix: false,
            layers: Vec::new(),
            toasts: Vec::new(),
            config: Config::default(),
            origins: HashMap::new(),
            now,
            redraw: Redraw::Now,
            numbers: 0,
        }
    }

    /// A number that was not given before.
    pub(crate) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// The pane shown, unless the list is.
    pub(crate) fn pane(&self) -> Option<&Pane> {
        self.panes.get(self.tab.checked_sub(1)?)
    }

    /// The pane shown, unless the list is.
    pub(crate) fn pane_mut(&mut self) -> Option<&mut Pane> {
        self.panes.get_mut(self.tab.checked_sub(1)?)
    }

    /// The tab of a pane.
    pub(crate) fn tab_of(&self, pane: PaneId) -> Option<usize> {
        Some(self.panes.iter().position(|other| other.id == pane)? + 1)
    }

    /// The tab of a session's pane, if it has one.
    pub(crate) fn tab_of_session(&self, session: SessionId) -> Option<usize> {
        Some(self.panes.iter().position(|pane| pane.session == session)? + 1)
    }

    /// Whether what is shown says how long ago something was.
    pub(crate) fn shows_ages(&self) -> bool {
        self.tab == 0 && self.geometry.detail_rows() > 0 && self.sessions.current().is_some()
    }

    /// Asks for a frame.
    pub(crate) fn draw(&mut self, redraw: Redraw) {
        self.redraw = self.redraw.max(redraw);
    }

    /// Takes a new list.
    pub(crate) fn set_sessions(&mut self, sessions: Arc<[SessionInfo]>) {
        self.sessions.set(sessions);
    }
}
