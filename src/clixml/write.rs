//! CLIXML text from values, in the form that PowerShell gives it.

use std::collections::HashMap;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

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
    let mut out = String::new();
    write_into(&mut out, value);
    out
}

/// Appends one value as [`write()`] writes it.
pub fn write_into(out: &mut String, value: &Value) {
    Writer::new(out, None).value(value, None, 1);
}

/// Writes values as `Export-Clixml` does: an `<Objs>` element, indented, in which references may point into an earlier
/// value.
pub fn write_objs<'a>(values: impl IntoIterator<Item = &'a Value>) -> String {
    let mut out = String::from(OBJS);
    let mut writer = Writer::new(&mut out, Some(1));
    for value in values {
        writer.value(value, None, 1);
    }
    out.push_str("\n</Objs>");
    out
}

/// Writes an `<Objs>` document value by value, for values that are not all there at once. A reference points into its own
/// value only.
#[derive(Default)]
pub struct ObjsWriter {
    next_object: u32,
    types: Types,
    begun: bool,
}

impl ObjsWriter {
    /// Appends a value, behind the document's beginning if it is the first.
    pub fn push(&mut self, out: &mut String, value: &Value) {
        self.begin(out);
        let mut writer = Writer {
            next_object: self.next_object,
            types: std::mem::take(&mut self.types),
            ..Writer::new(out, Some(1))
        };
        writer.value(value, None, 1);
        self.next_object = writer.next_object;
        self.types = writer.types;
    }

    /// Appends the document's end.
    pub fn end(mut self, out: &mut String) {
        self.begin(out);
        out.push_str("\n</Objs>");
    }

    fn begin(&mut self, out: &mut String) {
        if !std::mem::replace(&mut self.begun, true) {
            out.push_str(OBJS);
        }
    }
}

const OBJS: &str =
    "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">";

struct Writer<'o> {
    out: &'o mut String,
    /// How deep the next element is indented, if at all.
    indent: Option<usize>,
    /// The numbers given, by those of the tree.
    objects: Ids<u32>,
    next_object: u32,
    types: Types,
}

impl<'o> Writer<'o> {
    fn new(out: &'o mut String, indent: Option<usize>) -> Self {
        Self {
            out,
            indent,
            objects: Ids::default(),
            next_object: 0,
            types: Types::default(),
        }
    }

    fn value(&mut self, value: &Value, name: Option<&Text>, depth: usize) {
        match value {
            Value::Null => self.empty("Nil", name),
            Value::String(text) => self.text("S", name, text),
            Value::Char(unit) => self.number("C", name, unit),
            Value::Bool(truth) => self.raw("B", name, if *truth { "true" } else { "false" }),
            Value::DateTime(date) => self.number("DT", name, date),
            Value::TimeSpan(span) => self.number("TS", name, span),
            Value::Byte(number) => self.number("By", name, number),
            Value::SByte(number) => self.number("SB", name, number),
            Value::UInt16(number) => self.number("U16", name, number),
            Value::Int16(number) => self.number("I16", name, number),
            Value::UInt32(number) => self.number("U32", name, number),
            Value::Int32(number) => self.number("I32", name, number),
            Value::UInt64(number) => self.number("U64", name, number),
            Value::Int64(number) => self.number("I64", name, number),
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
            Value::Bytes(bytes) => self.leaf("BA", name, |out| STANDARD.encode_string(bytes, out)),
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
        let _ = write!(self.out, " RefId=\"{number}\">");
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
                    Some(Value::Int32(number)) => writer.number(element, None, number),
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
                let _ = write!(self.out, " RefId=\"{number}\" />");
            }
            None => self.empty("Nil", name),
        }
    }

    fn type_names(&mut self, names: &TypeNames) {
        let (number, is_new) = self.types.number(names);
        if !is_new {
            self.start("TNRef", None);
            let _ = write!(self.out, " RefId=\"{number}\" />");
            return;
        }
        self.start("TN", None);
        let _ = write!(self.out, " RefId=\"{number}\">");
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
        self.out.push('>');
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

    fn raw(&mut self, tag: &str, name: Option<&Text>, text: &str) {
        self.leaf(tag, name, |out| out.push_str(text));
    }

    fn leaf(&mut self, tag: &str, name: Option<&Text>, fill: impl FnOnce(&mut String)) {
        self.start(tag, name);
        self.out.push('>');
        fill(self.out);
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push('>');
    }

    fn empty(&mut self, tag: &str, name: Option<&Text>) {
        self.start(tag, name);
        self.out.push_str(" />");
    }

    /// A start tag up to its attributes.
    fn start(&mut self, tag: &str, name: Option<&Text>) {
        self.line();
        self.out.push('<');
        self.out.push_str(tag);
        if let Some(name) = name {
            self.out.push_str(" N=\"");
            escape::push(self.out, name, Place::Attribute);
            self.out.push('"');
        }
    }

    fn end(&mut self, tag: &str) {
        if let Some(indent) = &mut self.indent {
            *indent -= 1;
        }
        self.line();
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push('>');
    }

    fn deeper(&mut self) {
        if let Some(indent) = &mut self.indent {
            *indent += 1;
        }
    }

    fn line(&mut self) {
        if let Some(indent) = self.indent {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", indent));
        }
    }
}

/// The numbers of lists of type names. Trees that were read share equal lists, so that most are found by their address.
#[derive(Default)]
struct Types {
    recent: Vec<(TypeNames, u32)>,
    all: HashMap<TypeNames, u32>,
}

impl Types {
    /// The number of a list, and whether it is a new one.
    fn number(&mut self, names: &TypeNames) -> (u32, bool) {
        let found = self
            .recent
            .iter()
            .find(|(known, _)| TypeNames::ptr_eq(known, names));
        if let Some((_, number)) = found {
            return (*number, false);
        }
        let next = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let number = *self.all.entry(names.clone()).or_insert(next);
        if self.recent.len() == 16 {
            self.recent.clear();
        }
        self.recent.push((names.clone(), number));
        (number, number == next)
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
