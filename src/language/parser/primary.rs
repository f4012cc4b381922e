//! Values without operators: constants, variables, brackets.

use super::{Parser, Result};
use crate::language::cursor::{ends_word, is_name};
use crate::language::{Expression, ExpressionKind, Incomplete, Statement};

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> Result<Expression> {
        let start = self.cursor.at();
        let second = self.cursor.peek_second();
        let kind = match self.cursor.peek() {
            Some(c) if self.string_starts(c) => return self.string(),
            Some('$') => match self.dollar()? {
                Some(value) => return Ok(value),
                None => return Err(self.unexpected()),
            },
            Some('@') if second == Some('(') => {
                self.cursor.bump();
                self.cursor.bump();
                let block = self.nested(|parser| parser.statements(Some(')')))?;
                self.close(
                    ")",
                    "MissingEndParenthesisInExpression",
                    "Missing closing ')' in expression.",
                )?;
                ExpressionKind::ArrayOf(block)
            }
            Some('@') if second == Some('{') => {
                self.cursor.bump();
                self.cursor.bump();
                ExpressionKind::Hash(self.nested(Self::hash)?)
            }
            Some('@') if second.is_some_and(is_name) => {
                self.cursor.bump();
                let variable = self.variable_name();
                let is_using = variable.is_using();
                let value = self.made(start, ExpressionKind::Splat(variable));
                if is_using {
                    self.using.push(value.clone());
                }
                return Ok(value);
            }
            Some('(') => {
                self.cursor.bump();
                self.cursor.skip_lines()?;
                if self.at_end_of_statement() {
                    return Err(self.missing(
                        Incomplete::Bracket(')'),
                        "ExpectedExpression",
                        "An expression was expected after '('.",
                    ));
                }
                let statement = self.statement()?;
                self.close(
                    ")",
                    "MissingEndParenthesisInExpression",
                    "Missing closing ')' in expression.",
                )?;
                ExpressionKind::Paren(Box::new(statement))
            }
            Some('{') => ExpressionKind::ScriptBlock(Box::new(self.braced_script_block()?)),
            Some('[') => {
                let name = self.type_name()?;
                self.close(
                    "]",
                    "EndSquareBracketExpectedAtEndOfType",
                    "Missing ] at end of type token.",
                )?;
                ExpressionKind::Type(name)
            }
            _ => match crate::language::number::number(&mut self.cursor) {
                Some(_) if self.cursor.peek().is_some_and(is_name) => {
                    self.cursor.go(start);
                    return Err(self.unexpected());
                }
                Some(number) => ExpressionKind::Number(number),
                None => return Err(self.unexpected()),
            },
        };
        Ok(self.made(start, kind))
    }

    /// What is in `@{ … }`, and the closing brace.
    fn hash(&mut self) -> Result<Vec<(Expression, Statement)>> {
        let mut entries = Vec::new();
        loop {
            self.skip_separators()?;
            if matches!(self.cursor.peek(), Some('}') | None) {
                self.close(
                    "}",
                    "IncompleteHashLiteral",
                    "The hash literal was incomplete.",
                )?;
                return Ok(entries);
            }
            let start = self.cursor.at();
            let key = if self.starts_expression() {
                self.expression_without_comma()?
            } else {
                let key = self
                    .cursor
                    .take_while(|c| !ends_word(c) && c != '=')
                    .to_owned();
                self.made(start, ExpressionKind::String(key))
            };
            self.cursor.skip_blank()?;
            if !self.cursor.eat("=") {
                return Err(self.missing(
                    Incomplete::Operator,
                    "MissingEqualsInHashLiteral",
                    "Missing '=' operator after key in hash literal.",
                ));
            }
            self.cursor.skip_lines()?;
            if self.at_end_of_statement() {
                return Err(self.missing(
                    Incomplete::Operator,
                    "MissingStatementInHashLiteral",
                    "Missing statement after '=' in hash literal.",
                ));
            }
            entries.push((key, self.statement()?));
        }
    }
}
