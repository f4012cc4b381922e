//! Strings, here-strings, and what `$` starts.

use super::{Parser, Result};
use crate::language::cursor::{is_blank, is_double_quote, is_name, is_newline, is_single_quote};
use crate::language::{Expression, ExpressionKind, Incomplete, ParseError, Part, Span, Variable};

impl Parser<'_> {
    /// Whether a string starts with this character, which is the next.
    pub(super) fn string_starts(&self, c: char) -> bool {
        is_quote(c) || (c == '@' && self.cursor.peek_second().is_some_and(is_quote))
    }

    /// A string of any kind.
    pub(super) fn string(&mut self) -> Result<Expression> {
        self.nested(|parser| {
            if parser.cursor.peek() == Some('@') {
                parser.here_string()
            } else {
                parser.quoted_string()
            }
        })
    }

    /// A back-tick and what it stands for.
    pub(super) fn escape(&mut self, text: &mut String) {
        self.cursor.bump();
        match self.cursor.bump() {
            Some('0') => text.push('\0'),
            Some('a') => text.push('\x07'),
            Some('b') => text.push('\x08'),
            Some('e') => text.push('\x1b'),
            Some('f') => text.push('\x0c'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('v') => text.push('\x0b'),
            Some('u') if self.cursor.eat("{") => {
                let digits = self.cursor.take_while(|c| c.is_ascii_hexdigit());
                let code = u32::from_str_radix(digits, 16).ok();
                text.extend(code.and_then(char::from_u32));
                self.cursor.eat("}");
            }
            Some(other) => text.push(other),
            None => {}
        }
    }

    /// What a `$` starts: a variable or `$(…)`; nothing if it is only a dollar sign, which is then not passed.
    pub(super) fn dollar(&mut self) -> Result<Option<Expression>> {
        let start = self.cursor.at();
        let kind = match self.cursor.peek_second() {
            Some('(') => {
                self.cursor.bump();
                self.cursor.bump();
                let block = self.nested(|parser| parser.statements(Some(')')))?;
                self.close(
                    ")",
                    "MissingEndParenthesisInSubexpression",
                    "Missing closing ')' in subexpression.",
                )?;
                ExpressionKind::Sub(block)
            }
            Some('{') => {
                self.cursor.bump();
                self.cursor.bump();
                ExpressionKind::Variable(self.braced_variable(start)?)
            }
            Some(c) if matches!(c, '$' | '^') => {
                self.cursor.bump();
                self.cursor.bump();
                ExpressionKind::Variable(Variable {
                    scope: None,
                    name: c.to_string(),
                })
            }
            Some(c) if is_name(c) || c == '?' => {
                self.cursor.bump();
                ExpressionKind::Variable(self.variable_name())
            }
            _ => return Ok(None),
        };
        let value = self.made(start, kind);
        if matches!(&value.kind, ExpressionKind::Variable(variable) if variable.is_using()) {
            self.using.push(value.clone());
        }
        Ok(Some(value))
    }

    /// The name behind a `$` or `@`.
    pub(super) fn variable_name(&mut self) -> Variable {
        let in_name = |c| is_name(c) || c == '?';
        let name = self.cursor.take_while(in_name);
        if self.cursor.peek() == Some(':') && self.cursor.peek_second().is_some_and(in_name) {
            self.cursor.bump();
            return Variable {
                scope: Some(name.to_owned()),
                name: self.cursor.take_while(in_name).to_owned(),
            };
        }
        Variable {
            scope: None,
            name: name.to_owned(),
        }
    }

    fn braced_variable(&mut self, start: usize) -> Result<Variable> {
        let mut name = String::new();
        loop {
            match self.cursor.peek() {
                Some('}') => break,
                Some('`') => self.escape(&mut name),
                Some(c) => {
                    self.cursor.bump();
                    name.push(c);
                }
                None => {
                    return Err(ParseError {
                        message: "The braced variable name is missing its closing '}'.".into(),
                        id: "IncompleteDollarVariableReference",
                        span: self.span(start),
                        incomplete: Some(Incomplete::Bracket('}')),
                    });
                }
            }
        }
        self.cursor.bump();
        Ok(match name.split_once(':') {
            Some((scope, name)) => Variable {
                scope: Some(scope.to_owned()),
                name: name.to_owned(),
            },
            None => Variable { scope: None, name },
        })
    }

    fn quoted_string(&mut self) -> Result<Expression> {
        let start = self.cursor.at();
        let quote = self.cursor.bump().unwrap_or('"');
        let expandable = is_double_quote(quote);
        let closes = |c| {
            if expandable {
                is_double_quote(c)
            } else {
                is_single_quote(c)
            }
        };
        let mut content = Content::default();
        loop {
            match self.cursor.peek() {
                Some(c) if closes(c) => {
                    self.cursor.bump();
                    match self.cursor.peek() {
                        Some(second) if closes(second) => content.text.extend(self.cursor.bump()),
                        _ => break,
                    }
                }
                Some(c) => self.character(c, expandable, &mut content)?,
                None => {
                    return Err(self.unterminated(
                        start,
                        format!("The string is missing the terminator: {quote}."),
                        Incomplete::String(quote),
                    ));
                }
            }
        }
        Ok(Expression {
            kind: content.finish(),
            span: self.span(start),
        })
    }

    fn here_string(&mut self) -> Result<Expression> {
        let start = self.cursor.at();
        self.cursor.bump();
        let quote = self.cursor.bump().unwrap_or('"');
        let expandable = is_double_quote(quote);
        self.cursor.take_while(is_blank);
        if self.cursor.peek().is_some_and(|c| !is_newline(c)) {
            return Err(self.error(
                "UnexpectedCharactersAfterHereStringHeader",
                "No characters are allowed after a here-string header but before the end of the line.",
            ));
        }
        let mut content = Content::default();
        let mut header = true;
        loop {
            match self.cursor.peek() {
                Some(c) if is_newline(c) => {
                    let before = self.cursor.at();
                    self.cursor.bump();
                    if c == '\r' {
                        self.cursor.eat("\n");
                    }
                    let closes = self.cursor.peek().is_some_and(|c| {
                        is_quote(c)
                            && is_double_quote(c) == expandable
                            && self.cursor.peek_second() == Some('@')
                    });
                    if closes {
                        self.cursor.bump();
                        self.cursor.bump();
                        break;
                    }
                    if !std::mem::take(&mut header) {
                        content.text.push_str(self.cursor.since(before));
                    }
                }
                Some(c) => self.character(c, expandable, &mut content)?,
                None => {
                    return Err(self.unterminated(
                        start,
                        format!("The string is missing the terminator: {quote}@."),
                        Incomplete::HereString(quote),
                    ));
                }
            }
        }
        Ok(Expression {
            kind: content.finish(),
            span: self.span(start),
        })
    }

    fn character(&mut self, c: char, expandable: bool, content: &mut Content) -> Result<()> {
        match c {
            '`' if expandable => self.escape(&mut content.text),
            '$' if expandable => match self.dollar()? {
                Some(value) => content.value(value),
                None => content.text.extend(self.cursor.bump()),
            },
            _ => content.text.extend(self.cursor.bump()),
        }
        Ok(())
    }

    fn unterminated(&self, start: usize, message: String, waits_for: Incomplete) -> ParseError {
        ParseError {
            message,
            id: "TerminatorExpectedAtEndOfString",
            span: Span::new(start, self.cursor.at()),
            incomplete: Some(waits_for),
        }
    }
}

/// What a string or word holds so far.
#[derive(Default)]
pub(super) struct Content {
    parts: Vec<Part>,
    pub(super) text: String,
}

impl Content {
    pub(super) fn value(&mut self, value: Expression) {
        if !self.text.is_empty() {
            self.parts.push(Part::Text(std::mem::take(&mut self.text)));
        }
        self.parts.push(Part::Value(value));
    }

    /// A string inside a word.
    pub(super) fn string(&mut self, kind: ExpressionKind) {
        match kind {
            ExpressionKind::String(text) => self.text.push_str(&text),
            ExpressionKind::Expandable(parts) => {
                for part in parts {
                    match part {
                        Part::Text(text) => self.text.push_str(&text),
                        Part::Value(value) => self.value(value),
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn finish(mut self) -> ExpressionKind {
        if self.parts.is_empty() {
            return ExpressionKind::String(self.text);
        }
        if !self.text.is_empty() {
            self.parts.push(Part::Text(self.text));
        }
        ExpressionKind::Expandable(self.parts)
    }
}

fn is_quote(c: char) -> bool {
    is_single_quote(c) || is_double_quote(c)
}
