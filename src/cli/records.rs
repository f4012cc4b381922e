//! Records of a pipeline as lines of text.

use crate::clixml::Value;
use serde_json::{Map, Value as Json};

use crate::session::{
    ErrorRecord, Finished, InformationRecord, InformationalRecord, PipelineState, ProgressRecord,
};

/// What an error says: its details where somebody gave some, else its exception's message.
pub(super) fn error_message(record: &ErrorRecord) -> String {
    let record = &record.0;
    text(record, &["ErrorDetails_Message"])
        .or_else(|| text(record, &["Exception", "Message"]))
        .or_else(|| {
            record
                .as_object()?
                .to_string
                .as_ref()
                .map(|text| text.to_str_lossy().into_owned())
        })
        .unwrap_or_default()
}

/// `FullyQualifiedErrorId`, where there is one.
pub(super) fn error_id(record: &ErrorRecord) -> Option<String> {
    text(&record.0, &["FullyQualifiedErrorId"]).filter(|id| !id.is_empty())
}

/// The category's name, `ObjectNotFound` say, as the record's own message has it.
pub(super) fn error_category(record: &ErrorRecord) -> Option<String> {
    let message = text(&record.0, &["ErrorCategory_Message"])?;
    let name: String = message
        .chars()
        .take_while(|char| char.is_ascii_alphanumeric())
        .collect();
    (!name.is_empty()).then_some(name)
}

/// Where in a script of several lines it happened.
pub(super) fn error_position(record: &ErrorRecord) -> Option<String> {
    text(&record.0, &["InvocationInfo_PositionMessage"])
        .filter(|position| !position.trim().is_empty())
}

/// The members of a progress record.
pub(super) fn progress(record: &ProgressRecord) -> Map<String, Json> {
    let mut members = Map::new();
    let Ok(record) = crate::clixml::records::ProgressRecord::from_value(&record.0) else {
        return members;
    };
    members.insert("message".into(), record.activity.into());
    members.insert("id".into(), record.activity_id.into());
    members.insert("status".into(), record.status_description.into());
    if let Some(operation) = record.current_operation {
        members.insert("operation".into(), operation.into());
    }
    if let Some(parent) = record.parent_activity_id {
        members.insert("parentId".into(), parent.into());
    }
    if let Some(percent) = record.percent_complete {
        members.insert("percentComplete".into(), percent.into());
    }
    if let Some(seconds) = record.seconds_remaining {
        members.insert("secondsRemaining".into(), seconds.into());
    }
    members.insert("completed".into(), record.completed.into());
    members
}

/// A final state, in PowerShell's word.
pub(super) fn state(finished: &Finished) -> String {
    match finished.state {
        PipelineState::Completed => "Completed",
        PipelineState::Failed => "Failed",
        PipelineState::Stopped => "Stopped",
        PipelineState::Disconnected => "Disconnected",
    }
    .to_owned()
}

/// An error as PowerShell's concise view shows it: the command, what went wrong, and where in a script of several lines.
pub(super) fn error_text(record: &ErrorRecord) -> String {
    let message = error_message(record);
    let command =
        text(&record.0, &["ErrorCategory_Activity"]).filter(|command| !command.is_empty());
    let mut shown = match command {
        Some(command) if !message.starts_with(&command) => format!("{command}: {message}"),
        _ => message,
    };
    if let Some(position) = error_position(record) {
        shown.push('\n');
        shown.push_str(position.trim_end());
    }
    shown
}

/// The text of a warning, verbose or debug record.
pub(super) fn informational(record: &InformationalRecord) -> String {
    text(&record.0, &["InformationalRecord_Message"]).unwrap_or_default()
}

/// The text of an information record: what `Write-Host` wrote, or the data as text.
pub(super) fn information(record: &InformationRecord) -> String {
    let Some(data) = record.0.member("MessageData") else {
        return String::new();
    };
    text(data, &["Message"])
        .or_else(|| data.as_text().map(|text| text.to_str_lossy().into_owned()))
        .or_else(|| {
            data.as_object()?
                .to_string
                .as_ref()
                .map(|text| text.to_str_lossy().into_owned())
        })
        .unwrap_or_default()
}

fn text(value: &Value, path: &[&str]) -> Option<String> {
    let found = path
        .iter()
        .try_fold(value, |value, name| value.member(name))?;
    Some(found.as_text()?.to_str_lossy().into_owned())
}
