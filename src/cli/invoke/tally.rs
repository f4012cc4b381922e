//! What a run came to: one computer's status, and that of all.

use crate::cli::status::ExitStatus;
use crate::session::{
    ExitCode, Finished, HostEvent, PipelineEvent, PipelineState, Report, StreamKind,
};

/// How one computer fared.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::cli) struct Fared {
    /// Whether an error was reported.
    pub(super) errors: bool,
    /// N of `exit N`.
    exit_code: Option<i32>,
    status: u8,
}

impl Fared {
    /// It put something out.
    pub(in crate::cli) fn note(&mut self, event: &PipelineEvent) {
        self.errors |= matches!(
            event,
            PipelineEvent::Error(_) | PipelineEvent::Host(HostEvent::Stream(StreamKind::Error, _))
        );
    }

    /// The status that it alone leads to.
    pub(in crate::cli) fn status(self) -> ExitStatus {
        ExitStatus(self.status)
    }

    /// Its script has ended.
    pub(in crate::cli) fn finished(&mut self, finished: &Finished) {
        self.exit_code = finished.exit_code;
        let remote = self.errors
            || finished.state != PipelineState::Completed
            || finished.exit_code.is_some_and(|code| code != 0);
        self.status = match &finished.lost {
            Some(report) => report.code as u8,
            None if remote => ExitCode::RemoteErrors as u8,
            None => 0,
        };
    }

    /// It did not get that far.
    pub(in crate::cli) fn failed(&mut self, report: &Report) {
        self.status = report.code as u8;
    }

    /// The status that it alone leads to: `exit N` as it is, else by the table.
    pub(super) fn exit_code(self) -> i32 {
        match self.exit_code {
            Some(code) if self.status <= 1 => code,
            _ => i32::from(self.status),
        }
    }

    /// As [`Fared::exit_code`], for `--exit-code`: our own failures are 255.
    pub(super) fn as_remote(self) -> ExitStatus {
        match self.exit_code {
            Some(code) if self.status <= 1 => ExitStatus::remote(code),
            _ if self.status > 1 && self.status != ExitCode::Cancelled as u8 => ExitStatus::OURS,
            _ => ExitStatus(self.status),
        }
    }
}

/// The status of all: the highest, which the table is ordered for.
pub(super) fn all(fared: &[Fared]) -> ExitStatus {
    ExitStatus(fared.iter().map(|one| one.status).max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(state: PipelineState, exit_code: Option<i32>) -> Finished {
        Finished {
            state,
            exit_code,
            ..Finished::default()
        }
    }

    #[test]
    fn the_highest_counts() {
        let mut fared = [Fared::default(); 3];
        fared[0].finished(&finished(PipelineState::Completed, None));
        assert_eq!(all(&fared), ExitStatus(0));
        fared[1].finished(&finished(PipelineState::Failed, None));
        assert_eq!(all(&fared), ExitStatus(1));
        fared[2].failed(&Report::new(ExitCode::Refused, "x"));
        assert_eq!(all(&fared), ExitStatus(4));
    }

    #[test]
    fn exit_n_is_n_for_those_who_ask_and_1_for_the_others() {
        let mut fared = Fared::default();
        fared.finished(&finished(PipelineState::Completed, Some(7)));
        assert_eq!(all(&[fared]), ExitStatus(1));
        assert_eq!(fared.as_remote(), ExitStatus(7));
        fared.finished(&finished(PipelineState::Completed, Some(0)));
        assert_eq!(all(&[fared]), ExitStatus(0));
        fared.failed(&Report::new(ExitCode::Unreachable, "x"));
        assert_eq!(fared.as_remote(), ExitStatus::OURS);
    }
}
