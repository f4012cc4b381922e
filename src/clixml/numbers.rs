//! .NET numbers that Rust has no type for.

use std::fmt;
use std::str::FromStr;

/// A .NET `Decimal`: `(-1)^negative × mantissa × 10^-scale`. Trailing zeros count: `1.50` has scale 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    // Not one u128, whose alignment would make every value of the tree half as large again.
    low: u64,
    high: u32,
    scale: u8,
    negative: bool,
}

impl Decimal {
    /// The largest number of digits behind the point.
    pub const MAX_SCALE: u8 = 28;

    /// A decimal, if the mantissa fits into 96 bits and the scale is at most 28.
    pub fn new(negative: bool, mantissa: u128, scale: u8) -> Option<Self> {
        if scale > Self::MAX_SCALE {
            return None;
        }
        Some(Self {
            low: u64::try_from(mantissa & u128::from(u64::MAX)).ok()?,
            high: u32::try_from(mantissa >> 64).ok()?,
            scale,
            negative,
        })
    }

    /// The digits without the point: 96 bits at most.
    pub const fn mantissa(self) -> u128 {
        ((self.high as u128) << 64) | self.low as u128
    }

    /// How many of the digits are behind the point: 0 to 28.
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// Whether the sign is minus; kept for zero too.
    pub const fn is_negative(self) -> bool {
        self.negative
    }
}

impl FromStr for Decimal {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (negative, digits) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] | rest => (false, rest),
        };
        let (mut mantissa, mut scale, mut seen, mut point) = (0_u128, 0_u8, false, false);
        for byte in digits {
            match byte {
                b'0'..=b'9' => {
                    seen = true;
                    mantissa = mantissa * 10 + u128::from(byte - b'0');
                    scale += u8::from(point);
                    if mantissa >> 96 != 0 || scale > Self::MAX_SCALE {
                        return Err(());
                    }
                }
                b'.' if !point => point = true,
                _ => return Err(()),
            }
        }
        if !seen {
            return Err(());
        }
        Self::new(negative, mantissa, scale).ok_or(())
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        let scale = usize::from(self.scale);
        let digits = format!("{:0width$}", self.mantissa(), width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        f.write_str(whole)?;
        if scale > 0 {
            write!(f, ".{fraction}")?;
        }
        Ok(())
    }
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

impl FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.').map(|part| {
            // .NET's parts are Int32.
            part.parse::<i32>()
                .ok()
                .and_then(|number| u32::try_from(number).ok())
                .ok_or(())
        });
        let major = parts.next().ok_or(())??;
        let minor = parts.next().ok_or(())??;
        let build = parts.next().transpose()?;
        let revision = parts.next().transpose()?;
        match parts.next() {
            None => Ok(Self {
                major,
                minor,
                build,
                revision,
            }),
            Some(_) => Err(()),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if let Some(build) = self.build {
            write!(f, ".{build}")?;
            if let Some(revision) = self.revision {
                write!(f, ".{revision}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_sign_and_scale() {
        for text in [
            "0",
            "-0",
            "1.50",
            "-0.05",
            "79228162514264337593543950335",
            "0.0000000000000000000000000001",
        ] {
            assert_eq!(text.parse::<Decimal>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "-",
            ".",
            "1e3",
            "1.2.3",
            "79228162514264337593543950336",
            "0.00000000000000000000000000001",
        ] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }

    #[test]
    fn versions_keep_how_many_parts_they_have() {
        for text in ["2.0", "2.0.0", "2.0.0.0", "1.2.3.4"] {
            assert_eq!(text.parse::<Version>().unwrap().to_string(), text);
        }
        for text in ["", "2", "2.", "2.0.0.0.0", "2.-1", "2.4294967295"] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }
}
