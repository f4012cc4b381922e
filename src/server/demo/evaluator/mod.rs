//! The demonstration's evaluator: enough of PowerShell to try the program, not a shell.
//!
//! A script's tree is walked; what it puts out goes into a sink, an object at a time. Steps, nesting and sizes are
//! budgeted, and a stop is seen at each step.

mod expression;
mod pipeline;
mod statement;

use std::collections::HashMap;
use std::sync::Arc;

use super::commands;
use super::display::Display;
use super::fault::Fault;
use super::machine::Machine;
use super::outside::{Emission, Ending, Outside, Step, Stopped};
use super::values::{LARGEST, collected};
use crate::clixml::Value;
use crate::language::{self, Parameter, ScriptBlock};
use crate::psrp::host::HostMethod;

/// The deepest nesting of calls and values.
const CALLS: usize = 200;

/// What lives from pipeline to pipeline.
#[derive(Debug)]
pub(super) struct Runspace {
    pub(super) machine: Arc<Machine>,
    pub(super) location: String,
    /// Variables by name in lower case, the global ones first.
    pub(super) scopes: Vec<HashMap<String, Value>>,
    pub(super) functions: HashMap<String, Arc<Code>>,
}

/// A script, function or command.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) name: String,
    text: Arc<str>,
    block: ScriptBlock,
    /// A command, whose script only declares its parameters.
    native: bool,
}

/// Why evaluation leaves the normal way.
#[derive(Debug)]
pub(super) enum Flow {
    Fault(Fault),
    Break,
    Continue,
    Return,
    Exit(i32),
    Stopped,
}

pub(super) type Run<T> = Result<T, Flow>;
/// Where a statement or command puts what it gives.
pub(super) type Sink<'s> = &'s mut dyn FnMut(&mut Evaluator<'_>, Value) -> Run<()>;

/// One pipeline being run.
pub(super) struct Evaluator<'e> {
    pub(super) runspace: &'e mut Runspace,
    pub(super) outside: &'e mut dyn Outside,
    pub(super) display: Display,
    /// What is being run, for script blocks.
    text: Arc<str>,
    calls: usize,
    /// Everything is shown, and not sent as objects and records.
    shows: bool,
}

impl Runspace {
    pub(super) fn new(machine: Arc<Machine>) -> Self {
        let variables = [
            ("true", true.into()),
            ("false", false.into()),
            ("home", machine.home.as_str().into()),
            ("env:computername", machine.name.as_str().into()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value));
        let mut functions = HashMap::new();
        for (names, declared) in commands::all() {
            let name = names.first().copied().unwrap_or_default();
            let block = language::parse(&declared).unwrap_or_default();
            let code = Arc::new(Code::new(name, &declared, block, true));
            functions.extend(
                names
                    .iter()
                    .map(|name| (name.to_lowercase(), Arc::clone(&code))),
            );
        }
        Self {
            location: machine.home.clone(),
            machine,
            scopes: vec![HashMap::from(variables)],
            functions,
        }
    }

    /// The function or command of that name.
    pub(super) fn function(&self, name: &str) -> Option<&Arc<Code>> {
        self.functions.get(&name.to_lowercase())
    }

    /// Runs one statement of the client: commands joined by pipes.
    pub(super) fn run(&mut self, steps: &[Step], input: bool, outside: &mut dyn Outside) -> Ending {
        let shown = steps.last().is_some_and(|step| step.text == "Out-Default");
        let mut evaluator = Evaluator {
            runspace: self,
            outside,
            display: Display::default(),
            text: "".into(),
            calls: 0,
            shows: shown,
        };
        let result = evaluator.client(steps, input).and(evaluator.flush());
        self.scopes.truncate(1);
        match result {
            Err(Flow::Fault(fault)) => Ending::Failed(fault),
            Err(Flow::Stopped) => Ending::Stopped,
            Err(Flow::Exit(exit_code)) => {
                let told = outside.show(HostMethod::SetShouldExit { exit_code });
                told.map_or(Ending::Stopped, |()| Ending::Completed)
            }
            Ok(()) | Err(_) => Ending::Completed,
        }
    }
}

impl Evaluator<'_> {
    /// Runs a rule one call deeper, unless it is to stop.
    fn deeper<T>(&mut self, rule: impl FnOnce(&mut Self) -> Run<T>) -> Run<T> {
        if self.outside.stopped() {
            return Err(Flow::Stopped);
        }
        if self.calls == CALLS {
            let message = "The script failed due to call depth overflow.";
            return Err(Fault::new("CallDepthOverflow", message).into());
        }
        self.calls += 1;
        let result = rule(self);
        self.calls -= 1;
        result
    }

    /// Everything that a rule puts out.
    pub(super) fn collect(
        &mut self,
        rule: impl FnOnce(&mut Self, Sink<'_>) -> Run<()>,
    ) -> Run<Vec<Value>> {
        let mut values = Vec::new();
        rule(self, &mut |_, value| {
            values.push(value);
            if values.len() > LARGEST {
                return Err(Fault::limit("collects no more than a million objects").into());
            }
            Ok(())
        })?;
        Ok(values)
    }

    /// Puts out an error that does not end the pipeline.
    pub(super) fn error(&mut self, fault: Fault) -> Run<()> {
        if !self.shows {
            return Ok(self.outside.emit(Emission::Error(fault))?);
        }
        self.flush()?;
        let text = fault.display();
        let mut lines = text
            .lines()
            .map(|text| HostMethod::WriteErrorLine { text: text.into() });
        Ok(lines.try_for_each(|line| self.outside.show(line))?)
    }

    /// Shows what `Out-Default` still holds.
    pub(super) fn flush(&mut self) -> Run<()> {
        Ok(self.display.flush(self.outside)?)
    }

    pub(super) fn get(&self, name: &str) -> Value {
        let name = name.to_lowercase();
        let mut scopes = self.runspace.scopes.iter().rev();
        let found = scopes.find_map(|scope| scope.get(&name)).cloned();
        found.unwrap_or_else(|| match name.as_str() {
            "pwd" => self.runspace.location.as_str().into(),
            _ => Value::Null,
        })
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        let scope = self.runspace.scopes.last_mut();
        scope.map(|scope| scope.insert(name.to_lowercase(), value));
    }
}

impl Code {
    /// Reads a script.
    pub(super) fn read(text: &str) -> Run<Arc<Self>> {
        let block = language::parse(text).map_err(|error| {
            let fault = Fault::new(error.id, error.message);
            fault.kind("ParseException", 17, "")
        })?;
        Ok(Arc::new(Self::new("", text, block, false)))
    }

    fn new(name: &str, text: &str, block: ScriptBlock, native: bool) -> Self {
        let (name, text) = (name.to_owned(), text.into());
        Self {
            name,
            text,
            block,
            native,
        }
    }

    pub(super) fn parameters(&self) -> &[Parameter] {
        &self.block.parameters
    }

    /// The parameter whose name begins so.
    fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters()
            .iter()
            .find(|parameter| begins(&parameter.name, name))
    }
}

/// Whether `whole` begins with `part`, whatever their case.
pub(super) fn begins(whole: &str, part: &str) -> bool {
    let start = whole.get(..part.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(part))
}

impl From<Stopped> for Flow {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

impl From<Fault> for Flow {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
