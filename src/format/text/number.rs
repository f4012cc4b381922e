//! Numbers with a fraction, as .NET formats them in the invariant culture.

use crate::clixml::Decimal;

/// A `Double` with 15 digits, as PowerShell shows it: .NET's `G15`.
pub(super) fn double(number: f64) -> String {
    special(number).unwrap_or_else(|| general(&format!("{number:.14e}"), 15))
}

/// A `Single` with seven digits: .NET's `G7`.
pub(super) fn single(number: f32) -> String {
    special(f64::from(number)).unwrap_or_else(|| general(&format!("{number:.6e}"), 7))
}

/// With two digits behind the point: .NET's `F2`.
pub(super) fn fixed(number: f64) -> String {
    if let Some(special) = special(number).filter(|_| !number.is_finite()) {
        return special;
    }
    // .NET rounds a half away from zero, Rust to the even digit.
    let third = format!("{number:.3}");
    let is_half = third.ends_with('5') && third.parse() == Ok(number);
    let nudged = if is_half {
        number + 0.001_f64.copysign(number)
    } else {
        number
    };
    format!("{nudged:.2}")
}

/// With two digits behind the point and a comma at each thousand: .NET's `N2`.
pub(super) fn grouped(number: f64) -> String {
    let fixed = fixed(number);
    let (sign, rest) = match fixed.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", fixed.as_str()),
    };
    let Some((whole, fraction)) = rest.split_once('.') else {
        return fixed;
    };
    let mut shown = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    format!("{shown}.{fraction}")
}

/// As [`fixed`], of a decimal.
pub(super) fn fixed_decimal(number: Decimal) -> String {
    let (mantissa, scale) = (number.mantissa(), u32::from(number.scale()));
    let hundredths = match scale.checked_sub(2) {
        Some(more) => {
            let unit = 10_u128.pow(more);
            (mantissa + unit / 2) / unit
        }
        // 96 bits and two digits more.
        None => mantissa * 10_u128.pow(2 - scale),
    };
    let sign = if number.is_negative() && hundredths > 0 {
        "-"
    } else {
        ""
    };
    format!("{sign}{}.{:02}", hundredths / 100, hundredths % 100)
}

fn special(number: f64) -> Option<String> {
    let text = match number {
        _ if number.is_nan() => "NaN",
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ if number == 0.0 && number.is_sign_negative() => "-0",
        _ if number == 0.0 => "0",
        _ => return None,
    };
    Some(text.to_owned())
}

/// From Rust's scientific text with all digits, .NET's general one, which is plain for exponents from -4 up to the
/// precision.
fn general(scientific: &str, precision: i32) -> String {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_end_matches('0');
    let point = usize::try_from(exponent + 1).unwrap_or_default();
    if exponent <= -5 || exponent >= precision {
        let (first, rest) = digits.split_at(digits.len().min(1));
        let dot = if rest.is_empty() { "" } else { "." };
        let minus = if exponent < 0 { '-' } else { '+' };
        format!("{sign}{first}{dot}{rest}E{minus}{:02}", exponent.abs())
    } else if exponent < 0 {
        let zeros = usize::try_from(-exponent - 1).unwrap_or_default();
        format!("{sign}0.{}{digits}", "0".repeat(zeros))
    } else if digits.len() <= point {
        format!("{sign}{digits}{}", "0".repeat(point - digits.len()))
    } else {
        let (whole, fraction) = digits.split_at(point);
        format!("{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_dotnet_gives_them() {
        for (number, shown) in [
            (0.1, "0.1"),
            (-1.5, "-1.5"),
            (100.0, "100"),
            (1e15, "1E+15"),
            (123_456_789_012_345.0, "123456789012345"),
            (0.0001, "0.0001"),
            (0.000_012_5, "1.25E-05"),
            (1.0 / 3.0, "0.333333333333333"),
            (-0.0, "-0"),
        ] {
            assert_eq!(double(number), shown);
        }
        assert_eq!(single(0.1), "0.1");
        assert_eq!(single(16_777_216.0), "1.677722E+07");
    }

    #[test]
    fn two_digits_are_rounded_as_dotnet_rounds() {
        assert_eq!(fixed(0.125), "0.13");
        assert_eq!(fixed(-0.375), "-0.38");
        assert_eq!(fixed(2.0), "2.00");
        assert_eq!(fixed(f64::NAN), "NaN");
        assert_eq!(fixed(0.0), "0.00");
        assert_eq!(grouped(1_234_567.891), "1,234,567.89");
        assert_eq!(grouped(-12.0), "-12.00");
        let decimal = |text: &str| fixed_decimal(text.parse().unwrap());
        assert_eq!(decimal("1.005"), "1.01");
        assert_eq!(decimal("-2"), "-2.00");
        assert_eq!(
            decimal("79228162514264337593543950335"),
            "79228162514264337593543950335.00"
        );
    }
}
