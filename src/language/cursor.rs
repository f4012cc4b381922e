//! A place in the text, and PowerShell's classes of characters.

use super::{Incomplete, ParseError, Span};

/// A place in the text that only moves over whole characters.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Goes to a place that [`at`](Self::at) gave.
    pub(super) fn go(&mut self, at: usize) {
        self.at = at;
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// What was passed since `start`.
    pub(super) fn since(&self, start: usize) -> &'a str {
        self.slice(Span::new(start, self.at))
    }

    pub(super) fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn peek_second(&self) -> Option<char> {
        self.rest().chars().nth(1)
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    pub(super) fn starts(&self, with: &str) -> bool {
        self.rest().starts_with(with)
    }

    pub(super) fn eat(&mut self, what: &str) -> bool {
        let found = self.starts(what);
        if found {
            self.at += what.len();
        }
        found
    }

    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Passes white space, comments and continued lines, but no end of a line.
    pub(super) fn skip_blank(&mut self) -> Result<(), ParseError> {
        loop {
            match self.peek() {
                Some(c) if is_blank(c) => {
                    self.bump();
                }
                Some('#') => {
                    self.take_while(|c| !is_newline(c));
                }
                Some('<') if self.peek_second() == Some('#') => self.comment()?,
                Some('`') if self.peek_second().is_none_or(is_newline) => self.continued_line()?,
                _ => return Ok(()),
            }
        }
    }

    /// Passes what [`skip_blank`](Self::skip_blank) does and ends of lines.
    pub(super) fn skip_lines(&mut self) -> Result<(), ParseError> {
        loop {
            self.skip_blank()?;
            if !self.peek().is_some_and(is_newline) {
                return Ok(());
            }
            self.bump();
        }
    }

    /// Passes a back-tick and the end of its line.
    pub(super) fn continued_line(&mut self) -> Result<(), ParseError> {
        let start = self.at;
        self.bump();
        match self.bump() {
            Some('\r') => {
                self.eat("\n");
                Ok(())
            }
            Some(_) => Ok(()),
            None => Err(ParseError {
                message: "Incomplete string token.".into(),
                id: "IncompleteString",
                span: Span::new(start, self.at),
                incomplete: Some(Incomplete::Backtick),
            }),
        }
    }

    fn comment(&mut self) -> Result<(), ParseError> {
        let start = self.at;
        match self.rest().get(2..).and_then(|inside| inside.find("#>")) {
            Some(length) => {
                self.at += length + 4;
                Ok(())
            }
            None => Err(ParseError {
                message: "The terminator '#>' is missing from the multiline comment.".into(),
                id: "MissingTerminatorMultiLineComment",
                span: Span::new(start, self.text.len()),
                incomplete: Some(Incomplete::Comment),
            }),
        }
    }
}

pub(super) fn is_newline(c: char) -> bool {
    matches!(c, '\n' | '\r')
}

pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\x0b' | '\x0c' | '\u{85}' | '\u{a0}')
        || (c > '\u{ff}' && c.is_whitespace())
}

/// `'` and its typographic sisters.
pub(super) fn is_single_quote(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}')
}

/// `"` and its typographic sisters.
pub(super) fn is_double_quote(c: char) -> bool {
    matches!(c, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}')
}

/// `-` and its typographic sisters.
pub(super) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2013}' | '\u{2014}' | '\u{2015}')
}

/// What ends a word of a command.
pub(super) fn ends_word(c: char) -> bool {
    is_blank(c)
        || is_newline(c)
        || matches!(c, '&' | '(' | ')' | ',' | ';' | '{' | '|' | '}' | '<' | '>')
}

/// What a name of a variable or member is made of.
pub(super) fn is_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}
