//! Why a text is no script, in PowerShell's words.

use std::fmt;

use super::Span;
use super::cursor::{is_double_quote, is_single_quote};

/// Why a text cannot be read as a script: the user's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// PowerShell's sentence.
    pub message: String,
    /// PowerShell's error id.
    pub id: &'static str,
    /// Where, in bytes of the text.
    pub span: Span,
    /// Set if more text could mend it, with what it waits for.
    pub incomplete: Option<Incomplete>,
}

/// What a text that ends too early waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Incomplete {
    /// The end of a string in these quotes.
    String(char),
    /// The `'@` or `"@` that ends a here-string.
    HereString(char),
    /// The `#>` of a comment.
    Comment,
    /// This closing bracket.
    Bracket(char),
    /// A command after `|`, `&&` or `||`.
    Pipe,
    /// A value after an operator.
    Operator,
    /// The line that a back-tick continues.
    Backtick,
    /// The rest of a statement: its condition, name or block.
    Statement,
}

impl Incomplete {
    /// Whether one more line can end what is waited for. Where it cannot, a long text need not be read again from its
    /// beginning, line after line.
    pub fn may_end_in(self, line: &str) -> bool {
        match self {
            Self::String(_) => line.contains(is_quote),
            Self::HereString(_) => {
                let mut first = line.chars();
                first.next().is_some_and(is_quote) && first.next() == Some('@')
            }
            Self::Comment => line.contains("#>"),
            _ => true,
        }
    }
}

fn is_quote(c: char) -> bool {
    is_single_quote(c) || is_double_quote(c)
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(quote) => write!(f, "the closing {quote}"),
            Self::HereString(quote) => write!(f, "a line that starts with {quote}@"),
            Self::Comment => f.write_str("the closing #>"),
            Self::Bracket(bracket) => write!(f, "the closing {bracket}"),
            Self::Pipe => f.write_str("a command after the pipe"),
            Self::Operator => f.write_str("a value after the operator"),
            Self::Backtick => f.write_str("the line after the back-tick"),
            Self::Statement => f.write_str("the rest of the statement"),
        }
    }
}
