//! Colours and styles of text.

use std::fmt;

/// A colour that text may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Colour {
    /// One of the terminal's own sixteen, 0 to 15 in ANSI order.
    Ansi(u8),
    /// One of the palette of 256, from 16 on.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// How text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own on the wire"
)]
pub struct Style {
    /// The colour of the text; the terminal's own where none is named.
    pub foreground: Option<Colour>,
    /// The colour behind the text; the terminal's own where none is named.
    pub background: Option<Colour>,
    /// Bold.
    pub bold: bool,
    /// Dim.
    pub dim: bool,
    /// Italic.
    pub italic: bool,
    /// Underlined, in whatever way.
    pub underline: bool,
    /// Foreground and background exchanged.
    pub reverse: bool,
    /// Struck through.
    pub strike: bool,
}

impl Style {
    /// Whether nothing is set.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

impl Colour {
    /// The colour of a number of the palette of 256.
    pub const fn palette(number: u8) -> Self {
        if number < 16 {
            Self::Ansi(number)
        } else {
            Self::Indexed(number)
        }
    }

    /// The colour of one of the sixteen numbers of `System.ConsoleColor`, which counts blue before red.
    pub const fn console(number: u8) -> Option<Self> {
        if number > 15 {
            return None;
        }
        // Bits 0 and 2 (blue and red) change places.
        let swapped = (number & 0b1010) | ((number & 1) << 2) | ((number >> 2) & 1);
        Some(Self::Ansi(swapped))
    }
}

/// The escape sequence that sets exactly this style, whatever was set before.
impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\u{1b}[0")?;
        let switches = [
            (self.bold, 1),
            (self.dim, 2),
            (self.italic, 3),
            (self.underline, 4),
            (self.reverse, 7),
            (self.strike, 9),
        ];
        for (_, code) in switches.iter().filter(|(set, _)| *set) {
            write!(f, ";{code}")?;
        }
        if let Some(colour) = self.foreground {
            colour.write(f, 0)?;
        }
        if let Some(colour) = self.background {
            colour.write(f, 10)?;
        }
        f.write_str("m")
    }
}

impl Colour {
    /// `layer` is 0 for the foreground and 10 for the background.
    fn write(self, f: &mut fmt::Formatter<'_>, layer: u8) -> fmt::Result {
        match self {
            Self::Ansi(number @ 0..8) => write!(f, ";{}", 30 + layer + number),
            Self::Ansi(number) => write!(f, ";{}", 82 + layer + (number & 15)),
            Self::Indexed(number) => write!(f, ";{};5;{number}", 38 + layer),
            Self::Rgb(red, green, blue) => write!(f, ";{};2;{red};{green};{blue}", 38 + layer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn console_colours_count_blue_first() {
        let dark_red = Colour::console(4);
        let yellow = Colour::console(14);
        let dark_blue = Colour::console(1);
        assert_eq!(dark_red, Some(Colour::Ansi(1)));
        assert_eq!(yellow, Some(Colour::Ansi(11)));
        assert_eq!(dark_blue, Some(Colour::Ansi(4)));
        assert_eq!(Colour::console(16), None);
    }

    #[test]
    fn a_style_is_written_whole() {
        let style = Style {
            foreground: Some(Colour::Ansi(9)),
            background: Some(Colour::Indexed(200)),
            bold: true,
            ..Style::default()
        };
        assert_eq!(style.to_string(), "\u{1b}[0;1;91;48;5;200m");
        assert_eq!(Style::default().to_string(), "\u{1b}[0m");
    }
}
