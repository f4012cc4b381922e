//! Script blocks, parameters, functions.

use super::{Parser, Result};
use crate::language::cursor::{is_name, is_newline};
use crate::language::{
    Block, Expression, ExpressionKind, Incomplete, Parameter, ScriptBlock, Span, Statement,
    StatementKind,
};

impl Parser<'_> {
    /// What is between braces, or the whole text; up to the closing brace or the end.
    pub(super) fn script_block(&mut self, closing: Option<char>) -> Result<ScriptBlock> {
        let start = self.cursor.at();
        let mut block = ScriptBlock::default();
        self.cursor.skip_lines()?;
        let before_attributes = self.cursor.at();
        if self.attributes(closing)? && self.keyword() == Some("param") {
            block.parameters = self.parameters_after("param")?;
        } else {
            self.cursor.go(before_attributes);
        }
        loop {
            self.skip_separators()?;
            match self.keyword() {
                Some(name @ ("begin" | "process" | "end" | "clean" | "dynamicparam")) => {
                    self.eat_keyword(name);
                    let statements = self.braced_block(name)?;
                    match name {
                        "begin" => block.begin = statements,
                        "process" => block.process = Some(statements),
                        "end" => block.end = statements,
                        _ => {}
                    }
                }
                _ => break,
            }
        }
        block.end.extend(self.statements(closing)?);
        block.span = Span::new(start, self.cursor.at());
        Ok(block)
    }

    /// `{ … }` with a script block inside.
    pub(super) fn braced_script_block(&mut self) -> Result<ScriptBlock> {
        self.cursor.eat("{");
        let block = self.nested(|parser| parser.script_block(Some('}')))?;
        self.close_brace()?;
        Ok(block)
    }

    /// `{ … }` with statements inside, after a keyword.
    pub(super) fn braced_block(&mut self, after: &str) -> Result<Block> {
        self.cursor.skip_lines()?;
        if !self.cursor.eat("{") {
            return Err(self.missing(
                Incomplete::Statement,
                "MissingStatementBlock",
                format!("Missing statement block after '{after}' keyword."),
            ));
        }
        let statements = self.nested(|parser| parser.statements(Some('}')))?;
        self.close_brace()?;
        Ok(statements)
    }

    /// `function name (…) {…}`, the keyword passed.
    pub(super) fn function(&mut self, filter: bool) -> Result<StatementKind> {
        self.cursor.skip_blank()?;
        let name = self
            .cursor
            .take_while(|c| {
                !is_newline(c)
                    && !c.is_whitespace()
                    && !matches!(c, '(' | ')' | '{' | '}' | ';' | '|' | '&')
            })
            .to_owned();
        if name.is_empty() {
            return Err(self.missing(
                Incomplete::Statement,
                "MissingNameAfterKeyword",
                "Missing name after function keyword.",
            ));
        }
        self.cursor.skip_lines()?;
        let mut parameters = Vec::new();
        if self.cursor.peek() == Some('(') {
            parameters = self.parameters_after("function")?;
            self.cursor.skip_lines()?;
        }
        if self.cursor.peek() != Some('{') {
            return Err(self.missing(
                Incomplete::Statement,
                "MissingFunctionBody",
                "Missing function body in function declaration.",
            ));
        }
        let mut body = self.braced_script_block()?;
        if !parameters.is_empty() {
            body.parameters = parameters;
        }
        if filter && body.process.is_none() {
            body.process = Some(std::mem::take(&mut body.end));
        }
        Ok(StatementKind::Function {
            name,
            filter,
            body: Box::new(body),
        })
    }

    /// Passes the attributes that may stand before `param`; `false` if what is here only looks like some. Where the text
    /// ends behind them inside braces, their `param` is yet to come.
    fn attributes(&mut self, closing: Option<char>) -> Result<bool> {
        let mut with_arguments = false;
        while self.cursor.peek() == Some('[') {
            let start = self.cursor.at();
            match self.attribute() {
                Ok(_) => with_arguments |= self.cursor.since(start).contains('('),
                Err(unfinished) if unfinished.incomplete.is_some() => return Err(unfinished),
                Err(_) => return Ok(false),
            }
            self.cursor.skip_lines()?;
        }
        match (self.cursor.peek(), closing) {
            (None, Some(bracket)) if with_arguments => Err(self.missing(
                Incomplete::Bracket(bracket),
                "MissingEndCurlyBrace",
                "Missing closing '}' in statement block or type definition.",
            )),
            _ => Ok(true),
        }
    }

    /// `[Attribute(…)]` or `[type]`: its name and whether it says `Mandatory`.
    pub(super) fn attribute(&mut self) -> Result<(String, bool)> {
        let name = self.type_name()?;
        let mut mandatory = false;
        self.cursor.skip_blank()?;
        if self.cursor.eat("(") {
            let arguments = self.nested(|parser| {
                let start = parser.cursor.at();
                parser.skip_balanced(')')?;
                Ok(parser.cursor.since(start).to_ascii_lowercase())
            })?;
            mandatory = name.eq_ignore_ascii_case("parameter")
                && arguments.contains("mandatory")
                && !arguments.replace(' ', "").contains("mandatory=$false");
            self.cursor.skip_lines()?;
        }
        if !self.cursor.eat("]") {
            return Err(self.missing(
                Incomplete::Bracket(']'),
                "EndSquareBracketExpectedAtEndOfAttribute",
                "Missing ] at end of attribute or type literal.",
            ));
        }
        Ok((name, mandatory))
    }

    /// Passes text to the closing bracket, and it, without reading what is inside.
    pub(super) fn skip_balanced(&mut self, closing: char) -> Result<()> {
        let mut open = vec![closing];
        while let Some(expected) = open.last().copied() {
            self.cursor.skip_lines()?;
            match self.cursor.peek() {
                Some('(') => open.push(')'),
                Some('{') => open.push('}'),
                Some(c) if c == expected => {
                    open.pop();
                }
                Some(c) if self.string_starts(c) => {
                    self.string()?;
                    continue;
                }
                Some('`') => {
                    self.cursor.bump();
                }
                Some(_) => {}
                None => {
                    return Err(self.missing(
                        Incomplete::Bracket(expected),
                        "MissingEndCurlyBrace",
                        format!(
                            "Missing closing '{expected}' in statement block or type definition."
                        ),
                    ));
                }
            }
            self.cursor.bump();
        }
        Ok(())
    }

    fn close_brace(&mut self) -> Result<()> {
        self.close(
            "}",
            "MissingEndCurlyBrace",
            "Missing closing '}' in statement block or type definition.",
        )
    }

    /// `( [type]$name = default, … )` after `param` or a function's name.
    fn parameters_after(&mut self, keyword: &str) -> Result<Vec<Parameter>> {
        self.eat_keyword(keyword);
        self.cursor.skip_lines()?;
        if !self.cursor.eat("(") {
            return Err(self.missing(
                Incomplete::Statement,
                "MissingOpenParenthesisInParameterList",
                format!("Missing '(' after '{keyword}'."),
            ));
        }
        let parameters = self.nested(|parser| {
            let mut parameters = Vec::new();
            loop {
                parser.cursor.skip_lines()?;
                if matches!(parser.cursor.peek(), Some(')') | None) {
                    return Ok(parameters);
                }
                parameters.push(parser.parameter()?);
                parser.cursor.skip_lines()?;
                if !parser.cursor.eat(",") {
                    return Ok(parameters);
                }
            }
        })?;
        self.close(
            ")",
            "MissingEndParenthesisInFunctionParameterList",
            "Missing ')' in function parameter list.",
        )?;
        Ok(parameters)
    }

    fn parameter(&mut self) -> Result<Parameter> {
        let mut parameter = Parameter {
            name: String::new(),
            type_name: None,
            mandatory: false,
            default: None,
        };
        while self.cursor.peek() == Some('[') {
            let with_arguments = self.cursor.at();
            let (name, mandatory) = self.attribute()?;
            parameter.mandatory |= mandatory;
            if !self.cursor.since(with_arguments).contains('(') {
                parameter.type_name = Some(name);
            }
            self.cursor.skip_lines()?;
        }
        if !self.cursor.eat("$") {
            return Err(match self.cursor.peek() {
                None => self.missing(
                    Incomplete::Bracket(')'),
                    "MissingEndParenthesisInFunctionParameterList",
                    "Missing ')' in function parameter list.",
                ),
                Some(_) => self.unexpected(),
            });
        }
        self.cursor
            .take_while(is_name)
            .clone_into(&mut parameter.name);
        self.cursor.skip_lines()?;
        if self.cursor.eat("=") {
            self.cursor.skip_lines()?;
            parameter.default = Some(self.nested(Self::expression_without_comma)?);
        }
        Ok(parameter)
    }
}

/// A statement that yields the value.
pub(super) fn statement_of(value: Expression) -> Statement {
    let span = value.span;
    Statement {
        kind: StatementKind::Chain(crate::language::Chain {
            first: crate::language::Pipeline {
                elements: vec![crate::language::Element::Expression(value, Vec::new())],
                span,
            },
            rest: Vec::new(),
            background: false,
        }),
        span,
    }
}

/// Whether a value can be assigned to.
pub(super) fn assignable(target: &Expression) -> bool {
    match &target.kind {
        ExpressionKind::Variable(_) => true,
        ExpressionKind::Cast(_, inner) => assignable(inner),
        ExpressionKind::Array(targets) => targets.iter().all(assignable),
        ExpressionKind::Postfix(_, steps) => matches!(
            steps.last(),
            Some(crate::language::Postfix::Member { .. } | crate::language::Postfix::Index(_))
        ),
        _ => false,
    }
}
