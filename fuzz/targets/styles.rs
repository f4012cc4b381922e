//! Text of a remote computer, as the screen shows it.

use psdeck::remote_text::{Parser, Piece, Style, plain};

use super::{size, way};

pub(crate) const WORDS: &[&str] = &[
    "\u{1b}[",
    "\u{1b}[0m",
    "\u{1b}[1;31m",
    "\u{1b}[38;5;208m",
    "\u{1b}[38:2::1:2:3m",
    "\u{1b}[48;2;255;255;255m",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]8;;https://example.org\u{1b}\\",
    "\u{1b}]52;c;AAAA\u{7}",
    "\u{1b}P",
    "\u{1b}[?1049h",
    "\u{1b}(0",
    "\u{9b}31m",
    "\u{9d}",
    "\u{18}",
    "\r\n",
    "\t",
    "\u{202e}",
    "e\u{301}",
];

pub(crate) fn run(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    let whole = pieces(&text, text.len().max(1));
    let cut = input.first().map_or(1, |byte| 1 + usize::from(*byte % 13));
    assert_eq!(whole, pieces(&text, cut), "the cuts between chunks show");
    let shown = plain(&text);
    assert!(!shown.chars().any(char::is_control), "{shown:?}");
    let mut styles: Vec<String> = Vec::new();
    for (_, style) in &whole {
        let style = format!("{style:?}");
        if !styles.contains(&style) && styles.len() < 4 {
            styles.push(style);
        }
    }
    way((
        size(whole.len()),
        size(shown.len()),
        size(styles.len()),
        styles.last(),
    ))
}

/// What is shown, neighbours in the same style joined.
fn pieces(text: &str, longest: usize) -> Vec<(String, Option<Style>)> {
    let mut shown: Vec<(String, Option<Style>)> = Vec::new();
    let mut add = |piece: Piece<'_>| {
        let (text, style) = match piece {
            Piece::Text(text, style) => {
                assert!(!text.chars().any(char::is_control), "{text:?}");
                (text, Some(style))
            }
            Piece::LineFeed => ("\n", None),
            Piece::CarriageReturn => ("\r", None),
            Piece::Tab => ("\t", None),
        };
        match shown.last_mut() {
            Some((before, same)) if *same == style => before.push_str(text),
            _ => shown.push((text.to_owned(), style)),
        }
    };
    let mut parser = Parser::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = (longest.min(rest.len())..=rest.len())
            .find(|end| rest.is_char_boundary(*end))
            .unwrap_or(rest.len());
        let (chunk, behind) = rest.split_at(end);
        parser.parse(chunk, &mut add);
        rest = behind;
    }
    parser.finish(&mut add);
    shown
}
