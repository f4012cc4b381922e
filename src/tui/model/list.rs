//! The list of sessions: which are shown, and which one is meant.

use std::sync::Arc;

use crate::session::{SessionId, SessionInfo};
use crate::tui::widgets::editor::Editor;

/// The list with its filter.
#[derive(Debug, Default)]
pub(crate) struct SessionList {
    all: Arc<[SessionInfo]>,
    /// Indexes of `all` that the filter lets through.
    shown: Vec<usize>,
    /// The place of the cursor in `shown`.
    cursor: usize,
    /// The first row drawn, in `shown`.
    top: usize,
    pub(crate) filter: Editor,
    /// Whether the filter is being typed.
    pub(crate) filtering: bool,
    /// The widest name, computer and endpoint, in characters, for the columns.
    pub(crate) widths: Widths,
}

/// The widest entries of the columns that have no fixed width.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Widths {
    pub(crate) id: usize,
    pub(crate) name: usize,
    pub(crate) computer: usize,
    pub(crate) configuration: usize,
    pub(crate) availability: usize,
}

impl SessionList {
    /// Takes a new list. The cursor stays on its session.
    pub(crate) fn set(&mut self, sessions: Arc<[SessionInfo]>) {
        let current = self.current().map(|info| info.id);
        self.all = sessions;
        self.widths = self
            .all
            .iter()
            .fold(Widths::default(), |widths, info| Widths {
                id: widths.id.max(info.id.to_string().len()),
                name: widths.name.max(info.name.chars().count()),
                computer: widths.computer.max(info.computer_name.chars().count()),
                configuration: widths
                    .configuration
                    .max(info.configuration_name.chars().count()),
                availability: widths.availability.max(info.availability.to_string().len()),
            });
        self.refilter(current);
    }

    /// Every session, filtered out or not.
    pub(crate) fn all(&self) -> &[SessionInfo] {
        &self.all
    }

    /// A session by its number.
    pub(crate) fn get(&self, id: SessionId) -> Option<&SessionInfo> {
        self.all.iter().find(|info| info.id == id)
    }

    /// How many are shown.
    pub(crate) fn len(&self) -> usize {
        self.shown.len()
    }

    /// The session under the cursor.
    pub(crate) fn current(&self) -> Option<&SessionInfo> {
        self.all.get(*self.shown.get(self.cursor)?)
    }

    /// The rows of a window of that height, and which of them has the cursor.
    pub(crate) fn window(&self, height: usize) -> (Vec<&SessionInfo>, usize) {
        let top = self.top_for(height);
        let rows = self
            .shown
            .iter()
            .skip(top)
            .take(height)
            .filter_map(|index| self.all.get(*index))
            .collect();
        (rows, self.cursor - top)
    }

    /// Moves the cursor by that many rows, in a window of that height.
    pub(crate) fn move_by(&mut self, rows: isize, height: usize) {
        self.cursor = self
            .cursor
            .saturating_add_signed(rows)
            .min(self.shown.len().saturating_sub(1));
        self.top = self.top_for(height);
    }

    /// Puts the cursor on a session, if it is shown.
    pub(crate) fn select(&mut self, id: SessionId) {
        if let Some(place) = self.place(id) {
            self.cursor = place;
        }
    }

    /// Applies the filter again; the cursor stays on its session or goes to the first.
    pub(crate) fn filter_changed(&mut self) {
        let current = self.current().map(|info| info.id);
        self.refilter(current);
    }

    fn refilter(&mut self, current: Option<SessionId>) {
        let terms = terms(&self.filter.text());
        self.shown = self
            .all
            .iter()
            .enumerate()
            .filter(|(_, info)| terms.iter().all(|term| term.fits(info)))
            .map(|(index, _)| index)
            .collect();
        let kept = current.and_then(|id| self.place(id));
        self.cursor = kept.unwrap_or_else(|| self.cursor.min(self.shown.len().saturating_sub(1)));
    }

    fn place(&self, id: SessionId) -> Option<usize> {
        self.shown
            .iter()
            .position(|index| self.all.get(*index).is_some_and(|info| info.id == id))
    }

    fn top_for(&self, height: usize) -> usize {
        let last = self.cursor.saturating_add(1).saturating_sub(height);
        let most = self.shown.len().saturating_sub(height);
        self.top.max(last).min(self.cursor).min(most)
    }
}

/// A word of the filter, lower case: anywhere, or in one field.
struct Term {
    field: Option<Field>,
    text: String,
}

#[derive(Clone, Copy)]
enum Field {
    Id,
    Name,
    Transport,
    Computer,
    State,
    Configuration,
    Availability,
    User,
}

const FIELDS: [(&str, Field); 10] = [
    ("id", Field::Id),
    ("name", Field::Name),
    ("transport", Field::Transport),
    ("host", Field::Computer),
    ("computer", Field::Computer),
    ("state", Field::State),
    ("config", Field::Configuration),
    ("configuration", Field::Configuration),
    ("availability", Field::Availability),
    ("user", Field::User),
];

fn terms(filter: &str) -> Vec<Term> {
    filter
        .split_whitespace()
        .map(|word| {
            let word = word.to_lowercase();
            let field = word.split_once(':').and_then(|(name, text)| {
                let (_, field) = FIELDS.iter().find(|(field, _)| *field == name)?;
                Some((*field, text.to_owned()))
            });
            match field {
                Some((field, text)) => Term {
                    field: Some(field),
                    text,
                },
                None => Term {
                    field: None,
                    text: word,
                },
            }
        })
        .collect()
}

impl Term {
    fn fits(&self, info: &SessionInfo) -> bool {
        let has = |text: &str| text.to_lowercase().contains(&self.text);
        // `state:d` means Disconnected, not Opened.
        let begins = |text: &str| text.to_lowercase().starts_with(&self.text);
        let user = || info.user.as_deref().is_some_and(has);
        match self.field {
            Some(Field::Id) => info.id.to_string() == self.text,
            Some(Field::Name) => has(&info.name),
            Some(Field::Transport) => has(&info.transport.to_string()),
            Some(Field::Computer) => has(&info.computer_name),
            Some(Field::State) => begins(&info.state.to_string()),
            Some(Field::Configuration) => has(&info.configuration_name),
            Some(Field::Availability) => begins(&info.availability.to_string()),
            Some(Field::User) => user(),
            None => {
                has(&info.name)
                    || has(&info.computer_name)
                    || has(&info.state.to_string())
                    || has(&info.availability.to_string())
                    || has(&info.configuration_name)
                    || has(&info.transport.to_string())
                    || user()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::samples;

    fn list() -> SessionList {
        let mut list = SessionList::default();
        list.set(samples::sessions());
        list
    }

    fn shown(list: &SessionList) -> Vec<u32> {
        list.window(100).0.iter().map(|info| info.id.0).collect()
    }

    #[test]
    fn words_of_the_filter_all_have_to_fit() {
        let mut list = list();
        list.filter = Editor::new("server state:d");
        list.filter_changed();
        assert_eq!(shown(&list), [2, 4]);
        list.filter = Editor::new("availability:busy ssh");
        list.filter_changed();
        assert_eq!(shown(&list), [3]);
        list.filter = Editor::new("nothing");
        list.filter_changed();
        assert!(list.current().is_none());
    }

    #[test]
    fn the_cursor_stays_on_its_session_when_others_go() {
        let mut list = list();
        list.move_by(2, 10);
        assert_eq!(list.current().unwrap().id, SessionId(3));
        let fewer: Vec<_> = samples::sessions()[1..].to_vec();
        list.set(fewer.into());
        assert_eq!(list.current().unwrap().id, SessionId(3));
        list.set(Arc::default());
        assert!(list.current().is_none());
        list.move_by(5, 10);
        assert_eq!(list.window(5).1, 0);
    }

    #[test]
    fn the_window_follows_the_cursor() {
        let mut list = list();
        list.move_by(100, 2);
        let (rows, cursor) = list.window(2);
        assert_eq!((rows.len(), cursor), (2, 1));
        list.move_by(-1, 2);
        assert_eq!(list.window(2).1, 0);
    }
}
