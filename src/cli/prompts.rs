//! The remote host's questions, asked as PowerShell's console asks them.

use std::io;

use zeroize::Zeroizing;

use super::tty::Tty;
use crate::remote_text::plain;
use crate::session::{FieldReply, Prompt, PromptField, PromptReply};
use crate::transport::Secret;

/// Who is asked: the terminal, or the rest of standard input.
pub(super) trait Talk {
    /// Shows text; it is clean already.
    fn show(&mut self, text: &str) -> io::Result<()>;

    /// Reads a line behind a label; `None`: there is no answer. Ctrl+C is an error of the kind `Interrupted`.
    async fn line(&mut self, label: &str, echo: bool) -> io::Result<Option<Zeroizing<String>>>;
}

impl Talk for Tty {
    fn show(&mut self, text: &str) -> io::Result<()> {
        self.show(text)
    }

    async fn line(&mut self, label: &str, echo: bool) -> io::Result<Option<Zeroizing<String>>> {
        self.read(label, echo).await?.answer()
    }
}

/// A terminal at which each label names the computer that asks, where there are several.
pub(super) struct Named<'a> {
    pub(super) tty: &'a mut Tty,
    pub(super) name: Option<String>,
}

impl Talk for Named<'_> {
    fn show(&mut self, text: &str) -> io::Result<()> {
        self.tty.show(text)
    }

    async fn line(&mut self, label: &str, echo: bool) -> io::Result<Option<Zeroizing<String>>> {
        match &self.name {
            Some(name) => self.tty.line(&format!("[{name}] {label}"), echo).await,
            None => self.tty.line(label, echo).await,
        }
    }
}

/// How a question ended.
pub(super) enum Asked {
    Reply(PromptReply),
    /// Whoever asked needs no answer any more.
    Void,
    /// Ctrl+C.
    Interrupted,
}

/// Asks until there is a reply, or none is needed.
pub(super) async fn ask_until(
    prompt: &Prompt,
    talk: &mut impl Talk,
    void: impl Future<Output = ()>,
) -> io::Result<Asked> {
    tokio::select! {
        reply = ask(prompt, talk) => match reply {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Asked::Interrupted),
            reply => Ok(Asked::Reply(reply?)),
        },
        () = void => Ok(Asked::Void),
    }
}

/// Asks, and gives the reply; a question without an answer is refused.
pub(super) async fn ask(prompt: &Prompt, talk: &mut impl Talk) -> io::Result<PromptReply> {
    let reply = match prompt {
        Prompt::Line => talk
            .line("", true)
            .await?
            .map(|line| PromptReply::Line(text(&line))),
        Prompt::SecureLine => talk
            .line("", false)
            .await?
            .map(|line| PromptReply::Secure(secret(&line))),
        Prompt::Key => talk
            .line("", true)
            .await?
            .map(|line| PromptReply::Key(line.chars().next().unwrap_or('\r'))),
        Prompt::Fields {
            caption,
            message,
            fields: asked,
        } => {
            heading(caption, message, talk)?;
            fields(asked, talk).await?.map(PromptReply::Fields)
        }
        Prompt::Credential {
            caption,
            message,
            user,
        } => {
            heading(caption, message, talk)?;
            credential(user.as_deref(), talk)
                .await?
                .map(|(user, password)| PromptReply::Credential { user, password })
        }
        Prompt::Choice {
            caption,
            message,
            choices,
            defaults,
            several,
        } => {
            heading(caption, message, talk)?;
            choice(choices, defaults, *several, talk)
                .await?
                .map(PromptReply::Choice)
        }
    };
    Ok(reply.unwrap_or(PromptReply::Refuse))
}

fn heading(caption: &str, message: &str, talk: &mut impl Talk) -> io::Result<()> {
    for text in [caption, message] {
        if !text.trim().is_empty() {
            talk.show(&format!("{}\n", super::output::printable(text)))?;
        }
    }
    Ok(())
}

async fn fields(
    fields: &[PromptField],
    talk: &mut impl Talk,
) -> io::Result<Option<Vec<FieldReply>>> {
    let mut replies = Vec::with_capacity(fields.len());
    for field in fields {
        let name = if field.label.is_empty() {
            &field.name
        } else {
            &field.label
        };
        let label = format!("{}: ", plain(&name.replace('&', "")));
        let reply = if field.credential {
            talk.show(&format!("{label}\n"))?;
            credential(None, talk)
                .await?
                .map(|(user, password)| FieldReply::Credential(user, password))
        } else if field.list {
            list(label.trim_end_matches(": "), talk)
                .await?
                .map(FieldReply::List)
        } else {
            let line = talk.line(&label, !field.secure).await?;
            line.map(|line| {
                if field.secure {
                    FieldReply::Secure(secret(&line))
                } else {
                    FieldReply::Text(text(&line))
                }
            })
        };
        match reply {
            Some(reply) => replies.push(reply),
            None => return Ok(None),
        }
    }
    Ok(Some(replies))
}

/// Lines until an empty one, each behind its number.
async fn list(label: &str, talk: &mut impl Talk) -> io::Result<Option<Vec<String>>> {
    let mut items = Vec::new();
    loop {
        let label = format!("{label}[{}]: ", items.len());
        match talk.line(&label, true).await? {
            Some(line) if line.is_empty() => return Ok(Some(items)),
            Some(line) => items.push(text(&line)),
            None if items.is_empty() => return Ok(None),
            None => return Ok(Some(items)),
        }
    }
}

async fn credential(
    user: Option<&str>,
    talk: &mut impl Talk,
) -> io::Result<Option<(String, Secret)>> {
    let user = match user.map(plain).filter(|user| !user.is_empty()) {
        Some(user) => user,
        None => match talk.line("User: ", true).await? {
            Some(line) => text(&line),
            None => return Ok(None),
        },
    };
    let password = talk
        .line(&format!("Password for user {user}: "), false)
        .await?;
    Ok(password.map(|line| (user, secret(&line))))
}

async fn choice(
    choices: &[(String, String)],
    defaults: &[usize],
    several: bool,
    talk: &mut impl Talk,
) -> io::Result<Option<Vec<usize>>> {
    let labels: Vec<_> = choices
        .iter()
        .map(|(label, _)| Label::read(label))
        .collect();
    let mut shown = String::new();
    for label in &labels {
        shown.push_str(&format!("[{}] {}  ", label.key, label.name));
    }
    let defaults_shown: Vec<_> = defaults
        .iter()
        .filter_map(|at| labels.get(*at))
        .map(|label| label.key.as_str())
        .collect();
    let default = match defaults_shown.as_slice() {
        [] => String::new(),
        some => format!(" (default is \"{}\")", some.join(",")),
    };
    let line = format!("{shown}[?] Help{default}: ");
    let mut chosen = Vec::new();
    loop {
        let label = if several {
            format!("{line}\nChoice[{}]: ", chosen.len())
        } else {
            line.clone()
        };
        let Some(typed) = talk.line(&label, true).await? else {
            return Ok(None);
        };
        let typed = typed.trim();
        if typed.is_empty() {
            match (chosen.is_empty(), defaults.is_empty()) {
                (true, true) if several => return Ok(Some(chosen)),
                (true, true) => {}
                (true, false) => return Ok(Some(defaults.to_vec())),
                (false, _) => return Ok(Some(chosen)),
            }
        } else if typed == "?" {
            for (label, (_, help)) in labels.iter().zip(choices) {
                let help = if help.is_empty() { &label.name } else { help };
                talk.show(&format!("{} - {}\n", label.key, plain(help)))?;
            }
        } else if let Some(at) = labels.iter().position(|label| label.fits(typed)) {
            chosen.push(at);
            if !several {
                return Ok(Some(chosen));
            }
        }
    }
}

/// A choice's label, with the key behind its `&`.
struct Label {
    key: String,
    name: String,
}

impl Label {
    fn read(label: &str) -> Self {
        let label = plain(label);
        let name = label.replace('&', "");
        let key = label
            .split_once('&')
            .and_then(|(_, rest)| rest.chars().next());
        Self {
            key: key.map_or_else(|| name.clone(), |key| key.to_uppercase().to_string()),
            name,
        }
    }

    fn fits(&self, typed: &str) -> bool {
        typed.to_lowercase() == self.key.to_lowercase()
            || typed.to_lowercase() == self.name.to_lowercase()
    }
}

fn text(line: &Zeroizing<String>) -> String {
    line.as_str().to_owned()
}

fn secret(line: &Zeroizing<String>) -> Secret {
    Secret::new(line.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers from a list, and keeps what was shown.
    struct Script<'a> {
        lines: std::slice::Iter<'a, &'static str>,
        shown: String,
    }

    impl Talk for Script<'_> {
        fn show(&mut self, text: &str) -> io::Result<()> {
            self.shown.push_str(text);
            Ok(())
        }

        async fn line(
            &mut self,
            label: &str,
            _echo: bool,
        ) -> io::Result<Option<Zeroizing<String>>> {
            self.shown.push_str(label);
            self.shown.push('\n');
            Ok(self
                .lines
                .next()
                .map(|line| Zeroizing::new((*line).to_owned())))
        }
    }

    async fn asked(prompt: Prompt, lines: &[&'static str]) -> (PromptReply, String) {
        let mut script = Script {
            lines: lines.iter(),
            shown: String::new(),
        };
        let reply = ask(&prompt, &mut script).await.unwrap();
        (reply, script.shown)
    }

    fn yes_no(several: bool) -> Prompt {
        Prompt::Choice {
            caption: "Sure?".into(),
            message: "\u{1b}[2JReally".into(),
            choices: vec![
                ("&Yes".into(), "do it".into()),
                ("&No".into(), String::new()),
            ],
            defaults: vec![0],
            several,
        }
    }

    #[tokio::test]
    async fn a_choice_shows_its_keys_and_takes_key_name_or_default() {
        let (reply, shown) = asked(yes_no(false), &["x", "?", "n"]).await;
        assert!(matches!(reply, PromptReply::Choice(at) if at == [1]));
        assert!(
            shown.starts_with("Sure?\nReally\n[Y] Yes  [N] No  [?] Help (default is \"Y\"): \n")
        );
        assert!(shown.contains("Y - do it\nN - No\n"));
        let (reply, _) = asked(yes_no(false), &[""]).await;
        assert!(matches!(reply, PromptReply::Choice(at) if at == [0]));
        let (reply, _) = asked(yes_no(true), &["no", "yes", ""]).await;
        assert!(matches!(reply, PromptReply::Choice(at) if at == [1, 0]));
    }

    #[tokio::test]
    async fn no_answer_is_a_refusal() {
        let (reply, _) = asked(Prompt::Line, &[]).await;
        assert!(matches!(reply, PromptReply::Refuse));
        let (reply, _) = asked(yes_no(false), &["x"]).await;
        assert!(matches!(reply, PromptReply::Refuse));
    }

    #[tokio::test]
    async fn fields_are_asked_in_order() {
        let field = |name: &str, secure, list| PromptField {
            name: name.into(),
            label: String::new(),
            help: String::new(),
            secure,
            credential: false,
            list,
        };
        let prompt = Prompt::Fields {
            caption: String::new(),
            message: String::new(),
            fields: vec![
                field("Name", false, false),
                field("Items", false, true),
                field("Secret", true, false),
            ],
        };
        let (reply, shown) = asked(prompt, &["n", "a", "b", "", "s"]).await;
        let PromptReply::Fields(replies) = reply else {
            panic!("{reply:?}")
        };
        assert!(matches!(&replies[0], FieldReply::Text(text) if text == "n"));
        assert!(matches!(&replies[1], FieldReply::List(items) if items == &["a", "b"]));
        assert!(matches!(&replies[2], FieldReply::Secure(secret) if secret.expose() == "s"));
        assert_eq!(
            shown,
            "Name: \nItems[0]: \nItems[1]: \nItems[2]: \nSecret: \n"
        );
    }
}
