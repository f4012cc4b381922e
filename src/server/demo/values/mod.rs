//! Values of the demonstration are CLIXML's own; here is how they are made and how they read as text.

mod convert;
mod member;

pub(super) use self::convert::{arithmetic, cast, compares, equal, like, order};
pub(super) use self::member::{get, index, put};
use crate::clixml::{
    Content, DateTime, Decimal, ListKind, Object, Property, TICKS_PER_DAY, Text, Value,
};
use crate::language::Number;

/// An `object[]`.
pub(super) fn array(items: Vec<Value>) -> Value {
    let mut object =
        Object::default().with_types(["System.Object[]", "System.Array", "System.Object"]);
    object.content = Content::List(ListKind::List, items);
    object.into()
}

/// A `Hashtable`.
pub(super) fn hashtable(entries: Vec<(Value, Value)>) -> Value {
    let mut object =
        Object::default().with_types(["System.Collections.Hashtable", "System.Object"]);
    object.content = Content::Dictionary(entries);
    object.into()
}

/// A `PSCustomObject`, or one with a more derived type.
pub(super) fn object<N: Into<Text>>(
    type_name: Option<&str>,
    members: impl IntoIterator<Item = (N, Value)>,
) -> Value {
    let names = [
        type_name,
        Some("System.Management.Automation.PSCustomObject"),
        Some("System.Object"),
    ];
    Object::bag(members)
        .with_types(names.into_iter().flatten())
        .into()
}

/// Nothing, one value as it is, or several as an array.
pub(super) fn collected(mut values: Vec<Value>) -> Value {
    match values.len() {
        0 => Value::Null,
        1 => values.pop().unwrap_or(Value::Null),
        _ => array(values),
    }
}

/// The items of an array, or the value alone; null is none.
pub(super) fn items(value: Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Object(mut object) => match object.content {
            Content::List(_, items) => items,
            content => {
                object.content = content;
                vec![Value::Object(object)]
            }
        },
        value => vec![value],
    }
}

/// The full name of a value's type.
pub(super) fn type_name(value: &Value) -> String {
    let name = match value {
        Value::Null => "",
        Value::String(_) => "System.String",
        Value::Char(_) => "System.Char",
        Value::Bool(_) => "System.Boolean",
        Value::DateTime(_) => "System.DateTime",
        Value::TimeSpan(_) => "System.TimeSpan",
        Value::Int32(_) => "System.Int32",
        Value::Int64(_) => "System.Int64",
        Value::Double(_) => "System.Double",
        Value::Decimal(_) => "System.Decimal",
        Value::ScriptBlock(_) => "System.Management.Automation.ScriptBlock",
        Value::SecureString(_) => "System.Security.SecureString",
        Value::Object(object) => {
            let first = object.type_names.as_ref().and_then(|names| names.first());
            return first.map_or_else(String::new, ToString::to_string);
        }
        _ => "System.Object",
    };
    name.to_owned()
}

/// The members of an object or the entries of a dictionary, for tables and `@{…}`.
pub(super) fn properties(value: &Value) -> Vec<(String, Value)> {
    match value {
        Value::Object(object) => object
            .adapted
            .iter()
            .chain(&object.extended)
            .map(|Property { name, value, .. }| (name.to_string(), value.clone()))
            .collect(),
        _ => Vec::new(),
    }
}

/// `[string]$value`.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) | Value::ScriptBlock(text) | Value::Uri(text) => text.to_string(),
        Value::Char(unit) => String::from_utf16_lossy(&[*unit]),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Double(number) => number.to_string(),
        Value::Single(number) => number.to_string(),
        Value::Decimal(decimal) => {
            let width = usize::from(decimal.scale()) + 1;
            let digits = format!("{:0>width$}", decimal.mantissa());
            let (whole, fraction) = digits.split_at(digits.len() + 1 - width);
            let point = if fraction.is_empty() { "" } else { "." };
            let sign = if decimal.is_negative() { "-" } else { "" };
            format!("{sign}{whole}{point}{fraction}")
        }
        Value::DateTime(time) => date(*time, "MM/dd/yyyy HH:mm:ss"),
        Value::TimeSpan(span) => {
            let seconds = span.ticks / 10_000_000;
            let clock = format!(
                "{:02}:{:02}:{:02}",
                seconds / 3600 % 24,
                seconds / 60 % 60,
                seconds % 60
            );
            if seconds < 86_400 {
                clock
            } else {
                format!("{}.{clock}", seconds / 86_400)
            }
        }
        Value::Version(version) => format!("{}.{}", version.major, version.minor),
        Value::SecureString(_) => "System.Security.SecureString".into(),
        Value::Object(object) => match (&object.to_string, &object.content) {
            (Some(text), _) => text.to_string(),
            (_, Content::List(_, items)) => items.iter().map(text).collect::<Vec<_>>().join(" "),
            (_, Content::Value(inner)) => text(inner),
            (_, Content::Dictionary(_)) => type_name(value),
            _ => {
                let members = properties(value);
                let members: Vec<_> = members
                    .iter()
                    .map(|(name, value)| format!("{name}={}", text(value)))
                    .collect();
                format!("@{{{}}}", members.join("; "))
            }
        },
        value => value
            .as_i64()
            .map(|number| number.to_string())
            .unwrap_or_default(),
    }
}

/// Whether a condition holds.
pub(super) fn truth(value: &Value) -> bool {
    match value {
        Value::Bool(truth) => *truth,
        Value::String(text) => !text.is_empty(),
        Value::Object(_) => match value.as_list() {
            Some([]) => false,
            Some([one]) => truth(one),
            _ => true,
        },
        value => number(value).is_none_or(|number| number != 0.0),
    }
}

/// A number constant.
pub(super) fn constant(number: Number) -> Value {
    match number {
        Number::SByte(value) => Value::SByte(value),
        Number::Byte(value) => Value::Byte(value),
        Number::Int16(value) => Value::Int16(value),
        Number::UInt16(value) => Value::UInt16(value),
        Number::Int32(value) => Value::Int32(value),
        Number::UInt32(value) => Value::UInt32(value),
        Number::Int64(value) => Value::Int64(value),
        Number::UInt64(value) => Value::UInt64(value),
        Number::Double(value) => Value::Double(value),
        Number::Decimal { mantissa, scale } => {
            Decimal::new(false, mantissa, scale).map_or(Value::Null, Value::Decimal)
        }
    }
}

/// The number of a number, or of a string that holds one.
#[expect(
    clippy::cast_precision_loss,
    reason = "comparison and division are those of doubles"
)]
pub(super) fn number(value: &Value) -> Option<f64> {
    match value.base() {
        Value::Double(number) => Some(*number),
        Value::Single(number) => Some((*number).into()),
        Value::Null => Some(0.0),
        Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
        Value::Decimal(_) => text(value).parse().ok(),
        Value::String(text) if text.is_empty() => Some(0.0),
        Value::String(text) => text
            .as_str()?
            .trim()
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite()),
        Value::DateTime(time) => Some(time.ticks as f64),
        value => value.as_i64().map(|number| number as f64),
    }
}

/// A whole number in the narrowest of PowerShell's usual types.
pub(super) fn whole(number: i64) -> Value {
    i32::try_from(number).map_or(Value::Int64(number), Value::Int32)
}

/// A count as a value.
pub(super) fn count(number: usize) -> Value {
    whole(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A date in a .NET format of its usual letters.
pub(super) fn date(time: DateTime, format: &str) -> String {
    let (year, month, day) = civil(time.ticks.div_euclid(TICKS_PER_DAY));
    let seconds = time.ticks.rem_euclid(TICKS_PER_DAY) / 10_000_000;
    let weekday = weekday(time);
    let months =
        "January February March April May June July August September October November December";
    let month_name = usize::try_from(month - 1)
        .ok()
        .and_then(|month| months.split(' ').nth(month))
        .unwrap_or_default();
    let mut out = String::new();
    let mut rest = format;
    while let Some(letter) = rest.chars().next() {
        let run = rest.chars().take_while(|c| *c == letter).count();
        let width = run.min(2);
        let number = |number: i64| format!("{number:0width$}");
        out += &match letter {
            'd' if run == 4 => weekday.to_owned(),
            'd' if run == 3 => weekday.chars().take(3).collect(),
            'd' => number(day),
            'M' if run == 4 => month_name.to_owned(),
            'M' if run == 3 => month_name.chars().take(3).collect(),
            'M' => number(month),
            'y' if run == 2 => number(year % 100),
            'y' => number(year),
            'H' => number(seconds / 3600),
            'h' => number((seconds / 3600 + 11) % 12 + 1),
            'm' => number(seconds / 60 % 60),
            's' => number(seconds % 60),
            't' if seconds < 43_200 => "AM".to_owned(),
            't' => "PM".to_owned(),
            other => other.to_string().repeat(run),
        };
        rest = rest.get(run * letter.len_utf8()..).unwrap_or_default();
    }
    out
}

pub(super) fn weekday(time: DateTime) -> &'static str {
    match time.ticks.div_euclid(TICKS_PER_DAY).rem_euclid(7) {
        0 => "Monday",
        1 => "Tuesday",
        2 => "Wednesday",
        3 => "Thursday",
        4 => "Friday",
        5 => "Saturday",
        _ => "Sunday",
    }
}

/// Year, month and day of a count of days since 0001-01-01.
pub(super) fn civil(days: i64) -> (i64, i64, i64) {
    // Years begin in March, so that leap days come last; eras are 400 years.
    let days = days + 306;
    let era = days.div_euclid(146_097);
    let day = days.rem_euclid(146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year + carry, month, date)
}

/// The full name of a type that scripts write short.
pub(super) fn full_type(short: &str) -> &str {
    match short.to_lowercase().as_str() {
        "int" => "System.Int32",
        "long" => "System.Int64",
        "bool" => "System.Boolean",
        "double" => "System.Double",
        "string" => "System.String",
        "securestring" => "System.Security.SecureString",
        _ => short,
    }
}
