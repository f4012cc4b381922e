//! Dialogs that lie over the screen. The one on top has the keys.

use crate::session::{Report, SessionId};
use crate::transport::{Question, Stage};

use super::form::{Field, Form};
use super::pane::PaneId;

/// A number for a session being opened or connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct OpeningId(pub(crate) u64);

/// A number for a question of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct QuestionId(pub(crate) u64);

/// A dialog.
#[derive(Debug)]
pub(crate) enum Layer {
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
}

/// What a new session is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewSession {
    pub(crate) target: String,
    pub(crate) user: Option<String>,
    pub(crate) name: Option<String>,
}

/// A session being opened or connected.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) id: OpeningId,
    pub(crate) of: OpeningOf,
    /// What is shown as its target.
    pub(crate) label: String,
    /// Whether a pane is opened when it succeeds.
    pub(crate) enter: bool,
    pub(crate) stage: Option<Stage>,
    /// Seconds since it began.
    pub(crate) seconds: u64,
    /// Why it failed, once it did.
    pub(crate) failure: Option<Box<Report>>,
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
    pub(crate) opening: OpeningId,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirmed {
    Remove(SessionId),
    ForceClose(PaneId),
    Quit,
}

/// The fields of the new-session dialog, in their order.
pub(crate) const TARGET: usize = 0;
pub(crate) const USER: usize = 1;
pub(crate) const NAME: usize = 2;

/// The new-session dialog, filled in with what is known.
pub(crate) fn new_session(known: Option<&NewSession>) -> Form {
    let text = |field: Option<&String>| field.cloned().unwrap_or_default();
    Form::new(vec![
        Field::plain(
            "Target",
            &known.map_or_else(String::new, |new| new.target.clone()),
        )
        .help("user@host, ssh:host:port, local, demo:Server01, or a profile"),
        Field::plain("User", &text(known.and_then(|new| new.user.as_ref())))
            .help("the account there; empty: the target's, the profile's or your own"),
        Field::plain("Name", &text(known.and_then(|new| new.name.as_ref())))
            .help("of the session; empty: Runspace and a number"),
    ])
}

impl Asked {
    /// A question with the fields for its answer; one of yes and no has none.
    pub(crate) fn new(id: QuestionId, opening: OpeningId, question: Question) -> Self {
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
            opening,
            question,
            form: Form::new(fields),
        }
    }
}
