//! Text with escape sequences in, runs of styled text out.

use super::Style;
use super::sgr::Parameters;

/// Reads the text of one source, chunk by chunk: a sequence or a style may begin in one chunk and end in another.
#[derive(Clone, Debug, Default)]
pub struct Parser {
    style: Style,
    state: State,
}

/// What a chunk of text holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text without any control character.
    Text(&'a str, Style),
    /// The line ends. `CR LF` is one of these.
    LineFeed,
    /// What follows is written from the start of the line, over what is there.
    CarriageReturn,
    /// A tab.
    Tab,
}

/// A control string (title, hyperlink, device string) longer than this is not one: what follows is shown again.
const STRING_LIMIT: u16 = 8192;

#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    Ground,
    /// A CR: alone, or the start of `CR LF`?
    Return,
    /// Behind ESC.
    Escape,
    /// Behind ESC and an intermediate byte: one final byte follows.
    Intermediate,
    /// In a CSI sequence; without parameters if it is not one that could be SGR.
    Csi(Option<Parameters>),
    /// In a control string, of which that many characters were seen; whether the last one was ESC.
    String { length: u16, escape: bool },
}

impl Parser {
    /// A parser in the plain style.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets a begun sequence and the style: for the start of another text.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// The style in which the next text is written.
    pub fn style(&self) -> Style {
        self.style
    }

    /// Reads a chunk. Text comes in slices of it, as long as they can be.
    pub fn parse<'a>(&mut self, chunk: &'a str, mut piece: impl FnMut(Piece<'a>)) {
        let mut run = 0;
        for (at, char) in chunk.char_indices() {
            let ground = matches!(self.state, State::Ground | State::Return);
            if ground && !char.is_control() {
                if matches!(self.state, State::Return) {
                    self.state = State::Ground;
                    piece(Piece::CarriageReturn);
                }
                continue;
            }
            if ground {
                self.text(chunk.get(run..at), &mut piece);
            }
            self.control(char, &mut piece);
            run = at + char.len_utf8();
        }
        self.text(chunk.get(run..), &mut piece);
    }

    /// Ends the text: a carriage return that waits for its line feed is given out.
    pub fn finish<'a>(&mut self, mut piece: impl FnMut(Piece<'a>)) {
        if matches!(self.state, State::Return) {
            piece(Piece::CarriageReturn);
        }
        self.state = State::Ground;
    }

    fn text<'a>(&self, run: Option<&'a str>, piece: &mut impl FnMut(Piece<'a>)) {
        if let Some(run) = run.filter(|run| !run.is_empty()) {
            piece(Piece::Text(run, self.style));
        }
    }

    fn control<'a>(&mut self, char: char, piece: &mut impl FnMut(Piece<'a>)) {
        // These two end any sequence, ESC begins one anywhere; a control string takes ESC for its possible end.
        let in_string = matches!(self.state, State::String { .. });
        match char {
            '\u{18}' | '\u{1a}' => self.state = State::Ground,
            '\u{1b}' if !in_string => {
                self.pending_return(piece);
                self.state = State::Escape;
            }
            _ => self.state = self.step(char, piece),
        }
    }

    fn step<'a>(&mut self, char: char, piece: &mut impl FnMut(Piece<'a>)) -> State {
        match std::mem::take(&mut self.state) {
            State::Ground => ground(char, piece),
            State::Return => {
                if char != '\n' {
                    piece(Piece::CarriageReturn);
                }
                ground(char, piece)
            }
            State::Escape => match char {
                '[' => State::Csi(Some(Parameters::default())),
                ']' | 'P' | 'X' | '^' | '_' => State::String {
                    length: 0,
                    escape: false,
                },
                ' '..='/' => State::Intermediate,
                _ if char.is_control() => State::Escape,
                _ => State::Ground,
            },
            State::Intermediate => match char {
                ' '..='/' => State::Intermediate,
                _ => State::Ground,
            },
            State::Csi(parameters) => self.csi(char, parameters, piece),
            State::String { length, escape } => string(char, length, escape),
        }
    }

    fn csi<'a>(
        &mut self,
        char: char,
        parameters: Option<Parameters>,
        piece: &mut impl FnMut(Piece<'a>),
    ) -> State {
        match (char, parameters) {
            ('0'..='9', Some(mut parameters)) => {
                parameters.digit((char as u32 - '0' as u32).try_into().unwrap_or(0));
                State::Csi(Some(parameters))
            }
            (';' | ':', Some(mut parameters)) => {
                parameters.separator(char == ':');
                State::Csi(Some(parameters))
            }
            ('m', Some(parameters)) => {
                parameters.apply(&mut self.style);
                State::Ground
            }
            // Private or with intermediate bytes: nothing that sets a style.
            (' '..='?', _) => State::Csi(None),
            ('@'..='~', _) => State::Ground,
            // A line must not be lost to a broken sequence.
            ('\n', _) => ground(char, piece),
            (_, parameters) if char.is_control() => State::Csi(parameters),
            _ => State::Ground,
        }
    }

    fn pending_return<'a>(&mut self, piece: &mut impl FnMut(Piece<'a>)) {
        if matches!(self.state, State::Return) {
            piece(Piece::CarriageReturn);
        }
    }
}

/// A text without its escape sequences and control characters, for places that show one line: prompts, titles.
pub fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut parser = Parser::new();
    parser.parse(text, |piece| match piece {
        Piece::Text(run, _) => shown.push_str(run),
        Piece::LineFeed | Piece::Tab => shown.push(' '),
        Piece::CarriageReturn => {}
    });
    shown
}

fn ground<'a>(char: char, piece: &mut impl FnMut(Piece<'a>)) -> State {
    match char {
        '\n' => piece(Piece::LineFeed),
        '\t' => piece(Piece::Tab),
        '\r' => return State::Return,
        // The eight-bit twins of ESC [ and ESC ], and those of the other control strings.
        '\u{9b}' => return State::Csi(Some(Parameters::default())),
        '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => {
            return State::String {
                length: 0,
                escape: false,
            };
        }
        _ => {}
    }
    State::Ground
}

fn string(char: char, length: u16, escape: bool) -> State {
    match char {
        '\u{7}' | '\u{9c}' => State::Ground,
        '\\' if escape => State::Ground,
        _ if length >= STRING_LIMIT => State::Ground,
        _ => State::String {
            length: length + 1,
            escape: char == '\u{1b}',
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Colour;
    use super::*;

    fn shown(chunks: &[&str]) -> String {
        let mut shown = String::new();
        let mut parser = Parser::new();
        let mut take = |piece: Piece<'_>| match piece {
            Piece::Text(run, style) if style.is_plain() => shown.push_str(run),
            Piece::Text(run, style) => {
                shown.push_str(&format!("<{:?}:{run}>", style.foreground.unwrap()));
            }
            Piece::LineFeed => shown.push('\n'),
            Piece::CarriageReturn => shown.push('\r'),
            Piece::Tab => shown.push('\t'),
        };
        for chunk in chunks {
            parser.parse(chunk, &mut take);
        }
        parser.finish(&mut take);
        shown
    }

    #[test]
    fn colours_pass_across_chunks() {
        assert_eq!(
            shown(&["a\u{1b}[3", "1mb", "c\u{1b}", "[0md"]),
            "a<Ansi(1):b><Ansi(1):c>d"
        );
    }

    #[test]
    fn every_other_sequence_is_swallowed() {
        for hostile in [
            "\u{1b}[2J",
            "\u{1b}[10;10H",
            "\u{1b}[?1049h",
            "\u{1b}[>4;1m",
            "\u{1b}]0;title\u{7}",
            "\u{1b}]52;c;AAAA\u{1b}\\",
            "\u{1b}]8;;http://x\u{1b}\\",
            "\u{1b}P+q544e\u{1b}\\",
            "\u{1b}_Gx\u{1b}\\",
            "\u{1b}c",
            "\u{1b}(0",
            "\u{1b}#8",
            "\u{9b}2J",
            "\u{9d}0;t\u{9c}",
            "\u{7}\u{8}\u{b}\u{c}\u{7f}\u{85}\0",
            "\u{1b}[31\u{18}",
        ] {
            assert_eq!(shown(&["a", hostile, "b"]), "ab", "{hostile:?}");
        }
    }

    #[test]
    fn lines_end_once() {
        assert_eq!(shown(&["a\r\nb\nc\r", "\nd\re\r"]), "a\nb\nc\nd\re\r");
    }

    #[test]
    fn an_endless_control_string_does_not_swallow_what_follows() {
        let endless = "x".repeat(10_000);
        assert!(shown(&["\u{1b}]0;", &endless, "\nvisible"]).ends_with("visible"));
    }

    #[test]
    fn a_broken_sequence_keeps_the_line_end() {
        assert_eq!(shown(&["a\u{1b}[31\nb"]), "a\nb");
    }

    #[test]
    fn plain_leaves_one_line() {
        assert_eq!(plain("PS\u{1b}[1m C:\\\n>\r\u{7}"), "PS C:\\ >");
    }

    proptest! {
        #[test]
        fn no_control_character_is_ever_text(chunks in proptest::collection::vec("[\u{0}-\u{ff}\u{1b}\\[\\]0-9;m]{0,40}", 0..6)) {
            let mut parser = Parser::new();
            for chunk in &chunks {
                parser.parse(chunk, |piece| if let Piece::Text(run, _) = piece {
                    assert!(!run.chars().any(char::is_control), "{run:?}");
                });
            }
        }

        #[test]
        fn cutting_a_text_anywhere_changes_nothing(text in "[ab\u{1b}\\[\\]0-9;m\r\n]{0,60}", cut in 0usize..60) {
            let whole = shown_runs(&[&text]);
            let cut = text.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(text.len());
            prop_assert_eq!(shown_runs(&[&text[..cut], &text[cut..]]), whole);
        }
    }

    /// Each character with its style, so that where a run is cut does not show.
    fn shown_runs(chunks: &[&str]) -> Vec<(char, Style)> {
        let mut all = Vec::new();
        let mut parser = Parser::new();
        let mut take = |piece: Piece<'_>| match piece {
            Piece::Text(run, style) => all.extend(run.chars().map(|char| (char, style))),
            Piece::LineFeed => all.push(('\n', Style::default())),
            Piece::CarriageReturn => all.push(('\r', Style::default())),
            Piece::Tab => all.push(('\t', Style::default())),
        };
        for chunk in chunks {
            parser.parse(chunk, &mut take);
        }
        parser.finish(&mut take);
        all
    }

    #[test]
    fn colour_names_survive() {
        assert_eq!(
            shown(&["\u{1b}[38;2;1;2;3mx"]),
            format!("<{:?}:x>", Colour::Rgb(1, 2, 3))
        );
    }
}
