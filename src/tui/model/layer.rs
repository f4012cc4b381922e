//! Dialogs that lie over the screen. The one on top has the keys.

use std::collections::BTreeMap;

use crate::config::{Config, overlay, read_flags};
use crate::session::{Report, SessionId};
use crate::transport::{Authentication, Options, Question, Scheme, Stage, TargetAddress};

use super::ask::HostPrompt;
use super::bulk::Verb;
use super::form::{Field, Form};
use super::list::SessionList;
use super::pane::PaneId;

/// A number for a session being opened or connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct OpeningId(pub(crate) u64);

/// A number for a question of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct QuestionId(pub(crate) u64);

/// For whom a question of ours is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Asker {
    /// A session being opened or connected.
    Opening(OpeningId),
    /// The line that runs in the command line.
    Command,
    /// A server that is asked what it holds: the round, and its place in it.
    Server(u64, usize),
}

/// A dialog.
#[derive(Debug)]
pub(crate) enum Layer {
    /// The command line.
    Command,
    /// A line of the command line asks.
    Asks(Box<HostPrompt>),
    /// The sessions that can be taken up again.
    Resume(Box<SessionList>),
    /// What becomes of open sessions when psdeck ends.
    Quit(Quit),
    /// The keys, scrolled by that many rows.
    Help(usize),
    /// Target, user and name of a new session.
    New(Form),
    /// A session being opened or connected.
    Opening(Opening),
    /// A question of ours while getting in.
    Question(Asked),
    /// Yes or no.
    Confirm(Confirm),
    /// Several lines were pasted.
    Paste { pane: PaneId, text: String },
    /// Something failed.
    Report(Box<Report>),
    /// Sessions could not be removed, but can be taken off the list.
    Unremoved(Box<Report>, Vec<SessionId>),
}

/// What a new session is made from: what was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NewSession {
    pub(crate) target: String,
    pub(crate) user: Option<String>,
    pub(crate) name: Option<String>,
    /// One of [`HTTPS_WORDS`].
    pub(crate) https: String,
    /// One of [`Authentication::NAMES`].
    pub(crate) auth: String,
    pub(crate) configuration: Option<String>,
    /// Connection options as on the command line.
    pub(crate) more: String,
}

/// A session being opened or connected.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) id: OpeningId,
    pub(crate) of: OpeningOf,
    /// What is shown as its target.
    pub(crate) label: String,
    /// How it is reached, which decides what its stages are called.
    pub(crate) way: Way,
    /// Whether a pane is opened when it succeeds.
    pub(crate) enter: bool,
    pub(crate) stage: Option<Stage>,
    /// Seconds since it began.
    pub(crate) seconds: u64,
    /// Why it failed, once it did.
    pub(crate) failure: Option<Box<Report>>,
}

/// How a target is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// WSMan by a computer's name; the user may choose HTTPS.
    Computer,
    /// WSMan by a URI, which says whether it is HTTPS.
    Uri(Scheme),
    /// SSH.
    Ssh,
    /// A process of this computer, the demonstration, or nothing that is known yet.
    Other,
}

/// What is being opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OpeningOf {
    New(NewSession),
    Connect(SessionId),
}

/// A question of ours, being answered.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) id: QuestionId,
    pub(crate) asker: Asker,
    pub(crate) question: Question,
    pub(crate) form: Form,
}

/// Something that is done only after a yes.
#[derive(Debug)]
pub(crate) struct Confirm {
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) action: Confirmed,
}

/// What a yes does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Confirmed {
    Bulk(Verb, Vec<SessionId>),
    ForceClose(PaneId),
}

/// What becomes of open sessions when psdeck ends.
#[derive(Debug, Default)]
pub(crate) struct Quit {
    /// Those that can be left at their servers, with their names.
    pub(crate) kept: BTreeMap<SessionId, String>,
    /// The names of those that end with psdeck.
    pub(crate) lost: Vec<String>,
    /// The names of those that run something.
    pub(crate) busy: Vec<String>,
    /// They are being left.
    pub(crate) leaving: bool,
}

/// The fields of the new-session dialog, in their order.
pub(crate) const TARGET: usize = 0;
pub(crate) const USER: usize = 1;
pub(crate) const NAME: usize = 2;
const HTTPS: usize = 3;
const AUTH: usize = 4;
const CONFIGURATION: usize = 5;
const MORE: usize = 6;

/// What can be said about HTTPS.
const HTTPS_WORDS: &[&str] = &["default", "yes", "no"];

/// The new-session dialog, filled in with what is known.
pub(crate) fn new_session(known: Option<&NewSession>, config: &Config) -> Form {
    let none = NewSession::default();
    let known = known.unwrap_or(&none);
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let mut form = Form::new(vec![
        Field::plain("Target", &known.target)
            .help("Server01, https://host, user@host for SSH, local, demo:Server01, or a profile"),
        Field::plain("User", &text(&known.user))
            .help("the account there; empty: the target's, the profile's, or asked for"),
        Field::plain("Name", &text(&known.name))
            .help("of the session; empty: Runspace and a number"),
        Field::choice("HTTPS", HTTPS_WORDS, &known.https)
            .help("Space changes it; default: as the profile says, else HTTP on port 5985"),
        Field::choice("Authentication", &Authentication::NAMES, &known.auth)
            .help("Space changes it; default: the best that server and psdeck have"),
        Field::plain("Configuration", &text(&known.configuration))
            .help("the session configuration; empty: Microsoft.PowerShell"),
        Field::plain("Options", &known.more).help(
            "more, as on the command line: --ca FILE, --skip-cn-check, --trust-host, --port 80",
        ),
    ]);
    suit(&mut form, config);
    form
}

/// Shows the fields that mean something for the target as it is typed so far.
pub(crate) fn suit(form: &mut Form, config: &Config) {
    let way = Way::of(&form.text(TARGET), config);
    let wsman = matches!(way, Way::Computer | Way::Uri(_));
    for (index, field) in form.fields.iter_mut().enumerate() {
        field.shown = match index {
            HTTPS => way == Way::Computer,
            AUTH | CONFIGURATION => wsman,
            MORE => wsman || way == Way::Ssh,
            _ => true,
        };
    }
}

impl NewSession {
    /// What stands in the dialog; none without a target.
    pub(crate) fn of(form: &Form) -> Option<Self> {
        let typed = |index: usize| {
            let shown = form.fields.get(index).is_some_and(|field| field.shown);
            Some(form.text(index).trim().to_owned()).filter(|text| shown && !text.is_empty())
        };
        Some(Self {
            target: typed(TARGET)?,
            user: typed(USER),
            name: typed(NAME),
            https: typed(HTTPS).unwrap_or_default(),
            auth: typed(AUTH).unwrap_or_default(),
            configuration: typed(CONFIGURATION),
            more: typed(MORE).unwrap_or_default(),
        })
    }

    /// The connection options that were typed. The error says what is wrong with them.
    pub(crate) fn options(&self) -> Result<Options, String> {
        let more = read_flags(&self.more)?;
        let own = Options {
            user: self.user.clone(),
            use_ssl: match self.https.as_str() {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            },
            auth: self
                .auth
                .parse()
                .ok()
                .filter(|method| *method != Authentication::Default),
            configuration_name: self.configuration.clone(),
            ..Options::default()
        };
        Ok(overlay(own, more))
    }
}

impl Way {
    /// How a new session's target is reached with what was typed beside it.
    pub(crate) fn taken(new: &NewSession, config: &Config) -> Self {
        let way = Self::of(&new.target, config);
        let typed = new.options().unwrap_or_default().use_ssl;
        let profile = || {
            let found = config.resolve(&new.target).ok()?;
            found.into_iter().next()?.options.use_ssl
        };
        match way {
            Self::Computer if typed.or_else(profile) == Some(true) => Self::Uri(Scheme::Https),
            _ => way,
        }
    }

    /// How a target is reached, as far as its text and its profile say.
    pub(crate) fn of(target: &str, config: &Config) -> Self {
        let found = config.resolve(target).ok();
        let Some(computer) = found.and_then(|computers| computers.into_iter().next()) else {
            return Self::Other;
        };
        match computer.address {
            TargetAddress::Wsman { scheme: None, .. } => Self::Computer,
            TargetAddress::Wsman {
                scheme: Some(scheme),
                ..
            } => Self::Uri(scheme),
            TargetAddress::Ssh { .. } => Self::Ssh,
            TargetAddress::Local | TargetAddress::Demo(_) => Self::Other,
        }
    }
}

impl Asked {
    /// A question with the fields for its answer; one of yes and no has none.
    pub(crate) fn new(id: QuestionId, asker: Asker, question: Question) -> Self {
        let fields = match &question {
            Question::UnknownHostKey { .. } | Question::TrustHost { .. } => Vec::new(),
            Question::UserName { .. } => {
                vec![
                    Field::plain("User", "")
                        .help("the account there: NAME, DOMAIN\\NAME or NAME@DOMAIN"),
                ]
            }
            Question::Password { user, host, .. } => {
                vec![Field::hidden(format!("Password of {user}@{host}"))]
            }
            Question::Passphrase { file } => vec![Field::hidden(format!("Passphrase of {file}"))],
            Question::KeyboardInteractive { prompt, echo, .. } => {
                let prompt = crate::remote_text::plain(prompt);
                let label = prompt.trim().trim_end_matches(':').to_owned();
                vec![if *echo {
                    Field::plain(label, "")
                } else {
                    Field::hidden(label)
                }]
            }
        };
        Self {
            id,
            asker,
            question,
            form: Form::new(fields),
        }
    }
}
