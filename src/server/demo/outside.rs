//! What surrounds a pipeline of the demonstration, and what it was asked to run.

use std::time::Duration;

use super::fault::Fault;
use crate::clixml::records::ProgressRecord;
use crate::clixml::{Text, Value};
use crate::psrp::host::{HostAnswer, HostMethod};

/// Where a pipeline's records go, the person's host, the clock. Every call may wait, and ends with [`Stopped`] once the
/// pipeline is to stop.
pub(super) trait Outside {
    /// Puts out a record of a stream.
    fn emit(&mut self, record: Emission) -> Result<(), Stopped>;
    /// Makes a host call that is not answered.
    fn show(&mut self, call: HostMethod) -> Result<(), Stopped>;
    /// Makes a host call that is.
    fn ask(&mut self, call: HostMethod) -> Result<HostAnswer, Stopped>;
    /// Waits.
    fn sleep(&mut self, time: Duration) -> Result<(), Stopped>;
    /// The next object of input; `None` at its end.
    fn input(&mut self) -> Result<Option<Value>, Stopped>;
    /// Whether the pipeline is to stop.
    fn stopped(&self) -> bool;
    /// Columns and rows of the person's window.
    fn window(&self) -> (usize, usize);
    /// Microseconds since 1970 in UTC.
    fn now(&self) -> i64;
}

/// The pipeline is to stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopped;

/// A record of a stream.
#[derive(Debug)]
pub(super) enum Emission {
    Output(Value),
    Error(Fault),
    Warning(String),
    Verbose(String),
    Debug(String),
    /// With its tags.
    Information(Value, Vec<String>),
    Progress(Box<ProgressRecord>),
}

impl Emission {
    /// The calls by which a host shows it.
    pub(super) fn shown(&self) -> Vec<HostMethod> {
        vec![match self {
            Self::Error(fault) => {
                let text = fault.display();
                let lines = text.lines().map(Text::from);
                return lines
                    .map(|text| HostMethod::WriteErrorLine { text })
                    .collect();
            }
            Self::Warning(text) => HostMethod::WriteWarningLine {
                text: text.as_str().into(),
            },
            Self::Verbose(text) => HostMethod::WriteVerboseLine {
                text: text.as_str().into(),
            },
            Self::Debug(text) => HostMethod::WriteDebugLine {
                text: text.as_str().into(),
            },
            Self::Information(value, tags) if tags.iter().any(|tag| tag == "PSHOST") => {
                HostMethod::WriteLine2 {
                    text: value.text().into(),
                }
            }
            Self::Progress(record) => HostMethod::WriteProgress {
                source: 0,
                record: record.clone(),
            },
            Self::Output(_) | Self::Information(..) => return Vec::new(),
        }]
    }
}

/// A command as the client sent it.
#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    /// A name, or a script.
    pub(super) text: String,
    pub(super) is_script: bool,
    pub(super) arguments: Vec<(Option<String>, Value)>,
}

/// How a pipeline ended.
#[derive(Debug)]
pub(super) enum Ending {
    Completed,
    Failed(Fault),
    Stopped,
}
