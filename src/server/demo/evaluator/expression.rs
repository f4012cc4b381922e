//! Values: constants, strings, variables, what operators join.

use super::{Evaluator, Fault, Flow, Run};
use crate::clixml::Value;
use crate::language::{
    BinaryOperator, Expression, ExpressionKind, Part, Postfix, StatementKind, UnaryOperator,
    Variable,
};
use crate::server::demo::values;

impl Evaluator<'_> {
    pub(super) fn expression(&mut self, expression: &Expression) -> Run<Value> {
        let result = self.deeper(|evaluator| evaluator.expression_kind(expression));
        result.map_err(|flow| match flow {
            Flow::Fault(fault) => fault.span(expression.span).into(),
            flow => flow,
        })
    }

    fn all(&mut self, expressions: &[Expression]) -> Run<Vec<Value>> {
        expressions
            .iter()
            .map(|expression| self.expression(expression))
            .collect()
    }

    fn string_of(&mut self, expression: &Expression) -> Run<String> {
        Ok(values::text(&self.expression(expression)?))
    }

    fn expression_kind(&mut self, expression: &Expression) -> Run<Value> {
        Ok(match &expression.kind {
            ExpressionKind::Number(number) => values::constant(*number),
            ExpressionKind::String(text) => text.as_str().into(),
            ExpressionKind::Expandable(parts) => {
                let mut text = String::new();
                for part in parts {
                    match part {
                        Part::Text(plain) => text += plain,
                        Part::Value(value) => text += &self.string_of(value)?,
                    }
                }
                text.into()
            }
            ExpressionKind::Variable(variable) | ExpressionKind::Splat(variable) => {
                self.variable(variable)
            }
            ExpressionKind::Array(items) => values::array(self.all(items)?),
            ExpressionKind::ArrayOf(block) => {
                values::array(values::items(self.value_of_block(block)?))
            }
            ExpressionKind::Sub(block) => self.value_of_block(block)?,
            ExpressionKind::Paren(statement) => {
                let value = self.value_of(statement)?;
                match &statement.kind {
                    StatementKind::Assignment { target, .. } => self.expression(target)?,
                    _ => value,
                }
            }
            ExpressionKind::Hash(entries) => {
                let mut pairs = Vec::new();
                for (key, value) in entries {
                    pairs.push((self.expression(key)?, self.value_of(value)?));
                }
                values::hashtable(pairs)
            }
            ExpressionKind::ScriptBlock(block) => {
                let text = self.text.get(block.span.start..block.span.end);
                Value::ScriptBlock(text.unwrap_or_default().into())
            }
            ExpressionKind::Type(name) => name.as_str().into(),
            ExpressionKind::Cast(name, inner) => {
                let value = self.expression(inner)?;
                values::cast(name, value)?
            }
            ExpressionKind::Unary(operator, operand) => {
                let value = self.expression(operand)?;
                match operator {
                    UnaryOperator::Not => (!values::truth(&value)).into(),
                    UnaryOperator::Minus => {
                        self.operate(BinaryOperator::Subtract, Value::Int32(0), value)?
                    }
                    UnaryOperator::Plus => {
                        self.operate(BinaryOperator::Add, Value::Int32(0), value)?
                    }
                    UnaryOperator::Join => {
                        self.operate(BinaryOperator::Join, value, Value::Null)?
                    }
                    UnaryOperator::Comma => values::array(vec![value]),
                    _ => return Err(Fault::limit("does not know this operator").into()),
                }
            }
            ExpressionKind::Increment(by, target) => self.increment(target, *by)?,
            ExpressionKind::Binary(first, rest) => {
                let mut left = self.expression(first)?;
                for (operator, right) in rest {
                    left = match operator {
                        BinaryOperator::And if !values::truth(&left) => false.into(),
                        BinaryOperator::Or if values::truth(&left) => true.into(),
                        BinaryOperator::Coalesce if left != Value::Null => left,
                        _ => {
                            let right = self.expression(right)?;
                            self.operate(*operator, left, right)?
                        }
                    };
                }
                left
            }
            ExpressionKind::Postfix(base, steps) => self.postfix(base, steps)?,
            ExpressionKind::Ternary(parts) => {
                let [condition, yes, no] = &**parts;
                let holds = values::truth(&self.expression(condition)?);
                self.expression(if holds { yes } else { no })?
            }
        })
    }

    fn variable(&self, variable: &Variable) -> Value {
        let machine = &self.runspace.machine;
        let environment = variable
            .scope
            .as_ref()
            .is_some_and(|scope| scope.eq_ignore_ascii_case("env"));
        match (environment, variable.name.to_lowercase().as_str()) {
            (true, "computername" | "hostname") => machine.name.as_str().into(),
            (true, "username" | "user") => machine.user.as_str().into(),
            (true, _) => Value::Null,
            (_, "true") => true.into(),
            (_, "false") => false.into(),
            (_, "pwd") => self.runspace.location.as_str().into(),
            (_, "home") => machine.home.as_str().into(),
            (_, "host") => self.host(),
            (_, "psversiontable") => values::hashtable(vec![
                ("PSVersion".into(), "7.6.5".into()),
                ("PSEdition".into(), "Core".into()),
                ("OS".into(), machine.system.into()),
            ]),
            (_, name) => self.get(name),
        }
    }

    fn increment(&mut self, target: &Expression, by: i8) -> Run<Value> {
        let old = self.expression(target)?;
        let new = self.operate(BinaryOperator::Add, old, Value::Int32(by.into()))?;
        self.assign(target, new)?;
        Ok(Value::Null)
    }

    fn postfix(&mut self, base: &Expression, steps: &[Postfix]) -> Run<Value> {
        if let [Postfix::Increment(by)] = steps {
            return self.increment(base, *by);
        }
        if let ExpressionKind::Type(name) = &base.kind {
            return Err(
                Fault::new("TypeNotFound", format!("Unable to find type [{name}]."))
                    .target(name)
                    .into(),
            );
        }
        let mut value = self.expression(base)?;
        for step in steps {
            value = match step {
                Postfix::Member { name, .. } => values::get(&value, &self.string_of(name)?),
                Postfix::Index(index) => values::index(&value, &self.expression(index)?),
                Postfix::Method {
                    name, arguments, ..
                } => {
                    let name = self.string_of(name)?;
                    let arguments = self.all(arguments)?;
                    self.method(&value, &name, &arguments)?
                }
                Postfix::Increment(_) => {
                    return Err(Fault::limit("increments variables only").into());
                }
            };
        }
        Ok(value)
    }
}
