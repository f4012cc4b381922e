//! Values as text: JSON, and what PowerShell would show.

pub(super) mod json;
pub(super) mod text;
