//! Stand-ins for `clixml::records` until those land.

use crate::clixml::Value;

/// An error record.
#[derive(Clone, Debug)]
pub struct ErrorRecord(pub Value);

/// A warning, verbose or debug record.
#[derive(Clone, Debug)]
pub struct InformationalRecord(pub Value);

/// An information record.
#[derive(Clone, Debug)]
pub struct InformationRecord(pub Value);

/// A progress record.
#[derive(Clone, Debug)]
pub struct ProgressRecord(pub Value);
