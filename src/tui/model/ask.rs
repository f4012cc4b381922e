//! A prompt of the remote host while it is answered.

use std::collections::BTreeSet;

use crate::remote_text;
use crate::session::{FieldReply, Prompt, PromptField, PromptReply};

use super::form::{Content, Field, Form};

/// A prompt of the remote host, with what was filled in.
#[derive(Debug)]
pub(crate) struct HostPrompt {
    pub(crate) id: u64,
    /// Caption and message, plain; either may be empty.
    pub(crate) caption: String,
    pub(crate) message: String,
    pub(crate) answer: Filling,
}

/// How the answer is given.
#[derive(Debug)]
pub(crate) enum Filling {
    /// Fields; what they are for decides what the reply is.
    Form(Form, Wanted),
    /// Choices.
    Choices(Choices),
    /// One key.
    Key,
}

/// What a form's fields become.
#[derive(Debug)]
pub(crate) enum Wanted {
    Line,
    SecureLine,
    Credential,
    Fields(Vec<PromptField>),
}

/// Choices, one of which has the cursor.
#[derive(Debug)]
pub(crate) struct Choices {
    pub(crate) items: Vec<Choice>,
    pub(crate) cursor: usize,
    pub(crate) chosen: BTreeSet<usize>,
    pub(crate) several: bool,
}

/// One choice.
#[derive(Debug)]
pub(crate) struct Choice {
    /// Without its `&`.
    pub(crate) label: String,
    pub(crate) key: Option<char>,
    pub(crate) help: String,
}

impl HostPrompt {
    /// A prompt; `asked` is what the remote side wrote on the line before, which says what is wanted.
    pub(crate) fn new(id: u64, prompt: Prompt, asked: &str) -> Self {
        let asked = asked.trim().to_owned();
        let line = |fields: Vec<Field>, wanted| Filling::Form(Form::new(fields), wanted);
        let (caption, message, answer) = match prompt {
            Prompt::Line => (
                String::new(),
                said(asked, "A line is asked for."),
                line(vec![Field::plain("", "")], Wanted::Line),
            ),
            Prompt::SecureLine => (
                String::new(),
                said(
                    asked,
                    "A secret is asked for. It is sent encrypted and shown nowhere.",
                ),
                line(vec![Field::hidden("")], Wanted::SecureLine),
            ),
            Prompt::Key => (String::new(), asked, Filling::Key),
            Prompt::Credential {
                caption,
                message,
                user,
            } => {
                let user = user.unwrap_or_default();
                let mut form = Form::new(vec![
                    Field::plain("User", &remote_text::plain(&user)),
                    Field::hidden("Password"),
                ]);
                form.focus = usize::from(!user.is_empty());
                (caption, message, Filling::Form(form, Wanted::Credential))
            }
            Prompt::Fields {
                caption,
                message,
                fields,
            } => {
                let form = Form::new(fields.iter().flat_map(inputs).collect());
                (
                    caption,
                    message,
                    Filling::Form(form, Wanted::Fields(fields)),
                )
            }
            Prompt::Choice {
                caption,
                message,
                choices,
                defaults,
                several,
            } => (
                caption,
                message,
                Filling::Choices(Choices::new(&choices, &defaults, several)),
            ),
        };
        Self {
            id,
            caption: remote_text::plain(&caption),
            message: lines(&message),
            answer,
        }
    }

    /// The reply that the filled-in fields make.
    pub(crate) fn reply(&self) -> PromptReply {
        match &self.answer {
            Filling::Key => PromptReply::Refuse,
            Filling::Choices(choices) => PromptReply::Choice(choices.reply()),
            Filling::Form(form, wanted) => match wanted {
                Wanted::Line => PromptReply::Line(form.text(0)),
                Wanted::SecureLine => PromptReply::Secure(form.secret(0)),
                Wanted::Credential => PromptReply::Credential {
                    user: form.text(0),
                    password: form.secret(1),
                },
                Wanted::Fields(fields) => PromptReply::Fields(replies(form, fields)),
            },
        }
    }

    /// What stays in the pane once it is answered: the answer behind the question, never a secret.
    pub(crate) fn echo(&self) -> Vec<String> {
        match &self.answer {
            Filling::Key => Vec::new(),
            Filling::Form(form, Wanted::Line | Wanted::SecureLine) => vec![answered(form, 0)],
            Filling::Form(form, _) => {
                let fields = form.fields.iter().enumerate();
                let fields =
                    fields.map(|(at, field)| format!("{}: {}", field.label, answered(form, at)));
                self.caption().chain(fields).collect()
            }
            Filling::Choices(choices) => {
                let labels: Vec<_> = choices
                    .reply()
                    .into_iter()
                    .filter_map(|at| choices.items.get(at))
                    .map(|item| item.label.as_str())
                    .collect();
                let answer = format!("> {}", labels.join(", "));
                self.caption().chain([answer]).collect()
            }
        }
    }

    fn caption(&self) -> impl Iterator<Item = String> {
        (!self.caption.is_empty())
            .then(|| self.caption.clone())
            .into_iter()
    }
}

/// What is asked for; where the remote side does not say it, we do.
fn said(asked: String, otherwise: &str) -> String {
    if asked.is_empty() {
        otherwise.to_owned()
    } else {
        asked
    }
}

/// A field's text, or stars as many whatever the secret.
fn answered(form: &Form, field: usize) -> String {
    match form.fields.get(field).map(|field| &field.content) {
        Some(Content::Hidden(_)) => "********".to_owned(),
        Some(Content::List(..)) => form.list(field).join(", "),
        _ => form.text(field),
    }
}

impl Choices {
    fn new(choices: &[(String, String)], defaults: &[usize], several: bool) -> Self {
        let items = choices
            .iter()
            .map(|(label, help)| {
                let label = remote_text::plain(label);
                let key = label
                    .split_once('&')
                    .and_then(|(_, after)| after.chars().next())
                    .map(|key| key.to_ascii_lowercase());
                Choice {
                    label: label.replacen('&', "", 1),
                    key,
                    help: remote_text::plain(help),
                }
            })
            .collect::<Vec<_>>();
        let defaults: BTreeSet<usize> = defaults
            .iter()
            .copied()
            .filter(|index| *index < items.len())
            .collect();
        Self {
            cursor: defaults.first().copied().unwrap_or(0),
            chosen: if several { defaults } else { BTreeSet::new() },
            items,
            several,
        }
    }

    /// Moves the cursor; past the last to the first.
    pub(crate) fn step(&mut self, forward: bool) {
        let count = self.items.len().max(1);
        self.cursor = (self.cursor + if forward { 1 } else { count - 1 }) % count;
    }

    /// Marks the choice under the cursor, or takes its mark away.
    pub(crate) fn toggle(&mut self) {
        if self.several && !self.chosen.remove(&self.cursor) {
            self.chosen.insert(self.cursor);
        }
    }

    /// Goes to the choice with that hot key, or with that number from 1. Whether there is one.
    pub(crate) fn hot_key(&mut self, key: char) -> bool {
        let key = key.to_ascii_lowercase();
        let place = self
            .items
            .iter()
            .position(|item| item.key == Some(key))
            .or_else(|| {
                let number = usize::try_from(key.to_digit(10)?).ok()?.checked_sub(1)?;
                (number < self.items.len()).then_some(number)
            });
        if let Some(place) = place {
            self.cursor = place;
        }
        place.is_some()
    }

    fn reply(&self) -> Vec<usize> {
        if self.several {
            self.chosen.iter().copied().collect()
        } else {
            vec![self.cursor]
        }
    }
}

/// The inputs of one field: a credential has two.
fn inputs(field: &PromptField) -> Vec<Field> {
    let label = if field.label.is_empty() {
        &field.name
    } else {
        &field.label
    };
    let label = remote_text::plain(label).replacen('&', "", 1);
    let help = remote_text::plain(&field.help);
    if field.credential {
        return vec![
            Field::plain(format!("{label}: user"), "").help(help),
            Field::hidden(format!("{label}: password")),
        ];
    }
    let input = if field.secure {
        Field::hidden(label)
    } else if field.list {
        Field::list(label).help(if help.is_empty() {
            "a line each; an empty one ends the list".to_owned()
        } else {
            help.clone()
        })
    } else {
        Field::plain(label, "")
    };
    vec![if input.help.is_empty() {
        input.help(help)
    } else {
        input
    }]
}

fn replies(form: &Form, fields: &[PromptField]) -> Vec<FieldReply> {
    let mut at = 0;
    fields
        .iter()
        .map(|field| {
            let here = at;
            at += if field.credential { 2 } else { 1 };
            if field.credential {
                FieldReply::Credential(form.text(here), form.secret(here + 1))
            } else if field.secure {
                FieldReply::Secure(form.secret(here))
            } else if field.list {
                FieldReply::List(form.list(here))
            } else {
                FieldReply::Text(form.text(here))
            }
        })
        .collect()
}

/// A message of several lines, plain, its line ends kept.
fn lines(message: &str) -> String {
    message
        .lines()
        .map(remote_text::plain)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(several: bool) -> Choices {
        let items = [("&Yes", "do it"), ("&No", ""), ("Yes to &All", "")]
            .map(|(label, help)| (label.to_owned(), help.to_owned()));
        Choices::new(&items, &[1, 7], several)
    }

    #[test]
    fn one_choice_is_the_one_under_the_cursor() {
        let mut choices = choice(false);
        assert_eq!(choices.reply(), [1]);
        assert!(choices.hot_key('A'));
        assert_eq!(choices.reply(), [2]);
        assert!(choices.hot_key('1'));
        assert_eq!(choices.reply(), [0]);
        assert!(!choices.hot_key('x'));
        assert_eq!(choices.items[2].label, "Yes to All");
    }

    #[test]
    fn several_choices_are_the_marked_ones() {
        let mut choices = choice(true);
        choices.hot_key('a');
        choices.toggle();
        assert_eq!(choices.reply(), [1, 2]);
    }

    #[test]
    fn fields_become_replies_of_their_kinds() {
        let field = |name: &str, secure, credential, list| PromptField {
            name: name.to_owned(),
            label: String::new(),
            help: String::new(),
            secure,
            credential,
            list,
        };
        let prompt = Prompt::Fields {
            caption: String::new(),
            message: String::new(),
            fields: vec![
                field("Who", false, true, false),
                field("Names", false, false, true),
                field("Plain", false, false, false),
            ],
        };
        let mut prompt = HostPrompt::new(1, prompt, "");
        let Filling::Form(form, _) = &mut prompt.answer else {
            panic!("a form");
        };
        for text in ["alice", "secret", "one", "two", "", "text"] {
            form.insert(text);
            form.enter();
        }
        let PromptReply::Fields(replies) = prompt.reply() else {
            panic!("fields");
        };
        assert!(matches!(&replies[0], FieldReply::Credential(user, password)
            if user == "alice" && password.expose() == "secret"));
        assert!(matches!(&replies[1], FieldReply::List(lines) if lines == &["one", "two"]));
        assert!(matches!(&replies[2], FieldReply::Text(text) if text == "text"));
    }
}
