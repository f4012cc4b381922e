//! The views of types that are met often, from what PowerShell's own formats show.

use std::borrow::Cow;

use super::row::{Column, Row, Shape, Unit, types};
use crate::clixml::{Object, Value};

/// How wide the names of dictionaries' entries are.
pub(super) const NAME_WIDTH: usize = 30;

enum View {
    Table(&'static [Cell]),
    /// Names, each with its property.
    List(&'static [(&'static str, &'static str)]),
}

/// A column: its name, its property, its width (0: as its contents need), whether it is right-aligned, its unit.
type Cell = (&'static str, &'static str, usize, bool, Unit);

const NAME_AND_VALUE: View = View::Table(&[
    ("Name", "Name", NAME_WIDTH, false, Unit::One),
    ("Value", "Value", 0, false, Unit::One),
]);

const SESSION: &str = "System.Management.Automation.Runspaces.PSSession";

/// The columns of sessions that a narrow terminal does without, in this order: State and Availability stay.
const YIELDING: [&str; 3] = ["ComputerType", "Transport", "ConfigurationName"];

const VIEWS: &[(&str, View)] = &[
    ("System.Collections.DictionaryEntry", NAME_AND_VALUE),
    ("System.Management.Automation.PSVariable", NAME_AND_VALUE),
    (
        "System.Management.Automation.SemanticVersion",
        View::Table(&[
            ("Major", "Major", 6, false, Unit::One),
            ("Minor", "Minor", 6, false, Unit::One),
            ("Patch", "Patch", 6, false, Unit::One),
            ("PreReleaseLabel", "PreReleaseLabel", 15, false, Unit::One),
            ("BuildLabel", "BuildLabel", 0, false, Unit::One),
        ]),
    ),
    (
        "System.Globalization.CultureInfo",
        View::Table(&[
            ("LCID", "LCID", 16, false, Unit::One),
            ("Name", "Name", 16, false, Unit::One),
            ("DisplayName", "DisplayName", 0, false, Unit::One),
        ]),
    ),
    (
        "System.Type",
        View::Table(&[
            ("IsPublic", "IsPublic", 8, false, Unit::One),
            ("IsSerial", "IsSerializable", 8, false, Unit::One),
            ("Name", "Name", 40, false, Unit::One),
            ("BaseType", "BaseType", 0, false, Unit::One),
        ]),
    ),
    (
        "System.Management.Automation.CommandInfo",
        View::Table(&[
            ("CommandType", "CommandType", 15, false, Unit::One),
            ("Name", "Name", 50, false, Unit::One),
            ("Version", "Version", 10, false, Unit::One),
            ("Source", "Source", 0, false, Unit::One),
        ]),
    ),
    (
        "Microsoft.PowerShell.Commands.GroupInfo",
        View::Table(&[
            ("Count", "Count", 5, true, Unit::One),
            ("Name", "Name", 25, false, Unit::One),
            ("Group", "Group", 0, false, Unit::One),
        ]),
    ),
    (
        "System.ServiceProcess.ServiceController",
        View::Table(&[
            ("Status", "Status", 8, false, Unit::One),
            ("Name", "Name", 18, false, Unit::One),
            ("DisplayName", "DisplayName", 0, false, Unit::One),
        ]),
    ),
    (
        "System.Diagnostics.Process",
        View::Table(&[
            ("NPM(K)", "NPM", 7, true, Unit::Kibi),
            ("PM(M)", "PM", 8, true, Unit::Mebi),
            ("WS(M)", "WS", 10, true, Unit::Mebi),
            ("CPU(s)", "CPU", 10, true, Unit::Hundredths),
            ("Id", "Id", 7, true, Unit::One),
            ("SI", "SI", 3, true, Unit::One),
            ("ProcessName", "ProcessName", 0, false, Unit::One),
        ]),
    ),
    (
        SESSION,
        View::Table(&[
            ("Id", "Id", 3, true, Unit::One),
            ("Name", "Name", 15, false, Unit::One),
            ("Transport", "Transport", 9, false, Unit::One),
            ("ComputerName", "ComputerName", 15, false, Unit::One),
            ("ComputerType", "ComputerType", 15, false, Unit::One),
            ("State", "State", 13, false, Unit::One),
            (
                "ConfigurationName",
                "ConfigurationName",
                20,
                false,
                Unit::One,
            ),
            ("Availability", "Availability", 13, true, Unit::One),
        ]),
    ),
    (
        "System.Management.Automation.Job",
        View::Table(&[
            ("Id", "Id", 6, false, Unit::One),
            ("Name", "Name", 15, false, Unit::One),
            ("PSJobTypeName", "PSJobTypeName", 15, false, Unit::One),
            ("State", "State", 13, false, Unit::One),
            ("HasMoreData", "HasMoreData", 15, false, Unit::One),
            ("Location", "Location", 20, false, Unit::One),
            ("Command", "Command", 25, false, Unit::One),
        ]),
    ),
    (
        "System.Net.IPAddress",
        View::List(&[
            ("AddressFamily", "AddressFamily"),
            ("ScopeId", "ScopeId"),
            ("IsIPv6Multicast", "IsIPv6Multicast"),
            ("IsIPv6LinkLocal", "IsIPv6LinkLocal"),
            ("IsIPv6SiteLocal", "IsIPv6SiteLocal"),
            ("IsIPv6Teredo", "IsIPv6Teredo"),
            ("IsIPv6UniqueLocal", "IsIPv6UniqueLocal"),
            ("IsIPv4MappedToIPv6", "IsIPv4MappedToIPv6"),
            ("Address", "Address"),
            ("IPAddressToString", "IPAddressToString"),
        ]),
    ),
    (
        "Microsoft.PowerShell.Commands.GenericMeasureInfo",
        View::List(&[
            ("Count", "Count"),
            ("Average", "Average"),
            ("Sum", "Sum"),
            ("Maximum", "Maximum"),
            ("Minimum", "Minimum"),
            ("Property", "Property"),
        ]),
    ),
    (
        "System.Management.Automation.ProgressRecord",
        View::List(&[
            ("ActivityId", "ActivityId"),
            ("ParentActivityId", "ParentActivityId"),
            ("Activity", "Activity"),
            ("StatusDescription", "StatusDescription"),
            ("CurrentOperation", "CurrentOperation"),
            ("PercentComplete", "PercentComplete"),
            ("SecondsRemaining", "SecondsRemaining"),
            ("RecordType", "Type"),
        ]),
    ),
];

/// Files and folders where their mode is that of Unix.
const UNIX_FILES: &[Cell] = &[
    ("UnixMode", "UnixMode", 10, false, Unit::One),
    ("User", "User", 10, true, Unit::One),
    ("Group", "Group", 10, false, Unit::One),
    ("LastWriteTime", "LastWriteTime", 16, true, Unit::Minute),
    ("Size", "Size", 12, true, Unit::One),
    ("Name", "Name", 0, false, Unit::One),
];

const WINDOWS_FILES: &[Cell] = &[
    ("Mode", "Mode", 7, false, Unit::One),
    ("LastWriteTime", "LastWriteTime", 26, true, Unit::WideMinute),
    ("Length", "Length", 14, true, Unit::One),
    ("Name", "Name", 0, false, Unit::One),
];

/// What is shown of an object whose type, or one that it is derived from, has a view.
pub(super) fn row(object: &Object) -> Option<Row<'_>> {
    for name in types(object) {
        if name == "System.IO.FileSystemInfo" {
            return Some(file(object));
        }
        let view = VIEWS.iter().find(|(known, _)| *known == name);
        match view.map(|(_, view)| view) {
            Some(View::Table(cells)) => {
                let mut row = table(object, cells);
                if name == SESSION {
                    for column in &mut row.columns {
                        column.yields = YIELDING.iter().position(|label| *label == column.label);
                    }
                }
                return Some(row);
            }
            Some(View::List(names)) => {
                let columns = names.iter();
                let columns =
                    columns.map(|(label, name)| Column::new(*label, property(object, name)));
                return Some(Row {
                    shape: Shape::List,
                    above: None,
                    columns: columns.collect(),
                });
            }
            None => {}
        }
    }
    None
}

fn file(object: &Object) -> Row<'_> {
    let is_unix = object.member("UnixMode").is_some();
    let mut row = table(object, if is_unix { UNIX_FILES } else { WINDOWS_FILES });
    let folder = object.member("PSParentPath").and_then(Value::as_str);
    row.above = folder.map(|folder| {
        let (_, path) = folder.split_once("::").unwrap_or(("", folder));
        format!("Directory: {path}")
    });
    row
}

fn table<'v>(object: &'v Object, cells: &[Cell]) -> Row<'v> {
    let columns = cells.iter().map(|(label, name, width, right, unit)| {
        let width = (*width > 0).then_some(*width);
        Column::new(*label, property(object, name)).viewed(width, *right, *unit)
    });
    Row {
        shape: Shape::Table,
        above: None,
        columns: columns.collect(),
    }
}

fn property<'v>(object: &'v Object, name: &str) -> Cow<'v, Value> {
    let value = object.member(name);
    value.map_or(Cow::Owned(Value::Null), Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::SESSION;
    use crate::clixml::{Object, Objects, Property, Value};
    use crate::format::text::Formatter;

    fn names_at(width: usize) -> Vec<String> {
        let name = Property::new("Name", "ITTask".into());
        let session = Object {
            type_names: Some(vec![SESSION.into()].into()),
            extended: vec![name],
            ..Object::default()
        };
        let value = Value::from(session);
        let mut formatter = Formatter::new(width);
        formatter.value(&value, &Objects::of([&value]));
        formatter.end();
        let shown = formatter.take();
        let names = shown.lines().find(|line| !line.is_empty());
        let names = names.unwrap_or_default().split_whitespace();
        names.map(str::to_owned).collect()
    }

    #[test]
    fn a_narrow_terminal_shows_state_and_availability_of_sessions() {
        let rest = ["Id", "Name", "ComputerName", "State", "Availability"];
        assert_eq!(names_at(80), rest);
        assert_eq!(names_at(76), rest);
        let without_type = [
            "Id",
            "Name",
            "Transport",
            "ComputerName",
            "State",
            "ConfigurationName",
            "Availability",
        ];
        assert_eq!(names_at(100), without_type);
        assert_eq!(names_at(120).len(), 8);
    }
}
