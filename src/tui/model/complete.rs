//! Completion of a line by the server's proposals.

use crate::remote_text;
use crate::session::CommandCompletion;
use crate::tui::widgets::editor::Editor;

/// The proposals, while their list is shown.
#[derive(Debug)]
pub(crate) struct Completion {
    pub(crate) items: Vec<Item>,
    /// The proposal that stands in the line; none before the first choice.
    pub(crate) chosen: Option<usize>,
    /// Where the replaced part begins, and where what stands there now ends; bytes of the text.
    start: usize,
    end: usize,
    /// What stood there before.
    typed: String,
}

/// One proposal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) text: String,
    pub(crate) label: String,
    pub(crate) tip: String,
}

/// A server that proposes more is cut off.
const MAX_ITEMS: usize = 1000;

impl Completion {
    /// Takes the server's proposals for a text. One is put in at once; of several, what they have in common, and the
    /// list is shown.
    pub(crate) fn take(editor: &mut Editor, answer: CommandCompletion) -> Option<Self> {
        let text = editor.text();
        let start = byte_of(&text, answer.replacement_index);
        let units = answer
            .replacement_index
            .saturating_add(answer.replacement_length);
        let end = byte_of(&text, units).max(start);
        let items: Vec<Item> = answer
            .matches
            .into_iter()
            .take(MAX_ITEMS)
            .map(|proposal| Item {
                // What is put in must be one line without control characters.
                text: remote_text::plain(&proposal.text),
                label: remote_text::plain(if proposal.label.is_empty() {
                    &proposal.text
                } else {
                    &proposal.label
                }),
                tip: remote_text::plain(&proposal.tool_tip),
            })
            .collect();
        let typed = text.get(start..end)?.to_owned();
        match items.as_slice() {
            [] => None,
            [only] => {
                editor.replace(start, end, &only.text);
                None
            }
            _ => {
                let common = common(&items);
                let mut completion = Self {
                    items,
                    chosen: None,
                    start,
                    end,
                    typed,
                };
                if common.len() > completion.typed.len() {
                    completion.put(editor, &common);
                    completion.typed = common;
                }
                Some(completion)
            }
        }
    }

    /// Puts the next proposal into the line, or the one before; past the last comes what was typed.
    pub(crate) fn step(&mut self, editor: &mut Editor, forward: bool) {
        let count = self.items.len();
        self.chosen = match (self.chosen, forward) {
            (None, true) => Some(0),
            (None, false) => count.checked_sub(1),
            (Some(at), true) => Some(at + 1).filter(|next| *next < count),
            (Some(at), false) => at.checked_sub(1),
        };
        let text = match self.chosen.and_then(|at| self.items.get(at)) {
            Some(item) => item.text.clone(),
            None => self.typed.clone(),
        };
        self.put(editor, &text);
    }

    /// Puts back what was typed.
    pub(crate) fn undo(mut self, editor: &mut Editor) {
        let typed = std::mem::take(&mut self.typed);
        self.put(editor, &typed);
    }

    fn put(&mut self, editor: &mut Editor, text: &str) {
        editor.replace(self.start, self.end, text);
        self.end = self.start + text.len();
    }
}

/// UTF-16 units before a byte of a text.
pub(crate) fn units_before(text: &str, byte: usize) -> usize {
    text.get(..byte)
        .map_or(0, |before| before.encode_utf16().count())
}

/// The byte at which that many UTF-16 units are before; the end if there are not as many.
fn byte_of(text: &str, units: usize) -> usize {
    let mut before = 0;
    for (byte, c) in text.char_indices() {
        if before >= units {
            return byte;
        }
        before += c.len_utf16();
    }
    text.len()
}

/// What all proposals begin with, as the first one spells it.
fn common(items: &[Item]) -> String {
    let Some((first, others)) = items.split_first() else {
        return String::new();
    };
    let same = |a: char, b: char| a == b || a.to_lowercase().eq(b.to_lowercase());
    let count = others
        .iter()
        .map(|item| {
            first
                .text
                .chars()
                .zip(item.text.chars())
                .take_while(|(a, b)| same(*a, *b))
                .count()
        })
        .min()
        .unwrap_or(0);
    first.text.chars().take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::CompletionMatch;

    fn answer(index: usize, length: usize, texts: &[&str]) -> CommandCompletion {
        CommandCompletion {
            replacement_index: index,
            replacement_length: length,
            matches: texts
                .iter()
                .map(|text| CompletionMatch {
                    text: (*text).to_owned(),
                    label: String::new(),
                    kind: "Command".to_owned(),
                    tool_tip: String::new(),
                })
                .collect(),
        }
    }

    #[test]
    fn one_proposal_is_put_in() {
        let mut editor = Editor::new("'😀' | Get-Pro");
        assert!(Completion::take(&mut editor, answer(7, 7, &["Get-Process"])).is_none());
        assert_eq!(editor.text(), "'😀' | Get-Process");
    }

    #[test]
    fn several_are_walked_through_and_undone() {
        let mut editor = Editor::new("get-s");
        let found = answer(0, 5, &["Get-Service", "Get-Session"]);
        let mut completion = Completion::take(&mut editor, found).unwrap();
        assert_eq!(editor.text(), "Get-Se");
        completion.step(&mut editor, true);
        assert_eq!(editor.text(), "Get-Service");
        completion.step(&mut editor, true);
        completion.step(&mut editor, true);
        assert_eq!(editor.text(), "Get-Se");
        completion.step(&mut editor, false);
        assert_eq!(editor.text(), "Get-Session");
        completion.undo(&mut editor);
        assert_eq!(editor.text(), "Get-Se");
    }

    #[test]
    fn lying_indexes_and_control_characters_do_no_harm() {
        let mut editor = Editor::new("ab");
        let found = answer(usize::MAX, usize::MAX, &["x\u{1b}[31m\ny"]);
        assert!(Completion::take(&mut editor, found).is_none());
        assert_eq!(editor.text(), "abx y");
        assert_eq!(units_before("😀a", 4), 2);
    }
}
