//! Everything that the screen shows. Views read it, `update` changes it, nobody else.

pub(crate) mod ask;
pub(crate) mod bulk;
pub(crate) mod command;
pub(crate) mod complete;
pub(crate) mod form;
pub(crate) mod geometry;
pub(crate) mod history;
pub(crate) mod layer;
pub(crate) mod left;
pub(crate) mod list;
pub(crate) mod pane;
pub(crate) mod records;
pub(crate) mod scrollback;
pub(crate) mod servers;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::config::Config;
use crate::remote_text;
use crate::session::{SessionId, SessionInfo};
use crate::tui::input::KeyMap;
use crate::tui::theme::Theme;

use self::bulk::{Bulk, Verb};
use self::command::CommandLine;
use self::geometry::Geometry;
use self::layer::{Layer, NewSession, OpeningId};
use self::list::SessionList;
use self::pane::{Pane, PaneId};
use self::servers::Servers;

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
    /// The servers that are asked what they hold.
    pub(crate) servers: Servers,
    pub(crate) command: CommandLine,
    /// Work on several sessions that is under way.
    pub(crate) bulks: Vec<Bulk>,
    /// What is being done without a dialog of its own that may ask, and that can be given up.
    pub(crate) under_way: HashMap<OpeningId, (Verb, SessionId)>,
    /// Whether nobody has pressed a key yet.
    pub(crate) untouched: bool,
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
            servers: Servers::default(),
            command: CommandLine::default(),
            bulks: Vec::new(),
            under_way: HashMap::new(),
            untouched: true,
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

    /// What a pane is called: its computer, with its session where another pane is on that computer too.
    pub(crate) fn name_of(&self, pane: &Pane) -> String {
        let computer = remote_text::plain(&pane.computer);
        let mut others = self.panes.iter().filter(|other| other.id != pane.id);
        let is_alone = others.all(|other| other.computer != pane.computer);
        match self.sessions.get(pane.session) {
            Some(info) if !is_alone => format!("{} on {computer}", remote_text::plain(&info.name)),
            _ => computer,
        }
    }

    /// The tab of a pane.
    pub(crate) fn tab_of(&self, pane: PaneId) -> Option<usize> {
        Some(self.panes.iter().position(|other| other.id == pane)? + 1)
    }

    /// The tab of a session's pane, if it has one.
    pub(crate) fn tab_of_session(&self, session: SessionId) -> Option<usize> {
        Some(self.panes.iter().position(|pane| pane.session == session)? + 1)
    }

    /// How soon what is shown changes by itself: a countdown every second, an age every minute, else never.
    pub(crate) fn ticks(&self) -> Option<Duration> {
        let list = self.tab == 0;
        let shown = self.pane().map(|pane| pane.session);
        let rows = usize::from(self.geometry.list_rows());
        let counts = if let Some(session) = shown {
            self.is_interrupted(session)
        } else {
            let (rows, _) = self.sessions.window(rows);
            rows.iter().any(|info| info.interruption.is_some())
        };
        if counts {
            return Some(Duration::from_secs(1));
        }
        let resume = |layer: &Layer| matches!(layer, Layer::Resume(_));
        let left = self.pane().is_some_and(|pane| pane.away.is_some());
        let strip = self.geometry.detail_rows() > 0 && self.sessions.current().is_some();
        let ages = left || (list && strip);
        (ages || self.layers.iter().any(resume)).then_some(Duration::from_mins(1))
    }

    /// Whether the network of a session is lost.
    pub(crate) fn is_interrupted(&self, session: SessionId) -> bool {
        let info = self.sessions.get(session);
        info.is_some_and(|info| info.interruption.is_some())
    }

    /// Asks for a frame.
    pub(crate) fn draw(&mut self, redraw: Redraw) {
        self.redraw = self.redraw.max(redraw);
    }

    /// Takes a new list.
    pub(crate) fn set_sessions(&mut self, sessions: Arc<[SessionInfo]>) {
        for layer in &mut self.layers {
            if let Layer::Resume(list) = layer {
                list.set(Arc::clone(&sessions));
            }
        }
        self.sessions.set(sessions);
    }
}
