//! From text to tree: recursive descent without a table of tokens, because what a character means depends on where it
//! stands (a word of a command, a value, a string). Linear in the text; nesting is limited.

mod block;
mod control;
mod expression;
mod operator;
mod pipeline;
mod primary;
mod statement;
mod string;
mod word;

use super::cursor::{Cursor, is_newline};
use super::{Expression, Incomplete, ParseError, ScriptBlock, Span};

/// The deepest nesting that is read.
pub const MAX_DEPTH: usize = 64;

/// Reads a script.
///
/// ```
/// let script = psdeck::language::parse("1..3 | ForEach-Object { $_ * 2 }").unwrap();
/// assert_eq!(script.end.len(), 1);
/// ```
pub fn parse(text: &str) -> Result<ScriptBlock, ParseError> {
    let mut parser = Parser {
        cursor: Cursor::new(text),
        depth: 0,
        using: Vec::new(),
    };
    let mut script = parser.script_block(None)?;
    script.using = std::mem::take(&mut parser.using);
    match parser.cursor.peek() {
        None => Ok(script),
        Some(_) => Err(parser.unexpected()),
    }
}

type Result<T, E = ParseError> = std::result::Result<T, E>;

struct Parser<'a> {
    cursor: Cursor<'a>,
    depth: usize,
    /// What the script takes from where it was written.
    using: Vec<Expression>,
}

impl Parser<'_> {
    fn span(&self, start: usize) -> Span {
        Span::new(start, self.cursor.at())
    }

    /// Runs a rule one level deeper.
    fn nested<T>(&mut self, rule: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(
                "ScriptTooComplicated",
                "The script is too complicated to be parsed. Reduce the nesting depth.",
            ));
        }
        self.depth += 1;
        let result = rule(self);
        self.depth -= 1;
        result
    }

    /// An error here that more text does not mend.
    fn error(&self, id: &'static str, message: impl Into<String>) -> ParseError {
        let at = self.cursor.at();
        ParseError {
            message: message.into(),
            id,
            span: Span::new(at, at + self.cursor.peek().map_or(0, char::len_utf8)),
            incomplete: None,
        }
    }

    /// Something is missing here: more text mends it if the text ends here.
    fn missing(
        &mut self,
        waits_for: Incomplete,
        id: &'static str,
        message: impl Into<String>,
    ) -> ParseError {
        let mut error = self.error(id, message);
        match self.cursor.skip_lines() {
            Ok(()) if self.cursor.peek().is_none() => error.incomplete = Some(waits_for),
            Ok(()) => {}
            Err(unfinished) => error = unfinished,
        }
        error
    }

    fn unexpected(&self) -> ParseError {
        let mut ahead = self.cursor.clone();
        let mut token = ahead.take_while(char::is_alphanumeric);
        if token.is_empty() {
            let start = ahead.at();
            ahead.bump();
            token = ahead.since(start);
        }
        let mut error = self.error(
            "UnexpectedToken",
            format!("Unexpected token '{token}' in expression or statement."),
        );
        error.span.end = error.span.start + token.len();
        error
    }

    /// Passes the closing bracket of what began earlier.
    fn close(&mut self, bracket: &str, id: &'static str, message: &str) -> Result<()> {
        self.cursor.skip_lines()?;
        if self.cursor.eat(bracket) {
            return Ok(());
        }
        let sign = bracket.chars().next().unwrap_or(')');
        if self.cursor.peek().is_some() {
            return Err(self.unexpected());
        }
        Err(self.missing(Incomplete::Bracket(sign), id, message))
    }

    fn at_end_of_statement(&self) -> bool {
        self.cursor
            .peek()
            .is_none_or(|c| is_newline(c) || matches!(c, ';' | ')' | '}'))
    }
}
