//! The list of sessions: which are shown, and which one is meant.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::session::{SessionId, SessionInfo, SessionState};
use crate::tui::input::Action;
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
    /// Only what can be taken up, or could: the resume picker's.
    left_behind: bool,
    marks: BTreeSet<SessionId>,
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
    /// The list of the resume picker: Disconnected sessions only.
    pub(crate) fn left_behind(sessions: Arc<[SessionInfo]>) -> Self {
        let mut list = Self {
            left_behind: true,
            ..Self::default()
        };
        list.set(sessions);
        list
    }

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
                availability: widths.availability.max(match info.interruption {
                    Some(_) => "offline 00:00".len(),
                    None => info.availability.to_string().len(),
                }),
            });
        self.refilter(current);
        if !self.marks.is_empty() {
            let known: BTreeSet<_> = self.fitting().map(|info| info.id).collect();
            self.marks.retain(|id| known.contains(id));
        }
    }

    /// Every session, filtered out or not.
    pub(crate) fn all(&self) -> &[SessionInfo] {
        &self.all
    }

    /// The same, to be kept.
    pub(crate) fn shared(&self) -> Arc<[SessionInfo]> {
        Arc::clone(&self.all)
    }

    /// Whether a session is marked.
    pub(crate) fn is_marked(&self, id: SessionId) -> bool {
        self.marks.contains(&id)
    }

    /// How many are marked.
    pub(crate) fn marks(&self) -> usize {
        self.marks.len()
    }

    /// The marked sessions, by number, filtered out or not; without marks the one under the cursor.
    pub(crate) fn meant(&self) -> Vec<&SessionInfo> {
        if self.marks.is_empty() {
            return self.current().into_iter().collect();
        }
        let all = self.all.iter();
        all.filter(|info| self.marks.contains(&info.id)).collect()
    }

    /// Marks the session under the cursor, or takes its mark away, and goes to the next, in a window of that height.
    pub(crate) fn mark(&mut self, height: usize) {
        let Some(id) = self.current().map(|info| info.id) else {
            return;
        };
        if !self.marks.remove(&id) {
            self.marks.insert(id);
        }
        self.move_by(1, height);
    }

    /// Marks all that are shown; once all are, none.
    pub(crate) fn mark_all(&mut self) {
        let all = self.all.iter().enumerate();
        let shown: BTreeSet<_> = all
            .filter(|(index, _)| self.shown.binary_search(index).is_ok())
            .map(|(_, info)| info.id)
            .collect();
        if shown.is_subset(&self.marks) {
            self.marks.retain(|id| !shown.contains(id));
        } else {
            self.marks.extend(shown);
        }
    }

    /// Takes the marks away. Whether there were any.
    pub(crate) fn unmark(&mut self) -> bool {
        let marked = !self.marks.is_empty();
        self.marks.clear();
        marked
    }

    /// Whether a session is in a window of that height.
    pub(crate) fn in_sight(&self, id: SessionId, height: usize) -> bool {
        self.window(height).0.iter().any(|info| info.id == id)
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

    /// Moves the cursor as a key says, in a window of that height.
    pub(crate) fn go(&mut self, action: Action, height: usize) {
        let page = isize::try_from(height.max(1)).unwrap_or(1);
        let rows = match action {
            Action::Up => -1,
            Action::Down => 1,
            Action::PageUp => -page,
            Action::PageDown => page,
            Action::First => isize::MIN,
            Action::Last => isize::MAX,
            _ => 0,
        };
        self.move_by(rows, height);
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
            .filter(|(_, info)| self.belongs(info) && terms.iter().all(|term| term.fits(info)))
            .map(|(index, _)| index)
            .collect();
        let kept = current.and_then(|id| self.place(id));
        self.cursor = kept.unwrap_or_else(|| self.cursor.min(self.shown.len().saturating_sub(1)));
    }

    fn fitting(&self) -> impl Iterator<Item = &SessionInfo> {
        self.all.iter().filter(|info| self.belongs(info))
    }

    fn belongs(&self, info: &SessionInfo) -> bool {
        !self.left_behind || info.state == SessionState::Disconnected
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
    fn marks_are_for_what_is_shown_and_go_with_their_sessions() {
        let mut list = list();
        let meant =
            |list: &SessionList| -> Vec<_> { list.meant().iter().map(|info| info.id.0).collect() };
        assert_eq!(meant(&list), [1]);
        list.filter = Editor::new("state:d");
        list.filter_changed();
        list.mark_all();
        assert_eq!(meant(&list), [2, 4]);
        list.filter = Editor::default();
        list.filter_changed();
        list.mark(10);
        assert_eq!(meant(&list), [4], "the cursor was on 2");
    }

    #[test]
    fn the_picker_has_disconnected_sessions_only() {
        let mut list = SessionList::left_behind(samples::sessions());
        assert_eq!(shown(&list), [2, 4]);
        list.mark_all();
        list.set(samples::sessions()[..2].into());
        assert_eq!((shown(&list), list.marks()), (vec![2], 1));
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
