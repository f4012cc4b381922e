//! Values as text: JSON, and what PowerShell would show.

mod error;
pub(crate) mod json;
pub(crate) mod text;

pub(crate) use error::error_text;
