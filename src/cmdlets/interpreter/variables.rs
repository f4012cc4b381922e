//! Variables, and those that the language brings along.

use std::collections::BTreeMap;

use super::Run;
use crate::cmdlets::Error;
use crate::cmdlets::binding::Action;
use crate::cmdlets::value::Value;
use crate::language::Variable;

/// Variables by their names in lower case.
#[derive(Debug, Default)]
pub(in crate::cmdlets) struct Variables(BTreeMap<String, Value>);

impl Variables {
    pub(in crate::cmdlets) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(&name.to_lowercase())
    }

    pub(in crate::cmdlets) fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_lowercase(), value);
    }

    /// A preference variable of actions, `ErrorActionPreference` say.
    pub(super) fn action(&self, name: &str) -> Option<Action> {
        self.get(name).and_then(Action::read)
    }
}

impl Run<'_> {
    /// A variable's value; null of one that was never set.
    pub(super) fn get(&self, variable: &Variable) -> Value {
        self.find(variable).unwrap_or(Value::NULL)
    }

    pub(super) fn find(&self, variable: &Variable) -> Option<Value> {
        if variable
            .scope
            .as_deref()
            .is_some_and(|scope| scope.eq_ignore_ascii_case("env"))
        {
            return std::env::var(&variable.name).ok().map(Into::into);
        }
        match variable.name.to_ascii_lowercase().as_str() {
            "true" => Some(true.into()),
            "false" => Some(false.into()),
            "null" => Some(Value::NULL),
            "_" | "psitem" => self.item.last().cloned(),
            "?" => Some(self.succeeded.into()),
            name => self.console.variables.get(name).cloned(),
        }
    }

    pub(super) fn set(&mut self, variable: &Variable, value: Value) -> Result<(), Error> {
        let scope = variable
            .scope
            .as_deref()
            .unwrap_or("local")
            .to_ascii_lowercase();
        if !matches!(
            scope.as_str(),
            "global" | "script" | "local" | "private" | "variable"
        ) {
            return Err(Error::unsupported(&format!("the drive {scope}:")));
        }
        let name = variable.name.to_ascii_lowercase();
        match name.as_str() {
            "null" => Ok(()),
            "true" | "false" | "?" | "_" | "psitem" => {
                let message = format!("The variable ${name} cannot be set.");
                Err(Error::new("WriteError", "VariableNotWritable", message))
            }
            _ => {
                self.console.variables.set(&name, value);
                Ok(())
            }
        }
    }

    /// Sets the variable that a common parameter names; `+name` adds to it.
    pub(super) fn keep(&mut self, name: &str, mut values: Vec<Value>) {
        let name = match name.strip_prefix('+') {
            Some(name) => {
                let old = self.console.variables.get(name).cloned();
                let mut all = old.map(Value::items).unwrap_or_default();
                all.append(&mut values);
                values = all;
                name
            }
            None => name,
        };
        self.console
            .variables
            .set(name, Value::Array(values.into()));
    }
}
