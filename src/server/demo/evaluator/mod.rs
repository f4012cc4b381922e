//! The demonstration's evaluator: enough of PowerShell to try the program, not a shell.
//!
//! A script's tree is walked; pipelines are pushed, an object at a time, through their commands into a sink. Steps,
//! nesting and sizes are budgeted, and a stop is seen at each step.

mod expression;
mod method;
mod operator;
mod pipeline;
mod statement;

use std::collections::HashMap;
use std::sync::Arc;

use super::display::Display;
use super::fault::Fault;
use super::machine::Machine;
use super::outside::{Emission, Ending, Outside, Step, Stopped};
use super::values;
use crate::clixml::Value;
use crate::language::{self, ScriptBlock};
use crate::psrp::host::HostMethod;

/// The most steps of one pipeline.
const STEPS: u64 = 50_000_000;
/// The deepest nesting of calls and values.
const CALLS: usize = 200;
/// The most items of one array and bytes of one string.
const ITEMS: usize = 1_000_000;

/// What lives from pipeline to pipeline.
#[derive(Debug)]
pub(super) struct Runspace {
    pub(super) machine: Arc<Machine>,
    pub(super) location: String,
    pub(super) scopes: Vec<HashMap<String, Value>>,
    pub(super) functions: HashMap<String, Arc<Code>>,
}

/// A script with its text.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) name: String,
    text: Arc<str>,
    block: ScriptBlock,
}

/// Why evaluation leaves the normal way.
#[derive(Debug)]
pub(super) enum Flow {
    Fault(Box<Fault>),
    Break,
    Continue,
    Return,
    Exit(i32),
    Stopped,
    /// The command at that place of that pipeline wants no more input.
    Enough(u64, usize),
}

pub(super) type Run<T> = Result<T, Flow>;
pub(super) type Sink<'s, 'e> = &'s mut dyn FnMut(&mut Evaluator<'e>, Value) -> Run<()>;

/// One pipeline being run.
pub(super) struct Evaluator<'e> {
    pub(super) runspace: &'e mut Runspace,
    pub(super) outside: &'e mut dyn Outside,
    pub(super) display: Display,
    /// What is being run, for positions and script blocks.
    text: Arc<str>,
    steps: u64,
    calls: usize,
    pipelines: u64,
    /// Errors are shown, and not sent as records.
    shows_errors: bool,
}

impl Runspace {
    pub(super) fn new(machine: Arc<Machine>) -> Self {
        Self {
            location: machine.home.clone(),
            machine,
            scopes: vec![HashMap::new()],
            functions: HashMap::new(),
        }
    }

    /// Runs one statement of the client: commands joined by pipes.
    pub(super) fn run(&mut self, steps: &[Step], input: bool, outside: &mut dyn Outside) -> Ending {
        let mut evaluator = Evaluator {
            runspace: self,
            outside,
            display: Display::default(),
            text: "".into(),
            steps: STEPS,
            calls: 0,
            pipelines: 0,
            shows_errors: steps.last().is_some_and(|step| step.takes_errors),
        };
        let result = evaluator.run(steps, input);
        let shown = evaluator.flush();
        self.scopes.truncate(1);
        match result.and(shown) {
            Err(Flow::Fault(fault)) => Ending::Failed(fault),
            Err(Flow::Stopped) => Ending::Stopped,
            Err(Flow::Exit(exit_code)) => {
                match outside.show(HostMethod::SetShouldExit { exit_code }) {
                    Ok(()) => Ending::Completed,
                    Err(Stopped) => Ending::Stopped,
                }
            }
            Ok(()) | Err(_) => Ending::Completed,
        }
    }
}

impl<'e> Evaluator<'e> {
    fn run(&mut self, steps: &[Step], input: bool) -> Run<()> {
        let stages: Run<Vec<_>> = steps.iter().map(|step| self.stage_of(step)).collect();
        let mut source = |evaluator: &mut Self, out: Sink<'_, 'e>| {
            while let (true, Some(value)) = (input, evaluator.outside.input()?) {
                out(evaluator, value)?;
            }
            Ok(())
        };
        self.drive(stages?, &mut source, &mut |evaluator, value| {
            Ok(evaluator.outside.emit(Emission::Output(value))?)
        })
    }

    /// Counts a step and looks for a stop.
    fn step(&mut self) -> Run<()> {
        if self.outside.stopped() {
            return Err(Flow::Stopped);
        }
        self.steps = self
            .steps
            .checked_sub(1)
            .ok_or_else(|| Fault::limit("runs no pipeline that long"))?;
        Ok(())
    }

    /// Runs a rule one call deeper.
    fn deeper<T>(&mut self, rule: impl FnOnce(&mut Self) -> Run<T>) -> Run<T> {
        self.step()?;
        if self.calls == CALLS {
            let message = "The script failed due to call depth overflow.";
            return Err(Fault::new("CallDepthOverflow", message).into());
        }
        self.calls += 1;
        let result = rule(self);
        self.calls -= 1;
        result
    }

    /// Puts out an error that does not end the pipeline, unless `action` or the preference says otherwise.
    pub(super) fn error(&mut self, fault: Fault, action: Option<String>) -> Run<()> {
        let fault = fault.at(&self.text);
        self.set_global("?", false.into());
        let mut errors = values::items(self.get("error"));
        errors.insert(0, fault.record().to_value());
        errors.truncate(100);
        self.set_global("error", values::array(errors));
        let action = action.unwrap_or_else(|| values::text(&self.get("erroractionpreference")));
        match action.to_lowercase().as_str() {
            "stop" => return Err(fault.into()),
            "silentlycontinue" | "ignore" => return Ok(()),
            _ if !self.shows_errors => {
                return Ok(self.outside.emit(Emission::Error(Box::new(fault)))?);
            }
            _ => self.flush()?,
        }
        let text = fault.display();
        let lines = text
            .lines()
            .map(|line| HostMethod::WriteErrorLine { text: line.into() });
        Ok(lines
            .into_iter()
            .try_for_each(|call| self.outside.show(call))?)
    }

    /// Shows what `Out-Default` still holds.
    pub(super) fn flush(&mut self) -> Run<()> {
        Ok(self.display.flush(self.outside)?)
    }

    pub(super) fn get(&self, name: &str) -> Value {
        let name = name.to_lowercase();
        let found = self
            .runspace
            .scopes
            .iter()
            .rev()
            .find_map(|scope| scope.get(&name));
        found.cloned().unwrap_or(Value::Null)
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        let scope = self.runspace.scopes.last_mut();
        scope.map(|scope| scope.insert(name.to_lowercase(), value));
    }

    fn set_global(&mut self, name: &str, value: Value) {
        let scope = self.runspace.scopes.first_mut();
        scope.map(|scope| scope.insert(name.to_lowercase(), value));
    }
}

impl Code {
    /// Reads a script.
    pub(super) fn read(text: &Value) -> Run<Arc<Self>> {
        let text = values::text(text);
        let block = language::parse(&text).map_err(|error| Fault::of_parser(&error, &text))?;
        Ok(Arc::new(Self {
            name: String::new(),
            text: text.into(),
            block,
        }))
    }
}

impl From<Stopped> for Flow {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

impl From<Fault> for Flow {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}
