//! The members of a record that is being read.

use crate::clixml::{Error, Fault, Text, Value};

/// A value whose members are read by name, whatever their case and whichever kind of members they are.
#[derive(Clone, Copy)]
pub(super) struct Fields<'v> {
    value: &'v Value,
}

impl<'v> Fields<'v> {
    /// The members of an object; anything else is not `what`.
    pub(super) fn of(value: &'v Value, what: &'static str) -> Result<Self, Error> {
        match value {
            Value::Object(_) => Ok(Self { value }),
            _ => Err(Error::of_value(Fault::NotA(what))),
        }
    }

    /// The member, unless it is missing or null.
    pub(super) fn get(self, name: &str) -> Option<&'v Value> {
        self.value
            .member(name)
            .filter(|value| **value != Value::Null)
    }

    /// A string that must be there; null is an empty one.
    pub(super) fn text(self, name: &'static str) -> Result<Text, Error> {
        match self.value.member(name) {
            None => Err(Error::of_value(Fault::Missing(name))),
            Some(Value::Null) => Ok(Text::default()),
            Some(value) => value
                .as_text()
                .cloned()
                .ok_or_else(|| wrong(name, "string")),
        }
    }

    /// A string, if it is there.
    pub(super) fn optional_text(self, name: &str) -> Option<Text> {
        self.get(name)?.as_text().cloned()
    }

    /// A number that fits, if it is there.
    pub(super) fn number<T: TryFrom<i64>>(self, name: &str) -> Option<T> {
        self.get(name)?.as_i64()?.try_into().ok()
    }

    /// A number that must be there.
    pub(super) fn needed_number<T: TryFrom<i64>>(self, name: &'static str) -> Result<T, Error> {
        match self.get(name) {
            None => Err(Error::of_value(Fault::Missing(name))),
            Some(_) => self
                .number(name)
                .ok_or_else(|| wrong(name, "number that fits")),
        }
    }

    /// A truth; missing is false.
    pub(super) fn flag(self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or_default()
    }
}

fn wrong(member: &'static str, what: &'static str) -> Error {
    Error::of_value(Fault::NotA(what)).in_member(member)
}
