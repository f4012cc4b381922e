//! Statements.

use super::{Out, Result, Run, Stop};
use crate::cmdlets::Error;
use crate::cmdlets::value::Value;
use crate::language::{
    Assign, Chain, Expression, ExpressionKind, Link, Postfix, Statement, StatementKind,
};
use crate::session::BoxFuture;

impl Run<'_> {
    /// Statements one after another. An error ends its own statement only.
    pub(super) fn block<'a>(
        &'a mut self,
        statements: &'a [Statement],
        out: &'a mut Out,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for statement in statements {
                self.check()?;
                let done = self.statement(statement, out).await;
                match done.map_err(|stop| self.in_line(stop)) {
                    Err(Stop::Error(error)) if self.item.is_empty() => {
                        self.report(*error);
                    }
                    Err(Stop::Told) if self.item.is_empty() => {}
                    done => done?,
                }
            }
            Ok(())
        })
    }

    pub(super) fn statement<'a>(
        &'a mut self,
        statement: &'a Statement,
        out: &'a mut Out,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let part = match &statement.kind {
                StatementKind::Chain(chain) => return self.chain(chain, out).await,
                StatementKind::Assignment {
                    target,
                    operator,
                    value,
                } => return self.assignment(target, *operator, value).await,
                StatementKind::Exit(code) => {
                    let code = match code {
                        Some(code) => self.value_of(code).await?.as_i64().unwrap_or_default(),
                        None => 0,
                    };
                    return Err(Stop::Exit(i32::try_from(code).unwrap_or(1)));
                }
                StatementKind::If { .. } => "if",
                StatementKind::Loop { .. } | StatementKind::For { .. } => "loops",
                StatementKind::ForEach { .. } => "foreach; ForEach-Object takes one session cmdlet",
                StatementKind::Switch { .. } => "switch",
                StatementKind::Try { .. } => "try",
                StatementKind::Function { .. } => "functions",
                StatementKind::Return(_) => "return",
                StatementKind::Throw(_) => "throw",
                StatementKind::Break(_) | StatementKind::Continue(_) => "break and continue",
                StatementKind::Other(name) => name,
            };
            Err(Error::unsupported(part).at(statement.span).into())
        })
    }

    /// What a statement puts out, as one value.
    pub(super) async fn value_of(&mut self, statement: &Statement) -> Result<Value> {
        let mut out = Out::kept();
        self.statement(statement, &mut out).await?;
        Ok(Value::of_output(out.take()))
    }

    async fn chain(&mut self, chain: &Chain, out: &mut Out) -> Result<()> {
        if chain.background {
            return Err(
                Error::unsupported("& behind a command; Invoke-Command has -AsJob")
                    .at(chain.first.span)
                    .into(),
            );
        }
        self.succeeded = true;
        self.pipeline(&chain.first, out).await?;
        for (link, next) in &chain.rest {
            if self.succeeded == (*link == Link::IfSucceeded) {
                self.succeeded = true;
                self.pipeline(next, out).await?;
            }
        }
        Ok(())
    }

    async fn assignment(
        &mut self,
        target: &Expression,
        operator: Assign,
        value: &Statement,
    ) -> Result<()> {
        let mut value = self.value_of(value).await?;
        match operator {
            Assign::Set => {}
            Assign::With(by) => {
                let old = self.expression(target).await?;
                value = super::operator::operate(by, old, value)?;
            }
            Assign::IfNull => {
                let old = self.expression(target).await?;
                if !old.is_null() {
                    return Ok(());
                }
            }
        }
        self.assign(target, value).await
    }

    async fn assign(&mut self, target: &Expression, value: Value) -> Result<()> {
        match &target.kind {
            ExpressionKind::Variable(variable) => self
                .set(variable, value)
                .map_err(|error| error.at(target.span).into()),
            ExpressionKind::Array(targets) => {
                let mut values = value.items().into_iter();
                for (at, target) in targets.iter().enumerate() {
                    let value = if at + 1 == targets.len() {
                        Value::of_output(values.by_ref().collect())
                    } else {
                        values.next().unwrap_or(Value::NULL)
                    };
                    Box::pin(self.assign(target, value)).await?;
                }
                Ok(())
            }
            ExpressionKind::Postfix(object, path) => {
                let (ExpressionKind::Variable(variable), [Postfix::Member { name, .. }]) =
                    (&object.kind, path.as_slice())
                else {
                    return Err(Error::unsupported("this target of an assignment")
                        .at(target.span)
                        .into());
                };
                let name = self.expression(name).await?.text();
                let changed = match self.get(variable) {
                    Value::Option(option) => {
                        let mut option = (*option).clone();
                        option
                            .set(&name, value)
                            .map_err(|error| error.at(target.span))?;
                        Value::Option(option.into())
                    }
                    Value::Hash(entries) => {
                        let same =
                            |(key, _): &(Value, Value)| key.text().eq_ignore_ascii_case(&name);
                        let mut entries: Vec<_> = entries
                            .iter()
                            .filter(|entry| !same(entry))
                            .cloned()
                            .collect();
                        entries.push((name.into(), value));
                        Value::Hash(entries.into())
                    }
                    other => {
                        let message = format!(
                            "The property '{name}' of a {} cannot be set.",
                            other.type_name()
                        );
                        let error =
                            Error::new("InvalidOperation", "PropertyAssignmentException", message);
                        return Err(error.at(target.span).into());
                    }
                };
                self.set(variable, changed)
                    .map_err(|error| error.at(target.span).into())
            }
            ExpressionKind::Cast(..) => {
                Err(Error::unsupported("typed variables").at(target.span).into())
            }
            _ => {
                let message = "Only a variable or a property of one can be assigned to.";
                Err(Error::new("ParserError", "InvalidLeftHandSide", message)
                    .at(target.span)
                    .into())
            }
        }
    }
}
