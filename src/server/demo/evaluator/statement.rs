//! Statements.

use std::slice::from_ref;
use std::sync::Arc;

use super::{Code, Evaluator, Fault, Flow, Run};
use crate::clixml::Value;
use crate::language::{
    Assign, BinaryOperator, Expression, ExpressionKind, LoopTest, Statement, StatementKind as S,
};
use crate::server::demo::values::{collected, operate};

impl Evaluator<'_> {
    pub(super) fn block(&mut self, block: &[Statement]) -> Run<()> {
        block
            .iter()
            .try_for_each(|statement| self.deeper(|evaluator| evaluator.statement(&statement.kind)))
    }

    /// What statements put out, as one value.
    pub(super) fn value(&mut self, block: &[Statement]) -> Run<Value> {
        Ok(collected(self.collect(|evaluator| evaluator.block(block))?))
    }

    fn statement(&mut self, kind: &S) -> Run<()> {
        match kind {
            S::Chain(chain) if chain.rest.is_empty() => self.pipeline(&chain.first)?,
            S::Assignment {
                target,
                operator,
                value,
            } => {
                let mut value = self.value(from_ref(value))?;
                if let Assign::With(operator) = operator {
                    value = operate(*operator, self.expression(target)?, value)?;
                }
                self.assign(target, value)?;
            }
            S::If { clauses, otherwise } => {
                for (condition, block) in clauses {
                    if self.value(from_ref(condition))?.truth() {
                        return self.block(block);
                    }
                }
                self.block(otherwise.as_deref().unwrap_or_default())?;
            }
            S::Loop {
                test: LoopTest::While,
                condition,
                body,
            } => while self.value(from_ref(condition))?.truth() && self.turn(body)? {},
            S::ForEach {
                variable,
                items,
                body,
            } => {
                for item in self.value(from_ref(items))?.items() {
                    self.set(&variable.name, item);
                    if !self.turn(body)? {
                        break;
                    }
                }
            }
            S::Function { name, body, .. } => {
                let code = Arc::new(Code {
                    name: name.clone(),
                    block: (**body).clone(),
                    text: self.text.clone(),
                });
                self.runspace.functions.insert(name.to_lowercase(), code);
            }
            S::Return(value) => {
                self.block(value.as_deref().map(from_ref).unwrap_or_default())?;
                return Err(Flow::Return);
            }
            S::Exit(code) => {
                let code = self.value(code.as_deref().map(from_ref).unwrap_or_default())?;
                return Err(Flow::Exit(code.as_i32().unwrap_or_default()));
            }
            S::Break(_) => return Err(Flow::Break),
            S::Continue(_) => return Err(Flow::Continue),
            _ => return Err(Fault::limit("does not know this statement").into()),
        }
        Ok(())
    }

    /// Runs a loop's block once; says whether the loop goes on.
    fn turn(&mut self, body: &[Statement]) -> Run<bool> {
        match self.block(body) {
            Err(Flow::Break) => Ok(false),
            Err(Flow::Continue) => Ok(true),
            result => result.map(|()| true),
        }
    }

    fn assign(&mut self, target: &Expression, value: Value) -> Run<()> {
        match &target.kind {
            ExpressionKind::Variable(variable) => {
                self.set(&variable.name, value);
                Ok(())
            }
            ExpressionKind::Cast(name, inner) => self.assign(inner, value.cast(name)?),
            _ => Err(Fault::limit("assigns to variables only").into()),
        }
    }

    /// `$i++`: an assignment that puts nothing out.
    pub(super) fn increment(&mut self, target: &Expression, by: i8) -> Run<Value> {
        let by = Value::Int32(by.into());
        let value = operate(BinaryOperator::Add, self.expression(target)?, by)?;
        self.assign(target, value)?;
        Ok(Value::Null)
    }
}
