//! The records that PowerShell sends, as types: read with `from_value`, written with `to_value`.

mod fields;
mod progress;

pub(in crate::clixml) use progress::known;

pub use progress::ProgressRecord;
