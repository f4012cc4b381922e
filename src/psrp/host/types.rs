//! What host calls carry ([MS-PSRP] 2.2.3).

use crate::clixml::records::{Coordinates, Size};
use crate::clixml::{Text, Value};
use crate::psrp::MemberError;
use crate::psrp::members::{Member, bag, list};

/// A part of the screen buffer, in cells, ends included. All −1 means all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rectangle {
    /// The first column.
    pub left: i32,
    /// The first row.
    pub top: i32,
    /// The last column.
    pub right: i32,
    /// The last row.
    pub bottom: i32,
}

/// A key that was pressed or released.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyInfo {
    /// The Windows virtual key code.
    pub virtual_key_code: i32,
    /// The UTF-16 code unit, or 0.
    pub character: u16,
    /// Flags `ControlKeyStates`.
    pub control_key_state: i32,
    /// Pressed, not released.
    pub key_down: bool,
}

/// One cell of the screen buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BufferCell {
    /// The UTF-16 code unit.
    pub character: u16,
    /// `ConsoleColor`, 0 to 15.
    pub foreground: i32,
    /// `ConsoleColor`, 0 to 15.
    pub background: i32,
    /// `BufferCellType`: 0 complete, 1 leading, 2 trailing half of a wide character.
    pub kind: i32,
}

/// A two-dimensional array of cells, row by row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BufferCells {
    /// How many rows and columns.
    pub size: Size,
    /// All cells, row by row.
    pub cells: Vec<BufferCell>,
}

/// One of the answers of a choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChoiceDescription {
    /// The label; `&` stands before its hot key.
    pub label: String,
    /// What it means.
    pub help: String,
}

/// One of the values that a prompt asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldDescription {
    /// The name; the key of the answer.
    pub name: String,
    /// What to show instead of the name, if not empty; `&` stands before its hot key.
    pub label: String,
    /// The short name of the .NET type.
    pub type_name: String,
    /// The full name of the .NET type.
    pub type_full_name: String,
    /// The assembly-qualified name of the .NET type.
    pub assembly_full_name: String,
    /// What the value means.
    pub help: String,
    /// Whether an empty answer is refused.
    pub mandatory: bool,
    /// What an empty answer stands for.
    pub default: Option<Value>,
}

impl FieldDescription {
    /// A value that must be given, of a type in .NET's core library: `System.String`.
    pub fn mandatory(name: &str, type_full_name: &str) -> Self {
        let type_name = type_full_name.rsplit('.').next().unwrap_or_default();
        Self {
            name: name.to_owned(),
            type_name: type_name.to_owned(),
            type_full_name: type_full_name.to_owned(),
            assembly_full_name: format!("{type_full_name}, System.Private.CoreLib"),
            mandatory: true,
            ..Self::default()
        }
    }

    /// Whether the answer is a secret or holds one.
    pub fn is_secret(&self) -> bool {
        self.is_secure_string() || self.is_credential()
    }

    /// Whether the answer is a secure string.
    pub fn is_secure_string(&self) -> bool {
        self.type_full_name == "System.Security.SecureString"
    }

    /// Whether the answer is a user name and a password.
    pub fn is_credential(&self) -> bool {
        self.type_full_name == "System.Management.Automation.PSCredential"
    }
}

/// Something that travels as one parameter or result of a host call.
pub(crate) trait Travels: Sized {
    fn decode(member: &Member<'_>) -> Result<Self, MemberError>;
    fn encode(&self) -> Value;
}

/// A struct that travels as a property bag.
macro_rules! bags {
    ($($type:ident { $($field:ident $name:literal,)* })*) => {
        $(impl Travels for $type {
            fn decode(member: &Member<'_>) -> Result<Self, MemberError> {
                Ok(Self { $($field: Travels::decode(&member.get($name)?)?,)* })
            }

            fn encode(&self) -> Value {
                bag([$(($name, self.$field.encode()),)*])
            }
        })*
    };
}

bags! {
    Coordinates { x "x", y "y", }
    Size { width "width", height "height", }
    Rectangle { left "left", top "top", right "right", bottom "bottom", }
    KeyInfo {
        virtual_key_code "virtualKeyCode",
        character "character",
        control_key_state "controlKeyState",
        key_down "keyDown",
    }
    BufferCell {
        character "character",
        foreground "foregroundColor",
        background "backgroundColor",
        kind "bufferCellType",
    }
    ChoiceDescription { label "label", help "helpMessage", }
}

impl Travels for i32 {
    fn decode(member: &Member<'_>) -> Result<Self, MemberError> {
        member.enumeration()
    }

    fn encode(&self) -> Value {
        (*self).into()
    }
}

impl Travels for i64 {
    fn decode(member: &Member<'_>) -> Result<Self, MemberError> {
        member.i64()
    }

    fn encode(&self) -> Value {
        (*self).into()
    }
}

impl Travels for u16 {
    fn decode(member: &Member<'_>) -> Result<Self, MemberError> {
        member.char()
    }

    fn encode(&self) -> Value {
        Value::Char(*self)
    }
}

impl Travels for bool {
    fn decode(member: &Member<'_>) -> Result<Self, MemberError> {
        member.bool()
    }

    fn encode(&self) -> Value {
        (*self).into()
    }
}

impl Travels for String {
    fn decode(member: &Member<'_>) -> Result<Self, MemberError> {
        member.string()
    }

    fn encode(&self) -> Value {
        self.as_str().into()
    }
}

impl Travels for Text {
    fn decode(member: &Member<'_>) -> Result<Self, MemberError> {
        Ok(member.text_or_null()?.unwrap_or_default())
    }

    fn encode(&self) -> Value {
        Value::String(self.clone())
    }
}

impl<T: Travels> Travels for Vec<T> {
    fn decode(member: &Member<'_>) -> Result<Self, MemberError> {
        if member.is_null() {
            return Ok(Self::new());
        }
        member.items()?.map(|item| T::decode(&item)).collect()
    }

    fn encode(&self) -> Value {
        list(self.iter().map(Travels::encode).collect())
    }
}

impl Travels for FieldDescription {
    fn decode(member: &Member<'_>) -> Result<Self, MemberError> {
        Ok(Self {
            name: member.get("name")?.string()?,
            label: member.get("label")?.string()?,
            type_name: member.get("parameterTypeName")?.string()?,
            type_full_name: member.get("parameterTypeFullName")?.string()?,
            assembly_full_name: member.get("parameterAssemblyFullName")?.string()?,
            help: member.get("helpMessage")?.string()?,
            mandatory: member.get("isMandatory")?.bool()?,
            default: member
                .optional("defaultValue")
                .map(|default| default.value().clone()),
        })
    }

    fn encode(&self) -> Value {
        let mut members = vec![
            ("name", self.name.encode()),
            ("label", self.label.encode()),
            ("parameterTypeName", self.type_name.encode()),
            ("parameterTypeFullName", self.type_full_name.encode()),
            (
                "parameterAssemblyFullName",
                self.assembly_full_name.encode(),
            ),
            ("helpMessage", self.help.encode()),
            ("isMandatory", self.mandatory.encode()),
        ];
        if let Some(default) = &self.default {
            members.push(("defaultValue", default.clone()));
        }
        members.extend([
            ("metadata", list(Vec::new())),
            ("modifiedByRemotingProtocol", false.into()),
            ("isFromRemoteHost", false.into()),
        ]);
        bag(members)
    }
}

/// Arrays of two dimensions: all items row by row (`mae`) and the length of each dimension (`mal`).
impl Travels for BufferCells {
    fn decode(member: &Member<'_>) -> Result<Self, MemberError> {
        let lengths = member.get("mal")?;
        let size = Size {
            height: lengths.item(0)?.i32()?,
            width: lengths.item(1)?.i32()?,
        };
        let cells: Vec<BufferCell> = Travels::decode(&member.get("mae")?)?;
        let area = i64::from(size.height) * i64::from(size.width);
        if usize::try_from(area) == Ok(cells.len()) {
            Ok(Self { size, cells })
        } else {
            Err(lengths.wrong("pair of lengths that fit the cells"))
        }
    }

    fn encode(&self) -> Value {
        bag([
            ("mae", self.cells.encode()),
            ("mal", vec![self.size.height, self.size.width].encode()),
        ])
    }
}
