//! Statements.

use std::sync::Arc;

use super::{Code, Evaluator, Fault, Flow, ITEMS, Run, Sink};
use crate::clixml::Value;
use crate::language::{
    Assign, Block, Expression, ExpressionKind, Link, LoopTest, Postfix, Statement, StatementKind,
};
use crate::server::demo::values;

impl<'e> Evaluator<'e> {
    pub(super) fn block(&mut self, block: &Block, sink: Sink<'_, 'e>) -> Run<()> {
        block
            .iter()
            .try_for_each(|statement| self.statement(statement, sink))
    }

    pub(super) fn statement(&mut self, statement: &Statement, sink: Sink<'_, 'e>) -> Run<()> {
        let text = Arc::clone(&self.text);
        let result = self.deeper(|evaluator| evaluator.statement_kind(&statement.kind, sink));
        result.map_err(|flow| match flow {
            Flow::Fault(fault) => fault.span(statement.span).at(&text).into(),
            flow => flow,
        })
    }

    /// Everything that a rule puts out.
    pub(in crate::server::demo) fn values_of(
        &mut self,
        rule: impl FnOnce(&mut Self, Sink<'_, 'e>) -> Run<()>,
    ) -> Run<Vec<Value>> {
        let mut values = Vec::new();
        rule(self, &mut |_, value| {
            values.push(value);
            if values.len() > ITEMS {
                Err(Fault::limit("collects no more than a million objects").into())
            } else {
                Ok(())
            }
        })?;
        Ok(values)
    }

    /// What a block puts out, as one value.
    pub(super) fn value_of_block(&mut self, block: &Block) -> Run<Value> {
        Ok(values::collected(self.values_of(|evaluator, sink| {
            evaluator.block(block, sink)
        })?))
    }

    /// What a statement puts out, as one value.
    pub(super) fn value_of(&mut self, statement: &Statement) -> Run<Value> {
        Ok(values::collected(self.values_of(|evaluator, sink| {
            evaluator.statement(statement, sink)
        })?))
    }

    fn optional(&mut self, statement: Option<&Statement>) -> Run<Value> {
        statement.map_or(Ok(Value::Null), |statement| self.value_of(statement))
    }

    fn holds(&mut self, condition: &Statement) -> Run<bool> {
        Ok(values::truth(&self.value_of(condition)?))
    }

    #[expect(clippy::too_many_lines, reason = "a table of statements")]
    fn statement_kind(&mut self, kind: &StatementKind, sink: Sink<'_, 'e>) -> Run<()> {
        match kind {
            StatementKind::Chain(chain) => {
                self.set_global("?", true.into());
                self.pipeline(&chain.first, sink)?;
                for (link, pipeline) in &chain.rest {
                    if values::truth(&self.get("?")) == (*link == Link::IfSucceeded) {
                        self.set_global("?", true.into());
                        self.pipeline(pipeline, sink)?;
                    }
                }
            }
            StatementKind::Assignment {
                target,
                operator,
                value,
            } => {
                let mut value = self.value_of(value)?;
                if let Assign::With(operator) = operator {
                    let old = self.expression(target)?;
                    value = self.operate(*operator, old, value)?;
                }
                if *operator != Assign::IfNull || self.expression(target)? == Value::Null {
                    self.assign(target, value)?;
                }
            }
            StatementKind::If { clauses, otherwise } => {
                for (condition, block) in clauses {
                    if self.holds(condition)? {
                        return self.block(block, sink);
                    }
                }
                otherwise
                    .iter()
                    .try_for_each(|block| self.block(block, sink))?;
            }
            StatementKind::Loop {
                test,
                condition,
                body,
            } => loop {
                if *test == LoopTest::While && !self.holds(condition)? || self.turn(body, sink)? {
                    break;
                }
                if *test != LoopTest::While
                    && self.holds(condition)? == (*test == LoopTest::DoUntil)
                {
                    break;
                }
            },
            StatementKind::For {
                start,
                condition,
                step,
                body,
            } => {
                self.optional(start.as_deref())?;
                while condition
                    .as_ref()
                    .map_or(Ok(true), |condition| self.holds(condition))?
                {
                    if self.turn(body, sink)? {
                        break;
                    }
                    self.optional(step.as_deref())?;
                }
            }
            StatementKind::ForEach {
                variable,
                items,
                body,
            } => {
                for item in values::items(self.value_of(items)?) {
                    self.set(&variable.name, item);
                    if self.turn(body, sink)? {
                        break;
                    }
                }
            }
            StatementKind::Try {
                body,
                catches,
                finally,
            } => {
                let mut result = self.block(body, sink);
                if let (Err(Flow::Fault(fault)), Some((_, handler))) = (&result, catches.first()) {
                    self.set("_", fault.record().to_value());
                    result = self.block(handler, sink);
                }
                finally
                    .iter()
                    .try_for_each(|block| self.block(block, sink))?;
                result?;
            }
            StatementKind::Function { name, body, .. } => {
                let name = name.rsplit(':').next().unwrap_or(name).to_owned();
                let key = name.to_lowercase();
                let code = Code {
                    name,
                    text: Arc::clone(&self.text),
                    block: (**body).clone(),
                };
                self.runspace.functions.insert(key, Arc::new(code));
            }
            StatementKind::Return(value) => {
                value
                    .iter()
                    .try_for_each(|value| self.statement(value, sink))?;
                return Err(Flow::Return);
            }
            StatementKind::Throw(value) => {
                let message = match self.optional(value.as_deref())? {
                    Value::Null => "ScriptHalted".to_owned(),
                    value => values::text(&value),
                };
                let fault = Fault::new(message.as_str(), message.as_str()).target(&message);
                return Err(fault.kind("RuntimeException", 14).into());
            }
            StatementKind::Exit(code) => {
                let code = self.optional(code.as_deref())?.as_i32();
                return Err(Flow::Exit(code.unwrap_or_default()));
            }
            StatementKind::Break(_) => return Err(Flow::Break),
            StatementKind::Continue(_) => return Err(Flow::Continue),
            StatementKind::Switch { .. } => {
                return Err(Fault::limit("does not know 'switch'").into());
            }
            StatementKind::Other(word) => {
                return Err(Fault::limit(&format!("does not know '{word}'")).into());
            }
        }
        Ok(())
    }

    /// Runs a loop's block once; says whether the loop ends.
    fn turn(&mut self, body: &Block, sink: Sink<'_, 'e>) -> Run<bool> {
        self.step()?;
        match self.block(body, sink) {
            Err(Flow::Break) => Ok(true),
            Err(Flow::Continue) => Ok(false),
            result => result.map(|()| false),
        }
    }

    pub(super) fn assign(&mut self, target: &Expression, value: Value) -> Run<()> {
        match &target.kind {
            ExpressionKind::Variable(variable) => match &variable.scope {
                None => self.set(&variable.name, value),
                Some(_) => self.set_global(&variable.name, value),
            },
            ExpressionKind::Cast(name, inner) => {
                let value = values::cast(name, value)?;
                self.assign(inner, value)?;
            }
            ExpressionKind::Postfix(base, steps) if steps.len() == 1 => {
                let mut holder = self.expression(base)?;
                let name = match steps.first() {
                    Some(Postfix::Member { name, .. } | Postfix::Index(name)) => {
                        self.expression(name)?
                    }
                    _ => Value::Null,
                };
                values::put(&mut holder, &name, value)?;
                self.assign(base, holder)?;
            }
            _ => {
                return Err(
                    Fault::limit("assigns to plain variables and their members only").into(),
                );
            }
        }
        Ok(())
    }
}
