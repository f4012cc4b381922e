//! Errors as PowerShell makes them: words, ids, positions.

use crate::clixml::records::{ErrorCategory, ErrorRecord, InvocationInfo};
use crate::language::{ParseError, Span};

/// An error of a script.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// Large, and passed on a lot.
    record: Box<ErrorRecord>,
    span: Option<Span>,
}

impl Fault {
    pub(super) fn new(id: impl AsRef<str>, message: impl Into<String>) -> Self {
        let exception = "System.Management.Automation.RuntimeException";
        let invalid_operation = ErrorCategory(7);
        Self {
            record: Box::new(ErrorRecord::new(
                exception,
                message,
                id.as_ref(),
                invalid_operation,
            )),
            span: None,
        }
    }

    /// A limit of the demonstration, which PowerShell does not have.
    pub(super) fn limit(what: &str) -> Self {
        Self::new("DemonstrationLimit", format!("The demonstration {what}."))
    }

    /// A text that is no script.
    pub(super) fn of_parser(error: &ParseError, text: &str) -> Self {
        Self::new(error.id, error.message.as_str())
            .kind("ParseException", 17)
            .span(error.span)
            .at(text)
    }

    /// A command that is not there.
    pub(super) fn not_found(name: &str, span: Span) -> Self {
        let message = format!(
            "The term '{name}' is not recognized as a name of a cmdlet, function, script file, or executable program.\nCheck the spelling of the name, or if a path was included, verify that the path is correct and try again."
        );
        Self::new("CommandNotFoundException", message)
            .kind("CommandNotFoundException", 13)
            .target(name)
            .span(span)
    }

    /// The exception's type in `System.Management.Automation`, and the number of the category.
    pub(super) fn kind(mut self, exception: &str, category: i32) -> Self {
        exception.clone_into(&mut self.record.reason);
        self.record.exception_type = format!("System.Management.Automation.{exception}");
        self.record.category = ErrorCategory(category);
        self
    }

    /// What it was done to.
    pub(super) fn target(mut self, target: &str) -> Self {
        target.clone_into(&mut self.record.target_name);
        "String".clone_into(&mut self.record.target_type);
        self
    }

    /// The command that failed, unless one is named.
    pub(super) fn command(mut self, name: &str) -> Self {
        if self.record.activity.is_empty() {
            name.clone_into(&mut self.record.activity);
        }
        self
    }

    /// Where in the script, unless a place is known.
    pub(super) fn span(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }

    /// Finds the line in the script that the place counts in.
    pub(super) fn at(mut self, text: &str) -> Self {
        if let (Some(span), None) = (self.span, &self.record.invocation) {
            let before = text.get(..span.start).unwrap_or(text);
            let start = before.rfind('\n').map_or(0, |newline| newline + 1);
            let line = text.get(start..).unwrap_or_default().lines().next();
            let line = line.unwrap_or_default().to_owned();
            let whole = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
            let number = whole(before.matches('\n').count() + 1);
            let column = before.get(start..).unwrap_or_default().chars().count();
            let marked = text.get(span.start..span.end).unwrap_or_default();
            let length = marked.lines().next().unwrap_or_default().chars().count();
            let marks = " ".repeat(column) + &"~".repeat(length.max(1));
            let offset = whole(column + 1);
            self.record.invocation = Some(InvocationInfo {
                invocation_name: self.record.activity.clone(),
                script_line_number: number,
                offset_in_line: offset,
                position_message: format!("At line:{number} char:{offset}\n+ {line}\n+ {marks}"),
                line,
                ..InvocationInfo::default()
            });
        }
        self
    }

    /// As PowerShell's short view shows it.
    pub(super) fn display(&self) -> String {
        let subject = match self.record.activity.as_str() {
            "" => &self.record.reason,
            command => command,
        };
        format!("{subject}: {}", self.record.message)
    }

    pub(super) fn record(&self) -> &ErrorRecord {
        &self.record
    }
}
