//! The error record ([MS-PSRP] 2.2.3.15).

use super::category::ErrorCategory;
use super::fields::{Fields, string};
use super::invocation::InvocationInfo;
use crate::clixml::{Error, Object, Property, Value};

/// What went wrong on the other side.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ErrorRecord {
    /// The full type name of the exception, without `Deserialized.`; empty if unknown.
    pub exception_type: String,
    /// The exception's message.
    pub message: String,
    /// The error's id and, behind a comma, the command that wrote it.
    pub fully_qualified_error_id: String,
    /// What kind of error it is.
    pub category: ErrorCategory,
    /// What the command was doing.
    pub activity: String,
    /// Why, in a word: the exception's short type name.
    pub reason: String,
    /// The name of what it was done to.
    pub target_name: String,
    /// The short type name of what it was done to.
    pub target_type: String,
    /// The category, activity, target and reason in a line, as the other side put it.
    pub category_message: String,
    /// A message that is to be shown in place of the exception's.
    pub details: Option<String>,
    /// What the user could do.
    pub recommended_action: Option<String>,
    /// Where the script that failed was, function by function.
    pub script_stack_trace: Option<String>,
    /// How the command was called.
    pub invocation: Option<InvocationInfo>,
    /// What the object itself is shown as.
    pub shown: String,
    /// What the record was read from; [`to_value`](Self::to_value) gives it back. A record that we make has none.
    pub raw: Option<Value>,
}

impl ErrorRecord {
    /// A record of our own.
    pub fn new(
        exception_type: &str,
        message: impl Into<String>,
        id: &str,
        category: ErrorCategory,
    ) -> Self {
        Self {
            exception_type: exception_type.to_owned(),
            message: message.into(),
            fully_qualified_error_id: id.to_owned(),
            category,
            reason: exception_type
                .rsplit('.')
                .next()
                .unwrap_or_default()
                .to_owned(),
            ..Self::default()
        }
    }

    /// Reads an error record.
    ///
    /// # Errors
    ///
    /// If the value has no members of one.
    pub fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::of(value, "ErrorRecord")?;
        let text = |name| fields.optional_text(name).unwrap_or_default();
        let exception = fields.get("Exception");
        Ok(Self {
            exception_type: exception.and_then(type_name).unwrap_or_default(),
            message: exception.and_then(message).unwrap_or_default(),
            fully_qualified_error_id: fields.text("FullyQualifiedErrorId")?,
            category: ErrorCategory(fields.number("ErrorCategory_Category").unwrap_or_default()),
            activity: text("ErrorCategory_Activity"),
            reason: text("ErrorCategory_Reason"),
            target_name: text("ErrorCategory_TargetName"),
            target_type: text("ErrorCategory_TargetType"),
            category_message: text("ErrorCategory_Message"),
            details: fields.optional_text("ErrorDetails_Message"),
            recommended_action: fields.optional_text("ErrorDetails_RecommendedAction"),
            script_stack_trace: fields.optional_text("ErrorDetails_ScriptStackTrace"),
            invocation: InvocationInfo::of_record(fields),
            shown: string(value).unwrap_or_default(),
            raw: Some(value.clone()),
        })
    }

    /// The record as it was read, or with all members that PowerShell needs.
    pub fn to_value(&self) -> Value {
        match &self.raw {
            Some(value) => value.clone(),
            None => self.build(),
        }
    }

    /// The text that PowerShell shows for the error: the details' message, else the exception's, else the category's.
    pub fn display_text(&self) -> &str {
        let candidates = [
            self.details.as_deref().unwrap_or_default(),
            &self.message,
            &self.category_message,
        ];
        let found = candidates.into_iter().find(|text| !text.is_empty());
        found.unwrap_or(&self.shown)
    }

    /// The line `Category: (TargetName:TargetType) [Activity], Reason`.
    pub fn category_info(&self) -> String {
        if !self.category_message.is_empty() {
            return self.category_message.clone();
        }
        let category = match self.category.name() {
            Some(name) => name.to_owned(),
            None => self.category.0.to_string(),
        };
        format!(
            "{category}: ({}:{}) [{}], {}",
            self.target_name, self.target_type, self.activity, self.reason
        )
    }

    /// Where the error happened, as PowerShell shows it: `At line:1 char:1` and what follows.
    pub fn position_message(&self) -> Option<&str> {
        let position = self.invocation.as_ref()?.position_message.as_str();
        (!position.is_empty()).then_some(position)
    }

    fn build(&self) -> Value {
        let mut exception = Object::default().with_types([
            self.exception_type.as_str(),
            "System.Exception",
            "System.Object",
        ]);
        exception.to_string = Some(format!("{}: {}", self.exception_type, self.message).into());
        exception.adapted = vec![Property::new("Message", self.message.as_str().into())];
        let invocation = self.invocation.as_ref().map(InvocationInfo::to_value);
        let mut record = Object::bag([
            ("Exception", exception.into()),
            ("TargetObject", Value::Null),
            (
                "FullyQualifiedErrorId",
                self.fully_qualified_error_id.as_str().into(),
            ),
            ("InvocationInfo", invocation.unwrap_or(Value::Null)),
            ("ErrorCategory_Category", self.category.0.into()),
            ("ErrorCategory_Activity", self.activity.as_str().into()),
            ("ErrorCategory_Reason", self.reason.as_str().into()),
            ("ErrorCategory_TargetName", self.target_name.as_str().into()),
            ("ErrorCategory_TargetType", self.target_type.as_str().into()),
            ("ErrorCategory_Message", self.category_info().into()),
        ])
        .with_types(["System.Management.Automation.ErrorRecord", "System.Object"]);
        let optional = [
            ("ErrorDetails_Message", &self.details),
            ("ErrorDetails_RecommendedAction", &self.recommended_action),
            ("ErrorDetails_ScriptStackTrace", &self.script_stack_trace),
        ];
        for (name, text) in optional {
            if let Some(text) = text {
                record
                    .extended
                    .push(Property::new(name, text.as_str().into()));
            }
        }
        record
            .extended
            .push(Property::new("SerializeExtendedInfo", false.into()));
        record.to_string = Some(self.display_text().into());
        record.into()
    }
}

fn type_name(exception: &Value) -> Option<String> {
    let names = exception.as_object()?.type_names.as_ref()?;
    let name = names.first()?.to_str_lossy();
    Some(
        name.strip_prefix("Deserialized.")
            .unwrap_or(&name)
            .to_owned(),
    )
}

/// The message of an exception, which may have come as its string only.
fn message(exception: &Value) -> Option<String> {
    match exception.member("Message") {
        Some(message) => string(message),
        None => string(exception),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clixml::{Limits, read, write};

    #[test]
    fn what_is_shown_is_the_first_text_there_is() {
        let category = ErrorCategory::named("ObjectNotFound").unwrap_or_default();
        let mut record = ErrorRecord::new(
            "System.Management.Automation.ItemNotFoundException",
            "m",
            "Id",
            category,
        );
        assert_eq!(record.display_text(), "m");
        assert_eq!(
            record.category_info(),
            "ObjectNotFound: (:) [], ItemNotFoundException"
        );
        record.details = Some("d".into());
        assert_eq!(record.display_text(), "d");
        record.details = None;
        record.message.clear();
        record.category_message = "c".into();
        assert_eq!(record.display_text(), "c");
    }

    #[test]
    fn a_record_of_ours_reads_as_it_was_made() {
        let mut made = ErrorRecord::new("System.Exception", "m", "Id,Cmd", ErrorCategory(13));
        made.activity = "Get-Item".into();
        made.script_stack_trace = Some("at <ScriptBlock>".into());
        made.invocation = Some(InvocationInfo {
            command: Some("Get-Item".into()),
            position_message: "At line:1 char:1".into(),
            ..InvocationInfo::default()
        });
        let value = read(write(&made.to_value()), &Limits::default()).unwrap();
        let found = ErrorRecord::from_value(&value).unwrap();
        assert_eq!(found.position_message(), Some("At line:1 char:1"));
        made.category_message = made.category_info();
        made.shown = "m".into();
        assert_eq!(
            ErrorRecord {
                raw: None,
                ..found.clone()
            },
            made
        );
        assert_eq!(found.to_value(), value);
    }

    #[test]
    fn what_is_no_error_record_says_why() {
        let error = ErrorRecord::from_value(&Value::from("x")).unwrap_err();
        assert_eq!(error.to_string(), "not a ErrorRecord (at /)");
        let error = ErrorRecord::from_value(&Object::default().into()).unwrap_err();
        assert!(error.to_string().contains("FullyQualifiedErrorId"));
    }
}
