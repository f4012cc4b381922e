//! What keys do, by place. The one table that keys, status line and help are made from.

use std::collections::HashMap;

use super::Chord;
use super::table::{Binding, TABLE};

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
    /// The resume picker.
    Resume,
    /// The command line.
    Command,
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
    Mark,
    MarkAll,
    Resume,
    Command,
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

/// The table, read.
#[derive(Debug)]
pub(crate) struct KeyMap {
    prefix: Chord,
    actions: HashMap<(Context, Chord), Action>,
}

use Context::{Pane, Prefix, Sessions};

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
