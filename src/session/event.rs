//! What a running pipeline tells whoever pulls it.

use super::{Line, Prompt, Report, StreamKind};
use crate::clixml::Value;
use crate::clixml::records::{ErrorRecord, InformationRecord, InformationalRecord, ProgressRecord};

/// One thing that a pipeline put out, in order.
#[derive(Debug)]
pub enum PipelineEvent {
    /// An object.
    Output(Value),
    /// An error that did not end the pipeline.
    Error(Box<ErrorRecord>),
    /// A warning record.
    Warning(Box<InformationalRecord>),
    /// A verbose record.
    Verbose(Box<InformationalRecord>),
    /// A debug record.
    Debug(Box<InformationalRecord>),
    /// An information record. `Write-Host` comes as one tagged `PSHOST`, and as a [`HostEvent::Write`] too.
    Information(Box<InformationRecord>),
    /// A progress record. `Write-Progress` comes as a [`HostEvent::Progress`] too.
    Progress(Box<ProgressRecord>),
    /// The remote host shows or asks something.
    Host(HostEvent),
    /// What the connection reports and is no failure: it was interrupted and is tried again, or output is missing, say.
    Notice(String),
    /// The session was left, and its command runs on without us. Nothing comes until it is connected again.
    Disconnected,
    /// The session is ours again.
    Reconnected,
    /// Ten seconds after a stop, the server still has not stopped: a forced close is the way out.
    StopPending,
    /// The end. Nothing follows.
    Finished(Finished),
}

/// What the remote host shows or asks. Calls that need no person (colours, sizes, the cursor) are answered before they
/// come here.
#[derive(Debug)]
pub enum HostEvent {
    /// It writes.
    Write(Line),
    /// It writes a line of a stream, without its prefix.
    Stream(StreamKind, String),
    /// Progress; a record of type Completed takes its bar away.
    Progress {
        /// Which source it belongs to.
        source: i64,
        /// The record.
        record: Box<ProgressRecord>,
    },
    /// `Clear-Host`.
    Clear,
    /// The window's title.
    Title(String),
    /// It asks. Answer once with the id.
    Prompt {
        /// The call's id.
        id: u64,
        /// What it asks.
        prompt: Prompt,
    },
    /// That prompt is void: its pipeline was stopped or has ended.
    PromptCancelled(u64),
    /// `exit N`: whoever entered the session is to leave it.
    ShouldExit(i32),
    /// `Exit-PSSession`.
    PopRunspace,
}

/// How a pipeline ended.
#[derive(Debug, Default)]
pub struct Finished {
    /// Its final state.
    pub state: PipelineState,
    /// The terminating error.
    pub reason: Option<Box<ErrorRecord>>,
    /// Why the session was lost, if that ended it.
    pub lost: Option<Box<Report>>,
    /// N of `exit N`.
    pub exit_code: Option<i32>,
    /// The server never heard of it, and never will.
    pub unsent: bool,
    /// Some of the output was lost on its way, or by the server; notices told of it.
    pub gap: bool,
}

/// A pipeline's final state, in PowerShell's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PipelineState {
    /// Ran to its end.
    #[default]
    Completed,
    /// A terminating error, or a lost session.
    Failed,
    /// Stopped on request.
    Stopped,
    /// Runs on without us.
    Disconnected,
}
