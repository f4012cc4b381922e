//! Records of a pipeline as lines of text and as members of JSON.

use serde_json::{Map, Value as Json};

use crate::clixml::records::{ErrorRecord, ProgressRecord};
use crate::session::{Finished, PipelineState, Report};

/// An error of the remote side.
pub(super) fn error(record: &ErrorRecord) -> Map<String, Json> {
    let mut members = Map::new();
    let mut add = |name: &str, text: &str| {
        if !text.is_empty() {
            members.insert(name.into(), text.into());
        }
    };
    add("message", record.display_text());
    add("id", &record.fully_qualified_error_id);
    add("category", record.category.name().unwrap_or_default());
    add("activity", &record.activity);
    add("target", &record.target_name);
    add("exception", &record.exception_type);
    add("position", record.position_message().unwrap_or_default());
    members
}

/// An error of ours.
pub(super) fn report(report: &Report) -> Map<String, Json> {
    let mut members = Map::new();
    members.insert("message".into(), report.what.clone().into());
    members.insert("reasons".into(), report.reasons.clone().into());
    members.insert("hints".into(), report.hints.clone().into());
    if let Some(id) = &report.error_id {
        members.insert("id".into(), id.clone().into());
    }
    members
}

/// Progress.
pub(super) fn progress(record: &ProgressRecord) -> Map<String, Json> {
    let mut members = Map::new();
    members.insert("message".into(), record.activity.clone().into());
    members.insert("id".into(), record.activity_id.into());
    members.insert("status".into(), record.status_description.clone().into());
    members.insert("completed".into(), record.completed.into());
    if let Some(operation) = &record.current_operation {
        members.insert("operation".into(), operation.clone().into());
    }
    let numbers = [
        ("parentId", record.parent_activity_id),
        ("percentComplete", record.percent_complete),
        ("secondsRemaining", record.seconds_remaining),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            members.insert(name.into(), number.into());
        }
    }
    members
}

/// A final state, in PowerShell's word.
pub(super) fn state(finished: &Finished) -> &'static str {
    match finished.state {
        PipelineState::Completed => "Completed",
        PipelineState::Failed => "Failed",
        PipelineState::Stopped => "Stopped",
        PipelineState::Disconnected => "Disconnected",
    }
}
