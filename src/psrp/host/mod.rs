//! Host calls: what a server asks of the terminal and the person at it, and the answers.

mod answer;
mod call;
mod method;
mod method_id;
mod types;

pub use answer::{HostAnswer, credential};
pub use call::{HostCall, NO_ANSWER};
pub use method::HostMethod;
pub use method_id::HostMethodId;
pub use types::{BufferCell, BufferCells, ChoiceDescription, FieldDescription, KeyInfo, Rectangle};

pub use crate::clixml::records::{Coordinates, Size};
