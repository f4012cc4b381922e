//! Text of a remote computer, as the screen shows it.

use psdeck::remote_text::{Parser, Piece, plain};

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
    let styles: std::collections::BTreeSet<_> =
        whole.iter().map(|(_, style)| style.clone()).collect();
    way((
        size(whole.len()),
        size(shown.len()),
        size(styles.len()),
        styles.last(),
    ))
}

/// What is shown, neighbours in the same style joined.
fn pieces(text: &str, longest: usize) -> Vec<(String, String)> {
    let mut shown: Vec<(String, String)> = Vec::new();
    let mut add = |piece: Piece<'_>| {
        let (text, style) = match piece {
            Piece::Text(text, style) => {
                assert!(!text.chars().any(char::is_control), "{text:?}");
                (text, format!("{style:?}"))
            }
            Piece::LineFeed => ("\n", String::new()),
            Piece::CarriageReturn => ("\r", String::new()),
            Piece::Tab => ("\t", String::new()),
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
