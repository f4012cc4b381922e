//! How much a reader accepts.

/// How much a reader accepts before it refuses a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text.
    pub bytes: usize,
    /// Values inside values, the outermost being the first: 50 in PowerShell, and no more here, because trees are read,
    /// written and dropped by recursion.
    pub depth: usize,
    /// Values of any kind.
    pub values: usize,
    /// Objects, lists of type names, and references to either.
    pub references: usize,
}

impl Limits {
    /// The nesting that PowerShell's reader and writer stop at.
    pub const DEPTH: usize = 50;

    /// For files that the user named: bounded by the size that they have.
    pub const FILE: Self = Self {
        bytes: usize::MAX,
        depth: Self::DEPTH,
        values: usize::MAX,
        references: usize::MAX,
    };
}

impl Default for Limits {
    /// For messages: what PowerShell's WSMan client accepts, 200 MiB, and trees that fit the memory with them.
    fn default() -> Self {
        Self {
            bytes: 200 << 20,
            depth: Self::DEPTH,
            values: 4_000_000,
            references: 500_000,
        }
    }
}
