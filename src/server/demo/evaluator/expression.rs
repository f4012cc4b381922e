//! Values: constants, strings, variables, what operators join.

use std::slice::from_ref;

use super::{Evaluator, Fault, LARGEST, Run};
use crate::clixml::Value;
use crate::clixml::records::hashtable;
use crate::language::{
    BinaryOperator as B, Expression, ExpressionKind as E, Number, Part, Postfix,
    UnaryOperator as U, Variable,
};
use crate::server::demo::values::{array, joined, operate};

impl Evaluator<'_> {
    pub(super) fn expression(&mut self, expression: &Expression) -> Run<Value> {
        let value = self.deeper(|evaluator| evaluator.kind(&expression.kind))?;
        if value.as_list().unwrap_or_default().len() > LARGEST {
            return Err(Fault::limit("makes no value that large").into());
        }
        Ok(value)
    }

    fn all(&mut self, expressions: &[Expression]) -> Run<Vec<Value>> {
        expressions
            .iter()
            .map(|each| self.expression(each))
            .collect()
    }

    fn kind(&mut self, kind: &E) -> Run<Value> {
        Ok(match kind {
            E::Number(Number::Int32(number)) => (*number).into(),
            E::Number(Number::Int64(number)) => (*number).into(),
            E::Number(Number::Double(number)) => Value::Double(*number),
            E::String(text) => text.as_str().into(),
            E::Expandable(parts) => {
                let texts = parts.iter().map(|part| match part {
                    Part::Text(text) => Ok(text.clone()),
                    Part::Value(value) => Ok(self.expression(value)?.text()),
                });
                joined(texts.collect::<Run<Vec<_>>>()?, "")?
            }
            E::Variable(Variable {
                scope: Some(scope),
                name,
            }) if scope == "env" => self.get(&format!("env:{name}")),
            E::Variable(variable) => self.get(&variable.name),
            E::Array(items) => array(self.all(items)?),
            E::ArrayOf(block) => array(self.value(block)?.items()),
            E::Sub(block) => self.value(block)?,
            E::Paren(statement) => self.value(from_ref(statement))?,
            E::Hash(entries) => {
                let pairs = entries.iter().map(|(key, value)| {
                    Ok((self.expression(key)?.text(), self.value(from_ref(value))?))
                });
                hashtable(pairs.collect::<Run<Vec<_>>>()?)
            }
            E::ScriptBlock(block) => {
                let text = self.text.get(block.span.start..block.span.end);
                Value::ScriptBlock(text.unwrap_or_default().into())
            }
            E::Type(name) => Value::Null.cast(name)?,
            E::Cast(name, inner) => self.expression(inner)?.cast(name)?,
            E::Unary(operator, operand) => {
                let value = self.expression(operand)?;
                match operator {
                    U::Not => (!value.truth()).into(),
                    U::Minus => operate(B::Subtract, 0.into(), value)?,
                    U::Comma => array([value]),
                    _ => return Err(Fault::limit("does not know this operator").into()),
                }
            }
            E::Increment(by, target) => self.increment(target, *by)?,
            E::Binary(first, rest) => {
                let mut left = self.expression(first)?;
                for (operator, right) in rest {
                    left = match operator {
                        B::And if !left.truth() => false.into(),
                        B::Or if left.truth() => true.into(),
                        _ => operate(*operator, left, self.expression(right)?)?,
                    };
                }
                left
            }
            E::Postfix(base, steps) => {
                let mut value = self.expression(base)?;
                for step in steps {
                    value = match step {
                        Postfix::Member { name, .. } => value.get(&self.expression(name)?.text()),
                        Postfix::Index(index) => value.index(&self.expression(index)?),
                        Postfix::Method {
                            name, arguments, ..
                        } => {
                            let name = self.expression(name)?.text();
                            let arguments = self.all(arguments)?;
                            if name.eq_ignore_ascii_case("PromptForChoice") {
                                self.prompt_for_choice(&arguments)?
                            } else {
                                value.call(&name, &arguments)?
                            }
                        }
                        Postfix::Increment(by) => self.increment(base, *by)?,
                    };
                }
                value
            }
            _ => return Err(Fault::limit("does not know this expression").into()),
        })
    }
}
