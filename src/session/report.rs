//! Errors as people see them.

use std::fmt::Write as _;

use super::SessionInfo;
use crate::transport::{Failure, FailureKind};

/// The exit status that an error leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitCode {
    /// The remote side reported errors.
    RemoteErrors = 1,
    /// The command line was wrong.
    Usage = 2,
    /// A server could not be reached, or was lost.
    Unreachable = 3,
    /// Identity, permission, trust, policy; a missing subsystem; a busy session.
    Refused = 4,
    /// A deadline passed.
    TimedOut = 5,
    /// No session fits, or several do.
    NoSession = 6,
    /// A defect of psdeck.
    Defect = 70,
    /// Cancelled.
    Cancelled = 130,
}

/// What failed, on which computer, why, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What failed, in one sentence without a final stop.
    pub what: String,
    /// The computer it concerns, if one.
    pub computer: Option<String>,
    /// The reasons, outermost first.
    pub reasons: Vec<String>,
    /// Next steps, a sentence each.
    pub hints: Vec<String>,
    /// PowerShell's own error id.
    pub error_id: Option<String>,
    /// The exit status.
    pub code: ExitCode,
}

impl Report {
    /// A report with nothing but what failed.
    pub fn new(code: ExitCode, what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            computer: None,
            reasons: Vec::new(),
            hints: Vec::new(),
            error_id: None,
            code,
        }
    }

    /// Adds a next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds what another report gives for reasons and next steps.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.reasons.extend(other.reasons);
        self.hints.extend(other.hints);
        self
    }

    /// What is said of a script whose session runs on without us.
    pub fn left_behind(info: &SessionInfo) -> Self {
        let what = "the session is Disconnected, and what runs in it goes on";
        let mut report = Self::new(ExitCode::Unreachable, what).hint(format!(
            "psdeck receive {} has the rest of the output, once the server can be reached",
            info.id
        ));
        report.computer = Some(info.computer_name.clone());
        report.reasons.extend(info.reason.clone());
        report
    }

    /// What is said of a session that was to be closed, while its server has not said that it is.
    pub(super) fn unclosed(info: &SessionInfo, why: &Failure) -> Self {
        let what = "the session may go on at its server";
        let computer = &info.computer_name;
        Self::of(why, what, computer).hint(format!(
            "psdeck remove {id} ends it once the server answers; psdeck remove --forget {id} leaves it there",
            id = info.id
        ))
    }

    /// Only an open session is left.
    pub(super) fn not_opened(info: &SessionInfo) -> Self {
        let mut report = Self::new(
            ExitCode::Refused,
            format!("a session that is {} cannot be disconnected", info.state),
        )
        .hint("only an Opened session can be left; nothing was changed");
        report.computer = Some(info.computer_name.clone());
        report.reasons.extend(info.reason.clone());
        report.error_id = Some("CannotDisconnectSessionWhenNotOpened".to_owned());
        report
    }

    /// Only a disconnected session is connected.
    pub(super) fn not_disconnected(info: &SessionInfo) -> Self {
        let mut report = Self::new(
            ExitCode::Refused,
            format!("a session that is {} cannot be connected", info.state),
        )
        .hint("only a Disconnected session can be connected; nothing was changed");
        report.computer = Some(info.computer_name.clone());
        report.reasons.extend(info.reason.clone());
        report.error_id = Some("PSSessionConnectFailed".to_owned());
        report
    }

    /// Another client has it.
    pub(super) fn in_use(info: &SessionInfo) -> Self {
        let mut report = Self::new(ExitCode::Refused, "cannot connect the session").hint(
            "disconnect it there, or wait: a server takes some minutes to notice a client that is gone",
        );
        report.computer = Some(info.computer_name.clone());
        report.reasons.extend(info.reason.clone());
        report.error_id = Some("PSSessionConnectFailed".to_owned());
        report
    }

    /// The report of a connection's failure. `what` is what was attempted: `cannot open a session`, say.
    pub fn of(failure: &Failure, what: impl Into<String>, computer: &str) -> Self {
        let code = match failure.kind {
            FailureKind::Unreachable
            | FailureKind::NotSent
            | FailureKind::Protocol
            | FailureKind::Process => ExitCode::Unreachable,
            FailureKind::Refused => ExitCode::Refused,
            FailureKind::TimedOut => ExitCode::TimedOut,
            FailureKind::Usage => ExitCode::Usage,
            FailureKind::Cancelled => ExitCode::Cancelled,
        };
        let mut reasons = vec![failure.message.clone()];
        reasons.extend(failure.details.iter().cloned());
        Self {
            what: what.into(),
            computer: Some(computer.to_owned()),
            reasons,
            hints: failure.hints.clone(),
            error_id: failure.error_id.clone(),
            code,
        }
    }

    /// The block that goes to standard error: `error:`, the reasons, `hint:` lines, the error id in brackets.
    pub fn block(&self) -> String {
        let mut text = String::from("error: ");
        if let Some(computer) = &self.computer {
            let _ = write!(text, "[{computer}] ");
        }
        text.push_str(&self.what);
        for reason in &self.reasons {
            let _ = write!(
                text,
                "\n  because {}",
                reason.trim_end().replace('\n', "\n          ")
            );
        }
        for hint in &self.hints {
            let _ = write!(text, "\nhint: {hint}");
        }
        if let Some(id) = &self.error_id {
            let _ = write!(text, "\n[{id}]");
        }
        text
    }
}

/// The report of what was cancelled.
pub(super) fn cancelled(computer: &str) -> Report {
    let mut report = Report::new(ExitCode::Cancelled, "cancelled");
    report.computer = Some(computer.to_owned());
    report
}

/// The report of a deadline of the user's; `more` says how to allow more time.
pub(super) fn late(what: &str, computer: &str, more: &str) -> Report {
    let why = "the time allowed for it has passed";
    let failure = Failure::new(FailureKind::TimedOut, why).hint(more);
    Report::of(&failure, what, computer)
}

/// The next step after a deadline of ours.
pub(super) const OVERLOADED: &str = "the server may be overloaded; try again";

/// How getting in is allowed more time.
pub(super) const MORE_TIME: &str =
    "--operation-timeout allows more; psdeck doctor TARGET shows which step takes long";
