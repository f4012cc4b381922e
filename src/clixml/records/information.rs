//! Information records, which `Write-Information` and `Write-Host` make ([MS-PSRP] 2.2.2.26).

use super::fields::{Fields, string};
use crate::clixml::{DateTime, Error, Object, Property, Value};

/// The tag of what the host has shown already.
const PSHOST: &str = "PSHOST";

/// An information record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InformationRecord {
    /// What was written: anything; of `Write-Host` a [`HostInformationMessage`].
    pub message_data: Value,
    /// The command or the script.
    pub source: String,
    /// When.
    pub time_generated: Option<DateTime>,
    /// The tags; [`is_host_message`](Self::is_host_message) asks for the best known.
    pub tags: Vec<String>,
    /// Whose session it was.
    pub user: String,
    /// On which computer.
    pub computer: String,
    /// In which process.
    pub process_id: u32,
}

/// What `Write-Host` writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostInformationMessage {
    /// The text.
    pub message: String,
    /// Whether no line ends behind it.
    pub no_new_line: bool,
    /// `ConsoleColor`, by name; none for the host's own.
    pub foreground_color: Option<String>,
    /// `ConsoleColor`, by name; none for the host's own.
    pub background_color: Option<String>,
}

impl InformationRecord {
    /// Reads a record.
    ///
    /// # Errors
    ///
    /// If the value has no message data.
    pub fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::of(value, "InformationRecord")?;
        let text = |name| fields.optional_text(name).unwrap_or_default();
        Ok(Self {
            message_data: fields.needed("MessageData")?.clone(),
            source: text("Source"),
            time_generated: match fields.get("TimeGenerated").map(Value::base) {
                Some(Value::DateTime(time)) => Some(*time),
                _ => None,
            },
            tags: fields.strings("Tags"),
            user: text("User"),
            computer: text("Computer"),
            process_id: fields.number("ProcessId").unwrap_or_default(),
        })
    }

    /// The object of a message.
    pub fn to_value(&self) -> Value {
        let tags = self.tags.iter().map(|tag| tag.as_str().into());
        let tags = Object::list(tags).with_types([
            "System.Collections.Generic.List`1[[System.String]]",
            "System.Object",
        ]);
        Object::bag([
            ("MessageData", self.message_data.clone()),
            ("Source", self.source.as_str().into()),
            (
                "TimeGenerated",
                self.time_generated.map_or(Value::Null, Value::DateTime),
            ),
            ("Tags", tags.into()),
            ("User", self.user.as_str().into()),
            ("Computer", self.computer.as_str().into()),
            ("ProcessId", Value::UInt32(self.process_id)),
            ("NativeThreadId", Value::UInt32(0)),
            ("ManagedThreadId", Value::UInt32(0)),
        ])
        .into()
    }

    /// Whether this came from `Write-Host`, so that a host call has shown it already where there is a host.
    pub fn is_host_message(&self) -> bool {
        self.tags.iter().any(|tag| tag.eq_ignore_ascii_case(PSHOST))
    }

    /// What `Write-Host` wrote, if this came from it.
    pub fn host_message(&self) -> Option<HostInformationMessage> {
        let fields = Fields::of(&self.message_data, "HostInformationMessage").ok()?;
        Some(HostInformationMessage {
            message: fields.optional_text("Message")?,
            no_new_line: fields.flag("NoNewLine"),
            foreground_color: color(fields, "ForegroundColor"),
            background_color: color(fields, "BackgroundColor"),
        })
    }

    /// The text to show: of `Write-Host` its message, of a string itself, of other objects what they are shown as.
    pub fn display_text(&self) -> String {
        match self.host_message() {
            Some(message) => message.message,
            None => string(&self.message_data).unwrap_or_default(),
        }
    }
}

impl HostInformationMessage {
    /// The object inside an information record.
    pub fn to_value(&self) -> Value {
        let color = |color: &Option<String>| color.as_deref().map_or(Value::Null, Into::into);
        let mut object = Object::default().with_types([
            "System.Management.Automation.HostInformationMessage",
            "System.Object",
        ]);
        object.to_string = Some(self.message.as_str().into());
        object.adapted = [
            ("Message", self.message.as_str().into()),
            ("NoNewLine", self.no_new_line.into()),
            ("ForegroundColor", color(&self.foreground_color)),
            ("BackgroundColor", color(&self.background_color)),
        ]
        .map(|(name, value)| Property::new(name, value))
        .into();
        object.into()
    }
}

/// A colour's name; −1 is the host's own.
fn color(fields: Fields<'_>, name: &str) -> Option<String> {
    fields
        .optional_text(name)
        .filter(|color| !color.is_empty() && color != "-1")
}
