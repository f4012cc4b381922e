//! Values with operators: ranks, comma, casts, what follows a value.

use super::operator::LOWEST;
use super::{Parser, Result};
use crate::language::cursor::{is_blank, is_dash, is_name};
use crate::language::{Expression, ExpressionKind, Incomplete, Postfix, Span, UnaryOperator};

impl Parser<'_> {
    /// A value with everything that can follow it.
    pub(super) fn expression(&mut self) -> Result<Expression> {
        self.ternary(true)
    }

    /// A value in a list whose commas separate something else: arguments of a method, parameters.
    pub(super) fn expression_without_comma(&mut self) -> Result<Expression> {
        self.ternary(false)
    }

    fn ternary(&mut self, comma: bool) -> Result<Expression> {
        let condition = self.nested(|parser| parser.binary(LOWEST, comma))?;
        self.cursor.skip_blank()?;
        if self.cursor.peek() != Some('?') || self.cursor.starts("??") {
            return Ok(condition);
        }
        self.cursor.bump();
        self.value_follows("?")?;
        let yes = self.nested(|parser| parser.ternary(comma))?;
        self.cursor.skip_lines()?;
        if !self.cursor.eat(":") {
            return Err(self.missing(
                Incomplete::Operator,
                "MissingColonInTernaryExpression",
                "Missing ':' in the ternary expression.",
            ));
        }
        self.value_follows(":")?;
        let no = self.nested(|parser| parser.ternary(comma))?;
        let span = Span::new(condition.span.start, no.span.end);
        Ok(Expression {
            kind: ExpressionKind::Ternary(Box::new([condition, yes, no])),
            span,
        })
    }

    fn binary(&mut self, lowest: u8, comma: bool) -> Result<Expression> {
        let mut left = self.operands(comma)?;
        loop {
            self.cursor.skip_blank()?;
            let Some((_, rank, _)) = self.binary_operator().filter(|found| found.1 >= lowest)
            else {
                return Ok(left);
            };
            let mut rest = Vec::new();
            while let Some((operator, _, length)) =
                self.binary_operator().filter(|found| found.1 == rank)
            {
                let sign = self.cursor.at();
                self.cursor.go(sign + length);
                let sign = self.cursor.since(sign);
                self.value_follows(sign)?;
                rest.push((operator, self.binary(rank + 1, comma)?));
                self.cursor.skip_blank()?;
            }
            let span = Span::new(
                left.span.start,
                rest.last()
                    .map_or(left.span.end, |(_, value)| value.span.end),
            );
            left = Expression {
                kind: ExpressionKind::Binary(Box::new(left), rest),
                span,
            };
        }
    }

    /// A value, or several joined by commas.
    fn operands(&mut self, comma: bool) -> Result<Expression> {
        let first = self.unary()?;
        if !comma {
            return Ok(first);
        }
        let mut items = Vec::new();
        let mut end = first.span.end;
        loop {
            let before = self.cursor.at();
            self.cursor.skip_blank()?;
            if !self.cursor.eat(",") {
                self.cursor.go(before);
                break;
            }
            self.value_follows(",")?;
            let next = self.unary()?;
            end = next.span.end;
            items.push(next);
        }
        if items.is_empty() {
            return Ok(first);
        }
        let span = Span::new(first.span.start, end);
        items.insert(0, first);
        Ok(Expression {
            kind: ExpressionKind::Array(items),
            span,
        })
    }

    fn unary(&mut self) -> Result<Expression> {
        let start = self.cursor.at();
        let increment = match () {
            () if self.cursor.eat("++") => Some(1),
            () if self.cursor.eat("--") => Some(-1),
            () => None,
        };
        if let Some(by) = increment {
            let target = Box::new(self.operand_of("++", Self::unary)?);
            return Ok(self.made(start, ExpressionKind::Increment(by, target)));
        }
        let operator = match self.cursor.peek() {
            Some('!') => Some((UnaryOperator::Not, 1)),
            Some('+') => Some((UnaryOperator::Plus, 1)),
            Some(',') => Some((UnaryOperator::Comma, 1)),
            Some(c) if is_dash(c) => self
                .unary_word()
                .or(Some((UnaryOperator::Minus, c.len_utf8()))),
            _ => None,
        };
        if let Some((operator, length)) = operator {
            self.cursor.go(start + length);
            let sign = self.cursor.since(start);
            let operand = match operator {
                UnaryOperator::Split | UnaryOperator::Join => {
                    self.operand_of(sign, |parser| parser.operands(true))?
                }
                _ => self.operand_of(sign, Self::unary)?,
            };
            return Ok(self.made(start, ExpressionKind::Unary(operator, Box::new(operand))));
        }
        if self.cursor.peek() == Some('[') {
            return self.type_or_cast();
        }
        let value = self.primary()?;
        self.postfix(value, true)
    }

    /// What follows a value without a space: members, indices, `++`.
    pub(super) fn postfix(&mut self, value: Expression, in_expression: bool) -> Result<Expression> {
        let mut steps = Vec::new();
        loop {
            let second = self.cursor.peek_second();
            match self.cursor.peek() {
                Some('.')
                    if second != Some('.')
                        && (in_expression || second.is_some_and(starts_member)) =>
                {
                    self.cursor.bump();
                    steps.push(self.member(false)?);
                }
                Some(':') if second == Some(':') => {
                    self.cursor.bump();
                    self.cursor.bump();
                    steps.push(self.member(true)?);
                }
                Some('?') if second == Some('.') && in_expression => {
                    self.cursor.bump();
                    self.cursor.bump();
                    steps.push(self.member(false)?);
                }
                Some('[') => {
                    self.cursor.bump();
                    steps.push(Postfix::Index(self.index()?));
                }
                Some('+') if second == Some('+') && in_expression => {
                    self.cursor.bump();
                    self.cursor.bump();
                    steps.push(Postfix::Increment(1));
                }
                Some('-') if second == Some('-') && in_expression => {
                    self.cursor.bump();
                    self.cursor.bump();
                    steps.push(Postfix::Increment(-1));
                }
                _ => break,
            }
        }
        if steps.is_empty() {
            return Ok(value);
        }
        let start = value.span.start;
        // Members and items of it are taken where the script was written; methods cannot be called there.
        let is_path = |step: &Postfix| {
            matches!(
                step,
                Postfix::Member { of_type: false, .. } | Postfix::Index(_)
            )
        };
        let using = self
            .using
            .iter()
            .rposition(|known| known.span == value.span);
        if using.is_some()
            && let Some(computed) = steps.iter().find_map(computed)
        {
            let mut error = self.error(
                "InvalidUsingExpression",
                "Expression is not allowed in a Using expression.",
            );
            error.span = computed;
            return Err(error);
        }
        let whole = self.made(start, ExpressionKind::Postfix(Box::new(value), steps));
        if let (Some(at), ExpressionKind::Postfix(_, steps)) = (using, &whole.kind)
            && steps.iter().all(is_path)
            && let Some(known) = self.using.get_mut(at)
        {
            *known = whole.clone();
        }
        Ok(whole)
    }

    pub(super) fn made(&self, start: usize, kind: ExpressionKind) -> Expression {
        Expression {
            kind,
            span: self.span(start),
        }
    }

    /// Passes to the value after an operator, or says that it is missing.
    pub(super) fn value_follows(&mut self, operator: &str) -> Result<()> {
        self.cursor.skip_lines()?;
        if !self.at_end_of_statement() {
            return Ok(());
        }
        let (id, message) = if operator == "," {
            (
                "MissingExpressionAfterToken",
                "Missing expression after ','.".to_owned(),
            )
        } else {
            (
                "ExpectedValueExpression",
                format!("You must provide a value expression following the '{operator}' operator."),
            )
        };
        Err(self.missing(Incomplete::Operator, id, message))
    }

    fn operand_of(
        &mut self,
        sign: &str,
        rule: impl FnOnce(&mut Self) -> Result<Expression>,
    ) -> Result<Expression> {
        self.value_follows(sign)?;
        self.nested(rule)
    }

    fn type_or_cast(&mut self) -> Result<Expression> {
        let start = self.cursor.at();
        let name = self.type_name()?;
        if !self.cursor.eat("]") {
            return Err(self.missing(
                Incomplete::Bracket(']'),
                "EndSquareBracketExpectedAtEndOfType",
                "Missing ] at end of type token.",
            ));
        }
        let after = self.cursor.at();
        self.cursor.skip_blank()?;
        let casts = match (self.cursor.peek(), self.cursor.peek_second()) {
            (Some('$' | '(' | '[' | '{' | '@' | '!'), _) => true,
            (Some(c), second) if is_dash(c) => {
                self.unary_word().is_some()
                    || second.is_some_and(|c| c.is_ascii_digit() || matches!(c, '$' | '(' | '.'))
            }
            (Some(c), _) => c.is_ascii_digit() || self.string_starts(c),
            (None, _) => false,
        };
        if casts {
            let operand = self.nested(Self::unary)?;
            return Ok(self.made(start, ExpressionKind::Cast(name, Box::new(operand))));
        }
        self.cursor.go(after);
        let literal = self.made(start, ExpressionKind::Type(name));
        self.postfix(literal, true)
    }

    /// `[` and the name of a type, up to the `]` or `(` behind it.
    pub(super) fn type_name(&mut self) -> Result<String> {
        self.cursor.eat("[");
        let start = self.cursor.at();
        let mut depth = 0_usize;
        while let Some(c) = self.cursor.peek() {
            match c {
                '[' => depth += 1,
                ']' if depth == 0 => break,
                ']' => depth -= 1,
                c if is_name(c) || is_blank(c) || matches!(c, '.' | '+' | ',' | '`' | '\\') => {}
                _ => break,
            }
            self.cursor.bump();
        }
        let name = self.cursor.since(start).trim().to_owned();
        if name.is_empty() || depth > 0 {
            let bracket = Incomplete::Bracket(']');
            return Err(self.missing(bracket, "MissingTypename", "Missing type name after '['."));
        }
        Ok(name)
    }

    fn member(&mut self, of_type: bool) -> Result<Postfix> {
        self.cursor.skip_lines()?;
        let start = self.cursor.at();
        let name = match self.cursor.peek() {
            Some(c) if is_name(c) => {
                let name = self.cursor.take_while(is_name).to_owned();
                self.made(start, ExpressionKind::String(name))
            }
            Some('$') => match self.dollar()? {
                Some(name) => name,
                None => return Err(self.unexpected()),
            },
            Some('(') => self.primary()?,
            Some(c) if self.string_starts(c) => self.string()?,
            _ => {
                return Err(self.missing(
                    Incomplete::Operator,
                    "MissingPropertyName",
                    "Missing property name after reference operator.",
                ));
            }
        };
        let arguments = match self.cursor.peek() {
            Some('(') => self.method_arguments()?,
            Some('{') => vec![self.primary()?],
            _ => return Ok(Postfix::Member { name, of_type }),
        };
        Ok(Postfix::Method {
            name,
            of_type,
            arguments,
        })
    }

    fn method_arguments(&mut self) -> Result<Vec<Expression>> {
        self.cursor.eat("(");
        let arguments = self.nested(|parser| {
            let mut arguments = Vec::new();
            parser.cursor.skip_lines()?;
            while parser.cursor.peek().is_some_and(|c| c != ')') {
                arguments.push(parser.expression_without_comma()?);
                parser.cursor.skip_lines()?;
                if !parser.cursor.eat(",") {
                    break;
                }
                parser.value_follows(",")?;
            }
            Ok(arguments)
        })?;
        self.close(
            ")",
            "MissingEndParenthesisInMethodCall",
            "Missing ')' in method call.",
        )?;
        Ok(arguments)
    }

    fn index(&mut self) -> Result<Expression> {
        self.cursor.skip_lines()?;
        if self.cursor.peek().is_none_or(|c| c == ']') {
            return Err(self.missing(
                Incomplete::Bracket(']'),
                "MissingArrayIndexExpression",
                "Array index expression is missing or not valid.",
            ));
        }
        let index = self.nested(Self::expression)?;
        self.close(
            "]",
            "MissingEndSquareBracket",
            "Missing ']' after array index expression.",
        )?;
        Ok(index)
    }
}

/// The name of a member or the index of an item, if that is more than a constant.
fn computed(step: &Postfix) -> Option<Span> {
    let (Postfix::Member { name: key, .. } | Postfix::Index(key)) = step else {
        return None;
    };
    let constant = match &key.kind {
        ExpressionKind::Unary(UnaryOperator::Minus, value) => &value.kind,
        kind => kind,
    };
    let is_constant = matches!(
        constant,
        ExpressionKind::Number(_) | ExpressionKind::String(_)
    );
    (!is_constant).then_some(key.span)
}

fn starts_member(c: char) -> bool {
    is_name(c) || matches!(c, '$' | '(' | '\'' | '"')
}
