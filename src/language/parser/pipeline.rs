//! Chains, pipelines, commands, redirections.

use super::{Parser, Result};
use crate::language::cursor::{
    is_blank, is_dash, is_double_quote, is_name, is_newline, is_single_quote,
};
use crate::language::{
    Chain, Command, Element, Expression, ExpressionKind, Incomplete, Invocation, Link, Pipeline,
    Redirection, RedirectionTarget, Word,
};

impl Parser<'_> {
    /// Pipelines joined by `&&` and `||`; `first` is the value that was read already.
    pub(super) fn chain(&mut self, first: Option<Expression>) -> Result<Chain> {
        let first = self.pipeline(first)?;
        let mut rest = Vec::new();
        loop {
            self.cursor.skip_blank()?;
            let link = if self.cursor.eat("&&") {
                Link::IfSucceeded
            } else if self.cursor.eat("||") {
                Link::IfFailed
            } else {
                break;
            };
            self.after_pipe()?;
            rest.push((link, self.pipeline(None)?));
        }
        let background = self.cursor.eat("&");
        self.cursor.skip_blank()?;
        if self.at_end_of_statement() || background {
            return Ok(Chain {
                first,
                rest,
                background,
            });
        }
        Err(self.unexpected())
    }

    fn pipeline(&mut self, first: Option<Expression>) -> Result<Pipeline> {
        let start = first
            .as_ref()
            .map_or(self.cursor.at(), |value| value.span.start);
        let mut elements = vec![match first {
            Some(value) => Element::Expression(value, self.redirections()?),
            None if self.starts_expression() => {
                let value = self.expression()?;
                Element::Expression(value, self.redirections()?)
            }
            None => Element::Command(self.command()?),
        }];
        let mut end = self.cursor.at();
        while self.pipe()? {
            self.after_pipe()?;
            if self.starts_expression() {
                return Err(self.error(
                    "ExpressionsMustBeFirstInPipeline",
                    "Expressions are only allowed as the first element of a pipeline.",
                ));
            }
            elements.push(Element::Command(self.command()?));
            end = self.cursor.at();
        }
        Ok(Pipeline {
            elements,
            span: crate::language::Span::new(start, end),
        })
    }

    /// Passes a `|`, which may start a later line.
    fn pipe(&mut self) -> Result<bool> {
        self.cursor.skip_blank()?;
        let here = self.cursor.at();
        if self.cursor.peek().is_some_and(is_newline) {
            self.cursor.skip_lines()?;
            if self.cursor.starts("&&") || self.cursor.starts("||") {
                return Ok(false);
            }
        }
        if !self.cursor.starts("||") && self.cursor.eat("|") {
            return Ok(true);
        }
        self.cursor.go(here);
        Ok(false)
    }

    fn after_pipe(&mut self) -> Result<()> {
        self.cursor.skip_lines()?;
        if self.at_end_of_statement() || self.cursor.peek() == Some('|') {
            return Err(self.missing(
                Incomplete::Pipe,
                "EmptyPipeElement",
                "An empty pipe element is not allowed.",
            ));
        }
        Ok(())
    }

    fn command(&mut self) -> Result<Command> {
        let start = self.cursor.at();
        let invocation = match (self.cursor.peek(), self.cursor.peek_second()) {
            (Some('&'), Some('&')) => return Err(self.unexpected()),
            (Some('&'), _) => Invocation::Call,
            (Some('.'), Some(next))
                if is_blank(next) || matches!(next, '(' | '{' | '$' | '\'' | '"') =>
            {
                Invocation::Dot
            }
            _ => Invocation::Plain,
        };
        if invocation != Invocation::Plain {
            self.cursor.bump();
            self.cursor.skip_blank()?;
            if self.at_end_of_statement() {
                return Err(self.missing(
                    Incomplete::Operator,
                    "ExpectedExpression",
                    "An expression was expected after '('.",
                ));
            }
        }
        if self.cursor.peek() == Some('|') {
            return Err(self.error("EmptyPipeElement", "An empty pipe element is not allowed."));
        }
        let name = self.nested(Self::argument_value)?;
        let mut words = Vec::new();
        let mut redirections = Vec::new();
        let mut end = self.cursor.at();
        loop {
            self.cursor.skip_blank()?;
            if self.at_end_of_statement() || matches!(self.cursor.peek(), Some('|' | '&')) {
                break;
            }
            match self.redirection()? {
                Some(redirection) => redirections.push(redirection),
                None => words.push(self.word()?),
            }
            end = self.cursor.at();
        }
        Ok(Command {
            invocation,
            name,
            words,
            redirections,
            span: crate::language::Span::new(start, end),
        })
    }

    fn word(&mut self) -> Result<Word> {
        let start = self.cursor.at();
        if self.cursor.eat("--%") {
            let rest = self.cursor.take_while(|c| !is_newline(c) && c != '|');
            return Ok(Word::Argument(Expression {
                kind: ExpressionKind::String(rest.trim().to_owned()),
                span: self.span(start),
            }));
        }
        let dashed = self.cursor.peek().is_some_and(is_dash);
        if dashed
            && self
                .cursor
                .peek_second()
                .is_some_and(|c| c == '?' || (is_name(c) && !c.is_ascii_digit()))
        {
            self.cursor.bump();
            let name = self
                .cursor
                .take_while(|c| {
                    !crate::language::cursor::ends_word(c)
                        && !matches!(c, ':' | '.' | '[' | '"' | '\'' | '`')
                })
                .to_owned();
            let mut value = None;
            if self.cursor.eat(":") {
                self.cursor.skip_blank()?;
                if self.at_end_of_statement() {
                    return Err(self.missing(
                        Incomplete::Operator,
                        "ParameterRequiresArgument",
                        format!("The parameter -{name} requires an argument."),
                    ));
                }
                value = Some(self.nested(Self::argument)?);
            }
            return Ok(Word::Parameter {
                name,
                value,
                span: self.span(start),
            });
        }
        Ok(Word::Argument(self.nested(Self::argument)?))
    }

    fn redirections(&mut self) -> Result<Vec<Redirection>> {
        let mut found = Vec::new();
        loop {
            self.cursor.skip_blank()?;
            match self.redirection()? {
                Some(redirection) => found.push(redirection),
                None => return Ok(found),
            }
        }
    }

    fn redirection(&mut self) -> Result<Option<Redirection>> {
        let from = match (self.cursor.peek(), self.cursor.peek_second()) {
            (Some('>'), _) => Some(1),
            (Some('*'), Some('>')) => {
                self.cursor.bump();
                None
            }
            (Some(digit @ '1'..='6'), Some('>')) => {
                self.cursor.bump();
                digit.to_digit(10).and_then(|digit| digit.try_into().ok())
            }
            (Some('<'), _) => {
                return Err(self.error(
                    "RedirectionNotSupported",
                    "The '<' operator is reserved for future use.",
                ));
            }
            _ => return Ok(None),
        };
        self.cursor.bump();
        if self.cursor.eat("&1") {
            return Ok(Some(Redirection {
                from,
                to: RedirectionTarget::Output,
            }));
        }
        let append = self.cursor.eat(">");
        self.cursor.skip_blank()?;
        if self.at_end_of_statement() {
            return Err(self.missing(
                Incomplete::Operator,
                "MissingFileSpecification",
                "Missing file specification after redirection operator.",
            ));
        }
        let path = self.nested(Self::argument_value)?;
        Ok(Some(Redirection {
            from,
            to: RedirectionTarget::File { path, append },
        }))
    }

    /// Whether the statement or pipeline here starts with a value and not with a command's name.
    pub(super) fn starts_expression(&self) -> bool {
        let Some(first) = self.cursor.peek() else {
            return false;
        };
        let second = self.cursor.peek_second();
        match first {
            '(' | '{' | '[' | '!' | ',' => true,
            '$' => second.is_some_and(|c| is_name(c) || matches!(c, '(' | '{' | '$' | '?' | '^')),
            '@' => second.is_some_and(|c| {
                matches!(c, '(' | '{') || is_name(c) || is_single_quote(c) || is_double_quote(c)
            }),
            '+' => second.is_none_or(|c| !c.is_alphabetic()),
            c if is_single_quote(c) || is_double_quote(c) => true,
            c if is_dash(c) => {
                self.unary_word().is_some() || second.is_none_or(|c| !c.is_alphabetic())
            }
            '.' | '0'..='9' => {
                let mut ahead = self.cursor.clone();
                crate::language::number::number(&mut ahead).is_some()
                    && ahead.peek().is_none_or(|c| {
                        crate::language::cursor::ends_word(c)
                            || is_dash(c)
                            || matches!(
                                c,
                                '+' | '*' | '/' | '%' | '=' | '.' | '!' | '?' | '[' | '#'
                            )
                    })
            }
            _ => false,
        }
    }
}
