//! Errors as PowerShell makes them: words, ids, categories.

use crate::clixml::records::{ErrorCategory, ErrorRecord};

/// An error of a script; its record is large, and passed on a lot.
#[derive(Clone, Debug)]
pub(crate) struct Fault(Box<ErrorRecord>);

impl Fault {
    pub(super) fn new(id: &str, message: impl Into<String>) -> Self {
        let record = ErrorRecord::new("", message, id, ErrorCategory::default());
        Self(Box::new(record)).kind("RuntimeException", 7, "")
    }

    /// A limit of the demonstration, which PowerShell does not have.
    pub(super) fn limit(what: &str) -> Self {
        Self::new("DemonstrationLimit", format!("The demonstration {what}."))
    }

    /// A command that is not there.
    pub(super) fn not_found(name: &str) -> Self {
        let message = format!(
            "The term '{name}' is not recognized as a name of a cmdlet, function, script file, or executable program.\nCheck the spelling of the name, or if a path was included, verify that the path is correct and try again."
        );
        let id = "CommandNotFoundException";
        Self::new(id, message).kind(id, 13, name)
    }

    /// The exception's type in `System.Management.Automation`, the number of the category, what it was done to.
    pub(super) fn kind(mut self, exception: &str, category: i32, target: &str) -> Self {
        exception.clone_into(&mut self.0.reason);
        self.0.exception_type = format!("System.Management.Automation.{exception}");
        self.0.category = ErrorCategory(category);
        target.clone_into(&mut self.0.target_name);
        self
    }

    /// The command that failed; its class ends the id.
    pub(super) fn of(mut self, command: &str) -> Self {
        command.clone_into(&mut self.0.activity);
        let class = command.replace('-', "");
        self.0.fully_qualified_error_id +=
            &format!(",Microsoft.PowerShell.Commands.{class}Command");
        self
    }

    /// As PowerShell's short view shows it.
    pub(super) fn display(&self) -> String {
        let record = self.record();
        let command = Some(&record.activity).filter(|command| !command.is_empty());
        format!("{}: {}", command.unwrap_or(&record.reason), record.message)
    }

    pub(super) fn record(&self) -> &ErrorRecord {
        &self.0
    }
}
