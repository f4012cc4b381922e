//! Warning, verbose and debug records ([MS-PSRP] 2.2.3.16).

use super::fields::Fields;
use super::invocation::InvocationInfo;
use crate::clixml::{Error, Object, Value};

/// A warning, a verbose or a debug record; which of them, its message's type says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InformationalRecord {
    /// What is to be shown behind `WARNING: ` and the like.
    pub message: String,
    /// How the command was called, if the client asked for it.
    pub invocation: Option<InvocationInfo>,
}

impl InformationalRecord {
    /// Reads a record.
    ///
    /// # Errors
    ///
    /// If the value has no message.
    pub fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::of(value, "InformationalRecord")?;
        let message = match fields.optional_text("InformationalRecord_Message") {
            Some(message) => message,
            // A record that was an object of the pipeline has its own members.
            None => fields.text("Message")?,
        };
        Ok(Self {
            message,
            invocation: InvocationInfo::of_record(fields),
        })
    }

    /// The object of a message, without invocation info. `kind` is `Warning`, `Verbose` or `Debug`.
    pub fn to_value(&self, kind: &str) -> Value {
        let mut record = Object::bag([
            ("InformationalRecord_Message", self.message.as_str().into()),
            ("InformationalRecord_SerializeInvocationInfo", false.into()),
        ])
        .with_types(
            [
                &format!("System.Management.Automation.{kind}Record"),
                "System.Management.Automation.InformationalRecord",
                "System.Object",
            ]
            .map(ToString::to_string),
        );
        record.to_string = Some(self.message.as_str().into());
        record.into()
    }
}
