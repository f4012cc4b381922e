//! What the parameters of an SGR sequence (`ESC [ … m`, ECMA-48 8.3.117) do to a style.

use super::{Colour, Style};

/// The parameters of one sequence: fixed space, so that a hostile sequence costs nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters {
    values: [u16; 32],
    /// Bit n: value n was joined to the one before it by a colon.
    joined: u32,
    /// How many values are complete; the one after them is being read.
    complete: usize,
}

impl Parameters {
    /// Takes a digit of the value being read.
    pub(super) fn digit(&mut self, digit: u8) {
        if let Some(value) = self.values.get_mut(self.complete) {
            *value = value.saturating_mul(10).saturating_add(digit.into());
        }
    }

    /// Ends the value being read; what comes behind the last place is dropped.
    pub(super) fn separator(&mut self, colon: bool) {
        if self.complete < self.values.len() {
            self.complete += 1;
            if colon && self.complete < self.values.len() {
                self.joined |= 1 << self.complete;
            }
        }
    }

    /// Changes a style as the parameters say.
    pub(super) fn apply(&self, style: &mut Style) {
        let count = (self.complete + 1).min(self.values.len());
        let mut groups = Groups {
            values: self.values.get(..count).unwrap_or_default(),
            joined: self.joined,
            at: 0,
        };
        while let Some((code, sub)) = groups.next() {
            match code {
                38 => set_colour(&mut style.foreground, sub, &mut groups),
                48 => set_colour(&mut style.background, sub, &mut groups),
                // An underline's colour: read, so that its numbers are not taken for codes, and dropped.
                58 => set_colour(&mut None, sub, &mut groups),
                4 => style.underline = sub.first() != Some(&0),
                _ => set(style, code),
            }
        }
    }
}

/// Walks the values: one code at a time, with the values joined to it by colons.
struct Groups<'a> {
    values: &'a [u16],
    joined: u32,
    at: usize,
}

impl<'a> Groups<'a> {
    fn next(&mut self) -> Option<(u16, &'a [u16])> {
        let code = *self.values.get(self.at)?;
        let start = self.at + 1;
        let mut end = start;
        while end < self.values.len() && self.joined & (1 << end) != 0 {
            end += 1;
        }
        self.at = end;
        Some((code, self.values.get(start..end).unwrap_or_default()))
    }
}

fn set(style: &mut Style, code: u16) {
    match code {
        0 => *style = Style::default(),
        1 => style.bold = true,
        2 => style.dim = true,
        3 => style.italic = true,
        7 => style.reverse = true,
        9 => style.strike = true,
        21 => style.underline = true,
        22 => (style.bold, style.dim) = (false, false),
        23 => style.italic = false,
        24 => style.underline = false,
        27 => style.reverse = false,
        29 => style.strike = false,
        30..=37 => style.foreground = ansi(code, 30),
        39 => style.foreground = None,
        40..=47 => style.background = ansi(code, 40),
        49 => style.background = None,
        90..=97 => style.foreground = ansi(code, 82),
        100..=107 => style.background = ansi(code, 92),
        // Blinking and hidden text would hide or distract; the rest is rare.
        _ => {}
    }
}

fn ansi(code: u16, base: u16) -> Option<Colour> {
    u8::try_from(code - base).ok().map(Colour::Ansi)
}

/// Reads `38:5:n`, `38:2::r:g:b`, `38:2:r:g:b`, `38;5;n` and `38;2;r;g;b`. Numbers past 255 name no colour.
fn set_colour(colour: &mut Option<Colour>, sub: &[u16], groups: &mut Groups<'_>) {
    let byte = |value: u16| u8::try_from(value).ok();
    let rgb = |red, green, blue| Some(Colour::Rgb(byte(red)?, byte(green)?, byte(blue)?));
    let named = if sub.is_empty() {
        let mut next = || groups.next().map_or(0, |(value, _)| value);
        match next() {
            5 => byte(next()).map(Colour::palette),
            2 => rgb(next(), next(), next()),
            _ => None,
        }
    } else {
        match *sub {
            [5, number, ..] => byte(number).map(Colour::palette),
            [2, _, red, green, blue, ..] | [2, red, green, blue] => rgb(red, green, blue),
            _ => None,
        }
    };
    if named.is_some() {
        *colour = named;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn styled(parameters: &str) -> Style {
        let mut style = Style::default();
        let mut read = Parameters::default();
        for byte in parameters.bytes() {
            match byte {
                b'0'..=b'9' => read.digit(byte - b'0'),
                _ => read.separator(byte == b':'),
            }
        }
        read.apply(&mut style);
        style
    }

    #[test]
    fn colours_are_read_in_every_spelling() {
        let rgb = Some(Colour::Rgb(1, 2, 3));
        assert_eq!(styled("38;2;1;2;3").foreground, rgb);
        assert_eq!(styled("38:2:1:2:3").foreground, rgb);
        assert_eq!(styled("38:2::1:2:3").foreground, rgb);
        assert_eq!(styled("48;5;9").background, Some(Colour::Ansi(9)));
        assert_eq!(styled("38:5:99").foreground, Some(Colour::Indexed(99)));
        assert_eq!(styled("97;100").foreground, Some(Colour::Ansi(15)));
        assert_eq!(styled("97;100").background, Some(Colour::Ansi(8)));
    }

    #[test]
    fn what_follows_a_colour_is_read_as_its_own_code() {
        let style = styled("38;5;1;1");
        assert!(style.bold);
        assert_eq!(style.foreground, Some(Colour::Ansi(1)));
        assert!(styled("58;5;9;1").bold);
        assert!(!styled("1;4:0").underline);
    }

    #[test]
    fn an_empty_sequence_resets() {
        assert!(styled("").is_plain());
        assert!(styled("1;31;").is_plain());
    }

    #[test]
    fn more_parameters_than_places_are_dropped() {
        let many = "1;".repeat(1000);
        assert!(styled(&many).bold);
        assert!(styled("99999999999").is_plain());
    }
}
