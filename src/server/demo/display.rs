//! `Out-Default`: values as PowerShell shows them, by calls to the person's host.

use super::outside::{Outside, Stopped};
use crate::clixml::{Content, Object, Value};
use crate::psrp::host::HostMethod;

/// Rows that are shown at once; more follow under the same header.
const ROWS: usize = 100;

/// Values of one shape that are not shown yet.
#[derive(Debug, Default)]
pub(super) struct Display {
    shape: String,
    waiting: Vec<Value>,
    /// The widths of the table whose header is shown.
    widths: Vec<usize>,
}

/// A column of a table.
struct Column {
    label: String,
    /// The member that it shows, and how.
    member: String,
    style: Style,
    /// Fixed, or as wide as the widest cell.
    width: Option<usize>,
    right: bool,
}

#[derive(Clone, Copy)]
enum Style {
    Plain,
    /// Divided by that.
    Scaled(f64, usize),
    /// A date to its minute.
    Date,
}

impl Display {
    /// Shows a value, or keeps it until its table is known.
    pub(super) fn show(&mut self, value: Value, outside: &mut dyn Outside) -> Result<(), Stopped> {
        if value.as_list().is_some() {
            let items = value.items();
            return items
                .into_iter()
                .try_for_each(|item| self.show(item, outside));
        }
        let shape = shape(&value);
        if shape != self.shape {
            self.flush(outside)?;
        }
        if !shape.is_empty() {
            self.shape = shape;
            self.waiting.push(value);
            return if self.waiting.len() < ROWS {
                Ok(())
            } else {
                self.rows(outside)
            };
        }
        let text = match &value {
            Value::Null => return Ok(()),
            value if is_error(value) => format!("Error: {}", value.text()),
            value => value.text(),
        };
        text.split('\n')
            .try_for_each(|line| write(line.trim_end_matches('\r'), outside))
    }

    /// Shows what waits, and ends its table.
    pub(super) fn flush(&mut self, outside: &mut dyn Outside) -> Result<(), Stopped> {
        if self.shape.is_empty() {
            return Ok(());
        }
        self.rows(outside)?;
        *self = Self::default();
        write("", outside)
    }

    fn rows(&mut self, outside: &mut dyn Outside) -> Result<(), Stopped> {
        let values = std::mem::take(&mut self.waiting);
        let Some(first) = values.first() else {
            return Ok(());
        };
        let Some(columns) = columns(first) else {
            return values.iter().try_for_each(|value| list(value, outside));
        };
        let rows: Vec<Vec<String>> = values
            .iter()
            .flat_map(|value| cells(value, &columns))
            .collect();
        if self.widths.is_empty() {
            let widest = |index: usize| {
                rows.iter()
                    .filter_map(|row| row.get(index))
                    .map(|cell| cell.chars().count())
                    .max()
            };
            let width = |(index, column): (usize, &Column)| {
                column
                    .width
                    .or(widest(index))
                    .unwrap_or_default()
                    .max(column.label.len())
            };
            self.widths = columns.iter().enumerate().map(width).collect();
            self.header(first, &columns, outside)?;
        }
        rows.iter().try_for_each(|row| {
            write(
                self.line(&columns, row, outside.window().0).trim_end(),
                outside,
            )
        })
    }

    fn header(
        &self,
        first: &Value,
        columns: &[Column],
        outside: &mut dyn Outside,
    ) -> Result<(), Stopped> {
        write("", outside)?;
        if let Some(folder) = first.member("PSParentPath") {
            write(&format!("    Directory: {}", folder.text()), outside)?;
            write("", outside)?;
        }
        let labels: Vec<String> = columns.iter().map(|column| column.label.clone()).collect();
        let rules: Vec<String> = labels
            .iter()
            .map(|label| "-".repeat(label.chars().count()))
            .collect();
        [labels, rules].iter().try_for_each(|cells| {
            let line = self.line(columns, cells, outside.window().0);
            write(&format!("\x1b[32;1m{}\x1b[0m", line.trim_end()), outside)
        })
    }

    /// Cells side by side, as far as the window goes.
    fn line(&self, columns: &[Column], cells: &[String], window: usize) -> String {
        let mut line = String::new();
        let mut used = 0;
        for (index, ((column, cell), width)) in
            columns.iter().zip(cells).zip(&self.widths).enumerate()
        {
            let gap = usize::from(index > 0);
            let room = window.max(20).saturating_sub(used + gap);
            if room == 0 {
                break;
            }
            let width = (*width).min(room);
            let text: String = if cell.chars().count() > width {
                cell.chars()
                    .take(width.saturating_sub(1))
                    .chain(['…'])
                    .collect()
            } else {
                cell.clone()
            };
            line.extend(std::iter::repeat_n(' ', gap));
            let pad = " ".repeat(width.saturating_sub(text.chars().count()));
            let (before, behind) = if column.right {
                (pad.as_str(), "")
            } else {
                ("", pad.as_str())
            };
            line.extend([before, &text, behind]);
            used += width + gap;
        }
        line
    }
}

fn write(line: &str, outside: &mut dyn Outside) -> Result<(), Stopped> {
    outside.show(HostMethod::WriteLine2 { text: line.into() })
}

/// A value with a line for each member.
fn list(value: &Value, outside: &mut dyn Outside) -> Result<(), Stopped> {
    let members = properties(value);
    let width = members
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or_default();
    write("", outside)?;
    members.iter().try_for_each(|(name, value)| {
        write(
            &format!("\x1b[32;1m{name:<width$} : \x1b[0m{}", cell(value)),
            outside,
        )
    })
}

fn properties(value: &Value) -> Vec<(String, Value)> {
    let members = value.as_object().into_iter().flat_map(Object::members);
    members
        .map(|member| (member.name.to_string(), member.value.clone()))
        .collect()
}

/// What values have in common that stand in one table; empty for those that are lines.
fn shape(value: &Value) -> String {
    let Value::Object(object) = value else {
        return String::new();
    };
    let members = properties(value);
    let bare = members.is_empty() && value.as_dictionary().is_none();
    if is_error(value) || bare || matches!(object.content, Content::Value(_)) {
        return String::new();
    }
    match value.member("PSParentPath") {
        Some(folder) => format!("files in {}", folder.text()),
        None => members
            .into_iter()
            .fold(value.type_name(), |shape, (name, _)| shape + " " + &name),
    }
}

fn is_error(value: &Value) -> bool {
    value.type_name().ends_with("ErrorRecord")
}

/// The columns of a value: of its type's own view, or its members if they are few.
fn columns(value: &Value) -> Option<Vec<Column>> {
    const MEGA: f64 = 1_048_576.0;
    let column = |label: &str, member: &str, style: Style, width: usize, right: bool| Column {
        label: label.to_owned(),
        member: member.to_owned(),
        style,
        width: (width > 0).then_some(width),
        right,
    };
    let plain =
        |label: &str, width: usize, right: bool| column(label, label, Style::Plain, width, right);
    let name = || plain("Name", 0, false);
    Some(match value.type_name().as_str() {
        "System.Diagnostics.Process" => vec![
            column("NPM(K)", "NPM", Style::Scaled(1024.0, 0), 7, true),
            column("PM(M)", "PM", Style::Scaled(MEGA, 2), 8, true),
            column("WS(M)", "WS", Style::Scaled(MEGA, 2), 10, true),
            column("CPU(s)", "CPU", Style::Scaled(1.0, 2), 10, true),
            plain("Id", 7, true),
            plain("SI", 3, true),
            plain("ProcessName", 0, false),
        ],
        "System.ServiceProcess.ServiceController" => vec![
            plain("Status", 8, false),
            plain("Name", 18, false),
            plain("DisplayName", 0, false),
        ],
        "System.Collections.Hashtable" => vec![plain("Name", 30, false), plain("Value", 0, false)],
        _ if value.member("UnixMode").is_some() => vec![
            plain("UnixMode", 10, false),
            plain("User", 8, true),
            plain("Group", 8, true),
            column("LastWriteTime", "LastWriteTime", Style::Date, 18, true),
            plain("Size", 12, true),
            name(),
        ],
        _ if value.member("PSParentPath").is_some() => vec![
            plain("Mode", 5, false),
            column("LastWriteTime", "LastWriteTime", Style::Date, 21, true),
            plain("Length", 14, true),
            name(),
        ],
        _ => {
            let members = properties(value);
            if members.len() > 4 {
                return None;
            }
            members
                .iter()
                .map(|(name, value)| plain(name, 0, !matches!(value, Value::String(_))))
                .collect()
        }
    })
}

/// The rows of a value; a hash table has one for each entry.
fn cells(value: &Value, columns: &[Column]) -> Vec<Vec<String>> {
    if let Some(entries) = value.as_dictionary() {
        return entries
            .iter()
            .map(|(key, value)| vec![cell(key), cell(value)])
            .collect();
    }
    let text = |column: &Column| {
        let member = value.member(&column.member).unwrap_or(&Value::Null);
        match (column.style, member) {
            (Style::Date, date) => date.text().chars().take(16).collect(),
            (Style::Scaled(unit, digits), number) => number
                .number()
                .map(|number| format!("{:.digits$}", number / unit))
                .unwrap_or_default(),
            (_, member) => cell(member),
        }
    };
    vec![columns.iter().map(text).collect()]
}

/// A value inside a table or list.
fn cell(value: &Value) -> String {
    match value.as_list() {
        Some(items) => format!(
            "{{{}}}",
            items
                .iter()
                .take(4)
                .map(Value::text)
                .collect::<Vec<_>>()
                .join(", ")
        ),
        None => value.text().replace('\n', " "),
    }
}
