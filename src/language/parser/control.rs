//! Statements with blocks: conditions, loops, `switch`, `try`.

use super::{Parser, Result};
use crate::language::cursor::{ends_word, is_name};
use crate::language::{
    ExpressionKind, Incomplete, LoopTest, Statement, StatementKind, SwitchCase, Variable,
};

impl Parser<'_> {
    /// `( … )` after a keyword.
    pub(super) fn condition(&mut self, keyword: &str) -> Result<Statement> {
        self.open_parenthesis(keyword)?;
        self.cursor.skip_lines()?;
        if self.at_end_of_statement() {
            let message = if keyword == "if" {
                "Missing condition in if statement after 'if ('.".to_owned()
            } else {
                format!("Missing expression after '{keyword}' in loop.")
            };
            return Err(self.missing(
                Incomplete::Statement,
                "MissingConditionInStatement",
                message,
            ));
        }
        let condition = self.statement()?;
        self.close_parenthesis(keyword)?;
        Ok(condition)
    }

    fn open_parenthesis(&mut self, keyword: &str) -> Result<()> {
        self.cursor.skip_lines()?;
        if self.cursor.eat("(") {
            return Ok(());
        }
        Err(self.missing(
            Incomplete::Statement,
            "MissingOpenParenthesisAfterKeyword",
            format!("Missing '(' after '{keyword}' in {keyword} statement."),
        ))
    }

    fn close_parenthesis(&mut self, keyword: &str) -> Result<()> {
        self.close(
            ")",
            "MissingEndParenthesisAfterStatement",
            &format!("Missing closing ')' after expression in '{keyword}' statement."),
        )
    }

    pub(super) fn if_statement(&mut self) -> Result<StatementKind> {
        let mut clauses = vec![(self.condition("if")?, self.braced_block("if")?)];
        loop {
            let before = self.cursor.at();
            self.cursor.skip_lines()?;
            if self.eat_keyword("elseif") {
                clauses.push((self.condition("elseif")?, self.braced_block("elseif")?));
            } else if self.eat_keyword("else") {
                let otherwise = Some(self.braced_block("else")?);
                return Ok(StatementKind::If { clauses, otherwise });
            } else {
                self.cursor.go(before);
                return Ok(StatementKind::If {
                    clauses,
                    otherwise: None,
                });
            }
        }
    }

    pub(super) fn do_statement(&mut self) -> Result<StatementKind> {
        let body = self.braced_block("do")?;
        self.cursor.skip_lines()?;
        let test = if self.eat_keyword("while") {
            LoopTest::DoWhile
        } else if self.eat_keyword("until") {
            LoopTest::DoUntil
        } else {
            return Err(self.missing(
                Incomplete::Statement,
                "MissingWhileOrUntilInDoWhile",
                "Missing while or until keyword in do loop.",
            ));
        };
        Ok(StatementKind::Loop {
            test,
            condition: Box::new(self.condition("do")?),
            body,
        })
    }

    pub(super) fn for_statement(&mut self) -> Result<StatementKind> {
        self.open_parenthesis("for")?;
        let start = self.for_part()?;
        let condition = self.for_part()?;
        let step = self.for_part()?;
        self.close_parenthesis("for")?;
        Ok(StatementKind::For {
            start,
            condition,
            step,
            body: self.braced_block("for")?,
        })
    }

    fn for_part(&mut self) -> Result<Option<Box<Statement>>> {
        self.cursor.skip_lines()?;
        let part = match self.cursor.peek() {
            Some(';' | ')') | None => None,
            Some(_) => Some(Box::new(self.statement()?)),
        };
        self.cursor.skip_lines()?;
        self.cursor.eat(";");
        Ok(part)
    }

    pub(super) fn foreach_statement(&mut self) -> Result<StatementKind> {
        self.cursor.skip_blank()?;
        if self.cursor.peek() == Some('-') {
            self.cursor.take_while(|c| !ends_word(c));
            self.cursor.skip_blank()?;
        }
        self.open_parenthesis("foreach")?;
        self.cursor.skip_lines()?;
        let variable = match self.cursor.peek() {
            Some('$') => self.variable()?,
            _ => None,
        };
        let Some(variable) = variable else {
            return Err(self.missing(
                Incomplete::Statement,
                "MissingVariableNameAfterForeach",
                "Missing variable name after foreach.",
            ));
        };
        self.cursor.skip_lines()?;
        if !self.eat_word("in") {
            return Err(self.missing(
                Incomplete::Statement,
                "MissingInInForeach",
                "Missing 'in' after variable in foreach loop.",
            ));
        }
        self.cursor.skip_lines()?;
        if self.at_end_of_statement() {
            return Err(self.missing(
                Incomplete::Statement,
                "MissingForeachExpression",
                "Missing expression after 'in' in foreach loop.",
            ));
        }
        let items = Box::new(self.statement()?);
        self.close_parenthesis("foreach")?;
        Ok(StatementKind::ForEach {
            variable,
            items,
            body: self.braced_block("foreach")?,
        })
    }

    pub(super) fn switch_statement(&mut self) -> Result<StatementKind> {
        let mut flags = Vec::new();
        self.cursor.skip_lines()?;
        while self.cursor.eat("-") {
            flags.push(self.cursor.take_while(is_name).to_ascii_lowercase());
            self.cursor.skip_lines()?;
        }
        let subject = if flags.iter().any(|flag| flag == "file") && self.cursor.peek() != Some('(')
        {
            super::block::statement_of(self.argument()?)
        } else {
            self.condition("switch")?
        };
        self.cursor.skip_lines()?;
        if !self.cursor.eat("{") {
            return Err(self.missing(
                Incomplete::Bracket('{'),
                "MissingCurlyBraceInSwitchStatement",
                "Missing opening '{' in switch statement.",
            ));
        }
        let mut cases = Vec::new();
        loop {
            self.skip_separators()?;
            if matches!(self.cursor.peek(), Some('}') | None) {
                break;
            }
            let pattern = if self.eat_word("default") {
                None
            } else {
                Some(self.nested(Self::argument)?)
            };
            cases.push(SwitchCase {
                pattern,
                body: self.braced_block("switch")?,
            });
        }
        self.close(
            "}",
            "MissingEndCurlyBraceInSwitch",
            "The closing '}' in switch statement is missing.",
        )?;
        Ok(StatementKind::Switch {
            flags,
            subject: Box::new(subject),
            cases,
        })
    }

    pub(super) fn try_statement(&mut self) -> Result<StatementKind> {
        let body = self.braced_block("try")?;
        let mut catches = Vec::new();
        let mut finally = None;
        loop {
            let before = self.cursor.at();
            self.cursor.skip_lines()?;
            if self.eat_keyword("catch") {
                let mut types = Vec::new();
                self.cursor.skip_lines()?;
                while self.cursor.peek() == Some('[') {
                    types.push(self.attribute()?.0);
                    self.cursor.skip_lines()?;
                    self.cursor.eat(",");
                    self.cursor.skip_lines()?;
                }
                catches.push((types, self.braced_block("catch")?));
            } else if self.eat_keyword("finally") {
                finally = Some(self.braced_block("finally")?);
                break;
            } else if catches.is_empty() {
                return Err(self.missing(
                    Incomplete::Statement,
                    "MissingCatchOrFinally",
                    "The Try statement is missing its Catch or Finally block.",
                ));
            } else {
                self.cursor.go(before);
                break;
            }
        }
        Ok(StatementKind::Try {
            body,
            catches,
            finally,
        })
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let mut ahead = self.cursor.clone();
        let found = ahead
            .take_while(|c| c.is_ascii_alphabetic())
            .eq_ignore_ascii_case(word)
            && ahead.peek().is_none_or(|c| !is_name(c) && c != '-');
        if found {
            self.cursor = ahead;
        }
        found
    }

    /// A variable here that must be a plain one.
    fn variable(&mut self) -> Result<Option<Variable>> {
        Ok(match self.dollar()?.map(|value| value.kind) {
            Some(ExpressionKind::Variable(variable)) => Some(variable),
            _ => None,
        })
    }
}
