//! Values as JSON text.

pub(super) use crate::format::json::json;
