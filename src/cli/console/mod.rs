//! The line editor of `psdeck enter`.

mod buffer;
mod editor;
mod history;
mod paint;

pub(super) use editor::{Edited, Editor};
pub(super) use paint::{Painter, Shown};
