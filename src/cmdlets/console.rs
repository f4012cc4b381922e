//! A console: its variables, its jobs, and the lines it runs.

use std::collections::BTreeSet;

use super::binding::Argument;
use super::host::Host;
use super::interpreter::{Out, Run, Shown, Stop, Variables};
use super::interrupt::Interrupt;
use super::job::Jobs;
use super::value::Value;
use super::{Error, metadata};
use crate::config::Config;
use crate::language::Span;
use crate::session::{ExitCode, Pool};

/// How many errors `$Error` keeps.
const ERRORS: usize = 256;
/// How many bytes a pipeline or a variable collects, where nothing else is said.
const COLLECTED: usize = 256 << 20;

/// Runs command lines over a pool of sessions, for a host.
pub struct Console {
    pub(super) pool: Pool,
    pub(super) config: Config,
    pub(super) host: Box<dyn Host>,
    pub(super) variables: Variables,
    pub(super) jobs: Jobs,
    pub(super) shown: Option<Shown>,
    /// Sessions that are shown only when it is known what became of them.
    pub(super) put_off: Option<Vec<Value>>,
    /// Warnings that are told once.
    pub(super) told: BTreeSet<String>,
    /// How many bytes a pipeline or a variable collects at most.
    pub(super) most_collected: usize,
}

/// How a line ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The gravest of its errors; they were shown.
    pub failed: Option<ExitCode>,
    /// It said `exit N`: the console is to be left.
    pub exit: Option<i32>,
}

impl Console {
    /// A console without variables. The sessions of the pool are its sessions.
    pub fn new(pool: Pool, config: Config, host: Box<dyn Host>) -> Self {
        Self {
            pool,
            config,
            host,
            variables: Variables::default(),
            jobs: Jobs::default(),
            shown: None,
            put_off: None,
            told: BTreeSet::new(),
            most_collected: COLLECTED,
        }
    }

    /// How many bytes a pipeline or a variable collects at most.
    pub fn collect_at_most(&mut self, bytes: usize) {
        self.most_collected = bytes;
    }

    /// Runs a line, or several: a text that is complete as [`completeness`](crate::language::completeness) says.
    /// Cancelling stops what runs, the cmdlet at hand first.
    pub async fn run(&mut self, line: &str, interrupt: impl Into<Interrupt>) -> Outcome {
        let mut run = Run::new(self, line, interrupt.into());
        let done = run.line().await;
        let failed = run.failed;
        self.end(done, failed)
    }

    /// Runs one cmdlet with words as a shell gives them: quotes are gone, there are no variables and no pipelines. The
    /// sessions that it puts out wait for [`Self::show_sessions`], so that they can be left before.
    pub async fn command(&mut self, name: &str, words: &[String], interrupt: Interrupt) -> Outcome {
        let Some(cmdlet) = metadata::find(name) else {
            let error = Error::unsupported(&format!("'{name}'"));
            return self.end(Err(error.into()), None);
        };
        let arguments = words.iter().map(|word| argument(word)).collect();
        self.put_off = Some(Vec::new());
        let mut run = Run::new(self, "", interrupt);
        let done = run.call(cmdlet, arguments, None, &mut Out::shown()).await;
        let failed = run.failed;
        self.end(done, failed)
    }

    /// Shows the sessions that [`Self::command`] has put out, as they are now.
    pub fn show_sessions(&mut self) {
        let sessions = self.put_off.take().unwrap_or_default();
        let mut run = Run::new(self, "", Interrupt::default());
        for session in sessions {
            // What is shown is not kept.
            let _ = run.emit(&mut Out::shown(), session);
        }
        self.end_shown();
    }

    /// The host.
    pub fn host(&mut self) -> &mut dyn Host {
        &mut *self.host
    }

    pub(super) fn write(&mut self, text: &str) {
        if !text.is_empty() {
            self.host.write(text);
        }
    }

    pub(super) fn end_shown(&mut self) {
        if let Some(shown) = self.shown.take() {
            let rest = shown.end();
            self.write(&rest);
        }
    }

    /// Puts an error into `$Error`, the newest first.
    pub(super) fn remember(&mut self, error: &Error) {
        let old = self.variables.get("Error").cloned();
        let mut errors = vec![Value::Plain(error.record.to_value())];
        errors.extend(
            old.map(Value::items)
                .unwrap_or_default()
                .into_iter()
                .take(ERRORS - 1),
        );
        self.variables.set("Error", Value::Array(errors.into()));
    }

    fn end(&mut self, done: Result<(), Stop>, failed: Option<ExitCode>) -> Outcome {
        self.end_shown();
        let mut outcome = Outcome { failed, exit: None };
        match done {
            Ok(()) | Err(Stop::Told) => {}
            Err(Stop::Error(error) | Stop::Failed(error)) => {
                outcome.failed = outcome.failed.max(Some(error.code));
                self.remember(&error);
                self.host.error(&error);
            }
            Err(Stop::Cancelled) => outcome.failed = Some(ExitCode::Cancelled),
            Err(Stop::Exit(code)) => outcome.exit = Some(code),
        }
        outcome
    }
}

/// A word of a shell's command line as an argument: `-Name`, `-Name:value`, a number, a script block, `a,b`, a string.
fn argument(word: &str) -> Argument {
    let span = Span::default();
    // As every verb has it.
    let word = if word == "--help" { "-?" } else { word };
    if let Some(name) = word.strip_prefix('-')
        && (name.starts_with(char::is_alphabetic) || name == "?")
    {
        let (name, value) = match name.split_once(':') {
            Some((name, value)) if !value.is_empty() => (name, Some(literal(value))),
            _ => (name.trim_end_matches(':'), None),
        };
        return Argument::Parameter {
            name: name.to_owned(),
            value,
            span,
        };
    }
    Argument::Value(literal(word), span)
}

fn literal(word: &str) -> Value {
    let trimmed = word.trim();
    if let Some(script) = trimmed
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
    {
        return Value::Script(script.into());
    }
    match trimmed.to_ascii_lowercase().as_str() {
        "$true" => return true.into(),
        "$false" => return false.into(),
        "$null" => return Value::NULL,
        _ => {}
    }
    if word.contains(',') && !word.contains(['\'', '"', '{', '}']) && !word.contains("://") {
        return Value::Array(word.split(',').map(literal).collect());
    }
    match trimmed.parse::<i32>() {
        Ok(number) if !trimmed.starts_with('+') => Value::Plain(number.into()),
        _ => word.into(),
    }
}
