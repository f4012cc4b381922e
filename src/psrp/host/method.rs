//! The host's methods with their parameters ([MS-PSRP] 2.2.3.17).

use super::types::Travels;
use super::{
    BufferCell, BufferCells, ChoiceDescription, FieldDescription, HostMethodId, Rectangle,
};
use crate::clixml::records::{Coordinates, ProgressRecord, Size};
use crate::clixml::{Text, Value};
use crate::psrp::MemberError;
use crate::psrp::members::Member;

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {
        /// One method of the host, with its parameters. Colours are `ConsoleColor`s, 0 to 15, or −1 for none.
        #[derive(Clone, Debug, PartialEq)]
        pub enum HostMethod {
            $($(#[$doc])* $name { $($(#[$field_doc])* $field: $type,)* },)*
        }

        impl HostMethod {
            /// Which method it is.
            pub fn id(&self) -> HostMethodId {
                match self {
                    $(Self::$name { .. } => HostMethodId::$name,)*
                }
            }

            pub(super) fn decode(id: HostMethodId, parameters: &Member<'_>) -> Result<Self, MemberError> {
                let mut next = Parameters { list: parameters, index: 0 };
                Ok(match id {
                    $(HostMethodId::$name => Self::$name { $($field: next.take::<$type>()?,)* },)*
                })
            }

            pub(super) fn encode(&self) -> Vec<Value> {
                match self {
                    $(Self::$name { $($field,)* } => vec![$($field.encode(),)*],)*
                }
            }
        }
    };
}

struct Parameters<'a> {
    list: &'a Member<'a>,
    index: usize,
}

impl Parameters<'_> {
    fn take<T: Travels>(&mut self) -> Result<T, MemberError> {
        let item = self.list.item(self.index)?;
        self.index += 1;
        T::decode(&item)
    }
}

methods! {
    /// The host's name.
    GetName {}
    /// The host's version.
    GetVersion {}
    /// The host's identity.
    GetInstanceId {}
    /// The name of the host's culture.
    GetCurrentCulture {}
    /// The name of the culture of the host's words.
    GetCurrentUICulture {}
    /// `exit`: the session should end.
    SetShouldExit {
        /// The exit code.
        exit_code: i32,
    }
    /// Nested prompts; not available remotely.
    EnterNestedPrompt {}
    /// Nested prompts; not available remotely.
    ExitNestedPrompt {}
    /// A program that draws by itself begins.
    NotifyBeginApplication {}
    /// It ended.
    NotifyEndApplication {}
    /// Asks for a line.
    ReadLine {}
    /// Asks for a line that is not shown.
    ReadLineAsSecureString {}
    /// Text without a line end.
    Write1 {
        /// The text.
        text: Text,
    }
    /// Coloured text without a line end.
    Write2 {
        /// Colour of the text.
        foreground: i32,
        /// Colour behind it.
        background: i32,
        /// The text.
        text: Text,
    }
    /// A line end.
    WriteLine1 {}
    /// A line.
    WriteLine2 {
        /// The text, without its line end.
        text: Text,
    }
    /// A coloured line.
    WriteLine3 {
        /// Colour of the text.
        foreground: i32,
        /// Colour behind it.
        background: i32,
        /// The text, without its line end.
        text: Text,
    }
    /// A line of an error.
    WriteErrorLine {
        /// The text.
        text: Text,
    }
    /// A debug message.
    WriteDebugLine {
        /// The text.
        text: Text,
    }
    /// Progress.
    WriteProgress {
        /// Who reports it.
        source: i64,
        /// The record.
        record: Box<ProgressRecord>,
    }
    /// A verbose message.
    WriteVerboseLine {
        /// The text.
        text: Text,
    }
    /// A warning.
    WriteWarningLine {
        /// The text.
        text: Text,
    }
    /// Asks for several values.
    Prompt {
        /// The title; may be empty.
        caption: String,
        /// The text; may be empty.
        message: String,
        /// What is asked for.
        fields: Vec<FieldDescription>,
    }
    /// Asks for a user name and a password.
    PromptForCredential1 {
        /// The title.
        caption: String,
        /// The text.
        message: String,
        /// The user name to begin with; may be empty.
        user: String,
        /// What the credential is for; may be empty.
        target: String,
    }
    /// Asks for a user name and a password of certain kinds.
    PromptForCredential2 {
        /// The title.
        caption: String,
        /// The text.
        message: String,
        /// The user name to begin with; may be empty.
        user: String,
        /// What the credential is for; may be empty.
        target: String,
        /// Flags `PSCredentialTypes`.
        allowed: i32,
        /// Flags `PSCredentialUIOptions`.
        options: i32,
    }
    /// Asks for one of several choices.
    PromptForChoice {
        /// The title.
        caption: String,
        /// The text.
        message: String,
        /// The choices.
        choices: Vec<ChoiceDescription>,
        /// The one that an empty answer stands for, or −1.
        default: i32,
    }
    /// The colour of text.
    GetForegroundColor {}
    /// Changes the colour of text.
    SetForegroundColor {
        /// The colour.
        color: i32,
    }
    /// The colour behind text.
    GetBackgroundColor {}
    /// Changes the colour behind text.
    SetBackgroundColor {
        /// The colour.
        color: i32,
    }
    /// Where the cursor is.
    GetCursorPosition {}
    /// Moves the cursor.
    SetCursorPosition {
        /// To where.
        position: Coordinates,
    }
    /// Where the window is in the buffer.
    GetWindowPosition {}
    /// Moves the window in the buffer.
    SetWindowPosition {
        /// To where.
        position: Coordinates,
    }
    /// How much of its cell the cursor fills, in percent.
    GetCursorSize {}
    /// Changes how much of its cell the cursor fills.
    SetCursorSize {
        /// Percent.
        percent: i32,
    }
    /// The buffer's size.
    GetBufferSize {}
    /// Changes the buffer's size.
    SetBufferSize {
        /// To what.
        size: Size,
    }
    /// The window's size.
    GetWindowSize {}
    /// Changes the window's size.
    SetWindowSize {
        /// To what.
        size: Size,
    }
    /// The window's title.
    GetWindowTitle {}
    /// Changes the window's title.
    SetWindowTitle {
        /// To what.
        title: Text,
    }
    /// The largest window that the buffer and the font allow.
    GetMaxWindowSize {}
    /// The largest window that the screen allows.
    GetMaxPhysicalWindowSize {}
    /// Whether a key waits.
    GetKeyAvailable {}
    /// Asks for a key.
    ReadKey {
        /// Flags `ReadKeyOptions`: 1 Ctrl+C too, 2 no echo, 4 presses, 8 releases.
        options: i32,
    }
    /// Drops keys that wait.
    FlushInputBuffer {}
    /// Fills a rectangle with one cell. All −1 and a blank cell is `Clear-Host`.
    SetBufferContents1 {
        /// What is filled.
        rectangle: Rectangle,
        /// With what.
        fill: BufferCell,
    }
    /// Writes cells.
    SetBufferContents2 {
        /// Where the first cell goes.
        origin: Coordinates,
        /// The cells.
        contents: BufferCells,
    }
    /// Reads cells off the screen; refused.
    GetBufferContents {
        /// Which.
        rectangle: Rectangle,
    }
    /// Moves cells.
    ScrollBufferContents {
        /// Which.
        source: Rectangle,
        /// To where.
        destination: Coordinates,
        /// What may change.
        clip: Rectangle,
        /// What is left behind.
        fill: BufferCell,
    }
    /// Enters another runspace; not available remotely.
    PushRunspace {}
    /// Leaves this session: `Exit-PSSession`.
    PopRunspace {}
    /// Whether a session was entered.
    GetIsRunspacePushed {}
    /// The host's runspace; not available remotely.
    GetRunspace {}
    /// Asks for any of several choices.
    PromptForChoiceMultipleSelection {
        /// The title.
        caption: String,
        /// The text.
        message: String,
        /// The choices.
        choices: Vec<ChoiceDescription>,
        /// Those that an empty answer stands for.
        defaults: Vec<i32>,
    }
}

impl HostMethod {
    /// Whether the answer holds a secret, so that it needs the session key below protocol 2.4.
    pub fn asks_for_secret(&self) -> bool {
        match self {
            Self::ReadLineAsSecureString {}
            | Self::PromptForCredential1 { .. }
            | Self::PromptForCredential2 { .. } => true,
            Self::Prompt { fields, .. } => fields.iter().any(FieldDescription::is_secret),
            _ => false,
        }
    }
}

impl Travels for Box<ProgressRecord> {
    fn decode(member: &Member<'_>) -> Result<Self, MemberError> {
        ProgressRecord::from_value(member.value())
            .map(Self::new)
            .map_err(|_| member.wrong("ProgressRecord"))
    }

    fn encode(&self) -> Value {
        self.to_value()
    }
}
