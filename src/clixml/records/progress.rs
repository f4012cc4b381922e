//! The progress record ([MS-PSRP] 2.2.5.1.25, and 2.2.2.25 for the message).

use super::fields::Fields;
use crate::clixml::{Error, Object, Value, enum_value};

/// What `Write-Progress` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgressRecord {
    /// What is being done; the first line.
    pub activity: String,
    /// Which activity of the pipeline this is.
    pub activity_id: i32,
    /// How it stands.
    pub status_description: String,
    /// What is being done just now.
    pub current_operation: Option<String>,
    /// The activity that this is a part of, if any.
    pub parent_activity_id: Option<i32>,
    /// 0 to 100, if known.
    pub percent_complete: Option<i32>,
    /// Seconds to the end, if known.
    pub seconds_remaining: Option<i32>,
    /// Whether the activity has ended, so that its lines go away.
    pub completed: bool,
}

impl ProgressRecord {
    /// Reads the object of a message, or the old primitive.
    ///
    /// # Errors
    ///
    /// If the value is neither, or has no activity.
    pub fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::of(value, "ProgressRecord")?;
        // An object has `RecordType` where a message has `Type`.
        let kind = fields.get("Type").or_else(|| fields.get("RecordType"));
        Ok(Self {
            activity: fields.text("Activity")?,
            activity_id: fields.number("ActivityId").unwrap_or_default(),
            status_description: fields
                .optional_text("StatusDescription")
                .unwrap_or_default(),
            current_operation: fields.optional_text("CurrentOperation"),
            parent_activity_id: known(fields.number("ParentActivityId")),
            percent_complete: known(fields.number("PercentComplete")),
            seconds_remaining: known(fields.number("SecondsRemaining")),
            completed: kind
                .is_some_and(|kind| kind.as_i32() == Some(1) || kind.as_str() == Some("Completed")),
        })
    }

    /// The object of a message.
    pub fn to_value(&self) -> Value {
        let (name, number) = if self.completed {
            ("Completed", 1)
        } else {
            ("Processing", 0)
        };
        let operation = self.current_operation.as_deref();
        Object::bag([
            ("Activity", self.activity.as_str().into()),
            ("ActivityId", self.activity_id.into()),
            ("StatusDescription", self.status_description.as_str().into()),
            (
                "CurrentOperation",
                operation.map_or(Value::Null, Into::into),
            ),
            (
                "ParentActivityId",
                self.parent_activity_id.unwrap_or(-1).into(),
            ),
            (
                "PercentComplete",
                self.percent_complete.unwrap_or(-1).into(),
            ),
            (
                "Type",
                enum_value(
                    "System.Management.Automation.ProgressRecordType",
                    name,
                    number,
                ),
            ),
            (
                "SecondsRemaining",
                self.seconds_remaining.unwrap_or(-1).into(),
            ),
        ])
        .into()
    }
}

/// .NET says −1 for what is not known.
fn known(number: Option<i32>) -> Option<i32> {
    number.filter(|number| *number >= 0)
}
