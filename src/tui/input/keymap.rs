//! What keys do, by place. The one table that keys, status line and help are made from.

use std::collections::HashMap;

use super::Chord;

/// Where a key was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Context {
    /// The list of sessions.
    Sessions,
    /// The filter line of the list.
    Filter,
    /// A pane.
    Pane,
    /// The line editor of a pane, and fields of dialogs.
    Line,
    /// After the prefix key.
    Prefix,
    /// A dialog.
    Dialog,
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Up,
    Down,
    First,
    Last,
    PageUp,
    PageDown,
    Open,
    New,
    Connect,
    Disconnect,
    Remove,
    Refresh,
    Filter,
    ClearFilter,
    Help,
    Quit,
    Suspend,
    Sessions,
    NextTab,
    PreviousTab,
    Tab(u8),
    ClosePane,
    ForceClose,
    ClearPane,
    Prefix,
    Submit,
    NewLine,
    Interrupt,
    EndOfInput,
    Complete,
    CompleteBack,
    HistoryBack,
    HistoryForward,
    HistorySearch,
    Accept,
    Cancel,
    NextField,
    PreviousField,
    Toggle,
    Edit(Edit),
}

/// A change of a line being edited, or of the place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Edit {
    Left,
    Right,
    WordLeft,
    WordRight,
    Home,
    End,
    Backspace,
    Delete,
    DeleteWordLeft,
    DeleteWordRight,
    DeleteToHome,
    DeleteToEnd,
    Paste,
    Undo,
    Redo,
}

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Binding {
    /// Where.
    pub(crate) context: Context,
    /// Keys, the first one is shown. An empty one stands for the prefix key.
    pub(crate) keys: &'static [&'static str],
    /// What.
    pub(crate) action: Action,
    /// A word for the status line; empty where it would only take room.
    pub(crate) hint: &'static str,
    /// A sentence for the help.
    pub(crate) help: &'static str,
}

/// The table, read.
#[derive(Debug)]
pub(crate) struct KeyMap {
    prefix: Chord,
    actions: HashMap<(Context, Chord), Action>,
}

const fn bind(
    context: Context,
    keys: &'static [&'static str],
    action: Action,
    hint: &'static str,
    help: &'static str,
) -> Binding {
    Binding {
        context,
        keys,
        action,
        hint,
        help,
    }
}

use Context::{Dialog, Filter, Line, Pane, Prefix, Sessions};

/// Status hints stand in this order, so that the ones that matter most stay when room is short.
const TABLE: &[Binding] = &[
    bind(
        Sessions,
        &["Enter"],
        Action::Open,
        "open",
        "Open a pane; a Disconnected session is connected first",
    ),
    bind(
        Sessions,
        &["n", "Insert"],
        Action::New,
        "new",
        "New session",
    ),
    bind(
        Sessions,
        &["c"],
        Action::Connect,
        "connect",
        "Connect the session",
    ),
    bind(
        Sessions,
        &["d"],
        Action::Disconnect,
        "disconnect",
        "Disconnect the session: it goes on at the server",
    ),
    bind(
        Sessions,
        &["r", "Delete"],
        Action::Remove,
        "remove",
        "Remove the session: it ends at the server",
    ),
    bind(
        Sessions,
        &["/"],
        Action::Filter,
        "filter",
        "Filter: words, state:… name:… host:… config:… availability:…",
    ),
    bind(
        Sessions,
        &["Esc"],
        Action::ClearFilter,
        "show all",
        "Clear the filter",
    ),
    bind(Sessions, &["Up", "k"], Action::Up, "", "Up"),
    bind(Sessions, &["Down", "j"], Action::Down, "", "Down"),
    bind(Sessions, &["Home", "g"], Action::First, "", "First"),
    bind(Sessions, &["End", "G"], Action::Last, "", "Last"),
    bind(
        Sessions,
        &["PageUp", "Ctrl+b"],
        Action::PageUp,
        "",
        "A page up",
    ),
    bind(
        Sessions,
        &["PageDown", "Ctrl+f"],
        Action::PageDown,
        "",
        "A page down",
    ),
    bind(
        Sessions,
        &["F5"],
        Action::Refresh,
        "",
        "Ask the servers again what they hold",
    ),
    bind(Sessions, &["Tab", "Right"], Action::NextTab, "", "Next tab"),
    bind(
        Sessions,
        &["Shift+Tab", "Left"],
        Action::PreviousTab,
        "",
        "Previous tab",
    ),
    bind(
        Sessions,
        &["Ctrl+z"],
        Action::Suspend,
        "",
        "Suspend psdeck; fg takes it up again",
    ),
    bind(Sessions, &["q", "Ctrl+c"], Action::Quit, "quit", "Quit"),
    bind(Sessions, &["?", "F1"], Action::Help, "help", "This help"),
    bind(
        Sessions,
        &[""],
        Action::Prefix,
        "",
        "The prefix key works here too",
    ),
    bind(
        Filter,
        &["Enter"],
        Action::Accept,
        "keep",
        "Keep the filter and go back to the list",
    ),
    bind(
        Filter,
        &["Esc", "Ctrl+c"],
        Action::Cancel,
        "clear",
        "Clear the filter",
    ),
    bind(Filter, &["Up"], Action::Up, "", "Up"),
    bind(Filter, &["Down"], Action::Down, "", "Down"),
    bind(
        Pane,
        &[""],
        Action::Prefix,
        "menu",
        "What is psdeck's own: see below",
    ),
    bind(
        Pane,
        &["Enter"],
        Action::Submit,
        "run",
        "Run the line; an unfinished one goes on with >>",
    ),
    bind(
        Pane,
        &["Alt+Enter", "Shift+Enter", "Ctrl+j"],
        Action::NewLine,
        "",
        "A new line without running",
    ),
    bind(
        Pane,
        &["Tab"],
        Action::Complete,
        "complete",
        "Complete; again for the next",
    ),
    bind(
        Pane,
        &["Shift+Tab"],
        Action::CompleteBack,
        "",
        "The completion before",
    ),
    bind(
        Pane,
        &["Ctrl+c"],
        Action::Interrupt,
        "stop",
        "Stop what runs, or drop the line; again offers to close by force",
    ),
    bind(
        Pane,
        &["Up", "Ctrl+p"],
        Action::HistoryBack,
        "",
        "The line before, of the history",
    ),
    bind(
        Pane,
        &["Down", "Ctrl+n"],
        Action::HistoryForward,
        "",
        "The line after, of the history",
    ),
    bind(
        Pane,
        &["Ctrl+r"],
        Action::HistorySearch,
        "search",
        "Search the history backwards",
    ),
    bind(
        Pane,
        &["PageUp", "Shift+PageUp"],
        Action::PageUp,
        "scroll",
        "Scroll back",
    ),
    bind(
        Pane,
        &["PageDown", "Shift+PageDown"],
        Action::PageDown,
        "",
        "Scroll forward",
    ),
    bind(
        Pane,
        &["Ctrl+Home", "Shift+Home"],
        Action::First,
        "",
        "Scroll to the first line kept",
    ),
    bind(
        Pane,
        &["Ctrl+End", "Shift+End"],
        Action::Last,
        "",
        "Scroll to the prompt",
    ),
    bind(Pane, &["Ctrl+l"], Action::ClearPane, "", "Clear the pane"),
    bind(
        Pane,
        &["Ctrl+d"],
        Action::EndOfInput,
        "",
        "Delete the next character; on an empty line, leave the session",
    ),
    bind(
        Pane,
        &["Esc"],
        Action::Cancel,
        "",
        "Put a list of completions away; clear the line",
    ),
    bind(
        Line,
        &["Left", "Ctrl+b"],
        Action::Edit(Edit::Left),
        "",
        "Left",
    ),
    bind(
        Line,
        &["Right", "Ctrl+f"],
        Action::Edit(Edit::Right),
        "",
        "Right",
    ),
    bind(
        Line,
        &["Ctrl+Left", "Alt+b", "Alt+Left"],
        Action::Edit(Edit::WordLeft),
        "",
        "A word left",
    ),
    bind(
        Line,
        &["Ctrl+Right", "Alt+f", "Alt+Right"],
        Action::Edit(Edit::WordRight),
        "",
        "A word right",
    ),
    bind(
        Line,
        &["Home", "Ctrl+a"],
        Action::Edit(Edit::Home),
        "",
        "Start of the line",
    ),
    bind(
        Line,
        &["End", "Ctrl+e"],
        Action::Edit(Edit::End),
        "",
        "End of the line",
    ),
    bind(
        Line,
        &["Backspace", "Ctrl+h"],
        Action::Edit(Edit::Backspace),
        "",
        "Delete to the left",
    ),
    bind(
        Line,
        &["Delete"],
        Action::Edit(Edit::Delete),
        "",
        "Delete to the right",
    ),
    bind(
        Line,
        &["Ctrl+w", "Alt+Backspace", "Ctrl+Backspace"],
        Action::Edit(Edit::DeleteWordLeft),
        "",
        "Delete the word to the left",
    ),
    bind(
        Line,
        &["Alt+d", "Ctrl+Delete"],
        Action::Edit(Edit::DeleteWordRight),
        "",
        "Delete the word to the right",
    ),
    bind(
        Line,
        &["Ctrl+u"],
        Action::Edit(Edit::DeleteToHome),
        "",
        "Delete to the start of the line",
    ),
    bind(
        Line,
        &["Ctrl+k"],
        Action::Edit(Edit::DeleteToEnd),
        "",
        "Delete to the end of the line",
    ),
    bind(
        Line,
        &["Ctrl+y"],
        Action::Edit(Edit::Paste),
        "",
        "Put back what was deleted last",
    ),
    bind(
        Line,
        &["Ctrl+z", "Ctrl+_"],
        Action::Edit(Edit::Undo),
        "",
        "Undo",
    ),
    bind(Line, &["Alt+z"], Action::Edit(Edit::Redo), "", "Redo"),
    bind(
        Prefix,
        &["s"],
        Action::Sessions,
        "sessions",
        "The list of sessions",
    ),
    bind(
        Prefix,
        &["n", "Tab", "Right"],
        Action::NextTab,
        "next",
        "Next tab",
    ),
    bind(
        Prefix,
        &["p", "Shift+Tab", "Left"],
        Action::PreviousTab,
        "previous",
        "Previous tab",
    ),
    bind(
        Prefix,
        &["1"],
        Action::Tab(1),
        "to 9: tab",
        "Tab 1 and so on to 9",
    ),
    bind(Prefix, &["c"], Action::New, "new", "New session"),
    bind(
        Prefix,
        &["d"],
        Action::Disconnect,
        "disconnect",
        "Disconnect this session and close its pane",
    ),
    bind(
        Prefix,
        &["x"],
        Action::ClosePane,
        "close",
        "Close the pane; the session stays open",
    ),
    bind(
        Prefix,
        &["k"],
        Action::ForceClose,
        "kill",
        "Close the session by force",
    ),
    bind(Prefix, &["q"], Action::Quit, "quit", "Quit"),
    bind(
        Prefix,
        &["Ctrl+z", "z"],
        Action::Suspend,
        "suspend",
        "Suspend psdeck; fg takes it up again",
    ),
    bind(Prefix, &["?", "F1"], Action::Help, "help", "This help"),
    bind(Dialog, &["Enter"], Action::Accept, "accept", "Accept"),
    bind(
        Dialog,
        &["Esc", "Ctrl+c"],
        Action::Cancel,
        "cancel",
        "Cancel",
    ),
    bind(
        Dialog,
        &["Tab", "Down"],
        Action::NextField,
        "next",
        "Next field or choice",
    ),
    bind(
        Dialog,
        &["Shift+Tab", "Up"],
        Action::PreviousField,
        "",
        "Field or choice before",
    ),
    bind(
        Dialog,
        &["Ctrl+t"],
        Action::Toggle,
        "",
        "Mark a choice, where several may be chosen",
    ),
    bind(Dialog, &["PageUp"], Action::PageUp, "", "A page up"),
    bind(Dialog, &["PageDown"], Action::PageDown, "", "A page down"),
];

impl KeyMap {
    /// The table with this prefix key.
    pub(crate) fn new(prefix: Chord) -> Self {
        let mut actions = HashMap::new();
        for binding in TABLE {
            for key in binding.keys {
                let chord = if key.is_empty() {
                    prefix
                } else if let Ok(chord) = key.parse() {
                    chord
                } else {
                    continue;
                };
                actions.insert((binding.context, chord), binding.action);
            }
        }
        for digit in 1..=9_u8 {
            if let Ok(chord) = digit.to_string().parse() {
                actions.insert((Prefix, chord), Action::Tab(digit));
                actions.insert((Sessions, chord), Action::Tab(digit));
            }
        }
        // The prefix key goes before whatever else the key would do.
        for context in [Sessions, Pane] {
            actions.insert((context, prefix), Action::Prefix);
        }
        Self { prefix, actions }
    }

    /// The prefix key.
    pub(crate) fn prefix(&self) -> Chord {
        self.prefix
    }

    /// What a key does at a place.
    pub(crate) fn action(&self, context: Context, chord: Chord) -> Option<Action> {
        self.actions.get(&(context, chord)).copied()
    }

    /// The lines of a place, in the table's order.
    pub(crate) fn bindings(context: Context) -> impl Iterator<Item = &'static Binding> {
        TABLE
            .iter()
            .filter(move |binding| binding.context == context)
    }

    /// How the keys of a line are shown.
    pub(crate) fn shown(&self, binding: &Binding) -> Vec<String> {
        binding
            .keys
            .iter()
            .map(|key| {
                if key.is_empty() {
                    self.prefix.to_string()
                } else {
                    (*key).to_owned()
                }
            })
            .collect()
    }

    /// Keys and words for the status line.
    pub(crate) fn hints(&self, context: Context) -> Vec<(String, &'static str)> {
        Self::bindings(context)
            .filter(|binding| !binding.hint.is_empty())
            .filter_map(|binding| {
                self.shown(binding)
                    .into_iter()
                    .next()
                    .map(|key| (key, binding.hint))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_table_is_a_key_and_stands_once_in_its_place() {
        let mut seen = std::collections::HashSet::new();
        for binding in TABLE {
            for key in binding.keys.iter().filter(|key| !key.is_empty()) {
                let chord: Chord = key.parse().unwrap();
                assert!(
                    seen.insert((binding.context, chord)),
                    "{key} stands twice in {:?}",
                    binding.context
                );
            }
        }
    }

    #[test]
    fn another_prefix_key_replaces_the_default() {
        let map = KeyMap::new("Ctrl+a".parse().unwrap());
        let prefix = "Ctrl+a".parse().unwrap();
        assert_eq!(map.action(Pane, prefix), Some(Action::Prefix));
        assert!(map.hints(Pane).contains(&("Ctrl+a".to_owned(), "menu")));
    }
}
