//! Values as JSON text.

pub(super) use super::format::json::json;
