//! .NET dates and spans, in ticks of 100 ns, and their XSD text.

use std::fmt;
use std::str::FromStr;

use time::{Date, Month};

/// Ticks of a second.
pub const TICKS_PER_SECOND: i64 = 10_000_000;
/// Ticks of a day.
pub const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;

/// The Julian day of 0001-01-01, where .NET counts from.
const FIRST_DAY: i64 = 1_721_426;

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

/// A .NET `DateTime`. Its `Display` is its XSD text, which is RFC 3339 with the kind kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateTime {
    /// Ticks of 100 ns since 0001-01-01T00:00:00, as written (not shifted to UTC).
    pub ticks: i64,
    /// What the ticks are relative to.
    pub kind: DateTimeKind,
}

impl DateTime {
    /// The day.
    pub fn date(self) -> Date {
        let day = self.ticks.div_euclid(TICKS_PER_DAY) + FIRST_DAY;
        i32::try_from(day)
            .ok()
            .and_then(|day| Date::from_julian_day(day).ok())
            .unwrap_or(Date::MIN)
    }

    /// The time as .NET's invariant culture shows it: `05/06/2024 07:08:09`.
    pub fn general(self) -> String {
        let (year, month, day) = self.date().to_calendar_date();
        let (hour, minute, second, _) = self.clock();
        let month = u8::from(month);
        format!("{month:02}/{day:02}/{year:04} {hour:02}:{minute:02}:{second:02}")
    }

    /// Hour, minute, second of the day, and the ticks that are left.
    pub fn clock(self) -> (i64, i64, i64, i64) {
        let ticks = self.ticks.rem_euclid(TICKS_PER_DAY);
        let seconds = ticks / TICKS_PER_SECOND;
        (
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            ticks % TICKS_PER_SECOND,
        )
    }
}

impl FromStr for DateTime {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut rest = Digits(text.as_bytes());
        let year = rest.number(4)?;
        rest.byte(b'-')?;
        let month = u8::try_from(rest.number(2)?).map_err(drop)?;
        rest.byte(b'-')?;
        let day = u8::try_from(rest.number(2)?).map_err(drop)?;
        rest.byte(b'T')?;
        let hour = rest.number(2)?;
        rest.byte(b':')?;
        let minute = rest.number(2)?;
        rest.byte(b':')?;
        let second = rest.number(2)?;
        let fraction = rest.fraction()?;
        let kind = rest.zone()?;
        let month = Month::try_from(month).map_err(drop)?;
        let year = i32::try_from(year).map_err(drop)?;
        let date = Date::from_calendar_date(year, month, day).map_err(drop)?;
        if year == 0 || hour > 23 || minute > 59 || second > 59 {
            return Err(());
        }
        let days = i64::from(date.to_julian_day()) - FIRST_DAY;
        let seconds = (hour * 60 + minute) * 60 + second;
        Ok(Self {
            ticks: days * TICKS_PER_DAY + seconds * TICKS_PER_SECOND + fraction,
            kind,
        })
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date().to_calendar_date();
        let (hour, minute, second, fraction) = self.clock();
        let month = u8::from(month);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        write_fraction(f, fraction)?;
        match self.kind {
            DateTimeKind::Unspecified => Ok(()),
            DateTimeKind::Utc => f.write_str("Z"),
            DateTimeKind::Local(offset) => {
                let sign = if offset < 0 { '-' } else { '+' };
                let offset = offset.unsigned_abs();
                write!(f, "{sign}{:02}:{:02}", offset / 60, offset % 60)
            }
        }
    }
}

/// A .NET `TimeSpan`, in ticks of 100 ns. Its `Display` is its XSD text, `P1DT2H3M4.5S`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimeSpan {
    /// Ticks of 100 ns.
    pub ticks: i64,
}

impl TimeSpan {
    /// The span as .NET shows it: `1.02:03:04.5000000`.
    pub fn general(self) -> String {
        let sign = if self.ticks < 0 { "-" } else { "" };
        let ticks = self.ticks.unsigned_abs();
        let second = TICKS_PER_SECOND.unsigned_abs();
        let (seconds, fraction) = (ticks / second, ticks % second);
        let days = match seconds / 86_400 {
            0 => String::new(),
            days => format!("{days}."),
        };
        let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
        let fraction = match fraction {
            0 => String::new(),
            ticks => format!(".{ticks:07}"),
        };
        format!(
            "{sign}{days}{hours:02}:{minutes:02}:{:02}{fraction}",
            seconds % 60
        )
    }
}

impl FromStr for TimeSpan {
    type Err = ();

    /// Reads an XSD duration; a year counts 365 days and a month 30, as .NET has it.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut rest = Digits(text.as_bytes());
        let negative = rest.byte(b'-').is_ok();
        rest.byte(b'P')?;
        let (mut ticks, mut in_time, mut last) = (0_i128, false, 0);
        while !rest.0.is_empty() {
            if !in_time && rest.byte(b'T').is_ok() {
                in_time = true;
            }
            let number = i128::from(rest.long_number()?);
            let fraction = rest.fraction()?;
            let unit = rest.any()?;
            let (rank, seconds) = match (in_time, unit) {
                (false, b'Y') => (1, 365 * 86_400),
                (false, b'M') => (2, 30 * 86_400),
                (false, b'D') => (3, 86_400),
                (true, b'H') => (4, 3600),
                (true, b'M') => (5, 60),
                (true, b'S') => (6, 1),
                _ => return Err(()),
            };
            if rank <= last || (fraction != 0 && unit != b'S') {
                return Err(());
            }
            last = rank;
            ticks += (number * seconds) * i128::from(TICKS_PER_SECOND) + i128::from(fraction);
        }
        if last == 0 || (in_time && last < 4) {
            return Err(());
        }
        let ticks = if negative { -ticks } else { ticks };
        Ok(Self {
            ticks: i64::try_from(ticks).map_err(drop)?,
        })
    }
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ticks < 0 {
            f.write_str("-")?;
        }
        f.write_str("P")?;
        let ticks = self.ticks.unsigned_abs();
        let second = TICKS_PER_SECOND.unsigned_abs();
        let (days, rest) = (ticks / (86_400 * second), ticks % (86_400 * second));
        if days > 0 {
            write!(f, "{days}D")?;
        }
        if rest == 0 && days > 0 {
            return Ok(());
        }
        f.write_str("T")?;
        let (seconds, fraction) = (rest / second, rest % second);
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        if hours > 0 {
            write!(f, "{hours}H")?;
        }
        if minutes > 0 {
            write!(f, "{minutes}M")?;
        }
        if seconds > 0 || fraction > 0 || rest == 0 {
            write!(f, "{seconds}")?;
            write_fraction(f, fraction.try_into().unwrap_or_default())?;
            f.write_str("S")?;
        }
        Ok(())
    }
}

/// Writes ticks of a second without trailing zeros, nothing if there are none.
fn write_fraction(f: &mut fmt::Formatter<'_>, ticks: i64) -> fmt::Result {
    if ticks == 0 {
        return Ok(());
    }
    let digits = format!("{ticks:07}");
    write!(f, ".{}", digits.trim_end_matches('0'))
}

/// What is left of a text of digits and marks.
struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    fn any(&mut self) -> Result<u8, ()> {
        let (first, rest) = self.0.split_first().ok_or(())?;
        self.0 = rest;
        Ok(*first)
    }

    fn byte(&mut self, wanted: u8) -> Result<(), ()> {
        self.0 = self.0.strip_prefix(&[wanted]).ok_or(())?;
        Ok(())
    }

    fn digit(&mut self) -> Option<i64> {
        let (first, rest) = self.0.split_first()?;
        if !first.is_ascii_digit() {
            return None;
        }
        self.0 = rest;
        Some(i64::from(first - b'0'))
    }

    /// A number of exactly this many digits.
    fn number(&mut self, count: usize) -> Result<i64, ()> {
        (0..count).try_fold(0, |number, _| Ok(number * 10 + self.digit().ok_or(())?))
    }

    /// A number of one to 17 digits.
    fn long_number(&mut self) -> Result<i64, ()> {
        let mut number = self.digit().ok_or(())?;
        for _ in 1..17 {
            match self.digit() {
                Some(digit) => number = number * 10 + digit,
                None => return Ok(number),
            }
        }
        match self.digit() {
            Some(_) => Err(()),
            None => Ok(number),
        }
    }

    /// `.` and digits, in ticks; what is below a tick is cut off.
    fn fraction(&mut self) -> Result<i64, ()> {
        if self.byte(b'.').is_err() {
            return Ok(0);
        }
        let mut ticks = self.digit().ok_or(())? * (TICKS_PER_SECOND / 10);
        let mut unit = TICKS_PER_SECOND / 100;
        while let Some(digit) = self.digit() {
            ticks += digit * unit;
            unit /= 10;
        }
        Ok(ticks)
    }

    /// The suffix of a date, which ends it.
    fn zone(&mut self) -> Result<DateTimeKind, ()> {
        let kind = match self.any() {
            Err(()) => DateTimeKind::Unspecified,
            Ok(b'Z') => DateTimeKind::Utc,
            Ok(sign @ (b'+' | b'-')) => {
                let hours = self.number(2)?;
                self.byte(b':')?;
                let minutes = self.number(2)?;
                let offset = i16::try_from(hours * 60 + minutes).map_err(drop)?;
                if minutes > 59 || offset > 14 * 60 {
                    return Err(());
                }
                DateTimeKind::Local(if sign == b'-' { -offset } else { offset })
            }
            Ok(_) => return Err(()),
        };
        if self.0.is_empty() { Ok(kind) } else { Err(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_keep_ticks_and_kind() {
        for text in [
            "0001-01-01T00:00:00",
            "9999-12-31T23:59:59.9999999",
            "2020-02-29T23:59:59.123Z",
            "2019-12-31T23:59:59.1234567Z",
            "2026-11-21T04:26:10.7093195+00:00",
            "2026-11-21T04:26:10-09:30",
        ] {
            assert_eq!(text.parse::<DateTime>().unwrap().to_string(), text);
        }
        let ticks = "2019-12-31T23:59:59.1234567Z".parse::<DateTime>().unwrap();
        assert_eq!(ticks.ticks, 637_134_335_991_234_567);
        for text in [
            "",
            "2021-02-29T00:00:00",
            "0000-01-01T00:00:00",
            "2021-01-01T24:00:00",
            "2021-01-01T00:00:00.",
            "2021-01-01T00:00:00+15:00",
            "2021-01-01T00:00:00Zx",
        ] {
            assert!(text.parse::<DateTime>().is_err(), "{text}");
        }
    }

    #[test]
    fn spans_keep_ticks() {
        for text in [
            "PT0S",
            "PT9.0269026S",
            "P1DT2H3M4.005S",
            "-PT1S",
            "PT0.0000001S",
            "-P400D",
            "P1DT1S",
            "-P10675199DT2H48M5.4775808S",
        ] {
            assert_eq!(text.parse::<TimeSpan>().unwrap().to_string(), text);
        }
        let year = "P1Y1M".parse::<TimeSpan>().unwrap();
        assert_eq!(year.ticks, 395 * TICKS_PER_DAY);
        for text in [
            "",
            "P",
            "PT",
            "P1DT",
            "1D",
            "P1S",
            "PT1M1H",
            "P1.5D",
            "P99999999D",
        ] {
            assert!(text.parse::<TimeSpan>().is_err(), "{text}");
        }
    }
}
