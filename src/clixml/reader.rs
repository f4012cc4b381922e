//! A value from its element.

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

pub(super) struct Reader<'a> {
    pub(super) scan: Scanner<'a>,
    limits: &'a Limits,
    values: usize,
    references: usize,
    /// The next number of the tree's own.
    next: u32,
    objects: Ids<RefId>,
    types: Ids<TypeNames>,
    /// How many members the object before had.
    usual: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, limits: &'a Limits) -> Self {
        Self {
            scan: Scanner::new(text),
            limits,
            values: 0,
            references: 0,
            next: 0,
            objects: Ids::default(),
            types: Ids::default(),
            usual: 0,
        }
    }

    /// Forgets the numbers of the document before.
    pub(super) fn forget(&mut self) {
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
            "S" => Value::String(self.text(tag)?),
            "I32" => Value::Int32(self.parse(tag, "I32")?),
            "Obj" => Value::Object(Box::new(self.object(tag, depth)?)),
            "B" => Value::Bool(self.boolean(tag)?),
            "Nil" => self.skip(tag).map(|()| Value::Null)?,
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
            _ => self.unknown(tag)?,
        })
    }

    /// A primitive that we do not know reads as its text; what only belongs elsewhere does not.
    fn unknown(&mut self, tag: &Tag<'a>) -> Result<Value> {
        match tag.name {
            "TN" | "TNRef" | "ToString" | "Props" | "MS" | "LST" | "IE" | "QUE" | "STK" | "DCT"
            | "En" | "Objs" => Err(unexpected(tag)),
            _ => self.text(tag).map(Value::String),
        }
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
            if members.is_empty() {
                // Objects of one list have as many members, mostly.
                members.reserve_exact(self.usual.clamp(1, 32));
            }
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
        self.usual = members.len();
        if members.len() < members.capacity() / 2 {
            members.shrink_to_fit();
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
        self.skip(tag)?;
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
        self.skip(tag)?;
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
        let from = self.scan.offset();
        match self.scan.raw_content(tag)? {
            Some(raw) => string(raw, Place::Element, from),
            None => Ok(escape::decode(&self.scan.mixed_content(tag)?)),
        }
    }

    pub(super) fn parse<T: FromStr>(&mut self, tag: &Tag<'a>, kind: &'static str) -> Result<T> {
        let content = self.primitive(tag)?;
        let parsed = content.trim_ascii().parse();
        parsed.map_err(|_| primitive(tag, kind, &content))
    }

    /// Passes over an element without children.
    pub(super) fn skip(&mut self, tag: &Tag<'a>) -> Result<()> {
        self.primitive(tag).map(drop)
    }

    /// The text of an element whose type has no use for escapes.
    #[inline]
    fn primitive(&mut self, tag: &Tag<'a>) -> Result<Cow<'a, str>> {
        let from = self.scan.offset();
        match self.scan.raw_content(tag)? {
            Some(raw) if !raw.as_bytes().contains(&b'&') => Ok(Cow::Borrowed(raw)),
            Some(raw) => {
                let text = unescape(raw, Place::Element);
                text.map_err(|name| Error::at(from, Fault::Entity(name)))
            }
            None => self.scan.mixed_content(tag).map(Cow::Owned),
        }
    }

    fn boolean(&mut self, tag: &Tag<'a>) -> Result<bool> {
        let content = self.primitive(tag)?;
        match content.trim_ascii() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(primitive(tag, "B", &content)),
        }
    }

    fn bytes(&mut self, tag: &Tag<'a>) -> Result<Vec<u8>> {
        let content = self.primitive(tag)?;
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
    string(raw, Place::Attribute, tag.offset)
}

/// A text without both layers of escaping.
fn string(raw: &str, place: Place, offset: usize) -> Result<Text> {
    if escape::is_plain(raw) {
        return Ok(raw.into());
    }
    let text = unescape(raw, place).map_err(|name| Error::at(offset, Fault::Entity(name)))?;
    Ok(escape::decode(&text))
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
