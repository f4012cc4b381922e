//! How .NET spells floating-point numbers: the fewest digits that read back as the same number.

use std::fmt::{LowerExp, Write as _};

use super::buffer::Buffer;

/// The digits up to which .NET writes a `Double` without an exponent.
pub(super) const DOUBLE: i32 = 15;
/// The digits up to which .NET writes a `Single` without an exponent.
pub(super) const SINGLE: i32 = 7;

/// Appends a finite number as .NET does: plain up to `precision` digits before the point and four zeros behind it,
/// else as `1.5E+20`, with two digits of exponent at least.
pub(super) fn push(out: &mut Buffer, number: impl LowerExp, precision: i32) {
    let shortest = format!("{number:e}");
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let (first, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let count = i32::try_from(rest.len()).unwrap_or(i32::MAX - 1) + 1;
    out.push_str(sign);
    if exponent < -4 || exponent >= count.max(precision) {
        out.push_str(first);
        if !rest.is_empty() {
            out.push(b'.');
            out.push_str(rest);
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "E{sign}{:02}", exponent.unsigned_abs());
    } else if exponent < 0 {
        out.push_str("0.");
        (1..-exponent).for_each(|_| out.push(b'0'));
        out.push_str(first);
        out.push_str(rest);
    } else {
        out.push_str(first);
        let whole = usize::try_from(exponent).unwrap_or_default();
        let (behind, fraction) = rest.split_at_checked(whole).unwrap_or((rest, ""));
        out.push_str(behind);
        (behind.len()..whole).for_each(|_| out.push(b'0'));
        if !fraction.is_empty() {
            out.push(b'.');
            out.push_str(fraction);
        }
    }
}

/// Whether this is a number that XSD knows; Rust would read `inf` and `nan` too.
pub(super) fn is_plain(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double(number: f64) -> String {
        let mut out = Buffer::default();
        push(&mut out, number, DOUBLE);
        out.into_string()
    }

    #[test]
    fn numbers_are_spelled_as_dotnet_does() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (100.0, "100"),
            (0.1, "0.1"),
            (-12.5, "-12.5"),
            (0.0001, "0.0001"),
            (0.000_01, "1E-05"),
            (123_456_789_012_345.0, "123456789012345"),
            (1e14, "100000000000000"),
            (1e15, "1E+15"),
            (1_234_567_890_123_456.0, "1234567890123456"),
            (1e300, "1E+300"),
            (f64::MAX, "1.7976931348623157E+308"),
            (5e-324, "5E-324"),
        ] {
            assert_eq!(double(number), text);
        }
        let mut single = Buffer::default();
        push(&mut single, 1e7_f32, SINGLE);
        assert_eq!(single.into_string(), "1E+07");
    }
}
