//! Text of a remote computer, made safe to show: colours and styles pass, every other escape sequence is swallowed.
//! No IO, no clock.
//!
//! ```
//! use psdeck::remote_text::{Parser, Piece};
//!
//! let mut text = String::new();
//! Parser::new().parse("\u{1b}[31mred\u{1b}]0;title\u{7} still\u{1b}[2J", |piece| {
//!     if let Piece::Text(run, _style) = piece {
//!         text.push_str(run);
//!     }
//! });
//! assert_eq!(text, "red still");
//! ```

mod parser;
mod sgr;
mod style;

pub use parser::{Parser, Piece, plain};
pub use style::{Colour, Style};
