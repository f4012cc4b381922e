//! `xs:duration`, as WinRM reads and writes it.

use std::time::Duration;

/// `PT20.000S`. WinRM wants seconds and takes no bare number.
pub(super) fn write(duration: Duration) -> String {
    format!("PT{}.{:03}S", duration.as_secs(), duration.subsec_millis())
}

/// Reads `P0DT1H2M3.5S`; nothing with years or months, which have no length.
pub(super) fn read(text: &str) -> Option<Duration> {
    let rest = text.trim().strip_prefix('P')?;
    let (days, time) = rest.split_once('T').unwrap_or((rest, ""));
    let mut total = Duration::ZERO;
    for (part, units) in [
        (days, &[('D', 86_400)][..]),
        (time, &[('H', 3_600), ('M', 60), ('S', 1)][..]),
    ] {
        let mut left = part;
        while !left.is_empty() {
            let end = left.find(|char: char| !char.is_ascii_digit() && char != '.')?;
            let (number, tail) = left.split_at_checked(end)?;
            let unit = tail.chars().next()?;
            let (_, seconds) = units.iter().find(|(name, _)| *name == unit)?;
            total = total.checked_add(amount(number, *seconds)?)?;
            left = tail.strip_prefix(unit)?;
        }
    }
    Some(total)
}

fn amount(number: &str, seconds: u64) -> Option<Duration> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u64 = whole.parse().ok()?;
    let mut nanos = 0;
    if !fraction.is_empty() {
        // Only seconds have fractions; what is smaller than a nanosecond is nothing.
        let digits = fraction.get(..fraction.len().min(9))?;
        let scale = 10_u32.pow(9 - u32::try_from(digits.len()).ok()?);
        nanos = digits.parse::<u32>().ok()?.checked_mul(scale)?;
        if seconds != 1 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
    }
    Duration::from_secs(whole.checked_mul(seconds)?).checked_add(Duration::from_nanos(nanos.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_seconds() {
        assert_eq!(write(Duration::from_secs(20)), "PT20.000S");
        assert_eq!(write(Duration::from_millis(7_200_050)), "PT7200.050S");
    }

    #[test]
    fn durations_are_read_in_every_form_that_servers_use() {
        for (text, seconds) in [
            ("PT7200.000S", 7200.0),
            ("PT2147483.647S", 2_147_483.647),
            ("P0DT0H0M0S", 0.0),
            ("P1DT2H3M4.5S", 93_784.5),
            ("PT0.0000000001S", 0.0),
        ] {
            assert_eq!(read(text), Some(Duration::from_secs_f64(seconds)), "{text}");
        }
        for text in [
            "",
            "PT",
            "5",
            "PT1",
            "P1Y",
            "PTS",
            "PT1.5H",
            "PT-1S",
            "PT99999999999999999999S",
        ] {
            let read = read(text);
            assert!(read.is_none() || text == "PT", "{text}: {read:?}");
        }
    }
}
