//! Words of a command: `a`, `a"b $c"`, `$x/y`, `(…)`, `{…}`, `a, b`.

use super::string::Content;
use super::{Parser, Result};
use crate::language::cursor::{
    ends_word, is_dash, is_double_quote, is_name, is_newline, is_single_quote,
};
use crate::language::{Expression, ExpressionKind, Incomplete};

impl Parser<'_> {
    /// A word, or several joined by commas.
    pub(super) fn argument(&mut self) -> Result<Expression> {
        let start = self.cursor.at();
        if self.cursor.peek() == Some(',') {
            return self.expression_without_comma();
        }
        let first = self.argument_value()?;
        let mut items = Vec::new();
        let mut end = self.cursor.at();
        loop {
            self.cursor.skip_blank()?;
            if !self.cursor.eat(",") {
                break;
            }
            self.cursor.skip_lines()?;
            if self.at_end_of_statement() {
                return Err(self.missing(
                    Incomplete::Operator,
                    "MissingArgument",
                    "Missing argument in parameter list.",
                ));
            }
            items.push(self.argument_value()?);
            end = self.cursor.at();
        }
        if items.is_empty() {
            return Ok(first);
        }
        items.insert(0, first);
        Ok(Expression {
            kind: ExpressionKind::Array(items),
            span: crate::language::Span::new(start, end),
        })
    }

    /// One word.
    pub(super) fn argument_value(&mut self) -> Result<Expression> {
        let start = self.cursor.at();
        let Some(first) = self.cursor.peek() else {
            return Err(self.unexpected());
        };
        let second = self.cursor.peek_second();
        let value = match first {
            c if self.string_starts(c) => Some(self.string()?),
            '(' | '{' => Some(self.primary()?),
            '@' if second.is_some_and(|c| matches!(c, '(' | '{')) => Some(self.primary()?),
            '@' if second.is_some_and(is_name) => return self.primary(),
            '$' => self.dollar()?,
            c if c.is_ascii_digit() || c == '.' || is_dash(c) => match self.number_word() {
                Some(number) => return Ok(number),
                None => None,
            },
            ',' | '&' | '|' | ')' | '}' | ';' | '<' | '>' => return Err(self.unexpected()),
            _ => None,
        };
        let Some(value) = value else {
            return self.generic(start, None);
        };
        let value = self.postfix(value, false)?;
        let continues = matches!(
            value.kind,
            ExpressionKind::Variable(_) | ExpressionKind::Sub(_) | ExpressionKind::Postfix(..)
        ) && first == '$'
            && self.cursor.peek().is_some_and(|c| !ends_word(c));
        if continues {
            return self.generic(start, Some(value));
        }
        Ok(value)
    }

    /// A number that is a whole word.
    fn number_word(&mut self) -> Option<Expression> {
        let start = self.cursor.at();
        let mut ahead = self.cursor.clone();
        let negative = ahead.peek().is_some_and(is_dash);
        if negative {
            ahead.bump();
        }
        let digits = ahead.at();
        let number = crate::language::number::number(&mut ahead)?;
        if ahead.peek().is_some_and(|c| !ends_word(c)) {
            return None;
        }
        let inner = crate::language::Span::new(digits, ahead.at());
        self.cursor = ahead;
        let number = Expression {
            kind: ExpressionKind::Number(number),
            span: inner,
        };
        Some(if negative {
            Expression {
                kind: ExpressionKind::Unary(
                    crate::language::UnaryOperator::Minus,
                    Box::new(number),
                ),
                span: self.span(start),
            }
        } else {
            number
        })
    }

    /// A plain word to its end, behind the value that it starts with.
    fn generic(&mut self, start: usize, first: Option<Expression>) -> Result<Expression> {
        let mut content = Content::default();
        if let Some(first) = first {
            content.value(first);
        }
        while let Some(c) = self.cursor.peek() {
            match c {
                '`' if self.cursor.peek_second().is_none_or(is_newline) => {
                    self.cursor.clone().continued_line()?;
                    break;
                }
                '`' => self.escape(&mut content.text),
                '$' => match self.dollar()? {
                    Some(value) => content.value(value),
                    None => content.text.extend(self.cursor.bump()),
                },
                c if is_single_quote(c) || is_double_quote(c) => {
                    content.string(self.string()?.kind);
                }
                c if ends_word(c) => break,
                _ => content.text.extend(self.cursor.bump()),
            }
        }
        Ok(Expression {
            kind: content.finish(),
            span: self.span(start),
        })
    }
}
