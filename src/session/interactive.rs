//! What an entered session shows and asks. The pane, the plain console, `invoke` and the tests see the same events.

use std::time::SystemTime;

use crate::clixml::records::{ErrorRecord, ProgressRecord};
use crate::session::{Interruption, Report};
use crate::transport::Secret;

/// One of PowerShell's sixteen console colours, by its number in `System.ConsoleColor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Colour(pub u8);

/// Text that the remote host writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The text as sent. It may hold escape sequences: whoever shows it parses them.
    pub text: String,
    /// Whether the line ends here.
    pub newline: bool,
    /// The colour of the text, where the server named one.
    pub foreground: Option<Colour>,
    /// The colour behind the text, where the server named one.
    pub background: Option<Colour>,
}

/// The stream that a line belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamKind {
    /// Errors.
    Error,
    /// `WARNING:`.
    Warning,
    /// `VERBOSE:`.
    Verbose,
    /// `DEBUG:`.
    Debug,
}

/// What an entered session tells whoever looks at it.
#[derive(Debug)]
pub enum InteractiveEvent {
    /// Ready for a line; the prompt with its prefix, `[Server01]: PS C:\>` say.
    Ready(String),
    /// The remote host writes.
    Write(Line),
    /// A line of a stream, without its prefix (`WARNING: ` and so on).
    Stream(StreamKind, String),
    /// An error record that the server did not show itself.
    Error(Box<ErrorRecord>),
    /// Progress; a record of type Completed takes its bar away.
    Progress {
        /// Which source it belongs to.
        source: i64,
        /// The record.
        record: Box<ProgressRecord>,
    },
    /// `Clear-Host`.
    Clear,
    /// The window's title.
    Title(String),
    /// The remote host asks. Answer once with the id; an id that is dropped gets the error answer.
    Prompt {
        /// The call's id.
        id: u64,
        /// What it asks.
        prompt: Prompt,
    },
    /// That prompt is void: its command was stopped.
    PromptCancelled(u64),
    /// A notice of ours, dim: a late stop, a warning about the endpoint.
    Notice(String),
    /// The stop takes long: a second Ctrl+C closes the session by force.
    StopPending,
    /// The network is lost, and tried again. Lines submitted meanwhile are kept, and sent by nobody.
    Interrupted(Interruption),
    /// The network is back. Nothing of what was kept has been sent.
    Restored {
        /// The lines that were kept, oldest first: text for the line editor.
        lines: Vec<String>,
    },
    /// The session runs on without us: it was left, or its network was lost for too long. Lines submitted meanwhile are
    /// kept, and sent by nobody. Everything that the server had handed over came before this: whoever goes away now, and
    /// not earlier, leaves nothing behind that [`Interactive::resume`](super::Interactive::resume) does not show.
    Disconnected {
        /// Why, if nobody asked for it.
        why: Option<String>,
        /// When the server drops it, if that is known.
        expires: Option<SystemTime>,
    },
    /// The session is ours again, and what ran goes on. Nothing of what was kept has been sent.
    Reconnected {
        /// The lines that were kept, oldest first: text for the line editor.
        lines: Vec<String>,
    },
    /// The session has been left. The last event.
    Left {
        /// `exit N`.
        exit_code: Option<i32>,
    },
    /// The session is lost. The last event.
    Broken(Box<Report>),
}

/// A question of the remote host.
#[derive(Clone, Debug)]
pub enum Prompt {
    /// `Read-Host`.
    Line,
    /// `Read-Host -AsSecureString`; a warning that names the computer went before.
    SecureLine,
    /// Several named fields: mandatory parameters, `$Host.UI.Prompt`.
    Fields {
        /// Above the message.
        caption: String,
        /// The message.
        message: String,
        /// The fields.
        fields: Vec<PromptField>,
    },
    /// `Get-Credential`.
    Credential {
        /// Above the message, with the prefix that says where it comes from.
        caption: String,
        /// The message, with the warning that names the computer.
        message: String,
        /// The account proposed.
        user: Option<String>,
    },
    /// One or several of some choices.
    Choice {
        /// Above the message.
        caption: String,
        /// The message.
        message: String,
        /// The choices: label (`&` before the hot key) and help.
        choices: Vec<(String, String)>,
        /// The default ones, by index.
        defaults: Vec<usize>,
        /// Whether several may be chosen.
        several: bool,
    },
    /// A single key.
    Key,
}

/// One field of [`Prompt::Fields`].
#[derive(Clone, Debug)]
pub struct PromptField {
    /// Its name, which the answer is filed under.
    pub name: String,
    /// What to show; may hold `&` before a hot key.
    pub label: String,
    /// Help.
    pub help: String,
    /// Whether the answer is hidden and sent as a secure string.
    pub secure: bool,
    /// Whether the answer is a credential: a user name, then a password.
    pub credential: bool,
    /// Whether the answer is a list: lines until an empty one.
    pub list: bool,
}

/// An answer to a [`Prompt`].
#[derive(Clone, Debug)]
pub enum PromptReply {
    /// To `Line`.
    Line(String),
    /// To `SecureLine`.
    Secure(Secret),
    /// To `Fields`, in their order.
    Fields(Vec<FieldReply>),
    /// To `Credential`.
    Credential {
        /// The account.
        user: String,
        /// The password.
        password: Secret,
    },
    /// To `Choice`, by index.
    Choice(Vec<usize>),
    /// To `Key`.
    Key(char),
    /// No answer: the remote side sees a host exception.
    Refuse,
}

/// The answer to one field.
#[derive(Clone, Debug)]
pub enum FieldReply {
    /// Plain text.
    Text(String),
    /// A hidden one.
    Secure(Secret),
    /// A credential.
    Credential(String, Secret),
    /// A list.
    List(Vec<String>),
}
