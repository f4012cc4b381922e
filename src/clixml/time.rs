//! .NET dates and spans, in ticks of 100 ns.

/// What a `DateTime` is relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DateTimeKind {
    /// Nothing is said; written without a suffix.
    Unspecified,
    /// UTC; written with `Z`.
    Utc,
    /// Local time of the writer, with its offset from UTC in minutes; written `+hh:mm`.
    Local(i16),
}

/// A .NET `DateTime`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateTime {
    /// Ticks of 100 ns since 0001-01-01T00:00:00, as written (not shifted to UTC).
    pub ticks: i64,
    /// What the ticks are relative to.
    pub kind: DateTimeKind,
}

/// A .NET `TimeSpan`, in ticks of 100 ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimeSpan {
    /// Ticks of 100 ns.
    pub ticks: i64,
}
