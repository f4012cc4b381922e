//! A value in a cell of a table, behind a name in a list, or inside another value.

use std::borrow::Cow;

use super::number;
use crate::clixml::{Content, DateTime, Object, Objects, Text, Value};

/// How many items of a list a cell shows: `$FormatEnumerationLimit`.
const ITEMS: usize = 4;

/// Shows values whose references point to these objects.
pub(super) struct Cells<'a> {
    pub(super) objects: &'a Objects<'a>,
}

impl Cells<'_> {
    /// A property's value: of a list or a dictionary the first items, in braces.
    pub(super) fn cell(&self, value: &Value) -> String {
        if let Some(entries) = self.entries(value) {
            let shown = entries.iter().map(|(key, value)| self.entry(key, value));
            return braces(shown);
        }
        match self.items(value) {
            Some(items) => braces(items.map(|item| match &*item {
                Value::Null => "$null".to_owned(),
                item => self.plain(item),
            })),
            None => self.plain(value),
        }
    }

    /// A property's value in a table, where fractions have two digits.
    pub(super) fn table_cell(&self, value: &Value) -> String {
        match value.base() {
            Value::Double(number) => number::fixed(*number),
            Value::Single(number) => number::fixed(f64::from(*number)),
            Value::Decimal(number) => number::fixed_decimal(*number),
            _ => self.cell(value),
        }
    }

    /// A value as `ToString` gives it: of a list all items, with blanks between.
    pub(super) fn plain(&self, value: &Value) -> String {
        match self.items(value) {
            Some(items) => {
                let items: Vec<_> = items.map(|item| self.inner(&item)).collect();
                items.join(" ")
            }
            None => self.text(value, true),
        }
    }

    /// The items of a list; of the bytes of an array too.
    pub(super) fn items<'v>(
        &'v self,
        value: &'v Value,
    ) -> Option<Box<dyn Iterator<Item = Cow<'v, Value>> + 'v>> {
        if let Value::Bytes(bytes) = value.base() {
            return Some(Box::new(
                bytes.iter().map(|byte| Cow::Owned(Value::Byte(*byte))),
            ));
        }
        let items = match &self.object(value)?.content {
            Content::List(_, items) => items,
            // A reference here could lead back to this object, without end.
            Content::Value(inner) if !matches!(inner, Value::Ref(_)) => return self.items(inner),
            _ => return None,
        };
        Some(Box::new(items.iter().map(Cow::Borrowed)))
    }

    /// The entries of a dictionary.
    pub(super) fn entries<'v>(&'v self, value: &'v Value) -> Option<&'v [(Value, Value)]> {
        match &self.object(value)?.content {
            Content::Dictionary(entries) => Some(entries),
            _ => None,
        }
    }

    fn object<'v>(&'v self, value: &'v Value) -> Option<&'v Object> {
        match value {
            Value::Object(object) => Some(object),
            Value::Ref(id) => self.objects.get(*id),
            _ => None,
        }
    }

    fn entry(&self, key: &Value, value: &Value) -> String {
        format!("[{}, {}]", self.plain(key), self.plain(value))
    }

    /// A value inside a value: what a list or an object holds is not gone into again.
    fn inner(&self, value: &Value) -> String {
        match self.items(value) {
            Some(_) => "System.Collections.ArrayList".to_owned(),
            None => self.text(value, false),
        }
    }

    fn text(&self, value: &Value, members: bool) -> String {
        match value {
            Value::Null => String::new(),
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            Value::Byte(number) => number.to_string(),
            Value::SByte(number) => number.to_string(),
            Value::UInt16(number) => number.to_string(),
            Value::Int16(number) => number.to_string(),
            Value::UInt32(number) => number.to_string(),
            Value::Int32(number) => number.to_string(),
            Value::UInt64(number) => number.to_string(),
            Value::Int64(number) => number.to_string(),
            Value::Decimal(number) => number.to_string(),
            Value::Single(value) => number::single(*value),
            Value::Double(value) => number::double(*value),
            Value::String(text)
            | Value::Uri(text)
            | Value::XmlDocument(text)
            | Value::ScriptBlock(text) => text.to_str_lossy().into_owned(),
            Value::Char(unit) => Text::from_utf16(&[*unit]).to_str_lossy().into_owned(),
            Value::DateTime(date) => short_date(*date),
            Value::TimeSpan(span) => span.general(),
            Value::Guid(guid) => guid.to_string(),
            Value::Version(version) => version.to_string(),
            Value::SecureString(_) => "System.Security.SecureString".to_owned(),
            Value::Bytes(_) => "System.Byte[]".to_owned(),
            Value::Progress(object) => self.of_object(object, members),
            Value::Object(_) | Value::Ref(_) => match self.object(value) {
                Some(object) => self.of_object(object, members),
                None => String::new(),
            },
        }
    }

    fn of_object(&self, object: &Object, members: bool) -> String {
        if let Some(text) = &object.to_string {
            return text.to_str_lossy().into_owned();
        }
        match &object.content {
            Content::Value(Value::Object(_) | Value::Ref(_)) if !members => String::new(),
            Content::Value(inner) => self.text(inner, false),
            Content::Dictionary(_) => "System.Collections.Hashtable".to_owned(),
            Content::List(..) => "System.Collections.ArrayList".to_owned(),
            Content::None if members => {
                let shown = object.members().map(|member| {
                    let value = self.inner(&member.value);
                    format!("{}={value}", member.name)
                });
                let shown: Vec<_> = shown.collect();
                format!("@{{{}}}", shown.join("; "))
            }
            Content::None => String::new(),
        }
    }
}

/// A date with its day's name, as PowerShell shows one that stands alone.
pub(super) fn long_date(date: DateTime) -> String {
    let (hour, minute, second, _) = date.clock();
    let (year, month, day) = date.date().to_calendar_date();
    let weekday = date.date().weekday();
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02}")
}

/// A date to its minute.
pub(super) fn minute(date: DateTime, wide: bool) -> String {
    let short = short_date(date);
    let (day, time) = short.split_once(' ').unwrap_or_default();
    let (minute, _) = time.rsplit_once(':').unwrap_or_default();
    if wide {
        format!("{day:>10}  {minute:>8}")
    } else {
        format!("{day} {minute}")
    }
}

fn short_date(date: DateTime) -> String {
    let (hour, minute, second, _) = date.clock();
    let (year, month, day) = date.date().to_calendar_date();
    let month = u8::from(month);
    format!("{month:02}/{day:02}/{year:04} {hour:02}:{minute:02}:{second:02}")
}

fn braces(mut items: impl Iterator<Item = String>) -> String {
    let shown: Vec<_> = items.by_ref().take(ITEMS).collect();
    let more = if items.next().is_some() { "…" } else { "" };
    format!("{{{}{more}}}", shown.join(", "))
}
