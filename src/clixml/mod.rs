//! Values and their CLIXML text ([MS-PSRP] 2.2.5). No IO, no clock.

mod buffer;
mod error;
mod escape;
mod float;
mod ids;
mod legacy;
mod limits;
mod numbers;
mod objects;
mod objs;
mod read;
mod reader;
pub mod records;
mod scan;
mod text;
mod time;
mod value;
mod values;
mod write;

pub use error::{Error, Fault, Place};
pub use limits::Limits;
pub use numbers::{Decimal, Version};
pub use objects::Objects;
pub use objs::{ObjsWriter, write_objs};
pub use read::{decode, read, read_all};
pub use text::Text;
pub use time::{DateTime, DateTimeKind, TICKS_PER_DAY, TICKS_PER_SECOND, TimeSpan};
pub use value::{
    Content, ListKind, Object, Property, RefId, SecureText, TypeNames, Value, enum_value,
};
pub use values::{Shared, Values};
pub use write::{write, write_into};
