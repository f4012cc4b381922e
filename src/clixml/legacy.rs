//! The progress record's old form: a primitive of its own, with elements inside.

use super::error::{Error, Fault};
use super::read::Reader;
use super::records::{ProgressRecord, known};
use super::scan::{Result, Tag};

/// Reads the children of `PR`.
pub(super) fn progress<'a>(reader: &mut Reader<'a>, tag: &Tag<'a>) -> Result<ProgressRecord> {
    let mut record = ProgressRecord::default();
    while let Some(child) = reader.scan.child(tag)? {
        match child.name {
            "AV" => record.activity = reader.text(&child)?,
            "AI" => record.activity_id = reader.parse(&child, "I32")?,
            "S" => record.current_operation = Some(reader.text(&child)?),
            "Nil" => reader.scan.skip(&child)?,
            "PI" => record.parent_activity_id = known(Some(reader.parse(&child, "I32")?)),
            "PC" => record.percent_complete = known(Some(reader.parse(&child, "I32")?)),
            "T" => {
                let kind = reader.text(&child)?;
                record.completed = kind == "Completed" || kind == "1";
            }
            "SR" => record.seconds_remaining = known(Some(reader.parse(&child, "I32")?)),
            "SD" => record.status_description = reader.text(&child)?,
            name => {
                let fault = Fault::Element(name.to_owned());
                return Err(Error::at(child.offset, fault));
            }
        }
    }
    Ok(record)
}
