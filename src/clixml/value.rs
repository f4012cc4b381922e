//! The tree of values.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use super::{DateTime, Decimal, Text, TimeSpan, Version};

/// One value: what one element of CLIXML says.
///
/// The tree is as the wire has it. An object that is met again, inside itself or later, is a [`Value::Ref`] to the
/// [`Object::id`] of its first appearance; so circles need no arena, and dropping or cloning a tree is plain.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `Nil`.
    #[default]
    Null,
    /// `S`.
    String(Text),
    /// `C`: one UTF-16 code unit, which may be half of a surrogate pair.
    Char(u16),
    /// `B`.
    Bool(bool),
    /// `DT`.
    DateTime(DateTime),
    /// `TS`.
    TimeSpan(TimeSpan),
    /// `By`.
    Byte(u8),
    /// `SB`.
    SByte(i8),
    /// `U16`.
    UInt16(u16),
    /// `I16`.
    Int16(i16),
    /// `U32`.
    UInt32(u32),
    /// `I32`.
    Int32(i32),
    /// `U64`.
    UInt64(u64),
    /// `I64`.
    Int64(i64),
    /// `Sg`.
    Single(f32),
    /// `Db`.
    Double(f64),
    /// `D`.
    Decimal(Decimal),
    /// `BA`.
    Bytes(Vec<u8>),
    /// `G`.
    Guid(Uuid),
    /// `URI`.
    Uri(Text),
    /// `Version`.
    Version(Version),
    /// `XD`: the whole document as text.
    XmlDocument(Text),
    /// `SBK`.
    ScriptBlock(Text),
    /// `SS`: the text as it travels, encrypted or not.
    SecureString(SecureText),
    /// `PR`: a progress record in the form that files have. Its members are those of the record as an object.
    Progress(Box<Object>),
    /// `Obj`.
    Object(Box<Object>),
    /// `Ref`: the object with that id again.
    Ref(RefId),
}

/// The identity of an object inside one tree. The reader counts objects from 0; in a tree that we make only equality
/// counts, and a later object with the same number hides the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RefId(pub u32);

/// The type names of an object, most derived first. Shared between the objects of a tree.
pub type TypeNames = Arc<[Text]>;

/// What one `Obj` element says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    /// Its identity, if a [`Value::Ref`] of the tree may point here. An object that we make needs none.
    pub id: Option<RefId>,
    /// `TN`; a property bag has none.
    pub type_names: Option<TypeNames>,
    /// `ToString`.
    pub to_string: Option<Text>,
    /// What the object is, apart from its members.
    pub content: Content,
    /// `Props`: adapted members.
    pub adapted: Vec<Property>,
    /// `MS`: extended members.
    pub extended: Vec<Property>,
}

/// What an object is, apart from its members.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Content {
    /// Nothing: the members are all.
    #[default]
    None,
    /// A primitive with notes, an enum's number, or an object wrapped in an object.
    Value(Value),
    /// `LST`, `IE`, `QUE` or `STK`.
    List(ListKind, Vec<Value>),
    /// `DCT`, in order; keys may repeat.
    Dictionary(Vec<(Value, Value)>),
}

/// Which element a list is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// `LST`.
    List,
    /// `IE`.
    Enumerable,
    /// `QUE`.
    Queue,
    /// `STK`, top first.
    Stack,
}

/// A named member of an object. A nested `MS` element (a member set) is a property whose value is an object with
/// extended members only and [`Property::member_set`] set.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// `N`.
    pub name: Text,
    /// The member's value.
    pub value: Value,
    /// Whether it was written as a nested `MS`.
    pub member_set: bool,
}

/// The text of an `SS` element. Its `Debug` shows nothing of it, and it is wiped when dropped.
#[derive(Clone, PartialEq, Eq, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
pub struct SecureText(pub String);

impl fmt::Debug for SecureText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecureText(…)")
    }
}

impl Value {
    /// The object, if this is one.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) | Self::Progress(object) => Some(object),
            _ => None,
        }
    }

    /// The value inside wrapping objects: a primitive with notes, an enum, a wrapped object.
    pub fn base(&self) -> &Self {
        let mut value = self;
        while let Self::Object(object) = value {
            match &object.content {
                Content::Value(inner) => value = inner,
                _ => break,
            }
        }
        value
    }

    /// A member of an object by name, as [`Object::member`] finds it.
    pub fn member(&self, name: &str) -> Option<&Self> {
        self.as_object()?.member(name)
    }

    /// The string of a string-like primitive (`S`, `URI`, `SBK`, `XD`), also behind notes.
    pub fn as_text(&self) -> Option<&Text> {
        match self.base() {
            Self::String(text)
            | Self::Uri(text)
            | Self::ScriptBlock(text)
            | Self::XmlDocument(text) => Some(text),
            _ => None,
        }
    }

    /// The Unicode string of a string-like primitive.
    pub fn as_str(&self) -> Option<&str> {
        self.as_text()?.as_str()
    }

    /// The number of an `I32` or of an enum.
    pub fn as_i32(&self) -> Option<i32> {
        match self.base() {
            Self::Int32(number) => Some(*number),
            _ => None,
        }
    }

    /// The number of any integer element.
    pub fn as_i64(&self) -> Option<i64> {
        match *self.base() {
            Self::Byte(number) => Some(number.into()),
            Self::SByte(number) => Some(number.into()),
            Self::UInt16(number) => Some(number.into()),
            Self::Int16(number) => Some(number.into()),
            Self::UInt32(number) => Some(number.into()),
            Self::Int32(number) => Some(number.into()),
            Self::UInt64(number) => number.try_into().ok(),
            Self::Int64(number) => Some(number),
            _ => None,
        }
    }

    /// The truth of a `B`.
    pub fn as_bool(&self) -> Option<bool> {
        match self.base() {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The items of a list of any kind.
    pub fn as_list(&self) -> Option<&[Self]> {
        match &self.as_object()?.content {
            Content::List(_, items) => Some(items),
            Content::Value(inner) => inner.as_list(),
            _ => None,
        }
    }

    /// The entries of a dictionary.
    pub fn as_dictionary(&self) -> Option<&[(Self, Self)]> {
        match &self.as_object()?.content {
            Content::Dictionary(entries) => Some(entries),
            Content::Value(inner) => inner.as_dictionary(),
            _ => None,
        }
    }
}

impl Object {
    /// A property bag with these extended members.
    pub fn bag<N: Into<Text>>(members: impl IntoIterator<Item = (N, Value)>) -> Self {
        Self {
            extended: members
                .into_iter()
                .map(|(name, value)| Property::new(name, value))
                .collect(),
            ..Self::default()
        }
    }

    /// A list of these items.
    pub fn list(items: impl IntoIterator<Item = Value>) -> Self {
        Self {
            content: Content::List(ListKind::List, items.into_iter().collect()),
            ..Self::default()
        }
    }

    /// Gives the object these type names, most derived first.
    #[must_use]
    pub fn with_types<T: Into<Text>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.type_names = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// A member by name, case-insensitively: extended members first, then adapted ones.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.extended
            .iter()
            .chain(&self.adapted)
            .find(|property| property.name.eq_ignore_ascii_case(name))
            .map(|property| &property.value)
    }

    /// Whether this is a value of an enumeration: a number with the type's and its own name.
    pub fn is_enum(&self) -> bool {
        let base = self.type_names.as_ref().and_then(|names| names.get(1));
        let named =
            base.is_some_and(|name| *name == "System.Enum" || *name == "Deserialized.System.Enum");
        named && matches!(self.content, Content::Value(_))
    }

    /// All members in their order, without those that an extended one hides and without member sets.
    pub fn members(&self) -> impl Iterator<Item = &Property> {
        let folded = |member: &Property| {
            let mut units = member.name.encode_utf16();
            for unit in &mut units {
                if (0x41..=0x5A).contains(unit) {
                    *unit |= 0x20;
                }
            }
            units
        };
        // Few are compared one by one; of many that would take for ever.
        let many = self.extended.len() > 16 && self.adapted.len() > 16;
        let hiding: Option<HashSet<Vec<u16>>> =
            many.then(|| self.extended.iter().map(folded).collect());
        let hidden = move |adapted: &&Property| {
            if let Some(hiding) = &hiding {
                return hiding.contains(&folded(adapted));
            }
            let same = |member: &Property| match adapted.name.as_str() {
                Some(name) => member.name.eq_ignore_ascii_case(name),
                None => member.name == adapted.name,
            };
            self.extended.iter().any(same)
        };
        let adapted = self.adapted.iter().filter(move |member| !hidden(member));
        adapted
            .chain(&self.extended)
            .filter(|member| !member.member_set)
    }

    /// Whether there are no values inside.
    pub(super) fn is_flat(&self) -> bool {
        let empty = match &self.content {
            Content::None => true,
            Content::Value(_) => false,
            Content::List(_, items) => items.is_empty(),
            Content::Dictionary(entries) => entries.is_empty(),
        };
        empty && self.adapted.is_empty() && self.extended.is_empty()
    }
}

/// A value of an enumeration: its type, the name and the number of the member.
pub fn enum_value(type_name: &str, name: &str, number: i32) -> Value {
    let mut object = Object::default().with_types([
        type_name,
        "System.Enum",
        "System.ValueType",
        "System.Object",
    ]);
    object.to_string = Some(name.into());
    object.content = Content::Value(Value::Int32(number));
    object.into()
}

impl Property {
    /// A member that is no member set.
    pub fn new(name: impl Into<Text>, value: Value) -> Self {
        Self {
            name: name.into(),
            value,
            member_set: false,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Int32(number)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int64(number)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(Box::new(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extended_member_hides_the_adapted_one_among_many_too() {
        let start = std::time::Instant::now();
        for count in [3, 100_000] {
            let mut object = Object::bag((0..count).map(|n| (format!("NAME{n}"), n.into())));
            let adapted =
                (count / 2..count * 2).map(|n| Property::new(format!("name{n}"), n.into()));
            object.adapted = adapted.collect();
            let expected = usize::try_from(count * 2).unwrap();
            assert_eq!(object.members().count(), expected);
        }
        // Each with each takes minutes.
        assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    }
}
