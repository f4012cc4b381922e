//! How the program ends.

use std::io;
use std::process::ExitCode;

use crate::session::{self, Report};

/// An exit status of `psdeck`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ExitStatus(pub(super) u8);

/// Why a verb ends early.
#[derive(Debug)]
pub(super) enum Failed {
    /// An error to show.
    Report(Box<Report>),
    /// An error that was shown already.
    Status(ExitStatus),
    /// Nobody reads our output any more: nothing to say, and nobody to say it to.
    Pipe,
}

impl ExitStatus {
    pub(super) const DONE: Self = Self(0);
    pub(super) const USAGE: Self = Self(session::ExitCode::Usage as u8);
    pub(super) const CANCELLED: Self = Self(session::ExitCode::Cancelled as u8);
    /// Our own failure, where the remote side's statuses pass.
    pub(super) const OURS: Self = Self(255);
    /// What a shell shows of a program that a broken pipe ended.
    const PIPE: Self = Self(141);
}

impl ExitStatus {
    /// The higher of two.
    pub(super) fn worse(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }

    /// N of the remote side's `exit N`, as far as a status of this platform can say it.
    pub(super) fn remote(code: i32) -> Self {
        // The low byte, as a shell does it; what would look like success by that is not.
        match code.to_le_bytes() {
            [0, ..] if code != 0 => Self(255),
            [low, ..] => Self(low),
        }
    }
}

impl Failed {
    /// An error of the command line, with the next step.
    pub(super) fn usage(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Report::new(session::ExitCode::Usage, what)
            .hint(hint)
            .into()
    }

    pub(super) fn status(&self) -> ExitStatus {
        match self {
            Self::Report(report) => report.code.into(),
            Self::Status(status) => *status,
            Self::Pipe => ExitStatus::PIPE,
        }
    }
}

impl From<Report> for Failed {
    fn from(report: Report) -> Self {
        Self::Report(Box::new(report))
    }
}

impl From<io::Error> for Failed {
    /// For errors of standard output: those of named files say the name and are made where it is known.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::Pipe;
        }
        let mut report = Report::new(session::ExitCode::RemoteErrors, "cannot write the output")
            .hint("see that there is room where it goes");
        report.reasons.push(error.to_string());
        report.into()
    }
}

impl From<session::ExitCode> for ExitStatus {
    fn from(code: session::ExitCode) -> Self {
        Self(code as u8)
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.0)
    }
}
