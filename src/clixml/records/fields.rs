//! The members of a record that is being read.

use crate::clixml::{Error, Fault, Value};

/// A value whose members are read by name, whatever their case and whichever kind of members they are.
#[derive(Clone, Copy)]
pub(super) struct Fields<'v>(&'v Value);

impl<'v> Fields<'v> {
    /// The members of an object; anything else is not `what`.
    pub(super) fn of(value: &'v Value, what: &'static str) -> Result<Self, Error> {
        match value.as_object() {
            Some(_) => Ok(Self(value)),
            None => Err(Error::of_value(Fault::NotA(what))),
        }
    }

    /// The member, unless it is missing or null.
    pub(super) fn get(self, name: &str) -> Option<&'v Value> {
        let value = self.0.member(name)?;
        (!matches!(value, Value::Null)).then_some(value)
    }

    /// A string that must be there; null is an empty one.
    pub(super) fn text(self, name: &'static str) -> Result<String, Error> {
        match self.0.member(name) {
            None => Err(Error::of_value(Fault::Missing(name))),
            Some(Value::Null) => Ok(String::new()),
            Some(value) => string(value).ok_or_else(|| wrong(name, "string")),
        }
    }

    /// A string, if it is there.
    pub(super) fn optional_text(self, name: &str) -> Option<String> {
        string(self.get(name)?)
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

    /// A value that must be there.
    pub(super) fn needed(self, name: &'static str) -> Result<&'v Value, Error> {
        let value = self.0.member(name);
        value.ok_or_else(|| Error::of_value(Fault::Missing(name)))
    }

    /// A truth that must be there.
    pub(super) fn needed_flag(self, name: &'static str) -> Result<bool, Error> {
        self.needed(name)?
            .as_bool()
            .ok_or_else(|| wrong(name, "boolean"))
    }

    /// A truth; missing is false.
    pub(super) fn flag(self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// The strings of a list; missing is none.
    pub(super) fn strings(self, name: &str) -> Vec<String> {
        let list = self.get(name).and_then(Value::as_list);
        list.unwrap_or_default().iter().filter_map(string).collect()
    }
}

/// The string of a value; of an object what it is shown as.
pub(super) fn string(value: &Value) -> Option<String> {
    let text = value
        .as_text()
        .or_else(|| value.as_object()?.to_string.as_ref());
    text.map(|text| text.to_str_lossy().into_owned())
}

fn wrong(member: &'static str, what: &'static str) -> Error {
    Error::of_value(Fault::NotA(what)).in_member(member)
}
