//! Arguments behind their parameters' names.

use super::common::{NAMES, Name};
use super::{Argument, Binder, convert};
use crate::cmdlets::Error;
use crate::cmdlets::metadata::{Cmdlet, Parameter};
use crate::cmdlets::value::Value;
use crate::language::Span;

/// A parameter that a name means.
enum Meant {
    Own(usize),
    Common(Name),
}

impl Binder {
    /// Binds what has a name; gives the rest.
    pub(super) fn named(&mut self, arguments: Vec<Argument>) -> Result<Vec<(Value, Span)>, Error> {
        let mut rest = Vec::new();
        let mut arguments = arguments.into_iter().peekable();
        while let Some(argument) = arguments.next() {
            let (name, given, span) = match argument {
                Argument::Value(value, span) => {
                    rest.push((value, span));
                    continue;
                }
                Argument::Parameter { name, value, span } => (name, value, span),
            };
            let meant = meant(self.cmdlet, &name).map_err(|error| error.at(span))?;
            let is_switch = match &meant {
                Meant::Own(at) => self
                    .cmdlet
                    .parameters
                    .get(*at)
                    .is_some_and(Parameter::is_switch),
                Meant::Common(name) => name.is_switch(),
            };
            let value = match given {
                Some(value) => value,
                None if is_switch => true.into(),
                None => match arguments.next_if(|next| matches!(next, Argument::Value(..))) {
                    Some(Argument::Value(value, _)) => value,
                    _ => return Err(missing_argument(self.cmdlet, &meant).at(span)),
                },
            };
            self.bind_named(&meant, &value)
                .map_err(|error| error.at(span))?;
        }
        if self.sets == 0 {
            let message = "These parameters do not stand in one parameter set together.";
            return Err(Error::new(
                "InvalidArgument",
                "AmbiguousParameterSet",
                message,
            ));
        }
        Ok(rest)
    }

    fn bind_named(&mut self, meant: &Meant, value: &Value) -> Result<(), Error> {
        let at = match meant {
            Meant::Common(name) => return self.common.set(*name, value),
            Meant::Own(at) => *at,
        };
        let Some(parameter) = self.cmdlet.parameters.get(at) else {
            return Ok(());
        };
        if self.value(at).is_some() {
            let message = format!(
                "The parameter '{}' is given more than once.",
                parameter.name
            );
            return Err(Error::new(
                "InvalidArgument",
                "ParameterAlreadyBound",
                message,
            ));
        }
        let value = convert::argument(parameter, value)?;
        self.put(at, value);
        Ok(())
    }
}

/// The parameter of that name or alias, or whose name begins so. What a cmdlet has itself goes before what all have.
fn meant(cmdlet: &Cmdlet, name: &str) -> Result<Meant, Error> {
    let exact = |own: &str| own.eq_ignore_ascii_case(name);
    let own = cmdlet.parameters.iter().enumerate();
    for (at, parameter) in own.clone() {
        if exact(parameter.name) || parameter.aliases.iter().any(|alias| exact(alias)) {
            return Ok(Meant::Own(at));
        }
    }
    if let Some(found) = NAMES.iter().find(|found| exact(found.0) || exact(found.1)) {
        return Ok(Meant::Common(*found));
    }
    let begins = |own: &str| {
        own.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    let fitting = own.filter(|(_, parameter)| {
        begins(parameter.name) || parameter.aliases.iter().any(|alias| begins(alias))
    });
    let fitting: Vec<_> = fitting.collect();
    let everywhere = |parameter: &Parameter| matches!(parameter.name, "WhatIf" | "Confirm");
    let common = NAMES
        .iter()
        .filter(|found| begins(found.0) || begins(found.1));
    let common: Vec<_> = common.collect();
    let mut declared = fitting
        .iter()
        .filter(|(_, parameter)| !everywhere(parameter));
    match (declared.next(), declared.next()) {
        (Some((at, _)), None) => return Ok(Meant::Own(*at)),
        (None, _) => match (fitting.as_slice(), common.as_slice()) {
            ([], []) => {
                let message =
                    format!("There is no parameter whose name is or begins with '{name}'.");
                let error = Error::new("InvalidArgument", "NamedParameterNotFound", message);
                return Err(error.target(name));
            }
            ([(at, _)], []) => return Ok(Meant::Own(*at)),
            ([], [one]) => return Ok(Meant::Common(**one)),
            _ => {}
        },
        _ => {}
    }
    let names = fitting.iter().map(|(_, parameter)| parameter.name);
    let names: Vec<_> = names
        .chain(common.iter().map(|name| name.0))
        .map(|name| format!("-{name}"))
        .collect();
    let message = format!("'{name}' may mean several parameters: {}.", names.join(" "));
    Err(Error::new("InvalidArgument", "AmbiguousParameter", message).target(name))
}

fn missing_argument(cmdlet: &Cmdlet, meant: &Meant) -> Error {
    let name = match meant {
        Meant::Own(at) => cmdlet
            .parameters
            .get(*at)
            .map_or("", |parameter| parameter.name),
        Meant::Common(name) => name.0,
    };
    let message = format!("The parameter '{name}' needs a value behind it.");
    Error::new("InvalidArgument", "MissingArgument", message).target(name)
}
