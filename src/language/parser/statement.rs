//! Statements and their keywords.

use super::block::assignable;
use super::{Parser, Result};
use crate::language::cursor::{ends_word, is_name, is_newline};
use crate::language::{
    Assign, BinaryOperator, Block, Incomplete, LoopTest, Statement, StatementKind,
};

#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "begin", "break", "catch", "class", "clean", "configuration", "continue", "data", "do",
    "dynamicparam", "else", "elseif", "end", "enum", "exit", "filter", "finally", "for", "foreach",
    "function", "if", "param", "process", "return", "switch", "throw", "trap", "try", "until",
    "using", "while", "workflow",
];

impl Parser<'_> {
    /// Statements up to the closing bracket (which stays) or the end of the text.
    pub(super) fn statements(&mut self, closing: Option<char>) -> Result<Block> {
        let mut statements = Vec::new();
        loop {
            self.skip_separators()?;
            match self.cursor.peek() {
                None => return Ok(statements),
                found if found == closing => return Ok(statements),
                Some(')' | '}') => return Err(self.unexpected()),
                Some(_) => statements.push(self.statement()?),
            }
        }
    }

    pub(super) fn statement(&mut self) -> Result<Statement> {
        self.nested(|parser| {
            let start = parser.cursor.at();
            let kind = parser.statement_kind()?;
            Ok(Statement {
                kind,
                span: parser.span(start),
            })
        })
    }

    /// The keyword here, in lower case; it is not passed.
    pub(super) fn keyword(&self) -> Option<&'static str> {
        let mut ahead = self.cursor.clone();
        let word = ahead.take_while(|c| c.is_ascii_alphabetic());
        let ends = ahead
            .peek()
            .is_none_or(|c| ends_word(c) || matches!(c, '"' | '\'' | '$' | '@' | '#'));
        KEYWORDS
            .iter()
            .find(|keyword| ends && keyword.eq_ignore_ascii_case(word))
            .copied()
    }

    /// Passes the keyword if it is here.
    pub(super) fn eat_keyword(&mut self, keyword: &'_ str) -> bool {
        let found = self.keyword() == Some(keyword);
        if found {
            self.cursor.take_while(|c| c.is_ascii_alphabetic());
        }
        found
    }

    pub(super) fn skip_separators(&mut self) -> Result<()> {
        loop {
            self.cursor.skip_lines()?;
            if !self.cursor.eat(";") {
                return Ok(());
            }
        }
    }

    fn statement_kind(&mut self) -> Result<StatementKind> {
        if self.cursor.peek() == Some(':') && self.cursor.peek_second().is_some_and(is_name) {
            self.cursor.bump();
            self.cursor.take_while(is_name);
            self.cursor.skip_lines()?;
        }
        let Some(keyword) = self.keyword().or_else(|| self.attributed_type()) else {
            return self.pipeline_or_assignment();
        };
        self.eat_keyword(keyword);
        match keyword {
            "if" => self.if_statement(),
            "while" => {
                let condition = Box::new(self.condition("while")?);
                Ok(StatementKind::Loop {
                    test: LoopTest::While,
                    condition,
                    body: self.braced_block("while")?,
                })
            }
            "do" => self.do_statement(),
            "for" => self.for_statement(),
            "foreach" => self.foreach_statement(),
            "switch" => self.switch_statement(),
            "try" => self.try_statement(),
            "function" => self.function(false),
            "filter" => self.function(true),
            "workflow" => self
                .function(false)
                .map(|_| StatementKind::Other("workflow")),
            "return" => Ok(StatementKind::Return(self.optional_value()?)),
            "throw" => Ok(StatementKind::Throw(self.optional_value()?)),
            "exit" => Ok(StatementKind::Exit(self.optional_value()?)),
            "break" => Ok(StatementKind::Break(self.label()?)),
            "continue" => Ok(StatementKind::Continue(self.label()?)),
            "using" => {
                self.cursor.take_while(|c| !is_newline(c) && c != ';');
                Ok(StatementKind::Other("using"))
            }
            "class" | "enum" | "trap" | "data" | "configuration" => self.unread(keyword),
            _ => {
                self.cursor.go(self.cursor.at() - keyword.len());
                Err(self.unexpected())
            }
        }
    }

    /// Passes attributes that stand before `class` or `enum`, and nothing else; the keyword is not passed.
    fn attributed_type(&mut self) -> Option<&'static str> {
        let start = self.cursor.at();
        let mut passed = Ok(());
        while passed.is_ok() && self.cursor.peek() == Some('[') {
            passed = self.attribute().and_then(|_| self.cursor.skip_lines());
        }
        let keyword = self
            .keyword()
            .filter(|word| matches!(*word, "class" | "enum"));
        if passed.is_err() || keyword.is_none() {
            self.cursor.go(start);
            return None;
        }
        keyword
    }

    fn pipeline_or_assignment(&mut self) -> Result<StatementKind> {
        if !self.starts_expression() {
            return Ok(StatementKind::Chain(self.chain(None)?));
        }
        let target = self.expression()?;
        self.cursor.skip_blank()?;
        let Some(operator) = self.assignment_operator() else {
            return Ok(StatementKind::Chain(self.chain(Some(target))?));
        };
        if !assignable(&target) {
            return Err(self.error(
                "InvalidLeftHandSide",
                "The assignment expression is not valid. The input to an assignment operator must be an object that is able to accept assignments, such as a variable or a property.",
            ));
        }
        self.cursor.skip_lines()?;
        if self.at_end_of_statement() {
            return Err(self.missing(
                Incomplete::Operator,
                "ExpectedValueExpression",
                "You must provide a value expression following the '=' operator.",
            ));
        }
        Ok(StatementKind::Assignment {
            target,
            operator,
            value: Box::new(self.statement()?),
        })
    }

    fn assignment_operator(&mut self) -> Option<Assign> {
        for (text, operator) in [
            ("??=", Assign::IfNull),
            ("+=", Assign::With(BinaryOperator::Add)),
            ("-=", Assign::With(BinaryOperator::Subtract)),
            ("*=", Assign::With(BinaryOperator::Multiply)),
            ("/=", Assign::With(BinaryOperator::Divide)),
            ("%=", Assign::With(BinaryOperator::Remainder)),
            ("=", Assign::Set),
        ] {
            if self.cursor.eat(text) {
                return Some(operator);
            }
        }
        None
    }

    /// Passes a statement that has a name and a block of its own grammar.
    fn unread(&mut self, keyword: &'static str) -> Result<StatementKind> {
        self.cursor.skip_blank()?;
        self.cursor
            .take_while(|c| !matches!(c, '{' | ';' | '(' | ')' | '}' | '"' | '\'' | '#'));
        if !self.cursor.eat("{") {
            return Err(self.missing(
                Incomplete::Statement,
                "MissingTypeBody",
                format!("Missing '{{' in {keyword} declaration."),
            ));
        }
        self.nested(|parser| parser.skip_balanced('}'))?;
        Ok(StatementKind::Other(keyword))
    }

    fn optional_value(&mut self) -> Result<Option<Box<Statement>>> {
        self.cursor.skip_blank()?;
        if self.at_end_of_statement() {
            return Ok(None);
        }
        Ok(Some(Box::new(self.statement()?)))
    }

    fn label(&mut self) -> Result<Option<String>> {
        self.cursor.skip_blank()?;
        if self.at_end_of_statement() {
            return Ok(None);
        }
        Ok(self.argument()?.as_str().map(str::to_owned))
    }
}
