//! .NET numbers that Rust has no type for.

/// A .NET `Decimal`: `(-1)^negative × mantissa × 10^-scale`. Trailing zeros count: `1.50` has scale 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// Whether the sign is minus; kept for zero too.
    pub negative: bool,
    /// 96 bits at most.
    pub mantissa: u128,
    /// 0 to 28.
    pub scale: u8,
}

/// A .NET `Version` of two to four parts; `2.0` is not `2.0.0.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    /// First part.
    pub major: u32,
    /// Second part.
    pub minor: u32,
    /// Third part, if written.
    pub build: Option<u32>,
    /// Fourth part, if written; never without `build`.
    pub revision: Option<u32>,
}

impl Version {
    /// A version of two parts.
    pub const fn new(major: u32, minor: u32) -> Self {
        Self {
            major,
            minor,
            build: None,
            revision: None,
        }
    }
}
