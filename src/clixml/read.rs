//! Values from CLIXML text.

use std::borrow::Cow;
use std::str::FromStr;

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use uuid::Uuid;

use super::error::{Error, Fault};
use super::escape::{self, Place, short, unescape};
use super::ids::Ids;
use super::scan::{Result, Scanner, Tag};
use super::{
    Content, Limits, ListKind, Object, Property, RefId, SecureText, Text, TypeNames, Value, float,
    legacy,
};

/// Base64 as .NET reads it; padding may be missing, as some writers leave it away.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads one value as it travels in a message: a bare element without `<Objs>`.
///
/// # Errors
///
/// An [`Error`] that names the place, if the text is no CLIXML or more than the limits allow.
pub fn read(text: impl AsRef<[u8]>, limits: &Limits) -> Result<Value> {
    let text = checked(text.as_ref(), limits)?;
    let mut reader = Reader::new(text, limits);
    let root = reader.scan.root()?;
    let root = root.ok_or_else(|| Error::at(text.len(), Fault::Empty))?;
    let value = reader.value(&root, 1)?;
    match reader.scan.root()? {
        None => Ok(value),
        Some(tag) => Err(Error::at(tag.offset, Fault::Trailing)),
    }
}

/// Reads all values of a file: the children of each `<Objs>`, and bare values. A byte-order mark may say that the file
/// is UTF-16, as Windows PowerShell writes it, and `#< CLIXML` lines are passed over.
///
/// An object keeps its [`RefId`] through the whole file, so that a reference may point into an earlier value.
///
/// # Errors
///
/// As [`read`] has them.
pub fn read_all(bytes: &[u8], limits: &Limits) -> Result<Vec<Value>> {
    let decoded = match bytes {
        [0xFF, 0xFE, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0xFE, 0xFF, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        _ => Cow::Borrowed(bytes),
    };
    let text = checked(&decoded, limits)?;
    let mut reader = Reader::new(text, limits);
    let mut values = Vec::new();
    while let Some(tag) = reader.scan.root()? {
        reader.forget();
        if tag.name == "Objs" {
            reader.items(&tag, 0, &mut values)?;
        } else {
            values.push(reader.value(&tag, 1)?);
        }
    }
    Ok(values)
}

fn checked<'a>(bytes: &'a [u8], limits: &Limits) -> Result<&'a str> {
    if bytes.len() > limits.bytes {
        return Err(Error::at(limits.bytes, Fault::TooLarge(limits.bytes)));
    }
    std::str::from_utf8(bytes).map_err(|error| Error::at(error.valid_up_to(), Fault::NotUnicode))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Vec<u8>> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let text: std::result::Result<String, _> =
        char::decode_utf16(pairs.iter().copied().map(unit)).collect();
    match text {
        Ok(text) if odd.is_empty() => Ok(text.into_bytes()),
        _ => Err(Error::at(0, Fault::NotUnicode)),
    }
}

pub(super) struct Reader<'a> {
    pub(super) scan: Scanner<'a>,
    limits: &'a Limits,
    values: usize,
    references: usize,
    /// The next number of the tree's own.
    next: u32,
    objects: Ids<RefId>,
    types: Ids<TypeNames>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, limits: &'a Limits) -> Self {
        Self {
            scan: Scanner::new(text),
            limits,
            values: 0,
            references: 0,
            next: 0,
            objects: Ids::default(),
            types: Ids::default(),
        }
    }

    /// Forgets the numbers of the document before.
    fn forget(&mut self) {
        self.objects = Ids::default();
        self.types = Ids::default();
    }

    /// The value whose start tag was read.
    pub(super) fn value(&mut self, tag: &Tag<'a>, depth: usize) -> Result<Value> {
        if depth > self.limits.depth {
            return Err(Error::at(tag.offset, Fault::TooDeep(self.limits.depth)));
        }
        self.values += 1;
        if self.values > self.limits.values {
            let fault = Fault::TooManyValues(self.limits.values);
            return Err(Error::at(tag.offset, fault));
        }
        Ok(match tag.name {
            "I32" => Value::Int32(self.parse(tag, "I32")?),
            "Obj" => Value::Object(Box::new(self.object(tag, depth)?)),
            "B" => Value::Bool(self.boolean(tag)?),
            "Nil" => self.scan.skip(tag).map(|()| Value::Null)?,
            "Ref" => Value::Ref(self.reference(tag)?),
            "I64" => Value::Int64(self.parse(tag, "I64")?),
            "C" => Value::Char(self.parse(tag, "C")?),
            "DT" => Value::DateTime(self.parse(tag, "DT")?),
            "TS" => Value::TimeSpan(self.parse(tag, "TS")?),
            "By" => Value::Byte(self.parse(tag, "By")?),
            "SB" => Value::SByte(self.parse(tag, "SB")?),
            "U16" => Value::UInt16(self.parse(tag, "U16")?),
            "I16" => Value::Int16(self.parse(tag, "I16")?),
            "U32" => Value::UInt32(self.parse(tag, "U32")?),
            "U64" => Value::UInt64(self.parse(tag, "U64")?),
            "Sg" => Value::Single(self.parse::<Float<f32>>(tag, "Sg")?.0),
            "Db" => Value::Double(self.parse::<Float<f64>>(tag, "Db")?.0),
            "D" => Value::Decimal(self.parse(tag, "D")?),
            "BA" => Value::Bytes(self.bytes(tag)?),
            "G" => Value::Guid(self.parse::<Uuid>(tag, "G")?),
            "URI" => Value::Uri(self.text(tag)?),
            "Version" => Value::Version(self.parse(tag, "Version")?),
            "XD" => Value::XmlDocument(self.text(tag)?),
            "SBK" => Value::ScriptBlock(self.text(tag)?),
            "SS" => Value::SecureString(SecureText(self.text(tag)?.to_str_lossy().into_owned())),
            "PR" => Value::Progress(Box::new(legacy::progress(self, tag)?)),
            // A primitive that we do not know reads as its text; an unknown container does not.
            "TN" | "TNRef" | "ToString" | "Props" | "MS" | "LST" | "IE" | "QUE" | "STK" | "DCT"
            | "En" | "Objs" => return Err(unexpected(tag)),
            _ => Value::String(self.text(tag)?),
        })
    }

    fn object(&mut self, tag: &Tag<'a>, depth: usize) -> Result<Object> {
        let mut object = Object {
            id: self.identity(tag)?,
            ..Object::default()
        };
        while let Some(child) = self.scan.child(tag)? {
            match child.name {
                "TN" => object.type_names = Some(self.type_names(&child)?),
                "TNRef" => object.type_names = Some(self.type_reference(&child)?),
                "ToString" => object.to_string = Some(self.text(&child)?),
                "Props" => self.members(&child, depth, &mut object.adapted)?,
                "MS" => self.members(&child, depth, &mut object.extended)?,
                _ => {
                    if !matches!(object.content, Content::None) {
                        return Err(Error::at(child.offset, Fault::TwoContents));
                    }
                    object.content = self.object_content(&child, depth)?;
                }
            }
        }
        Ok(object)
    }

    fn object_content(&mut self, tag: &Tag<'a>, depth: usize) -> Result<Content> {
        let kind = match tag.name {
            "LST" => ListKind::List,
            "IE" => ListKind::Enumerable,
            "QUE" => ListKind::Queue,
            "STK" => ListKind::Stack,
            "DCT" => return self.dictionary(tag, depth).map(Content::Dictionary),
            _ => return self.value(tag, depth + 1).map(Content::Value),
        };
        let mut items = Vec::new();
        self.items(tag, depth, &mut items)?;
        Ok(Content::List(kind, items))
    }

    fn items(&mut self, tag: &Tag<'a>, depth: usize, items: &mut Vec<Value>) -> Result<()> {
        while let Some(child) = self.scan.child(tag)? {
            let item = self.value(&child, depth + 1);
            items.push(item.map_err(|error| error.in_item(items.len()))?);
        }
        Ok(())
    }

    fn dictionary(&mut self, tag: &Tag<'a>, depth: usize) -> Result<Vec<(Value, Value)>> {
        let mut entries = Vec::new();
        while let Some(entry) = self.scan.child(tag)? {
            if entry.name != "En" {
                return Err(unexpected(&entry));
            }
            let read = self.entry(&entry, depth);
            entries.push(read.map_err(|error| error.in_item(entries.len()))?);
        }
        Ok(entries)
    }

    fn entry(&mut self, tag: &Tag<'a>, depth: usize) -> Result<(Value, Value)> {
        let (mut key, mut value) = (None, None);
        while let Some(child) = self.scan.child(tag)? {
            let is_key = match child.label {
                Some("Key") => true,
                Some("Value") => false,
                _ => key.is_none(),
            };
            let (slot, name) = if is_key {
                (&mut key, "Key")
            } else {
                (&mut value, "Value")
            };
            if slot.is_some() {
                return Err(unexpected(&child));
            }
            *slot = Some(
                self.value(&child, depth + 1)
                    .map_err(|error| error.in_member(name))?,
            );
        }
        match (key, value) {
            (None | Some(Value::Null), _) => Err(Error::at(tag.offset, Fault::NoKey)),
            (_, None) => Err(Error::at(tag.offset, Fault::NoValue)),
            (Some(key), Some(value)) => Ok((key, value)),
        }
    }

    fn members(&mut self, tag: &Tag<'a>, depth: usize, members: &mut Vec<Property>) -> Result<()> {
        while let Some(child) = self.scan.child(tag)? {
            let name = label(&child)?;
            let member_set = child.name == "MS";
            let value = if member_set {
                self.member_set(&child, depth + 1)
            } else {
                self.value(&child, depth + 1)
            };
            let value = value.map_err(|error| error.in_member(&name.to_str_lossy()))?;
            members.push(Property {
                name,
                value,
                member_set,
            });
        }
        Ok(())
    }

    fn member_set(&mut self, tag: &Tag<'a>, depth: usize) -> Result<Value> {
        if depth > self.limits.depth {
            return Err(Error::at(tag.offset, Fault::TooDeep(self.limits.depth)));
        }
        let mut set = Object::default();
        self.members(tag, depth, &mut set.extended)?;
        Ok(set.into())
    }

    /// Gives an object its number in the tree.
    fn identity(&mut self, tag: &Tag<'a>) -> Result<Option<RefId>> {
        self.charge(tag)?;
        let id = RefId(self.next);
        self.next = self.next.saturating_add(1);
        if tag.ref_id.is_none() {
            return Ok(None);
        }
        self.objects.insert(number(tag)?, id);
        Ok(Some(id))
    }

    fn reference(&mut self, tag: &Tag<'a>) -> Result<RefId> {
        self.charge(tag)?;
        let id = self.objects.get(number(tag)?).copied();
        self.scan.skip(tag)?;
        id.ok_or_else(|| unknown(tag))
    }

    fn type_names(&mut self, tag: &Tag<'a>) -> Result<TypeNames> {
        self.charge(tag)?;
        let mut names = Vec::new();
        while let Some(child) = self.scan.child(tag)? {
            if child.name != "T" {
                return Err(unexpected(&child));
            }
            names.push(self.text(&child)?);
        }
        let names = TypeNames::from(names);
        if tag.ref_id.is_some() {
            self.types.insert(number(tag)?, names.clone());
        }
        Ok(names)
    }

    fn type_reference(&mut self, tag: &Tag<'a>) -> Result<TypeNames> {
        let names = self.types.get(number(tag)?).cloned();
        self.scan.skip(tag)?;
        names.ok_or_else(|| unknown(tag))
    }

    fn charge(&mut self, tag: &Tag<'a>) -> Result<()> {
        self.references += 1;
        if self.references > self.limits.references {
            let fault = Fault::TooManyReferences(self.limits.references);
            return Err(Error::at(tag.offset, fault));
        }
        Ok(())
    }

    pub(super) fn text(&mut self, tag: &Tag<'a>) -> Result<Text> {
        Ok(escape::decode(&self.scan.content(tag)?))
    }

    pub(super) fn parse<T: FromStr>(&mut self, tag: &Tag<'a>, kind: &'static str) -> Result<T> {
        let content = self.scan.content(tag)?;
        content
            .trim_ascii()
            .parse()
            .map_err(|_| primitive(tag, kind, &content))
    }

    fn boolean(&mut self, tag: &Tag<'a>) -> Result<bool> {
        let content = self.scan.content(tag)?;
        match content.trim_ascii() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(primitive(tag, "B", &content)),
        }
    }

    fn bytes(&mut self, tag: &Tag<'a>) -> Result<Vec<u8>> {
        let content = self.scan.content(tag)?;
        let decoded = match BASE64.decode(content.as_bytes()) {
            Ok(bytes) => Ok(bytes),
            Err(_) => BASE64.decode(content.split_ascii_whitespace().collect::<String>()),
        };
        decoded.map_err(|_| primitive(tag, "BA", &content))
    }
}

/// A number in XSD's spelling.
struct Float<T>(T);

impl<T: FromStr> FromStr for Float<T> {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        let rust = match text {
            "INF" | "+INF" => "inf",
            "-INF" => "-inf",
            "NaN" => "nan",
            _ if float::is_plain(text) => text,
            _ => return Err(()),
        };
        rust.parse().map(Self).map_err(drop)
    }
}

/// The member name of an element.
fn label(tag: &Tag<'_>) -> Result<Text> {
    let raw = tag
        .label
        .ok_or_else(|| Error::at(tag.offset, Fault::Attribute("N")))?;
    let label = unescape(raw, Place::Attribute);
    let label = label.map_err(|name| Error::at(tag.offset, Fault::Entity(name)))?;
    Ok(escape::decode(&label))
}

fn number(tag: &Tag<'_>) -> Result<u32> {
    let text = tag
        .ref_id
        .ok_or_else(|| Error::at(tag.offset, Fault::Attribute("RefId")))?;
    text.parse().map_err(|_| unknown(tag))
}

fn unknown(tag: &Tag<'_>) -> Error {
    let id = short(tag.ref_id.unwrap_or_default());
    Error::at(tag.offset, Fault::Reference(id))
}

fn unexpected(tag: &Tag<'_>) -> Error {
    Error::at(tag.offset, Fault::Element(short(tag.name)))
}

fn primitive(tag: &Tag<'_>, kind: &'static str, text: &str) -> Error {
    let text = short(text);
    Error::at(tag.offset, Fault::Primitive { kind, text })
}
