//! What is shown of an object: its columns, and whether they stand beside or below each other.

use std::borrow::Cow;

use super::cell::Cells;
use super::{cell, number, uri, views, xml};
use crate::clixml::{Object, TICKS_PER_DAY, TICKS_PER_SECOND, TimeSpan, Value, Version};

/// With more properties than this, an object is a list.
const TABLE_COLUMNS: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Table,
    List,
}

pub(super) struct Row<'v> {
    pub(super) shape: Shape,
    /// What stands above the table, as the folder of files.
    pub(super) above: Option<String>,
    pub(super) columns: Vec<Column<'v>>,
}

pub(super) struct Column<'v> {
    pub(super) label: Cow<'v, str>,
    value: Cow<'v, Value>,
    /// A view's width, which is not measured.
    pub(super) width: Option<usize>,
    /// A view's alignment; else the value's type decides.
    right: Option<bool>,
    unit: Unit,
    /// Whether it is left out where the width does not suffice: the lowest number first.
    pub(super) yields: Option<usize>,
}

/// What a view makes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Nothing.
    One,
    /// Bytes as kibibytes, without a fraction.
    Kibi,
    /// Bytes as mebibytes, with two digits.
    Mebi,
    /// Two digits.
    Hundredths,
    /// The day and the minute of a date, one blank between.
    Minute,
    /// The same, in columns as `dir` of Windows has them.
    WideMinute,
}

impl<'v> Column<'v> {
    pub(super) fn new(label: impl Into<Cow<'v, str>>, value: Cow<'v, Value>) -> Self {
        Self {
            label: label.into(),
            value,
            width: None,
            right: None,
            unit: Unit::One,
            yields: None,
        }
    }

    /// As a column of a view.
    pub(super) fn viewed(mut self, width: Option<usize>, right: bool, unit: Unit) -> Self {
        self.width = width;
        self.right = Some(right);
        self.unit = unit;
        self
    }

    /// Whether numbers stand below each other.
    pub(super) fn is_right(&self, cells: &Cells<'_>) -> bool {
        let decided = |value: &Value| match value {
            Value::Bool(_)
            | Value::Char(_)
            | Value::Byte(_)
            | Value::SByte(_)
            | Value::UInt16(_)
            | Value::Int16(_)
            | Value::UInt32(_)
            | Value::Int32(_)
            | Value::UInt64(_)
            | Value::Int64(_)
            | Value::Single(_)
            | Value::Double(_)
            | Value::Decimal(_) => true,
            Value::Object(object) => types(object).next().is_some_and(|name| {
                name == "System.Numerics.BigInteger" || name == "System.IntPtr"
            }),
            _ => false,
        };
        self.right.unwrap_or_else(|| match &*self.value {
            Value::Object(object) if object.is_enum() => false,
            Value::Ref(id) if cells.objects.get(*id).is_none_or(Object::is_enum) => false,
            value => decided(value.base()),
        })
    }

    pub(super) fn text(&self, cells: &Cells<'_>, in_table: bool) -> String {
        if let (Unit::Minute | Unit::WideMinute, Value::DateTime(date)) =
            (self.unit, self.value.base())
        {
            return cell::minute(*date, self.unit == Unit::WideMinute);
        }
        if self.unit != Unit::One
            && let Some(number) = float(self.value.base())
        {
            return match self.unit {
                Unit::Kibi => format!("{:.0}", number / 1024.0),
                Unit::Mebi => number::grouped(number / 1_048_576.0),
                _ => number::grouped(number),
            };
        }
        if in_table && self.right.is_none() {
            cells.table_cell(&self.value)
        } else {
            cells.cell(&self.value)
        }
    }
}

impl<'v> Row<'v> {
    /// An entry of a dictionary.
    pub(super) fn entry(key: &'v Value, value: &'v Value) -> Self {
        let name = Column::new("Name", Cow::Borrowed(key));
        let value = Column::new("Value", Cow::Borrowed(value));
        Self {
            shape: Shape::Table,
            above: None,
            columns: vec![
                name.viewed(Some(views::NAME_WIDTH), false, Unit::One),
                value.viewed(None, false, Unit::One),
            ],
        }
    }

    pub(super) fn of_enum(object: &'v Object) -> Self {
        let text = object.to_string.clone().unwrap_or_default();
        Self::table([("Value", Value::from(text))])
    }

    /// A list inside a list inside a list, which is an object like others: .NET's `ArrayList`, which PowerShell reads
    /// all lists as.
    pub(super) fn of_list(object: &'v Object, count: usize) -> Self {
        let capacity = if count == 0 {
            0
        } else {
            count.next_power_of_two().max(4)
        };
        let number = |count: usize| Value::Int32(i32::try_from(count).unwrap_or(i32::MAX));
        Self::list([
            ("Capacity", number(capacity)),
            ("Count", number(count)),
            ("IsFixedSize", false.into()),
            ("IsReadOnly", false.into()),
            ("IsSynchronized", false.into()),
            ("SyncRoot", object.clone().into()),
        ])
    }

    /// What .NET's properties of a primitive are, where PowerShell shows those.
    pub(super) fn of_primitive(value: &'v Value) -> Option<Self> {
        Some(match value {
            Value::TimeSpan(span) => Self::span(*span),
            Value::Guid(guid) => Self::table([("Guid", Value::Guid(*guid))]),
            Value::Version(version) => Self::version(*version),
            Value::Uri(text) => Self::list(uri::properties(&text.to_str_lossy())),
            Value::XmlDocument(text) => {
                let members = xml::properties(&text.to_str_lossy())?;
                let shape = Shape::of(members.len());
                let columns = members.into_iter();
                let columns =
                    columns.map(|(name, value)| Column::new(name, Cow::Owned(value.into())));
                Self {
                    shape,
                    above: None,
                    columns: columns.collect(),
                }
            }
            Value::Progress(record) => Self::of_object(record),
            _ => return None,
        })
    }

    /// An object, by the view of its type or by its properties.
    pub(super) fn of_object(object: &'v Object) -> Self {
        views::row(object).unwrap_or_else(|| Self::of_members(object, None))
    }

    /// An object by its properties, in the shape that their number asks for or in this one.
    pub(super) fn of_members(object: &'v Object, shape: Option<Shape>) -> Self {
        let columns = object
            .members()
            .map(|member| Column::new(member.name.to_str_lossy(), Cow::Borrowed(&member.value)));
        let columns: Vec<_> = columns.collect();
        Self {
            shape: shape.unwrap_or_else(|| Shape::of(columns.len())),
            above: None,
            columns,
        }
    }

    fn table(members: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        let columns = members.into_iter();
        Self {
            shape: Shape::Table,
            above: None,
            columns: columns
                .map(|(name, value)| Column::new(name, Cow::Owned(value)))
                .collect(),
        }
    }

    fn list(members: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        Self {
            shape: Shape::List,
            ..Self::table(members)
        }
    }

    fn version(version: Version) -> Self {
        let part = |part: Option<u32>| match part {
            Some(part) => Value::UInt32(part),
            None => Value::Int32(-1),
        };
        let parts = [
            ("Major", Some(version.major), 6),
            ("Minor", Some(version.minor), 6),
            ("Build", version.build, 6),
            ("Revision", version.revision, 8),
        ];
        let columns = parts.map(|(name, number, width)| {
            Column::new(name, Cow::Owned(part(number))).viewed(Some(width), false, Unit::One)
        });
        Self {
            shape: Shape::Table,
            above: None,
            columns: columns.into(),
        }
    }

    fn span(span: TimeSpan) -> Self {
        let ticks = span.ticks;
        let part = |unit: i64, of: i64| Value::Int64(ticks / unit % of);
        let second = TICKS_PER_SECOND;
        #[expect(clippy::cast_precision_loss, reason = "as .NET computes it")]
        let total = |unit: i64| Value::Double(ticks as f64 / unit as f64);
        #[expect(
            clippy::cast_precision_loss,
            reason = "as .NET computes it, and keeps it"
        )]
        let (milliseconds, most) = (ticks as f64 / 10_000.0, (i64::MAX / 10_000) as f64);
        let milliseconds = milliseconds.clamp(-most, most);
        Self::list([
            ("Days", part(TICKS_PER_DAY, i64::MAX)),
            ("Hours", part(3600 * second, 24)),
            ("Minutes", part(60 * second, 60)),
            ("Seconds", part(second, 60)),
            ("Milliseconds", part(second / 1000, 1000)),
            ("Ticks", Value::Int64(ticks)),
            ("TotalDays", total(TICKS_PER_DAY)),
            ("TotalHours", total(3600 * second)),
            ("TotalMinutes", total(60 * second)),
            ("TotalSeconds", total(second)),
            ("TotalMilliseconds", Value::Double(milliseconds)),
        ])
    }
}

impl Shape {
    fn of(columns: usize) -> Self {
        if columns <= TABLE_COLUMNS {
            Self::Table
        } else {
            Self::List
        }
    }
}

/// The type names of an object as they were before it was serialised.
pub(super) fn types(object: &Object) -> impl Iterator<Item = Cow<'_, str>> {
    let names = object.type_names.iter().flat_map(|names| names.iter());
    names.map(|name| match name.to_str_lossy() {
        Cow::Borrowed(name) => Cow::Borrowed(name.strip_prefix("Deserialized.").unwrap_or(name)),
        name @ Cow::Owned(_) => name,
    })
}

fn float(value: &Value) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    match value {
        Value::Double(number) => Some(*number),
        Value::UInt64(number) => Some(*number as f64),
        value => value.as_i64().map(|number| number as f64),
    }
}
