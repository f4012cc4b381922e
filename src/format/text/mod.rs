//! Values as PowerShell shows them: strings and numbers as lines, other objects as rows of a table or as lists.
//!
//! The rules are PowerShell's: a type with a view of its own is shown by it (`views` has the usual ones); any other is a
//! table if it has at most four properties, else a list. Widths of a table are those of its first rows. One rule
//! differs: objects with other properties than those before begin a table of their own, where PowerShell would leave
//! their cells empty.

mod cell;
mod list;
mod number;
mod row;
mod table;
mod uri;
mod views;
mod xml;

use std::fmt::Write as _;

use super::error_text;
use crate::clixml::records::ErrorRecord;
use crate::clixml::{Content, DateTime, Object, Objects, Value};
use cell::Cells;
use list::List;
use row::Row;
pub(crate) use row::Shape;
use table::Table;

/// Puts values into text, one after another.
pub(crate) struct Formatter {
    width: usize,
    out: String,
    group: Group,
    /// The shape of every object, whatever its type's view.
    shape: Option<Shape>,
}

/// What the objects before were shown as, and the next one may go on with.
enum Group {
    None,
    Dates,
    Table(Table),
    List(List),
}

impl Formatter {
    /// A formatter for lines of this many cells.
    pub(crate) fn new(width: usize) -> Self {
        Self {
            width,
            out: String::new(),
            group: Group::None,
            shape: None,
        }
    }

    /// One that shows every object in this shape.
    pub(crate) fn shaped(self, shape: Option<Shape>) -> Self {
        Self { shape, ..self }
    }

    /// Puts a value into text. A list stands for its items, as in a pipeline.
    pub(crate) fn value(&mut self, value: &Value, objects: &Objects<'_>) {
        let cells = Cells { objects };
        match cells.items(value) {
            Some(items) => items.for_each(|item| self.item(&item, &cells)),
            None => self.item(value, &cells),
        }
    }

    /// The text so far that will not change any more.
    pub(crate) fn take(&mut self) -> String {
        std::mem::take(&mut self.out)
    }

    /// Ends what was begun.
    pub(crate) fn end(&mut self) {
        match std::mem::replace(&mut self.group, Group::None) {
            Group::None => {}
            Group::Dates => self.out.push('\n'),
            Group::List(list) => list.end(&mut self.out),
            Group::Table(table) => table.end(&mut self.out),
        }
    }

    /// What came out of a pipeline: of a list and of a dictionary, the items are shown.
    fn item(&mut self, value: &Value, cells: &Cells<'_>) {
        if let Some(entries) = cells.entries(value) {
            for (key, value) in entries {
                self.row(&Row::entry(key, value), cells);
            }
        } else if let Some(items) = cells.items(value) {
            items.for_each(|item| self.single(&item, cells));
        } else {
            self.single(value, cells);
        }
    }

    fn single(&mut self, value: &Value, cells: &Cells<'_>) {
        match value {
            Value::Null => {}
            Value::Ref(id) => {
                if let Some(object) = cells.objects.get(*id) {
                    self.object(object, cells);
                }
            }
            Value::Object(object) => self.object(object, cells),
            Value::DateTime(date) => self.date(*date),
            value => match Row::of_primitive(value) {
                Some(row) => self.row(&row, cells),
                None => self.line(&cells.plain(value)),
            },
        }
    }

    fn object(&mut self, object: &Object, cells: &Cells<'_>) {
        match &object.content {
            Content::Value(_) if object.is_enum() => self.row(&Row::of_enum(object), cells),
            // A reference here could lead back to this object, without end.
            Content::Value(Value::Ref(_)) => self.line(""),
            Content::Value(inner) => self.single(inner, cells),
            Content::List(_, items) => self.row(&Row::of_list(object, items.len()), cells),
            Content::Dictionary(entries) => {
                for (key, value) in entries {
                    self.row(&Row::entry(key, value), cells);
                }
            }
            Content::None => {
                if let Some(line) = line_of(object) {
                    return self.line(&line);
                }
                let row = Row::of_object(object);
                match self.shape.filter(|shape| row.shape != *shape) {
                    Some(shape) => self.row(&Row::of_members(object, Some(shape)), cells),
                    None => self.row(&row, cells),
                }
            }
        }
    }

    fn line(&mut self, text: &str) {
        self.end();
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn date(&mut self, date: DateTime) {
        if !matches!(self.group, Group::Dates) {
            self.end();
            self.group = Group::Dates;
            self.out.push('\n');
        }
        let _ = writeln!(self.out, "{}", cell::long_date(date));
    }

    fn row(&mut self, row: &Row<'_>, cells: &Cells<'_>) {
        match row.shape {
            Shape::List => {
                if !matches!(self.group, Group::List(_)) {
                    self.end();
                    self.group = Group::List(List::new(self.width));
                }
                if let Group::List(list) = &mut self.group {
                    list.push(&mut self.out, row, cells);
                }
            }
            Shape::Table => {
                if !matches!(&self.group, Group::Table(table) if table.fits(row)) {
                    self.end();
                    self.group = Group::Table(Table::new(self.width, row, cells));
                }
                if let Group::Table(table) = &mut self.group {
                    table.push(&mut self.out, row, cells);
                }
            }
        }
    }
}

/// The text of an object that is shown as a line: one without properties, a big number, a record.
fn line_of(object: &Object) -> Option<String> {
    let is = |wanted: &str| row::types(object).any(|name| name == wanted);
    let text = || {
        let text = object.to_string.as_ref();
        text.map_or_else(String::new, |text| text.to_str_lossy().into_owned())
    };
    if is("System.Management.Automation.ErrorRecord") {
        let value = Value::from(object.clone());
        let shown = ErrorRecord::from_value(&value).map(|record| match record.activity.as_str() {
            "" => format!("Error: {}", error_text(&record)),
            _ => error_text(&record),
        });
        return Some(shown.unwrap_or_else(|_| text()));
    }
    let is_text = object.members().next().is_none()
        || is("System.Management.Automation.InformationalRecord")
        || is("System.Management.Automation.InformationRecord")
        || is("System.Numerics.BigInteger");
    is_text.then(text)
}
