//! What the server proposes for a line.

use std::time::Duration;

use tokio::time::timeout;

use super::host::host_info;
use super::{ExitCode, PipelineEvent, Report, Running, Session, Size};
use crate::clixml::Value;
use crate::psrp::{CommandSpec, PipelineSpec};

/// How long the server may think.
const LIMIT: Duration = Duration::from_secs(5);
/// More proposals than anybody reads.
const MOST: usize = 1000;

/// What the server proposes for a line (`CommandCompletion`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandCompletion {
    /// Where the replaced text begins, in UTF-16 units.
    pub replacement_index: usize,
    /// How long it is, in UTF-16 units.
    pub replacement_length: usize,
    /// The proposals, a thousand at most.
    pub matches: Vec<CompletionMatch>,
}

/// One proposal (`CompletionResult`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletionMatch {
    /// What goes into the line.
    pub text: String,
    /// What a list shows.
    pub label: String,
    /// `Command`, `ParameterName`, `Property` and so on.
    pub kind: String,
    /// What it is.
    pub tool_tip: String,
}

/// A pipeline that is stopped with whoever waits for it: the next line must not queue behind it.
struct Stopped(Running);

impl Drop for Stopped {
    fn drop(&mut self) {
        // Nothing, once it has ended.
        self.0.stop();
    }
}

/// Runs `TabExpansion2`. A server that takes too long is stopped; the session stays usable. So it is when the future is
/// dropped.
pub(super) async fn complete(
    session: &Session,
    window: Size,
    text: String,
    cursor: usize,
) -> Result<CommandCompletion, Report> {
    let cursor = i32::try_from(cursor).unwrap_or(i32::MAX);
    let command = CommandSpec::command("TabExpansion2")
        .arg(text)
        .arg(cursor)
        .arg(Value::Null);
    let mut spec = PipelineSpec::new(vec![command]);
    spec.host = host_info(window);
    let mut running = Stopped(session.pipeline(spec, None, window));
    let mut found = None;
    let ended = timeout(LIMIT, async {
        while let Some(event) = running.0.next().await {
            match event {
                PipelineEvent::Output(value) if found.is_none() => found = read(&value),
                PipelineEvent::Finished(finished) => return finished.lost,
                _ => {}
            }
        }
        None
    })
    .await;
    let failed = |code, what| Report::new(code, what);
    match (ended, found) {
        (Ok(Some(lost)), _) => Err(*lost),
        (Ok(None), Some(found)) => Ok(found),
        (Ok(None), None) => Err(failed(
            ExitCode::RemoteErrors,
            "the server proposes nothing for this line",
        )),
        (Err(_), _) => Err(failed(
            ExitCode::TimedOut,
            "the server took too long to complete the line",
        )),
    }
}

fn read(value: &Value) -> Option<CommandCompletion> {
    let number = |name: &str| usize::try_from(value.member(name)?.as_i64()?).ok();
    let matches = value
        .member("CompletionMatches")?
        .as_list()?
        .iter()
        .take(MOST);
    Some(CommandCompletion {
        replacement_index: number("ReplacementIndex")?,
        replacement_length: number("ReplacementLength")?,
        matches: matches.filter_map(read_match).collect(),
    })
}

fn read_match(value: &Value) -> Option<CompletionMatch> {
    let text = |name: &str| {
        let text = value.member(name)?.as_text()?;
        Some(text.to_str_lossy().into_owned())
    };
    let completion = text("CompletionText")?;
    let kind = value.member("ResultType").and_then(Value::as_object);
    Some(CompletionMatch {
        label: text("ListItemText").unwrap_or_else(|| completion.clone()),
        tool_tip: text("ToolTip").unwrap_or_default(),
        kind: kind
            .and_then(|kind| kind.to_string.as_ref())
            .map(|kind| kind.to_str_lossy().into_owned())
            .unwrap_or_default(),
        text: completion,
    })
}
