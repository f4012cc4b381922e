//! A host for tests, which keeps what it is shown.

use std::collections::VecDeque;
use std::time::Duration;

use super::outside::{Emission, Outside, Stopped};
use crate::clixml::Value;
use crate::psrp::host::{HostAnswer, HostMethod};

/// A host that keeps what it is shown.
#[derive(Default)]
pub(super) struct Screen {
    pub(super) lines: Vec<String>,
    pub(super) output: Vec<Value>,
    pub(super) answers: VecDeque<HostAnswer>,
    pub(super) asked: Vec<HostMethod>,
    pub(super) slept: Duration,
    pub(super) stop: bool,
    /// Wants a stop after that many lines.
    pub(super) patience: usize,
}

impl Outside for Screen {
    fn emit(&mut self, record: Emission) -> Result<(), Stopped> {
        match record {
            Emission::Output(value) => self.output.push(value),
            Emission::Error(fault) => self.lines.push(format!("(record) {}", fault.display())),
            _ => {}
        }
        Ok(())
    }

    fn show(&mut self, call: HostMethod) -> Result<(), Stopped> {
        let (mark, text) = match &call {
            HostMethod::WriteLine2 { text } => ("", text),
            HostMethod::WriteErrorLine { text } => ("(error) ", text),
            HostMethod::WriteWarningLine { text } => ("WARNING: ", text),
            HostMethod::WriteVerboseLine { text } => ("VERBOSE: ", text),
            _ => {
                self.asked.push(call);
                return Ok(());
            }
        };
        let plain = text
            .to_string()
            .replace("\x1b[32;1m", "")
            .replace("\x1b[0m", "");
        self.lines.push(format!("{mark}{plain}"));
        if self.patience > 0 && self.lines.len() >= self.patience {
            self.stop = true;
        }
        Ok(())
    }

    fn ask(&mut self, call: HostMethod) -> Result<HostAnswer, Stopped> {
        self.asked.push(call);
        self.answers.pop_front().ok_or(Stopped)
    }

    fn sleep(&mut self, time: Duration) -> Result<(), Stopped> {
        self.slept += time;
        Ok(())
    }

    fn input(&mut self) -> Result<Option<Value>, Stopped> {
        Ok(None)
    }

    fn stopped(&self) -> bool {
        self.stop
    }

    fn window(&self) -> (usize, usize) {
        (80, 24)
    }

    fn now(&self) -> i64 {
        1_714_979_289_000_000
    }
}
