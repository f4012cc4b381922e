//! Standard output and standard error: who gets colours, and how errors look.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;

use crate::remote_text::{Parser, Piece, Style};
use crate::session::Report;

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// At a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Which of our two streams get colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colours {
    pub(super) out: bool,
    pub(super) err: bool,
}

impl Colours {
    /// Decides by the option, `NO_COLOR`, `TERM` and what the streams are.
    pub(super) fn choose(when: When) -> Self {
        let wanted = match when {
            When::Always => {
                return Self {
                    out: true,
                    err: true,
                };
            }
            When::Never => false,
            When::Auto => {
                let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
                set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb")
            }
        };
        Self {
            out: wanted && io::stdout().is_terminal(),
            err: wanted && io::stderr().is_terminal(),
        }
    }
}

/// Shows an error's block on standard error.
pub(super) fn error(report: &Report, colours: Colours) {
    message(&report.block(), colours);
}

/// Shows a warning of ours on standard error.
pub(super) fn warning(text: &str, colours: Colours) {
    message(&format!("warning: {text}"), colours);
}

/// Shows lines on standard error, with their first words (`error:`, `warning:`, `hint:`) in their colours. Parts of
/// them may be a server's, so escape sequences go.
pub(super) fn message(block: &str, colours: Colours) {
    let mut shown = String::with_capacity(block.len() + 1);
    for line in printable(block).lines() {
        let word = ["error:", "warning:", "hint:"]
            .into_iter()
            .zip([31, 33, 36]);
        match word
            .into_iter()
            .find_map(|(word, colour)| Some((word, colour, line.strip_prefix(word)?)))
        {
            Some((word, colour, rest)) if colours.err => {
                shown.push_str(&format!("\u{1b}[1;{colour}m{word}\u{1b}[0m{rest}"));
            }
            _ => shown.push_str(line),
        }
        shown.push('\n');
    }
    // Nobody is left to tell if this fails.
    let _ = io::stderr().lock().write_all(shown.as_bytes());
}

/// A text without escape sequences and control characters, with its lines.
pub(super) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    Parser::new().parse(text, |piece| match piece {
        Piece::Text(run, _) => shown.push_str(run),
        Piece::LineFeed => shown.push('\n'),
        Piece::Tab => shown.push('\t'),
        Piece::CarriageReturn => {}
    });
    shown
}

/// Writes remote text with its colours and styles, or without them. `parser` keeps the style from one text to the next;
/// `base` has the colours of text that names none.
pub(super) fn remote(
    out: &mut String,
    parser: &mut Parser,
    text: &str,
    base: Style,
    colours: bool,
) {
    let mut written = Style::default();
    parser.parse(text, |piece| match piece {
        Piece::Text(run, style) => {
            let style = Style {
                foreground: style.foreground.or(base.foreground),
                background: style.background.or(base.background),
                ..style
            };
            if colours && style != written {
                out.push_str(&style.to_string());
                written = style;
            }
            out.push_str(run);
        }
        Piece::LineFeed => {
            // A background would run on to the edge of the window.
            if written.background.is_some() {
                out.push_str("\u{1b}[0m");
                written = Style::default();
            }
            out.push('\n');
        }
        Piece::CarriageReturn => out.push('\r'),
        Piece::Tab => out.push('\t'),
    });
    // Each text ends plain, so that whatever is written in between is not coloured by it.
    if !written.is_plain() {
        out.push_str("\u{1b}[0m");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote_text::Colour;

    #[test]
    fn remote_colours_pass_or_go_and_nothing_else_passes() {
        let text = "\u{1b}[31mred\u{1b}[2J\u{1b}]0;x\u{7}\nplain\u{1b}[0m";
        let shown = |colours, base| {
            let mut out = String::new();
            remote(&mut out, &mut Parser::new(), text, base, colours);
            out
        };
        assert_eq!(shown(false, Style::default()), "red\nplain");
        assert_eq!(
            shown(true, Style::default()),
            "\u{1b}[0;31mred\nplain\u{1b}[0m"
        );
        let base = Style {
            background: Some(Colour::Ansi(4)),
            ..Style::default()
        };
        assert_eq!(
            shown(true, base),
            "\u{1b}[0;31;44mred\u{1b}[0m\n\u{1b}[0;31;44mplain\u{1b}[0m"
        );
    }
}
