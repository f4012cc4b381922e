//! Numbers as PowerShell 7 writes them: bases, suffixes, multipliers.

use super::cursor::Cursor;

/// A number constant with the type that PowerShell gives it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// `1y`
    SByte(i8),
    /// `1uy`
    Byte(u8),
    /// `1s`
    Int16(i16),
    /// `1us`
    UInt16(u16),
    /// `1`
    Int32(i32),
    /// `1u`, where it fits.
    UInt32(u32),
    /// `1l`, or what is too large for 32 bits.
    Int64(i64),
    /// `1ul`
    UInt64(u64),
    /// `1.5`, `1e3`, or what is too large for 64 bits.
    Double(f64),
    /// `1.5d`
    Decimal {
        /// The digits.
        mantissa: u128,
        /// How many of them follow the point.
        scale: u8,
    },
}

#[derive(Clone, Copy)]
enum Digits {
    Integer(i128),
    Real(f64),
}

/// Reads the number at the cursor; where there is none the cursor stays. What may follow a number is the caller's to
/// check.
pub(super) fn number(cursor: &mut Cursor<'_>) -> Option<Number> {
    let start = cursor.at();
    let found = scan(cursor);
    if found.is_none() {
        cursor.go(start);
    }
    found
}

fn scan(cursor: &mut Cursor<'_>) -> Option<Number> {
    let start = cursor.at();
    let digits = match radix(cursor) {
        Some(radix) => {
            cursor.bump();
            cursor.bump();
            let digits = cursor.take_while(|c| c.is_digit(radix));
            let bits = i128::from_str_radix(digits, radix).ok()?;
            // A hexadecimal constant that fills 32 or 64 bits is that many bits of a signed number.
            Digits::Integer(match digits.trim_start_matches('0').len() {
                8 if radix == 16 => wrap(bits, 32),
                16 if radix == 16 => wrap(bits, 64),
                _ => bits,
            })
        }
        None => decimal(cursor)?,
    };
    let text = cursor.since(start);
    let suffix = cursor
        .take_while(|c| matches!(c.to_ascii_lowercase(), 'u' | 'y' | 's' | 'l' | 'd' | 'n'))
        .to_ascii_lowercase();
    let factor = multiplier(cursor);
    if suffix == "d" {
        return in_decimal(text, factor);
    }
    let digits = match digits {
        Digits::Integer(value) => match value.checked_mul(factor) {
            Some(value) => Digits::Integer(value),
            None => Digits::Real(real(value) * real(factor)),
        },
        Digits::Real(value) => Digits::Real(value * real(factor)),
    };
    typed(digits, &suffix)
}

fn decimal(cursor: &mut Cursor<'_>) -> Option<Digits> {
    let start = cursor.at();
    let mut whole = true;
    cursor.take_while(|c| c.is_ascii_digit());
    if cursor.peek() == Some('.') && !goes_on_after_point(cursor.peek_second()) {
        whole = false;
        cursor.bump();
        cursor.take_while(|c| c.is_ascii_digit());
    }
    if !cursor.since(start).contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if matches!(cursor.peek(), Some('e' | 'E')) {
        let before = cursor.at();
        cursor.bump();
        if matches!(cursor.peek(), Some('+' | '-')) {
            cursor.bump();
        }
        if cursor.take_while(|c| c.is_ascii_digit()).is_empty() {
            cursor.go(before);
        } else {
            whole = false;
        }
    }
    let text = cursor.since(start);
    match text.parse() {
        Ok(value) if whole => Some(Digits::Integer(value)),
        _ => Some(Digits::Real(text.parse().ok()?)),
    }
}

/// Whether what follows a point makes it no part of a number: `1..3`, `1.ToString()`.
fn goes_on_after_point(next: Option<char>) -> bool {
    next.is_some_and(|c| matches!(c, '.' | '_' | '$' | '(' | '\'' | '"') || c.is_alphabetic())
}

fn radix(cursor: &Cursor<'_>) -> Option<u32> {
    let mut first = cursor.rest().chars();
    match (first.next()?, first.next()?, first.next()?) {
        ('0', 'x' | 'X', digit) if digit.is_ascii_hexdigit() => Some(16),
        ('0', 'b' | 'B', '0' | '1') => Some(2),
        _ => None,
    }
}

fn multiplier(cursor: &mut Cursor<'_>) -> i128 {
    let power = match cursor.peek().map(|c| c.to_ascii_lowercase()) {
        Some('k') => 1,
        Some('m') => 2,
        Some('g') => 3,
        Some('t') => 4,
        Some('p') => 5,
        _ => return 1,
    };
    if !matches!(cursor.peek_second(), Some('b' | 'B')) {
        return 1;
    }
    cursor.bump();
    cursor.bump();
    1 << (10 * power)
}

fn typed(digits: Digits, suffix: &str) -> Option<Number> {
    let value = match digits {
        Digits::Integer(value) => value,
        Digits::Real(value) if suffix.is_empty() => return Some(Number::Double(value)),
        Digits::Real(_) => return None,
    };
    Some(match suffix {
        "" => {
            let narrow = i32::try_from(value).map(Number::Int32);
            let wide = || i64::try_from(value).map(Number::Int64);
            narrow
                .or_else(|_| wide())
                .unwrap_or_else(|_| Number::Double(real(value)))
        }
        "y" => Number::SByte(value.try_into().ok()?),
        "uy" => Number::Byte(value.try_into().ok()?),
        "s" => Number::Int16(value.try_into().ok()?),
        "us" => Number::UInt16(value.try_into().ok()?),
        "l" => Number::Int64(value.try_into().ok()?),
        "ul" => Number::UInt64(value.try_into().ok()?),
        "u" => match value.try_into() {
            Ok(value) => Number::UInt32(value),
            Err(_) => Number::UInt64(value.try_into().ok()?),
        },
        "n" => Number::Double(real(value)),
        _ => return None,
    })
}

fn in_decimal(text: &str, factor: i128) -> Option<Number> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mantissa: u128 = format!("{whole}{fraction}").parse().ok()?;
    let mantissa = mantissa.checked_mul(factor.unsigned_abs())?;
    (mantissa < 1 << 96 && fraction.len() <= 28).then_some(Number::Decimal {
        mantissa,
        scale: u8::try_from(fraction.len()).ok()?,
    })
}

fn wrap(bits: i128, width: u32) -> i128 {
    if bits >> (width - 1) == 0 {
        bits
    } else {
        bits - (1 << width)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a number too large for an integer is a double, as in PowerShell"
)]
fn real(value: i128) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Number> {
        let mut cursor = Cursor::new(text);
        number(&mut cursor).filter(|_| cursor.rest().is_empty())
    }

    #[test]
    fn constants_have_powershells_types() {
        for (text, number) in [
            ("42", Number::Int32(42)),
            ("2147483648", Number::Int64(2_147_483_648)),
            ("0xff", Number::Int32(255)),
            ("0xFFFFFFFF", Number::Int32(-1)),
            ("0b101", Number::Int32(5)),
            ("1kb", Number::Int32(1024)),
            ("4gb", Number::Int64(4 << 30)),
            ("1.5", Number::Double(1.5)),
            (".5", Number::Double(0.5)),
            ("1e3", Number::Double(1000.0)),
            ("1.5kb", Number::Double(1536.0)),
            ("7l", Number::Int64(7)),
            ("7UL", Number::UInt64(7)),
            ("7y", Number::SByte(7)),
            ("255uy", Number::Byte(255)),
            ("99999999999999999999", Number::Double(1e20)),
            (
                "1.50d",
                Number::Decimal {
                    mantissa: 150,
                    scale: 2,
                },
            ),
        ] {
            assert_eq!(read(text), Some(number), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_left() {
        for text in ["", ".", "x", "300uy", "1.5l", "e5", "-1"] {
            assert_eq!(read(text), None, "{text}");
        }
        let mut cursor = Cursor::new("1..3");
        assert_eq!(number(&mut cursor), Some(Number::Int32(1)));
        assert_eq!(cursor.rest(), "..3");
    }
}
