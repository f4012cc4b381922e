//! The window that the remote host is told of.

/// A size in character cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Cells across.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
}

impl Size {
    /// What a run without a window says it has.
    pub const UNATTENDED: Self = Self {
        columns: 120,
        rows: 50,
    };
}
