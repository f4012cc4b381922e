//! Typed members of message bodies. PowerShell refuses a message whose member is missing or of another type, so our
//! errors name the message and the member.

use uuid::Uuid;

use super::MessageType;
use crate::clixml::{Content, ListKind, Object, Text, Value, Version};

/// A body that does not say what its message type promises. The peer is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    /// The member is not there.
    #[error("{message} has no member {member}")]
    Missing {
        /// The message.
        message: MessageType,
        /// The member, with its path inside the body.
        member: String,
    },
    /// The member holds something else.
    #[error("member {member} of {message} is no {expected}")]
    Type {
        /// The message.
        message: MessageType,
        /// The member, with its path inside the body.
        member: String,
        /// What it should be, in CLIXML's or PowerShell's words.
        expected: &'static str,
    },
}

/// A value inside a message, which knows its name.
#[derive(Clone, Debug)]
pub(crate) struct Member<'a> {
    message: MessageType,
    path: String,
    value: &'a Value,
}

impl<'a> Member<'a> {
    /// The whole body of a message.
    pub(crate) fn body(message: MessageType, value: &'a Value) -> Self {
        Self {
            message,
            path: String::new(),
            value,
        }
    }

    pub(crate) fn value(&self) -> &'a Value {
        self.value
    }

    /// A member by name, case-insensitively.
    pub(crate) fn get(&self, name: &str) -> Result<Self, MemberError> {
        self.find(name).ok_or_else(|| MemberError::Missing {
            message: self.message,
            member: self.below(name),
        })
    }

    /// A member that may be missing or null.
    pub(crate) fn optional(&self, name: &str) -> Option<Self> {
        self.find(name)
            .filter(|member| *member.value != Value::Null)
    }

    fn find(&self, name: &str) -> Option<Self> {
        let value = self.value.member(name)?;
        Some(self.inner(self.below(name), value))
    }

    fn below(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    fn inner(&self, path: String, value: &'a Value) -> Self {
        Self {
            message: self.message,
            path,
            value,
        }
    }

    /// The error that this is no `expected`.
    pub(crate) fn wrong(&self, expected: &'static str) -> MemberError {
        MemberError::Type {
            message: self.message,
            member: if self.path.is_empty() {
                "(the body)".to_owned()
            } else {
                self.path.clone()
            },
            expected,
        }
    }

    fn need<T>(&self, found: Option<T>, expected: &'static str) -> Result<T, MemberError> {
        found.ok_or_else(|| self.wrong(expected))
    }

    pub(crate) fn is_null(&self) -> bool {
        *self.value == Value::Null
    }

    pub(crate) fn i32(&self) -> Result<i32, MemberError> {
        self.need(self.value.as_i32(), "I32")
    }

    pub(crate) fn i64(&self) -> Result<i64, MemberError> {
        match self.value.base() {
            Value::Int64(number) => Ok(*number),
            _ => Err(self.wrong("I64")),
        }
    }

    pub(crate) fn bool(&self) -> Result<bool, MemberError> {
        self.need(self.value.as_bool(), "B")
    }

    pub(crate) fn char(&self) -> Result<u16, MemberError> {
        match self.value.base() {
            Value::Char(unit) => Ok(*unit),
            _ => Err(self.wrong("C")),
        }
    }

    pub(crate) fn version(&self) -> Result<Version, MemberError> {
        match self.value.base() {
            Value::Version(version) => Ok(*version),
            _ => Err(self.wrong("Version")),
        }
    }

    pub(crate) fn guid(&self) -> Result<Uuid, MemberError> {
        match self.value.base() {
            Value::Guid(id) => Ok(*id),
            _ => Err(self.wrong("G")),
        }
    }

    pub(crate) fn text(&self) -> Result<Text, MemberError> {
        match self.value.base() {
            Value::String(text) => Ok(text.clone()),
            _ => Err(self.wrong("S")),
        }
    }

    /// A string, lone surrogates replaced; null is the empty string, as in .NET's strings that are shown.
    pub(crate) fn string(&self) -> Result<String, MemberError> {
        if self.is_null() {
            return Ok(String::new());
        }
        Ok(self.text()?.to_str_lossy().into_owned())
    }

    /// A string or null.
    pub(crate) fn text_or_null(&self) -> Result<Option<Text>, MemberError> {
        if self.is_null() {
            Ok(None)
        } else {
            self.text().map(Some)
        }
    }

    /// The number of an enum: any integer, alone or inside the object of an enum.
    pub(crate) fn enumeration(&self) -> Result<i32, MemberError> {
        let number = self.value.as_i64().and_then(|n| n.try_into().ok());
        self.need(number, "number of an enum")
    }

    /// The items of a list of any kind.
    pub(crate) fn items(&self) -> Result<impl Iterator<Item = Self> + '_, MemberError> {
        let items = self.need(self.value.as_list(), "list")?;
        Ok(items
            .iter()
            .enumerate()
            .map(|(i, item)| self.inner(format!("{}[{i}]", self.path), item)))
    }

    /// Item `index` of a list.
    pub(crate) fn item(&self, index: usize) -> Result<Self, MemberError> {
        let path = format!("{}[{index}]", self.path);
        match self.need(self.value.as_list(), "list")?.get(index) {
            Some(item) => Ok(self.inner(path, item)),
            None => Err(MemberError::Missing {
                message: self.message,
                member: path,
            }),
        }
    }

    pub(crate) fn entries(&self) -> Result<&'a [(Value, Value)], MemberError> {
        self.need(self.value.as_dictionary(), "dictionary")
    }
}

/// A body or part of one: a property bag.
pub(crate) fn bag(members: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Object::bag(members).into()
}

/// An enum: type names, `ToString`, number.
pub(crate) fn enumeration(type_name: &str, name: impl Into<Text>, number: i32) -> Value {
    let mut object = Object::default().with_types([
        type_name,
        "System.Enum",
        "System.ValueType",
        "System.Object",
    ]);
    object.to_string = Some(name.into());
    object.content = Content::Value(number.into());
    object.into()
}

/// A list that says what it is: an `ArrayList`, as PowerShell's host calls have it.
pub(crate) fn list(items: Vec<Value>) -> Value {
    typed_list(["System.Collections.ArrayList", "System.Object"], items)
}

/// A list with these type names.
pub(crate) fn typed_list<const N: usize>(names: [&str; N], items: Vec<Value>) -> Value {
    let mut object = Object::default().with_types(names);
    object.content = Content::List(ListKind::List, items);
    object.into()
}

/// A `String[]`, or null.
pub(crate) fn string_array(items: Option<&[String]>) -> Value {
    items.map_or(Value::Null, |items| {
        typed_list(
            ["System.String[]", "System.Array", "System.Object"],
            items.iter().map(|item| item.as_str().into()).collect(),
        )
    })
}

/// A `Hashtable`.
pub(crate) fn hashtable(entries: Vec<(Value, Value)>) -> Value {
    dictionary(["System.Collections.Hashtable", "System.Object"], entries)
}

/// A `PSPrimitiveDictionary`: string keys, primitive values, arrays of them, or dictionaries like it.
pub(crate) fn primitive_dictionary(entries: Vec<(Value, Value)>) -> Value {
    dictionary(
        [
            "System.Management.Automation.PSPrimitiveDictionary",
            "System.Collections.Hashtable",
            "System.Object",
        ],
        entries,
    )
}

fn dictionary<const N: usize>(names: [&str; N], entries: Vec<(Value, Value)>) -> Value {
    let mut object = Object::default().with_types(names);
    object.content = Content::Dictionary(entries);
    object.into()
}
