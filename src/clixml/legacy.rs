//! The progress record's old form: a primitive of its own, with elements inside. In the tree it has the members that
//! the record has as an object.

use super::error::{Error, Fault};
use super::reader::Reader;
use super::scan::{Result, Tag};
use super::{Object, Property, Value};

/// The elements of `PR` in their order, and the members that they stand for. An element is a string or a number, as
/// the first letter of its type says; a missing operation is `Nil`.
pub(super) const MEMBERS: [(&str, &str); 8] = [
    ("AV", "Activity"),
    ("AI", "ActivityId"),
    ("S", "CurrentOperation"),
    ("PI", "ParentActivityId"),
    ("PC", "PercentComplete"),
    ("T", "Type"),
    ("SR", "SecondsRemaining"),
    ("SD", "StatusDescription"),
];

/// Reads the children of `PR`.
pub(super) fn progress<'a>(reader: &mut Reader<'a>, tag: &Tag<'a>) -> Result<Object> {
    let mut record = Object::default().with_types([
        "System.Management.Automation.ProgressRecord",
        "System.Object",
    ]);
    while let Some(child) = reader.scan.child(tag)? {
        let element = if child.name == "Nil" { "S" } else { child.name };
        let Some((_, member)) = MEMBERS.iter().find(|(known, _)| *known == element) else {
            let name = child.name.to_owned();
            return Err(Error::at(child.offset, Fault::Element(name)));
        };
        let value = match child.name {
            "Nil" => reader.skip(&child).map(|()| Value::Null),
            "AI" | "PI" | "PC" | "SR" => reader.parse(&child, "I32").map(Value::Int32),
            _ => reader.text(&child).map(Value::String),
        };
        let value = value.map_err(|error| error.in_member(member))?;
        record.extended.push(Property::new(*member, value));
    }
    Ok(record)
}
