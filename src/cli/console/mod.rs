//! The line editor, and `psdeck console`.

mod buffer;
mod editor;
mod history;
mod host;
mod paint;
mod run;
mod terminal;

pub(super) use run::{Arguments, cmdlet, named, run};
pub(super) use terminal::{Edit, Input};
