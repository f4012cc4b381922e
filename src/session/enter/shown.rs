//! What commands put out, and how they end.

use std::time::Duration;

use tokio::time::Instant;

use super::{BARE_PROMPT, InteractiveEvents, Leaving, Stage};
use crate::clixml::Value;
use crate::session::line::{self, prefix};
use crate::session::{
    ExitCode, Finished, HostEvent, InteractiveEvent, Line, PipelineEvent, PipelineState, Report,
};

/// So long the text may be the prompt that ends a line: that comes right before the end.
const QUIET: Duration = Duration::from_secs(1);

impl InteractiveEvents {
    pub(super) fn event(&mut self, event: PipelineEvent) {
        match &mut self.stage {
            Stage::Checking { found, .. } => match event {
                PipelineEvent::Output(_) => *found += 1,
                PipelineEvent::Finished(finished) => self.checked(finished),
                _ => {} // what the check shows is for nobody
            },
            Stage::Asking(_) => match event {
                PipelineEvent::Output(value) => self.take_prompt(&value),
                PipelineEvent::Finished(finished) => self.asked(finished),
                other => self.show(other),
            },
            Stage::Line(..) => match event {
                PipelineEvent::Output(value) => self.take_prompt(&value),
                PipelineEvent::Finished(finished) => self.line_ended(finished),
                other => self.show(other),
            },
            Stage::Resumed(_) => match event {
                PipelineEvent::Output(value) => self.resumed_output(&value),
                PipelineEvent::Finished(finished) => self.line_ended(finished),
                other => self.show(other),
            },
            Stage::Idle | Stage::Over => {}
        }
    }

    /// An object of a command that was not begun here. The last text may be the prompt that ends a line of psdeck's, so
    /// it waits until the prompt is known.
    pub(super) fn resumed_output(&mut self, value: &Value) {
        self.release();
        self.held = Some(line::plain(value));
        self.held_until = Instant::now() + QUIET;
    }

    /// Shows the text that was held back.
    pub(super) fn release(&mut self) {
        if let Some(text) = self.held.take() {
            self.ready.push_back(InteractiveEvent::Write(Line {
                text,
                newline: true,
                foreground: None,
                background: None,
            }));
        }
    }

    pub(super) fn checked(&mut self, finished: Finished) {
        let Stage::Checking { prompt, found, .. } = std::mem::replace(&mut self.stage, Stage::Idle)
        else {
            return;
        };
        if let Some(report) = finished.lost {
            self.over(InteractiveEvent::Broken(report));
        } else if finished.state == PipelineState::Stopped {
            let mut report = Report::new(ExitCode::Cancelled, "the session was not entered");
            report.computer = Some(self.info.borrow().computer_name.clone());
            self.over(InteractiveEvent::Broken(Box::new(report)));
        } else if found < 2 || (found < 3 && self.batches()) {
            // A server of protocol 2.0 leaves out the object that counts the others.
            let report = line::restricted(&self.info.borrow());
            self.over(InteractiveEvent::Broken(Box::new(report)));
        } else {
            self.shared.now().running = Some(prompt.stopper());
            self.stage = Stage::Asking(prompt);
        }
    }

    pub(super) fn take_prompt(&mut self, value: &Value) {
        if self.prompt.is_none() {
            let text = value.as_text().map(|text| text.to_str_lossy().into_owned());
            self.prompt = text.filter(|text| !text.is_empty());
        }
    }

    pub(super) fn asked(&mut self, finished: Finished) {
        if let Some(report) = finished.lost {
            if finished.unsent && !self.session.info().state.is_over() {
                self.unsent();
            } else {
                self.over(InteractiveEvent::Broken(report));
            }
        } else {
            let prompt = self.prompt.get_or_insert_with(|| BARE_PROMPT.to_owned());
            if self.held.as_ref() == Some(prompt) {
                self.held = None;
            }
            self.release();
            self.settle();
        }
    }

    pub(super) fn line_ended(&mut self, finished: Finished) {
        if finished.lost.is_some() || finished.reason.is_some() {
            self.release();
        }
        if let Some(report) = finished.lost {
            if self.session.info().state.is_over() {
                self.over(InteractiveEvent::Broken(report));
                return;
            }
            // The command is lost, the session is not.
            self.ready
                .push_back(InteractiveEvent::Notice(report.block()));
            if finished.unsent {
                self.unsent();
                return;
            }
        }
        if finished.state == PipelineState::Failed
            && let Some(error) = finished.reason
        {
            self.ready.push_back(InteractiveEvent::Error(error));
        }
        self.settle();
    }

    /// The line has ended: leaves, shows the prompt, or asks for it.
    pub(super) fn settle(&mut self) {
        if let Some(Leaving { exit_code }) = self.leaving {
            self.over(InteractiveEvent::Left { exit_code });
            return;
        }
        match self.prompt.take() {
            Some(prompt) => {
                self.shared.now().running = None;
                self.stage = Stage::Idle;
                self.shown = format!("{}{prompt}", prefix(&self.info.borrow()));
                self.ready
                    .push_back(InteractiveEvent::Ready(self.shown.clone()));
            }
            None => self.ask(),
        }
    }

    /// Shows what is to be seen. Records of streams are not: the host's calls have shown them already.
    pub(super) fn show(&mut self, event: PipelineEvent) {
        let event = match event {
            PipelineEvent::Error(record) => InteractiveEvent::Error(record),
            PipelineEvent::Notice(text) => InteractiveEvent::Notice(text),
            PipelineEvent::StopPending => InteractiveEvent::StopPending,
            PipelineEvent::Host(event) => match event {
                HostEvent::Write(line) => InteractiveEvent::Write(line),
                HostEvent::Stream(kind, text) => InteractiveEvent::Stream(kind, text),
                HostEvent::Progress { source, record } => {
                    InteractiveEvent::Progress { source, record }
                }
                HostEvent::Clear => InteractiveEvent::Clear,
                HostEvent::Title(title) => InteractiveEvent::Title(title),
                HostEvent::Prompt { id, prompt } => InteractiveEvent::Prompt { id, prompt },
                HostEvent::PromptCancelled(id) => InteractiveEvent::PromptCancelled(id),
                HostEvent::ShouldExit(code) => {
                    self.leaving = Some(Leaving {
                        exit_code: Some(code),
                    });
                    return;
                }
                HostEvent::PopRunspace => {
                    self.leaving.get_or_insert(Leaving { exit_code: None });
                    return;
                }
            },
            _ => return,
        };
        if !matches!(
            event,
            InteractiveEvent::Progress { .. }
                | InteractiveEvent::Title(_)
                | InteractiveEvent::PromptCancelled(_)
        ) {
            // In the order in which it came.
            self.release();
        }
        self.ready.push_back(event);
    }
}
