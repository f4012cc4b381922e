//! From arguments to parameters, in PowerShell's order: named ones, positional ones, the pipeline's, then the mandatory
//! ones that are asked for; and which parameter set it all comes to.

mod common;
mod convert;
mod named;
mod pipeline;
mod positional;
mod sets;

use super::Error;
use super::metadata::{Cmdlet, Parameter, Sets};
use super::value::Value;
use crate::language::Span;

pub(super) use common::{Action, Common};
pub(super) use convert::product;

/// An argument of a command, evaluated.
#[derive(Clone, Debug)]
pub(super) enum Argument {
    /// `-Name`, or `-Name:value`.
    Parameter {
        name: String,
        value: Option<Value>,
        span: Span,
    },
    /// Anything else.
    Value(Value, Span),
}

impl Argument {
    /// `-?`.
    pub(super) fn asks_for_help(&self) -> bool {
        matches!(self, Self::Parameter { name, .. } if name == "?")
    }
}

/// A cmdlet whose parameters are being bound.
#[derive(Clone, Debug)]
pub(super) struct Binder {
    pub(super) cmdlet: &'static Cmdlet,
    /// By the parameters' places.
    values: Vec<Option<Value>>,
    /// The parameter sets that may still be meant.
    sets: Sets,
    pub(super) common: Common,
}

/// A cmdlet's parameters, bound.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    cmdlet: &'static Cmdlet,
    values: Vec<Option<Value>>,
    /// The parameter set.
    pub(super) set: &'static str,
}

impl Binder {
    /// Binds the named and the positional arguments.
    pub(super) fn new(cmdlet: &'static Cmdlet, arguments: Vec<Argument>) -> Result<Self, Error> {
        let mut binder = Self {
            cmdlet,
            values: vec![None; cmdlet.parameters.len()],
            sets: cmdlet.all(),
            common: Common::default(),
        };
        let rest = binder.named(arguments)?;
        binder.positional(rest)?;
        Ok(binder)
    }

    /// The mandatory parameters that nobody gave; none where a pipeline comes that may bring them.
    pub(super) fn missing(&self, piped: bool) -> Vec<usize> {
        let Ok(set) = self.resolve() else {
            return Vec::new();
        };
        let own = 1 << set;
        let parameters = self.cmdlet.parameters.iter().enumerate();
        // The set is known when the pipeline's first object is.
        let waits = |(at, parameter): (usize, &Parameter)| {
            let mut places = parameter.in_sets(self.sets);
            self.value(at).is_none() && places.any(|place| place.by_value || place.by_name)
        };
        if piped && parameters.clone().any(waits) {
            return Vec::new();
        }
        parameters
            .filter(|(at, parameter)| {
                self.value(*at).is_none() && parameter.in_sets(own).any(|place| place.mandatory)
            })
            .map(|(at, _)| at)
            .collect()
    }

    /// Gives a parameter the value that was asked for.
    pub(super) fn supply(&mut self, at: usize, value: Value) -> Result<(), Error> {
        let Some(parameter) = self.cmdlet.parameters.get(at) else {
            return Ok(());
        };
        let value = convert::argument(parameter, &value)?;
        self.put(at, value);
        Ok(())
    }

    /// The parameters as they are, where no pipeline brings more.
    pub(super) fn finish(&self) -> Result<Bound, Error> {
        let set = self.resolve()?;
        let missing = self.missing(false);
        if !missing.is_empty() {
            let names = missing
                .iter()
                .filter_map(|at| self.cmdlet.parameters.get(*at));
            let names: Vec<_> = names.map(|parameter| parameter.name).collect();
            let message = format!(
                "Mandatory parameters are missing, and nobody can be asked for them: {}.",
                names.join(" ")
            );
            return Err(Error::new(
                "InvalidArgument",
                "MissingMandatoryParameter",
                message,
            ));
        }
        Ok(Bound {
            cmdlet: self.cmdlet,
            values: self.values.clone(),
            set: self.cmdlet.sets.get(set).copied().unwrap_or_default(),
        })
    }

    fn value(&self, at: usize) -> Option<&Value> {
        self.values.get(at)?.as_ref()
    }

    /// Binds a converted value, which leaves only the sets that have the parameter.
    fn put(&mut self, at: usize, value: Value) {
        if let (Some(slot), Some(parameter)) =
            (self.values.get_mut(at), self.cmdlet.parameters.get(at))
        {
            *slot = Some(value);
            self.sets &= parameter.sets();
        }
    }
}

impl Bound {
    /// What a parameter was given.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let (at, _) = self.cmdlet.parameter(name)?;
        self.values.get(at)?.as_ref()
    }

    /// The name of its cmdlet.
    pub(super) fn cmdlet(&self) -> &'static str {
        self.cmdlet.name
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(Value::text)
    }

    /// The values of a parameter that takes several; nothing where it was not given.
    pub(super) fn all(&self, name: &str) -> Vec<Value> {
        self.get(name)
            .cloned()
            .map(Value::items)
            .unwrap_or_default()
    }

    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.all(name).iter().map(Value::text).collect()
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_i64()
    }

    pub(super) fn switch(&self, name: &str) -> bool {
        self.get(name).is_some_and(Value::truth)
    }
}

#[cfg(test)]
mod tests;
