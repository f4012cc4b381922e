//! `USER_EVENT` ([MS-PSRP] 2.2.2.12).

use uuid::Uuid;

use crate::clixml::{DateTime, Value};
use crate::psrp::members::{Member, bag, typed_list};
use crate::psrp::{MemberError, MessageType};

/// An event that the server forwards.
#[derive(Clone, Debug, PartialEq)]
pub struct UserEvent {
    /// Its number on the server.
    pub identifier: i32,
    /// The name it was registered under.
    pub source_identifier: String,
    /// When it was raised, by the server's clock.
    pub time_generated: DateTime,
    /// Who raised it.
    pub sender: Value,
    /// Its arguments.
    pub source_args: Vec<Value>,
    /// What was given to it when it was registered or raised.
    pub message_data: Value,
    /// The computer it came from, if it came from a further one.
    pub computer_name: Option<String>,
    /// The runspace it was raised in.
    pub runspace_id: Uuid,
}

impl UserEvent {
    pub(crate) fn encode(&self) -> Value {
        bag([
            ("PSEventArgs.EventIdentifier", self.identifier.into()),
            (
                "PSEventArgs.SourceIdentifier",
                self.source_identifier.as_str().into(),
            ),
            (
                "PSEventArgs.TimeGenerated",
                Value::DateTime(self.time_generated),
            ),
            ("PSEventArgs.Sender", self.sender.clone()),
            (
                "PSEventArgs.SourceArgs",
                typed_list(
                    ["System.Object[]", "System.Array", "System.Object"],
                    self.source_args.clone(),
                ),
            ),
            ("PSEventArgs.MessageData", self.message_data.clone()),
            (
                "PSEventArgs.ComputerName",
                self.computer_name
                    .as_deref()
                    .map_or(Value::Null, Value::from),
            ),
            ("PSEventArgs.RunspaceId", Value::Guid(self.runspace_id)),
        ])
    }

    pub(crate) fn decode(value: &Value) -> Result<Self, MemberError> {
        let body = Member::body(MessageType::UserEvent, value);
        let time = body.get("PSEventArgs.TimeGenerated")?;
        let Value::DateTime(time_generated) = *time.value().base() else {
            return Err(time.wrong("DT"));
        };
        let args = body.optional("PSEventArgs.SourceArgs");
        let computer = body.get("PSEventArgs.ComputerName")?.text_or_null()?;
        Ok(Self {
            identifier: body.get("PSEventArgs.EventIdentifier")?.i32()?,
            source_identifier: body.get("PSEventArgs.SourceIdentifier")?.string()?,
            time_generated,
            sender: body.get("PSEventArgs.Sender")?.value().clone(),
            source_args: match args {
                None => Vec::new(),
                Some(args) => args.items()?.map(|item| item.value().clone()).collect(),
            },
            message_data: body.get("PSEventArgs.MessageData")?.value().clone(),
            computer_name: computer.map(|name| name.to_str_lossy().into_owned()),
            runspace_id: body.get("PSEventArgs.RunspaceId")?.guid()?,
        })
    }
}
