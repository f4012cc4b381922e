//! Errors of command lines: PowerShell's records, with what we know beyond them.

use crate::clixml::records::{ErrorCategory, ErrorRecord};
use crate::format::error_text;
use crate::language::Span;
use crate::session::{ExitCode, Report};

/// Something that a command line did not achieve.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// PowerShell's record of it: message, category, fully qualified id, target.
    pub record: Box<ErrorRecord>,
    /// Reasons and next steps, where there are some: an operation of ours failed.
    pub report: Option<Box<Report>>,
    /// The offending part of the line, shown with its marks.
    pub place: Option<String>,
    /// The same, where the line is not known yet.
    pub(super) span: Option<Span>,
    /// The exit status that it leads to.
    pub code: ExitCode,
}

impl Error {
    /// An error of the line itself. `id` is PowerShell's, without the cmdlet.
    pub(super) fn new(category: &str, id: &str, message: impl Into<String>) -> Self {
        let exception = match category {
            "ParserError" => "System.Management.Automation.ParseException",
            "InvalidArgument" if id.contains("Argument") || id.contains("Parameter") => {
                "System.Management.Automation.ParameterBindingException"
            }
            "InvalidArgument" => "System.ArgumentException",
            "ObjectNotFound" => "System.Management.Automation.ItemNotFoundException",
            "InvalidOperation" if id.starts_with("UsingVariable") => {
                "System.Management.Automation.RuntimeException"
            }
            "InvalidOperation" => "System.InvalidOperationException",
            "NotImplemented" => "System.NotSupportedException",
            _ => "System.Management.Automation.RuntimeException",
        };
        let category = ErrorCategory::named(category).unwrap_or_default();
        Self {
            record: Box::new(ErrorRecord::new(exception, message, id, category)),
            report: None,
            place: None,
            span: None,
            code: ExitCode::Usage,
        }
    }

    /// What is no part of the language that we read.
    pub(super) fn unsupported(what: &str) -> Self {
        let message = format!("psdeck runs session cmdlets; it does not know {what}.");
        let mut error = Self::new("NotImplemented", "NotSupportedByPsdeck", message);
        error.report = Some(Box::new(
            Report::new(ExitCode::Usage, "").hint("inside Invoke-Command { … } the server runs it"),
        ));
        error
    }

    /// An operation that failed. `id` stands where the report has none.
    pub(super) fn of_report(report: Report, id: &str) -> Self {
        let category = match report.code {
            ExitCode::NoSession => "ObjectNotFound",
            ExitCode::Usage => "InvalidArgument",
            ExitCode::Cancelled => "OperationStopped",
            ExitCode::TimedOut => "OperationTimeout",
            ExitCode::Refused => "PermissionDenied",
            _ => "OpenError",
        };
        let id = match report.error_id.as_deref() {
            // The transport's own id stands before that of what was tried.
            Some(own) if !id.is_empty() => own
                .replace("PSSessionOpenFailed", id)
                .replace("PSSessionConnectFailed", id),
            Some(own) => own.to_owned(),
            None => id.to_owned(),
        };
        let message = match &report.computer {
            Some(computer) => format!("[{computer}] {}", report.what),
            None => report.what.clone(),
        };
        let mut error = Self::new(category, &id, message);
        error.record.exception_type =
            "System.Management.Automation.Remoting.PSRemotingTransportException".to_owned();
        error.code = report.code;
        error.record.target_name = report.computer.clone().unwrap_or_default();
        error.report = Some(Box::new(report));
        error
    }

    /// A record that a server sent.
    pub(super) fn of_record(record: ErrorRecord) -> Self {
        Self {
            record: Box::new(record),
            report: None,
            place: None,
            span: None,
            code: ExitCode::RemoteErrors,
        }
    }

    /// With an exit status of its own.
    #[must_use]
    pub(super) fn code(mut self, code: ExitCode) -> Self {
        self.code = code;
        self
    }

    /// With what it was done to.
    #[must_use]
    pub(super) fn target(mut self, name: impl Into<String>) -> Self {
        self.record.target_name = name.into();
        self
    }

    /// As an error that a cmdlet wrote: its class stands behind the id.
    #[must_use]
    pub(super) fn of(mut self, cmdlet: &str) -> Self {
        if self.record.activity.is_empty() && self.code != ExitCode::RemoteErrors {
            let class = cmdlet.replace('-', "");
            let id = &mut self.record.fully_qualified_error_id;
            id.push_str(&format!(",Microsoft.PowerShell.Commands.{class}Command"));
            self.record.activity = cmdlet.to_owned();
        }
        self
    }

    /// With the part of the line that it is about; the innermost one stays.
    #[must_use]
    pub(super) fn at(mut self, span: Span) -> Self {
        self.span = self.span.or(Some(span));
        self
    }

    /// With the line that it stands in.
    #[must_use]
    pub(super) fn in_line(mut self, line: &str) -> Self {
        if self.place.is_none() && self.code == ExitCode::Usage {
            self.place = self.span.and_then(|span| marked(line, span));
        }
        self
    }

    /// PowerShell's id, behind it the cmdlet's class.
    pub fn id(&self) -> &str {
        &self.record.fully_qualified_error_id
    }

    /// As a block of lines: what failed, where in the line, why, what to do, and the id in brackets. A server's error is
    /// shown as PowerShell shows it.
    pub fn block(&self) -> String {
        let text = error_text(&self.record);
        if self.code == ExitCode::RemoteErrors {
            return text;
        }
        let mut report = self
            .report
            .as_deref()
            .cloned()
            .unwrap_or_else(|| Report::new(self.code, ""));
        report.computer = None;
        report.what = match &self.place {
            Some(place) => format!("{text}\n{place}"),
            None => text,
        };
        report.error_id = Some(self.id().to_owned()).filter(|id| !id.is_empty());
        report.block()
    }
}

/// The line that a span stands in, and marks below it.
fn marked(text: &str, span: Span) -> Option<String> {
    use unicode_width::UnicodeWidthStr as _;
    let start = text.get(..span.start)?.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(start..)?.lines().next()?;
    let before = text.get(start..span.start)?;
    let end = span.end.min(start + line.len()).max(span.start);
    let width = text.get(span.start..end)?.width().max(1);
    let (blanks, marks) = (" ".repeat(before.width()), "~".repeat(width));
    Some(format!("  {line}\n  {blanks}{marks}"))
}
