//! Small parts that views are made of.

pub(crate) mod editor;
pub(crate) mod wrap;
