//! The demonstration's evaluator: enough of PowerShell to try the program, not a shell.
//!
//! A script's tree is walked. What a command puts out is collected for the next one; the last one's goes out at once.
//! Nesting and sizes are bounded, and a stop is seen at each step.

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
use super::values::LARGEST;
use crate::clixml::Value;
use crate::language::{self, ScriptBlock};
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
    pub(super) block: ScriptBlock,
    /// What it was read from; a command has none, and its block only declares its parameters.
    text: Option<Arc<str>>,
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

/// One pipeline being run.
pub(super) struct Evaluator<'e> {
    pub(super) runspace: &'e mut Runspace,
    pub(super) outside: &'e mut dyn Outside,
    pub(super) display: Display,
    /// What is put out for whom: the innermost collects, and without any it goes out.
    collected: Vec<Vec<Value>>,
    /// What is being run, for script blocks.
    text: Option<Arc<str>>,
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
            ("computername", machine.name.as_str().into()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value));
        let mut functions = HashMap::new();
        for (names, parameters) in commands::all() {
            let code = Arc::new(Code {
                name: names.split(' ').next().unwrap_or_default().to_owned(),
                block: language::parse(&format!("param({parameters})")).unwrap_or_default(),
                text: None,
            });
            let names = names.split(' ').map(str::to_lowercase);
            functions.extend(names.map(|name| (name, Arc::clone(&code))));
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
        let mut evaluator = Evaluator {
            runspace: self,
            outside,
            display: Display::default(),
            collected: Vec::new(),
            text: None,
            calls: 0,
            shows: steps.last().is_some_and(|step| step.text == "Out-Default"),
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

    /// Puts an object out.
    pub(super) fn put(&mut self, value: Value) -> Run<()> {
        match self.collected.last_mut() {
            Some(values) if values.len() == LARGEST => {
                return Err(Fault::limit("collects no more than a million objects").into());
            }
            Some(values) => values.push(value),
            None if self.shows => self.display.show(value, self.outside)?,
            None => self.outside.emit(Emission::Output(value))?,
        }
        Ok(())
    }

    pub(super) fn put_all(&mut self, values: Vec<Value>) -> Run<()> {
        values.into_iter().try_for_each(|value| self.put(value))
    }

    /// Everything that a rule puts out.
    pub(super) fn collect(&mut self, rule: impl FnOnce(&mut Self) -> Run<()>) -> Run<Vec<Value>> {
        self.collected.push(Vec::new());
        let result = rule(self);
        let values = self.collected.pop().unwrap_or_default();
        result.map(|()| values)
    }

    /// Puts a record out, and shows it; an error is shown or put out.
    pub(super) fn tell(&mut self, record: Emission) -> Run<()> {
        self.flush()?;
        let mut calls = record.shown().into_iter();
        match record {
            Emission::Error(_) if self.shows => {}
            Emission::Error(_) => return Ok(self.outside.emit(record)?),
            record => self.outside.emit(record)?,
        }
        Ok(calls.try_for_each(|call| self.outside.show(call))?)
    }

    /// Shows what `Out-Default` still holds.
    pub(super) fn flush(&mut self) -> Run<()> {
        Ok(self.display.flush(self.outside)?)
    }

    fn get(&self, name: &str) -> Value {
        let name = name.to_lowercase();
        let mut scopes = self.runspace.scopes.iter().rev();
        match scopes.find_map(|scope| scope.get(&name)) {
            Some(value) => value.clone(),
            None if name == "pwd" => self.runspace.location.as_str().into(),
            None => Value::Null,
        }
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        if let Some(scope) = self.runspace.scopes.last_mut() {
            scope.insert(name.to_lowercase(), value);
        }
    }
}

impl Code {
    /// Reads a script.
    pub(super) fn read(text: &str) -> Run<Arc<Self>> {
        let block = language::parse(text)
            .map_err(|error| Fault::new(error.id, error.message).kind("ParseException", 17, ""))?;
        Ok(Arc::new(Self {
            name: String::new(),
            block,
            text: Some(text.into()),
        }))
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
