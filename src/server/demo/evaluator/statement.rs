//! Statements.

use std::slice::from_ref;
use std::sync::Arc;

use super::{Code, Evaluator, Fault, Flow, Run, Sink, collected};
use crate::clixml::Value;
use crate::language::{
    Assign, BinaryOperator, Expression, ExpressionKind, LoopTest, Postfix, Statement,
    StatementKind as S,
};
use crate::server::demo::values::operate;

impl Evaluator<'_> {
    pub(super) fn block(&mut self, block: &[Statement], sink: Sink<'_>) -> Run<()> {
        block.iter().try_for_each(|statement| {
            self.deeper(|evaluator| evaluator.statement(&statement.kind, sink))
        })
    }

    /// What statements put out, as one value.
    pub(super) fn value(&mut self, block: &[Statement]) -> Run<Value> {
        let values = self.collect(|evaluator, sink| evaluator.block(block, sink))?;
        Ok(collected(values))
    }

    fn statement(&mut self, kind: &S, sink: Sink<'_>) -> Run<()> {
        match kind {
            S::Chain(chain) if chain.rest.is_empty() => self.pipeline(&chain.first, sink)?,
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
                        return self.block(block, sink);
                    }
                }
                self.block(otherwise.as_deref().unwrap_or_default(), sink)?;
            }
            S::Loop {
                test: LoopTest::While,
                condition,
                body,
            } => while self.value(from_ref(condition))?.truth() && self.turn(body, sink)? {},
            S::ForEach {
                variable,
                items,
                body,
            } => {
                for item in self.value(from_ref(items))?.items() {
                    self.set(&variable.name, item);
                    if !self.turn(body, sink)? {
                        break;
                    }
                }
            }
            S::Function { name, body, .. } => {
                let code = Code::new(name, &self.text, (**body).clone(), false);
                self.runspace
                    .functions
                    .insert(name.to_lowercase(), Arc::new(code));
            }
            S::Return(value) => {
                let value = value.as_deref().map(from_ref);
                self.block(value.unwrap_or_default(), sink)?;
                return Err(Flow::Return);
            }
            S::Exit(code) => {
                let code = code.as_deref().map(from_ref);
                let code = self.value(code.unwrap_or_default())?.as_i32();
                return Err(Flow::Exit(code.unwrap_or_default()));
            }
            S::Break(_) => return Err(Flow::Break),
            S::Continue(_) => return Err(Flow::Continue),
            _ => return Err(Fault::limit("does not know this statement").into()),
        }
        Ok(())
    }

    /// Runs a loop's block once; says whether the loop goes on.
    fn turn(&mut self, body: &[Statement], sink: Sink<'_>) -> Run<bool> {
        match self.block(body, sink) {
            Err(Flow::Break) => Ok(false),
            Err(Flow::Continue) => Ok(true),
            result => result.map(|()| true),
        }
    }

    fn assign(&mut self, target: &Expression, value: Value) -> Run<()> {
        match &target.kind {
            ExpressionKind::Variable(variable) => self.set(&variable.name, value),
            ExpressionKind::Cast(name, inner) => self.assign(inner, value.cast(name)?)?,
            ExpressionKind::Postfix(base, steps) => {
                let [Postfix::Member { name, .. } | Postfix::Index(name)] = steps.as_slice() else {
                    return Err(Fault::limit("assigns to members of variables only").into());
                };
                let name = self.expression(name)?.text();
                let mut holder = self.expression(base)?;
                holder.put(&name, value).ok_or_else(|| {
                    let message = format!("The property '{name}' cannot be found on this object.");
                    Fault::new("PropertyNotFound", message)
                })?;
                self.assign(base, holder)?;
            }
            _ => return Err(Fault::limit("assigns to variables and members only").into()),
        }
        Ok(())
    }

    /// `$i++`: an assignment that puts nothing out.
    pub(super) fn increment(&mut self, target: &Expression, by: i8) -> Run<Value> {
        let by = Value::Int32(by.into());
        let value = operate(BinaryOperator::Add, self.expression(target)?, by)?;
        self.assign(target, value)?;
        Ok(Value::Null)
    }
}
