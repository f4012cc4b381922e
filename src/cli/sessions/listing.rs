//! Sessions as a table, a list, JSON and CSV.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::SystemTime;

use clap::ValueEnum;
use serde_json::{Map, Value as Json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::cli::output::printable;
use crate::cli::records;
use crate::clixml::{Objects, Value};
use crate::cmdlets::session_object;
use crate::format::text::Formatter;
use crate::session::{Report, SessionInfo};

/// How sessions are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Output {
    /// PowerShell's columns.
    Table,
    /// Every property of each, a line each.
    List,
    /// One array of objects; what failed is among them, with `"stream": "error"`.
    Json,
    /// An object a line, and so what failed.
    Jsonl,
    /// A line each behind a line of names.
    Csv,
}

/// Prints sessions; as JSON what failed too.
pub(super) fn print(sessions: &[SessionInfo], failed: &[Report], output: Output) -> io::Result<()> {
    let data = || {
        let sessions = sessions.iter().map(|info| Json::from(members(info)));
        sessions.chain(failed.iter().map(error))
    };
    let text = match output {
        Output::Table => table(sessions),
        Output::List => list(sessions),
        Output::Json => format!("{:#}\n", Json::Array(data().collect())),
        Output::Jsonl => data().fold(String::new(), |text, one| text + &one.to_string() + "\n"),
        Output::Csv => csv(sessions),
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// What a session says of itself: PowerShell's properties in PowerShell's words, then ours.
fn properties(info: &SessionInfo) -> Vec<(&'static str, Json)> {
    let text = |text: &Option<String>| text.clone().map_or(Json::Null, Json::from);
    let keeping = &info.keeping;
    vec![
        ("Id", info.id.0.into()),
        ("Name", info.name.clone().into()),
        ("Transport", info.transport.to_string().into()),
        ("ComputerName", info.computer_name.clone().into()),
        ("ComputerType", info.computer_type.into()),
        ("State", info.state.to_string().into()),
        ("ConfigurationName", info.configuration_name.clone().into()),
        ("Availability", info.availability.to_string().into()),
        ("InstanceId", info.instance_id.to_string().into()),
        (
            "IdleTimeout",
            keeping.idle_timeout.map_or(Json::Null, |idle| {
                u64::try_from(idle.as_millis()).unwrap_or(u64::MAX).into()
            }),
        ),
        (
            "OutputBufferingMode",
            keeping
                .buffering
                .map_or(Json::Null, |mode| mode.name().into()),
        ),
        ("DisconnectedOn", moment(info.disconnected)),
        ("ExpiresOn", moment(info.expires)),
        ("User", text(&info.user)),
        ("Opened", moment(info.opened)),
        ("Running", text(&info.running)),
        ("Reason", text(&info.reason)),
    ]
}

fn members(info: &SessionInfo) -> Map<String, Json> {
    let properties = properties(info).into_iter();
    properties
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// An error, as `invoke --output jsonl` has it.
fn error(report: &Report) -> Json {
    let mut members = Map::new();
    members.insert("computer".into(), report.computer.clone().into());
    members.insert("stream".into(), "error".into());
    members.extend(records::report(report));
    members.into()
}

fn table(sessions: &[SessionInfo]) -> String {
    let width = match crossterm::terminal::size() {
        Ok((columns @ 1.., _)) if io::stdout().is_terminal() => usize::from(columns),
        _ => 120,
    };
    let mut formatter = Formatter::new(width);
    for info in sessions {
        let value = Value::from(session_object(info));
        formatter.value(&value, &Objects::of([&value]));
    }
    formatter.end();
    printable(&formatter.take())
}

fn list(sessions: &[SessionInfo]) -> String {
    let mut text = String::new();
    for info in sessions {
        text.push('\n');
        for (name, value) in properties(info) {
            let line = format!("{name:<19} : {}", plain(&value));
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    printable(&text)
}

fn csv(sessions: &[SessionInfo]) -> String {
    let mut text = String::new();
    for (at, info) in sessions.iter().enumerate() {
        let properties = properties(info);
        if at == 0 {
            let names = properties.iter().map(|(name, _)| format!("\"{name}\""));
            text.push_str(&names.collect::<Vec<_>>().join(","));
            text.push('\n');
        }
        let cells = properties
            .iter()
            .map(|(_, value)| format!("\"{}\"", plain(value).replace('"', "\"\"")));
        text.push_str(&cells.collect::<Vec<_>>().join(","));
        text.push('\n');
    }
    printable(&text)
}

fn plain(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn moment(moment: Option<SystemTime>) -> Json {
    let text = moment.and_then(|moment| {
        let whole = OffsetDateTime::from(moment).replace_nanosecond(0).ok()?;
        whole.format(&Rfc3339).ok()
    });
    text.map_or(Json::Null, Json::from)
}
