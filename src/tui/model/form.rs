//! Fields to fill in: the new-session dialog, our questions, and those of the remote host.

use std::fmt;

use zeroize::Zeroizing;

use crate::transport::Secret;
use crate::tui::input::Edit;
use crate::tui::widgets::editor::Editor;

/// Some fields, one of which has the focus.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub(crate) fields: Vec<Field>,
    pub(crate) focus: usize,
}

/// One field.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) label: String,
    pub(crate) help: String,
    pub(crate) content: Content,
    /// Whether it is there at the moment.
    pub(crate) shown: bool,
}

/// What a field holds.
#[derive(Debug)]
pub(crate) enum Content {
    /// Text that is shown.
    Plain(Editor),
    /// Text that is not.
    Hidden(Hidden),
    /// Lines; an empty one ends the list.
    List(Vec<String>, Editor),
    /// One of some words.
    Choice(Words),
}

/// Some words, one of which is chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    pub(crate) all: &'static [&'static str],
    pub(crate) chosen: usize,
}

/// Text that is typed but not shown, and wiped when dropped. Typed at its end only, without a history.
#[derive(Default)]
pub(crate) struct Hidden(Zeroizing<String>);

/// A longer secret is no secret that somebody types; room for it is taken at once, so that no copy stays behind.
const MAX_HIDDEN: usize = 1024;

impl Form {
    /// A form of these fields.
    pub(crate) fn new(fields: Vec<Field>) -> Self {
        Self { fields, focus: 0 }
    }

    /// The field with the focus.
    pub(crate) fn current(&mut self) -> Option<&mut Field> {
        self.fields.get_mut(self.focus)
    }

    /// Goes to the next field, or the one before; past the last to the first.
    pub(crate) fn step(&mut self, forward: bool) {
        let count = self.fields.len().max(1);
        for _ in 0..count {
            self.focus = (self.focus + if forward { 1 } else { count - 1 }) % count;
            if self.current().is_some_and(|field| field.shown) {
                return;
            }
        }
    }

    /// Enter: ends a list's line or goes to the next field. Whether the form is filled in.
    pub(crate) fn enter(&mut self) -> bool {
        if let Some(Content::List(lines, editor)) = self.current().map(|field| &mut field.content)
            && !editor.is_empty()
        {
            lines.push(editor.take());
            return false;
        }
        let later = self.fields.iter().skip(self.focus + 1);
        match later.take_while(|field| !field.shown).count() + self.focus + 1 {
            next if next < self.fields.len() => {
                self.focus = next;
                false
            }
            _ => true,
        }
    }

    /// Types text into the field with the focus; its first line only.
    pub(crate) fn insert(&mut self, text: &str) {
        let line = text.split('\n').next().unwrap_or_default();
        if let Some(field) = self.current() {
            match &mut field.content {
                Content::Plain(editor) | Content::List(_, editor) => editor.insert(line),
                Content::Hidden(hidden) => hidden.insert(line),
                Content::Choice(words) => words.typed(line),
            }
        }
    }

    /// Edits the field with the focus.
    pub(crate) fn apply(&mut self, edit: Edit) {
        if let Some(field) = self.current() {
            match &mut field.content {
                Content::List(lines, editor) if editor.is_empty() && edit == Edit::Backspace => {
                    if let Some(line) = lines.pop() {
                        editor.set(&line);
                    }
                }
                Content::Plain(editor) | Content::List(_, editor) => editor.apply(edit),
                Content::Hidden(hidden) => hidden.apply(edit),
                Content::Choice(words) if edit == Edit::Right => words.step(true),
                Content::Choice(words) if edit == Edit::Left => words.step(false),
                Content::Choice(_) => {}
            }
        }
    }

    /// The text of a field that is shown, or its chosen word; empty for others.
    pub(crate) fn text(&self, field: usize) -> String {
        match self.fields.get(field).map(|field| &field.content) {
            Some(Content::Plain(editor)) => editor.text(),
            Some(Content::Choice(words)) => words.word().to_owned(),
            _ => String::new(),
        }
    }

    /// The secret of a hidden field; empty for others.
    pub(crate) fn secret(&self, field: usize) -> Secret {
        match self.fields.get(field).map(|field| &field.content) {
            Some(Content::Hidden(hidden)) => Secret::new(hidden.0.as_str().to_owned()),
            _ => Secret::new(String::new()),
        }
    }

    /// The lines of a list.
    pub(crate) fn list(&self, field: usize) -> Vec<String> {
        match self.fields.get(field).map(|field| &field.content) {
            Some(Content::List(lines, editor)) => {
                let last = (!editor.is_empty()).then(|| editor.text());
                lines.iter().cloned().chain(last).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Field {
    /// A field of shown text.
    pub(crate) fn plain(label: impl Into<String>, text: &str) -> Self {
        Self::new(label, Content::Plain(Editor::new(text)))
    }

    /// A field of hidden text.
    pub(crate) fn hidden(label: impl Into<String>) -> Self {
        Self::new(label, Content::Hidden(Hidden::default()))
    }

    /// A field of lines.
    pub(crate) fn list(label: impl Into<String>) -> Self {
        Self::new(label, Content::List(Vec::new(), Editor::default()))
    }

    /// A field of words, of which this one is chosen, or else the first.
    pub(crate) fn choice(
        label: impl Into<String>,
        all: &'static [&'static str],
        word: &str,
    ) -> Self {
        let chosen = all.iter().position(|other| *other == word).unwrap_or(0);
        Self::new(label, Content::Choice(Words { all, chosen }))
    }

    /// Says more about it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    fn new(label: impl Into<String>, content: Content) -> Self {
        Self {
            label: label.into(),
            help: String::new(),
            content,
            shown: true,
        }
    }
}

impl Words {
    /// The chosen one.
    pub(crate) fn word(&self) -> &'static str {
        self.all.get(self.chosen).copied().unwrap_or_default()
    }

    fn step(&mut self, forward: bool) {
        let count = self.all.len().max(1);
        self.chosen = (self.chosen + if forward { 1 } else { count - 1 }) % count;
    }

    /// A blank goes on; a letter goes to the next word that begins with it.
    fn typed(&mut self, text: &str) {
        if text.starts_with(' ') {
            return self.step(true);
        }
        let count = self.all.len().max(1);
        let next = (1..=count)
            .map(|step| (self.chosen + step) % count)
            .find(|at| self.all.get(*at).is_some_and(|word| word.starts_with(text)));
        self.chosen = next.unwrap_or(self.chosen);
    }
}

impl Hidden {
    /// How many characters were typed.
    pub(crate) fn len(&self) -> usize {
        self.0.chars().count()
    }

    fn insert(&mut self, text: &str) {
        if self.0.capacity() < MAX_HIDDEN {
            let mut room = Zeroizing::new(String::with_capacity(MAX_HIDDEN));
            room.push_str(&self.0);
            self.0 = room;
        }
        for c in text.chars() {
            if self.0.len() + c.len_utf8() <= MAX_HIDDEN {
                self.0.push(c);
            }
        }
    }

    fn apply(&mut self, edit: Edit) {
        match edit {
            Edit::Backspace => {
                self.0.pop();
            }
            Edit::DeleteToHome | Edit::DeleteWordLeft => *self = Self::default(),
            _ => {}
        }
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_stays_out_of_debug() {
        let mut form = Form::new(vec![Field::hidden("Password")]);
        form.insert("hunter2\nsecond line");
        form.apply(Edit::Backspace);
        assert_eq!(form.secret(0).expose(), "hunter");
        assert!(!format!("{form:?}").contains("hunter"));
    }

    #[test]
    fn a_choice_is_stepped_through_and_typed_and_hidden_fields_are_passed() {
        const METHODS: &[&str] = &["default", "basic", "negotiate", "ntlm"];
        let mut form = Form::new(vec![
            Field::plain("User", ""),
            Field::plain("Gone", ""),
            Field::choice("Authentication", METHODS, "nothing"),
        ]);
        form.fields[1].shown = false;
        assert!(!form.enter());
        assert_eq!(form.focus, 2);
        for (typed, word) in [
            (" ", "basic"),
            ("n", "negotiate"),
            ("n", "ntlm"),
            ("x", "ntlm"),
        ] {
            form.insert(typed);
            assert_eq!(form.text(2), word);
        }
        form.apply(Edit::Right);
        assert_eq!(form.text(2), "default");
        form.apply(Edit::Left);
        assert_eq!(form.text(2), "ntlm");
        form.step(false);
        assert_eq!(form.focus, 0);
        form.step(true);
        assert!(form.enter());
    }

    #[test]
    fn enter_walks_the_fields_and_ends_at_the_last() {
        let mut form = Form::new(vec![Field::plain("User", ""), Field::list("Names")]);
        form.insert("alice");
        assert!(!form.enter());
        form.insert("one");
        assert!(!form.enter());
        form.insert("two");
        assert!(!form.enter());
        assert!(form.enter());
        assert_eq!(form.text(0), "alice");
        assert_eq!(form.list(1), ["one", "two"]);
    }
}
