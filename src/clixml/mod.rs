//! Values and their CLIXML text ([MS-PSRP] 2.2.5). No IO, no clock.

mod numbers;
mod text;
mod time;
mod value;

pub use numbers::{Decimal, Version};
pub use text::Text;
pub use time::{DateTime, DateTimeKind, TimeSpan};
pub use value::{Content, ListKind, Object, Property, RefId, SecureText, TypeNames, Value};
