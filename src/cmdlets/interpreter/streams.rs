//! Errors, warnings and the like; questions.

use super::{Result, Run, Stop};
use crate::cmdlets::Error;
use crate::cmdlets::binding::{Action, Bound};
use crate::cmdlets::value::Value;
use crate::session::{ExitCode, Prompt, PromptReply, StreamKind};

/// How much a cmdlet changes (`ConfirmImpact`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cmdlets) enum Impact {
    Low = 1,
    Medium = 2,
    High = 3,
}

impl Run<'_> {
    /// An error that does not end the cmdlet, unless `-ErrorAction` says so.
    pub(in crate::cmdlets) fn complain(&mut self, error: Error) -> Result<()> {
        if error.code == ExitCode::Cancelled {
            self.check()?;
        }
        let error = error.of(self.cmdlet).in_line(&self.source);
        let preference = || self.console.variables.action("ErrorActionPreference");
        let action = self
            .common
            .error_action
            .or_else(preference)
            .unwrap_or(Action::Continue);
        self.succeeded = false;
        if action == Action::Ignore {
            return Ok(());
        }
        self.note_error(&error)?;
        match action {
            Action::Stop => return Err(Stop::Failed(Box::new(error))),
            Action::Continue | Action::Inquire => self.report(error),
            Action::SilentlyContinue | Action::Ignore => self.console.remember(&error),
        }
        Ok(())
    }

    /// Keeps an error for `-ErrorVariable`.
    pub(super) fn note_error(&mut self, error: &Error) -> Result<()> {
        if self.common.error_variable.is_none() {
            return Ok(());
        }
        let record = Value::Plain(error.record.to_value());
        let most = self.console.most_collected;
        Ok(self.said.errors.push(record, most)?)
    }

    /// Shows an error.
    pub(in crate::cmdlets) fn report(&mut self, error: Error) {
        self.succeeded = false;
        self.failed = self.failed.max(Some(error.code));
        self.console.remember(&error);
        self.console.host.error(&error);
    }

    pub(in crate::cmdlets) fn warn(&mut self, text: &str) -> Result<()> {
        let preference = || self.console.variables.action("WarningPreference");
        let action = self
            .common
            .warning_action
            .or_else(preference)
            .unwrap_or(Action::Continue);
        if action == Action::Ignore {
            return Ok(());
        }
        if self.common.warning_variable.is_some() {
            let most = self.console.most_collected;
            self.said.warnings.push(text.into(), most)?;
        }
        if action != Action::SilentlyContinue {
            self.console.host.stream(StreamKind::Warning, text);
        }
        self.stopped_by(action, text)
    }

    pub(in crate::cmdlets) fn verbose(&mut self, text: &str) {
        let preference =
            || Some(self.console.variables.action("VerbosePreference")? == Action::Continue);
        if self.common.verbose.or_else(preference).unwrap_or(false) {
            self.console.host.stream(StreamKind::Verbose, text);
        }
    }

    /// A record of the information stream, shown where somebody wants it.
    pub(in crate::cmdlets) fn inform(&mut self, text: &str) -> Result<()> {
        let preference = || self.console.variables.action("InformationPreference");
        let action = self
            .common
            .information_action
            .or_else(preference)
            .unwrap_or(Action::SilentlyContinue);
        if action != Action::Ignore && self.common.information_variable.is_some() {
            let most = self.console.most_collected;
            self.said.information.push(text.into(), most)?;
        }
        if matches!(action, Action::Continue | Action::Inquire) {
            self.console.write(&format!("{text}\n"));
        }
        self.stopped_by(action, text)
    }

    /// Whether progress is shown.
    pub(in crate::cmdlets) fn shows_progress(&self) -> bool {
        let preference = || self.console.variables.action("ProgressPreference");
        let action = self
            .common
            .progress_action
            .or_else(preference)
            .unwrap_or(Action::Continue);
        action == Action::Continue
    }

    fn stopped_by(&self, action: Action, text: &str) -> Result<()> {
        if action != Action::Stop {
            return Ok(());
        }
        let error = Error::new("OperationStopped", "ActionPreferenceStop", text);
        Err(Stop::Failed(Box::new(error.of(self.cmdlet))))
    }

    /// `-WhatIf` and `-Confirm`: whether to do something to a target. Without them, by the preference variables.
    pub(in crate::cmdlets) async fn should(
        &mut self,
        bound: &Bound,
        operation: &str,
        target: &str,
        impact: Impact,
    ) -> Result<bool> {
        let said = format!("Performing the operation \"{operation}\" on target \"{target}\".");
        let preference = |name: &str| self.console.variables.get(name).cloned();
        let what_if = bound
            .get("WhatIf")
            .cloned()
            .or_else(|| preference("WhatIfPreference"));
        if what_if.is_some_and(|what_if| what_if.truth()) {
            self.end_shown();
            self.console.write(&format!("What if: {said}\n"));
            return Ok(false);
        }
        let wanted = bound.get("Confirm").map_or_else(
            || {
                let name = preference("ConfirmPreference").map(|value| value.text());
                let least = match name.map(|name| name.to_ascii_lowercase()).as_deref() {
                    Some("low") => 1,
                    Some("medium") => 2,
                    Some("none") => 4,
                    _ => 3,
                };
                impact as i32 >= least
            },
            Value::truth,
        );
        if !wanted {
            self.verbose(&said);
            return Ok(true);
        }
        if let Some(answer) = self.for_all {
            return Ok(answer);
        }
        let choice = |label: &str, help: &str| (label.to_owned(), help.to_owned());
        let prompt = Prompt::Choice {
            caption: "Confirm".to_owned(),
            message: format!("Are you sure you want to perform this action?\n{said}"),
            choices: vec![
                choice("&Yes", "Do this, and ask again before the next."),
                choice("Yes to &All", "Do this and everything that follows."),
                choice("&No", "Leave this out, and go on with the next."),
                choice("No to A&ll", "Leave this and everything that follows out."),
                choice("&Suspend", "psdeck has no nested prompt: this asks again."),
            ],
            defaults: vec![0],
            several: false,
        };
        loop {
            let PromptReply::Choice(chosen) = self.prompt(&prompt).await? else {
                let error = Error::new(
                    "InvalidOperation",
                    "ConfirmationRefused",
                    "Nobody is there to confirm it; -Confirm:$false does it without asking.",
                );
                return Err(error.target(target).into());
            };
            let answer = match chosen.first() {
                Some(0) => true,
                Some(1) => {
                    self.for_all = Some(true);
                    true
                }
                Some(2) => false,
                Some(3) => {
                    self.for_all = Some(false);
                    false
                }
                _ => {
                    self.warn("There is no nested prompt to suspend to.")?;
                    continue;
                }
            };
            return Ok(answer);
        }
    }

    /// Asks the user; Ctrl+C ends the waiting.
    pub(in crate::cmdlets) async fn prompt(&mut self, prompt: &Prompt) -> Result<PromptReply> {
        self.end_shown();
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Stop::Cancelled),
            reply = self.console.host.prompt(prompt) => Ok(reply),
        }
    }
}
