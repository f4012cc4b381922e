//! Keys and pastes: what was pressed, what it means here, what may run.

mod chord;
mod keymap;
pub(crate) mod paste;
mod table;

pub(crate) use chord::Chord;
pub(crate) use keymap::{Action, Context, Edit, KeyMap};
