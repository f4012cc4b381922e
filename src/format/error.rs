//! Errors as lines of text.

use crate::clixml::records::ErrorRecord;

/// An error as PowerShell's concise view shows it: the command, what went wrong, and where in a script of several lines.
pub(crate) fn error_text(record: &ErrorRecord) -> String {
    let message = record.display_text();
    let command = Some(record.activity.as_str()).filter(|command| !command.is_empty());
    let mut shown = match command {
        Some(command) if !message.starts_with(command) => format!("{command}: {message}"),
        _ => message.to_owned(),
    };
    let in_script = record
        .invocation
        .as_ref()
        .is_some_and(|place| place.script_line_number > 1 || place.script_name.is_some());
    if let Some(position) = record.position_message().filter(|_| in_script) {
        shown.push('\n');
        shown.push_str(position.trim_end());
    }
    shown
}
