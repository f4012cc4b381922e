//! CLIXML text from values, in the form that PowerShell gives it.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::buffer::Buffer;
use super::escape::{self, Place};
use super::ids::Ids;
use super::{
    Content, Limits, ListKind, Object, Property, RefId, Text, TypeNames, Value, float, legacy,
};

/// Writes one value as it travels in a message: a bare element on one line.
///
/// Objects and lists of type names are numbered from 0, whatever their numbers in the tree. A reference to an object
/// that was not written before, and what is nested deeper than PowerShell reads, become `Nil` and a string.
pub fn write(value: &Value) -> String {
    let mut writer = Writer::new(None);
    writer.value(value, None, 1);
    writer.out.into_string()
}

/// Appends one value as [`write()`] writes it.
pub fn write_into(out: &mut String, value: &Value) {
    out.push_str(&write(value));
}

pub(super) struct Writer {
    pub(super) out: Buffer,
    /// How deep the next element is indented, if at all.
    indent: Option<usize>,
    /// The numbers given, by those of the tree.
    pub(super) objects: Ids<u32>,
    pub(super) next_object: u32,
    pub(super) types: Types,
}

impl Writer {
    pub(super) fn new(indent: Option<usize>) -> Self {
        Self {
            out: Buffer::default(),
            indent,
            objects: Ids::default(),
            next_object: 0,
            types: Types::default(),
        }
    }

    pub(super) fn value(&mut self, value: &Value, name: Option<&Text>, depth: usize) {
        match value {
            Value::Null => self.empty("Nil", name),
            Value::String(text) => self.text("S", name, text),
            Value::Char(unit) => self.integer("C", name, i128::from(*unit)),
            Value::Bool(truth) => self.raw("B", name, if *truth { "true" } else { "false" }),
            Value::DateTime(date) => self.number("DT", name, date),
            Value::TimeSpan(span) => self.number("TS", name, span),
            Value::Byte(number) => self.integer("By", name, i128::from(*number)),
            Value::SByte(number) => self.integer("SB", name, i128::from(*number)),
            Value::UInt16(number) => self.integer("U16", name, i128::from(*number)),
            Value::Int16(number) => self.integer("I16", name, i128::from(*number)),
            Value::UInt32(number) => self.integer("U32", name, i128::from(*number)),
            Value::Int32(number) => self.integer("I32", name, i128::from(*number)),
            Value::UInt64(number) => self.integer("U64", name, i128::from(*number)),
            Value::Int64(number) => self.integer("I64", name, i128::from(*number)),
            Value::Single(number) => {
                self.leaf("Sg", name, |out| match special(f64::from(*number)) {
                    Some(word) => out.push_str(word),
                    None => float::push(out, *number, float::SINGLE),
                });
            }
            Value::Double(number) => self.leaf("Db", name, |out| match special(*number) {
                Some(word) => out.push_str(word),
                None => float::push(out, *number, float::DOUBLE),
            }),
            Value::Decimal(number) => self.number("D", name, number),
            Value::Bytes(bytes) => self.leaf("BA", name, |out| out.push_base64(bytes)),
            Value::Guid(guid) => self.number("G", name, guid),
            Value::Uri(text) => self.text("URI", name, text),
            Value::Version(version) => self.number("Version", name, version),
            Value::XmlDocument(text) => self.text("XD", name, text),
            Value::ScriptBlock(text) => self.text("SBK", name, text),
            Value::SecureString(text) => {
                self.leaf("SS", name, |out| {
                    escape::push_str(out, &text.0, Place::Element);
                });
            }
            Value::Progress(record) => self.progress(record, name),
            Value::Object(object) => self.object(object, name, depth),
            Value::Ref(id) => self.reference(*id, name),
        }
    }

    fn object(&mut self, object: &Object, name: Option<&Text>, depth: usize) {
        if depth >= Limits::DEPTH && !object.is_flat() {
            let text = object.to_string.clone().unwrap_or_default();
            return self.text("S", name, &text);
        }
        let number = self.next_object;
        self.next_object += 1;
        if let Some(RefId(id)) = object.id {
            self.objects.insert(id, number);
        }
        self.start("Obj", name);
        self.ref_id(number);
        self.out.push_str("\">");
        self.deeper();
        if let Some(names) = &object.type_names {
            self.type_names(names);
        }
        if let Some(text) = &object.to_string {
            self.plain_text("ToString", text);
        }
        match &object.content {
            Content::None => {}
            Content::Value(value) => self.value(value, None, depth + 1),
            Content::List(kind, items) => {
                self.container(list_tag(*kind), None, items.len(), |writer| {
                    for item in items {
                        writer.value(item, None, depth + 1);
                    }
                });
            }
            Content::Dictionary(entries) => self.container("DCT", None, entries.len(), |writer| {
                let (key_name, value_name) = ("Key".into(), "Value".into());
                for (key, value) in entries {
                    writer.container("En", None, 2, |writer| {
                        writer.value(key, Some(&key_name), depth + 1);
                        writer.value(value, Some(&value_name), depth + 1);
                    });
                }
            }),
        }
        if !object.adapted.is_empty() {
            self.container("Props", None, object.adapted.len(), |writer| {
                writer.members(&object.adapted, depth);
            });
        }
        if !object.extended.is_empty() {
            self.container("MS", None, object.extended.len(), |writer| {
                writer.members(&object.extended, depth);
            });
        }
        self.end("Obj");
    }

    fn members(&mut self, members: &[Property], depth: usize) {
        for member in members {
            match &member.value {
                Value::Object(set) if member.member_set && depth + 1 < Limits::DEPTH => {
                    let name = Some(&member.name);
                    self.container("MS", name, set.extended.len(), |writer| {
                        writer.members(&set.extended, depth + 1);
                    });
                }
                value => self.value(value, Some(&member.name), depth + 1),
            }
        }
    }

    fn progress(&mut self, record: &Object, name: Option<&Text>) {
        self.container("PR", name, legacy::MEMBERS.len(), |writer| {
            for (element, member) in legacy::MEMBERS {
                match record.member(member) {
                    Some(Value::Int32(number)) => {
                        writer.integer(element, None, i128::from(*number));
                    }
                    Some(Value::String(text)) => writer.plain_text(element, text),
                    _ => writer.empty("Nil", None),
                }
            }
        });
    }

    fn reference(&mut self, id: RefId, name: Option<&Text>) {
        match self.objects.get(id.0).copied() {
            Some(number) => {
                self.start("Ref", name);
                self.ref_id(number);
                self.out.push_str("\" />");
            }
            None => self.empty("Nil", name),
        }
    }

    fn type_names(&mut self, names: &TypeNames) {
        let (number, is_new) = self.types.number(names);
        if !is_new {
            self.start("TNRef", None);
            self.ref_id(number);
            self.out.push_str("\" />");
            return;
        }
        self.start("TN", None);
        self.ref_id(number);
        self.out.push_str("\">");
        self.deeper();
        for name in names.iter() {
            self.plain_text("T", name);
        }
        self.end("TN");
    }

    /// An element with elements inside, closed at once when it has none.
    fn container(
        &mut self,
        tag: &str,
        name: Option<&Text>,
        count: usize,
        fill: impl FnOnce(&mut Self),
    ) {
        if count == 0 {
            return self.empty(tag, name);
        }
        self.start(tag, name);
        self.out.push(b'>');
        self.deeper();
        fill(self);
        self.end(tag);
    }

    /// `ToString` and `T`, which .NET closes at once when they are empty.
    fn plain_text(&mut self, tag: &str, text: &Text) {
        if text.is_empty() {
            self.empty(tag, None);
        } else {
            self.text(tag, None, text);
        }
    }

    fn text(&mut self, tag: &str, name: Option<&Text>, text: &Text) {
        self.leaf(tag, name, |out| escape::push(out, text, Place::Element));
    }

    fn number(&mut self, tag: &str, name: Option<&Text>, number: impl std::fmt::Display) {
        self.leaf(tag, name, |out| {
            let _ = write!(out, "{number}");
        });
    }

    fn integer(&mut self, tag: &str, name: Option<&Text>, number: i128) {
        self.leaf(tag, name, |out| out.push_integer(number));
    }

    /// The attribute up to its closing quote.
    fn ref_id(&mut self, number: u32) {
        self.out.push_str(" RefId=\"");
        self.out.push_integer(number.into());
    }

    fn raw(&mut self, tag: &str, name: Option<&Text>, text: &str) {
        self.leaf(tag, name, |out| out.push_str(text));
    }

    fn leaf(&mut self, tag: &str, name: Option<&Text>, fill: impl FnOnce(&mut Buffer)) {
        self.start(tag, name);
        self.out.push(b'>');
        fill(&mut self.out);
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push(b'>');
    }

    fn empty(&mut self, tag: &str, name: Option<&Text>) {
        self.start(tag, name);
        self.out.push_str(" />");
    }

    /// A start tag up to its attributes.
    fn start(&mut self, tag: &str, name: Option<&Text>) {
        self.line();
        self.out.push(b'<');
        self.out.push_str(tag);
        if let Some(name) = name {
            self.out.push_str(" N=\"");
            escape::push(&mut self.out, name, Place::Attribute);
            self.out.push(b'"');
        }
    }

    fn end(&mut self, tag: &str) {
        if let Some(indent) = &mut self.indent {
            *indent -= 1;
        }
        self.line();
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push(b'>');
    }

    fn deeper(&mut self) {
        if let Some(indent) = &mut self.indent {
            *indent += 1;
        }
    }

    fn line(&mut self) {
        if let Some(indent) = self.indent {
            self.out.push(b'\n');
            for _ in 0..indent {
                self.out.push_str("  ");
            }
        }
    }
}

/// The numbers of lists of type names. There are few, mostly, and trees that were read share equal ones.
#[derive(Default)]
pub(super) struct Types {
    first: Vec<TypeNames>,
    others: HashMap<TypeNames, u32>,
}

/// How many lists are searched one by one.
const FIRST: usize = 32;

impl Types {
    /// The number of a list, and whether it is a new one.
    fn number(&mut self, names: &TypeNames) -> (u32, bool) {
        let same = |known: &TypeNames| TypeNames::ptr_eq(known, names);
        let equal = |known: &TypeNames| known == names;
        let found = self
            .first
            .iter()
            .position(same)
            .or_else(|| self.first.iter().position(equal));
        let next = self.first.len() + self.others.len();
        let number = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        if let Some(index) = found {
            (number(index), false)
        } else if next < FIRST {
            self.first.push(names.clone());
            (number(next), true)
        } else {
            let next = number(next);
            let number = *self.others.entry(names.clone()).or_insert(next);
            (number, number == next)
        }
    }
}

fn list_tag(kind: ListKind) -> &'static str {
    match kind {
        ListKind::List => "LST",
        ListKind::Enumerable => "IE",
        ListKind::Queue => "QUE",
        ListKind::Stack => "STK",
    }
}

fn special(number: f64) -> Option<&'static str> {
    if number.is_nan() {
        Some("NaN")
    } else if number == f64::INFINITY {
        Some("INF")
    } else if number == f64::NEG_INFINITY {
        Some("-INF")
    } else {
        None
    }
}
