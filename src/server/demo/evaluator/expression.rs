//! Values: constants, strings, variables, what operators join.

use std::slice::from_ref;

use super::{CALLS, Evaluator, Fault, LARGEST, Run};
use crate::clixml::Value;
use crate::language::{
    BinaryOperator as B, Expression, ExpressionKind as E, Number, Part, Postfix, UnaryOperator as U,
};
use crate::server::demo::values::{array, joined, operate};

impl Evaluator<'_> {
    pub(super) fn expression(&mut self, expression: &Expression) -> Run<Value> {
        let value = self.deeper(|evaluator| evaluator.kind(&expression.kind))?;
        if value.size(CALLS) > LARGEST {
            return Err(Fault::limit("makes no value that large").into());
        }
        Ok(value)
    }

    fn all(&mut self, expressions: &[Expression]) -> Run<Vec<Value>> {
        let values = expressions.iter().map(|each| self.expression(each));
        values.collect()
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
            E::Variable(variable) => self.get(&variable.name),
            E::Array(items) => array(self.all(items)?),
            E::ArrayOf(block) => array(self.value(block)?.items()),
            E::Sub(block) => self.value(block)?,
            E::Paren(statement) => self.value(from_ref(statement))?,
            E::ScriptBlock(block) => {
                let text = self.text.as_deref().unwrap_or_default();
                let text = text.get(block.span.start..block.span.end);
                Value::ScriptBlock(text.unwrap_or_default().into())
            }
            E::Cast(name, inner) => self.expression(inner)?.cast(name)?,
            E::Unary(U::Not, operand) => (!self.expression(operand)?.truth()).into(),
            E::Unary(U::Minus, operand) => {
                operate(B::Subtract, 0.into(), self.expression(operand)?)?
            }
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
                    value = self.postfix(base, &value, step)?;
                }
                value
            }
            _ => return Err(Fault::limit("does not know this expression").into()),
        })
    }

    fn postfix(&mut self, base: &Expression, value: &Value, step: &Postfix) -> Run<Value> {
        match step {
            Postfix::Member { name, .. } => Ok(value.get(&self.expression(name)?.text())),
            Postfix::Index(index) => Ok(value.index(&self.expression(index)?)),
            Postfix::Increment(by) => self.increment(base, *by),
            Postfix::Method {
                name, arguments, ..
            } => {
                let name = self.expression(name)?.text();
                let arguments = self.all(arguments)?;
                match name.to_lowercase().as_str() {
                    "promptforchoice" => self.prompt_for_choice(&arguments),
                    "tostring" => Ok(value.text().into()),
                    _ => {
                        let kind = value.type_name();
                        let message = format!(
                            "Method invocation failed because [{kind}] does not contain a method named '{name}'."
                        );
                        Err(Fault::new("MethodNotFound", message).into())
                    }
                }
            }
        }
    }
}
