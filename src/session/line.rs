//! What an entered session sends for a line and for its prompt.

use super::host::host_info;
use super::{ExitCode, Report, SessionInfo, Size, TransportKind};
use crate::clixml::Value;
use crate::psrp::{CommandSpec, Merge, PipelineSpec};

/// The line, shown by the server's own console, and the prompt after it.
pub(super) fn line_spec(line: String, window: Size, batch: bool) -> PipelineSpec {
    let script = CommandSpec::script(line.as_str()).merging(Merge::ERRORS_TO_OUTPUT);
    let mut spec = PipelineSpec::new(vec![script, CommandSpec::out_default()]);
    if batch {
        spec.statements.push(vec![CommandSpec::command("prompt")]);
    }
    spec.add_to_history = true;
    spec.history = Some(line);
    spec.host = host_info(window);
    spec.redirect_shell_error_output_pipe = false;
    spec
}

pub(super) fn prompt_spec(window: Size) -> PipelineSpec {
    PipelineSpec {
        history: Some("prompt".to_owned()),
        host: host_info(window),
        redirect_shell_error_output_pipe: false,
        ..PipelineSpec::new(vec![CommandSpec::command("prompt")])
    }
}

/// Which computer the prompt is of: `[Server01]: `, and the account too where it is another one than here.
pub(super) fn prefix(info: &SessionInfo) -> String {
    let here = ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    match &info.user {
        Some(user) if info.transport == TransportKind::Ssh && here.as_ref() != Some(user) => {
            format!("[{user}@{}]: ", info.computer_name)
        }
        _ => format!("[{}]: ", info.computer_name),
    }
}

/// Why an endpoint cannot be entered that lacks what interactive sessions need.
pub(super) fn restricted(info: &SessionInfo) -> Report {
    let mut report = Report::new(ExitCode::Refused, "the session cannot be entered");
    report.computer = Some(info.computer_name.clone());
    report.reasons.push(format!(
        "its endpoint {} does not offer Out-Default and Exit-PSSession, which an interactive session needs",
        info.configuration_name
    ));
    report
        .hints
        .push("psdeck invoke can still run the commands that the endpoint offers".to_owned());
    report.error_id = Some("RemoteRunspaceDoesNotSupportPushRunspace".to_owned());
    report
}

/// An object in a line: as the server said that it is shown, else what it is.
pub(super) fn plain(value: &Value) -> String {
    let shown = value
        .as_text()
        .or_else(|| value.as_object()?.to_string.as_ref());
    if let Some(shown) = shown {
        return shown.to_str_lossy().into_owned();
    }
    match value.base() {
        Value::Null => String::new(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Guid(id) => id.to_string(),
        Value::Version(version) => version.to_string(),
        Value::Single(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::UInt64(number) => number.to_string(),
        number if number.as_i64().is_some() => number.as_i64().unwrap_or_default().to_string(),
        other => other
            .as_object()
            .and_then(|object| object.type_names.as_ref()?.first())
            .map_or_else(
                || "(an object)".to_owned(),
                |name| name.to_str_lossy().into_owned(),
            ),
    }
}
