//! Values of expressions.

use std::sync::Arc;

use uuid::Uuid;

use super::operator::operate;
use super::{Out, Result, Run};
use crate::clixml::{self, Object};
use crate::cmdlets::Error;
use crate::cmdlets::binding::product;
use crate::cmdlets::value::Value;
use crate::language::{
    BinaryOperator, Block, Expression, ExpressionKind, Number, Part, Postfix, UnaryOperator,
};
use crate::session::BoxFuture;

impl Run<'_> {
    pub(super) fn expression<'a>(
        &'a mut self,
        expression: &'a Expression,
    ) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move {
            let span = expression.span;
            let unsupported = |what: &str| Err(Error::unsupported(what).at(span).into());
            Ok(match &expression.kind {
                ExpressionKind::Number(number) => number_value(*number),
                ExpressionKind::String(text) => text.as_str().into(),
                ExpressionKind::Expandable(parts) => {
                    let mut text = String::new();
                    for part in parts {
                        match part {
                            Part::Text(part) => text.push_str(part),
                            Part::Value(value) => {
                                text.push_str(&self.expression(value).await?.text())
                            }
                        }
                    }
                    text.into()
                }
                ExpressionKind::Variable(variable) => self.get(variable),
                ExpressionKind::Splat(_) => return unsupported("@ outside a command's words"),
                ExpressionKind::Array(items) => {
                    let mut values = Vec::with_capacity(items.len());
                    for item in items {
                        values.push(self.expression(item).await?);
                    }
                    Value::Array(values.into())
                }
                ExpressionKind::ArrayOf(block) => Value::Array(self.output(block).await?.into()),
                ExpressionKind::Sub(block) => Value::of_output(self.output(block).await?),
                ExpressionKind::Paren(statement) => self.value_of(statement).await?,
                ExpressionKind::Hash(entries) => {
                    let mut values = Vec::with_capacity(entries.len());
                    for (key, value) in entries {
                        let key = self.expression(key).await?;
                        values.push((key, self.value_of(value).await?));
                    }
                    Value::Hash(values.into())
                }
                ExpressionKind::ScriptBlock(block) => {
                    let text = self.source.get(block.span.start..block.span.end);
                    Value::Script(text.unwrap_or_default().into())
                }
                ExpressionKind::Type(name) => return unsupported(&format!("the type [{name}]")),
                ExpressionKind::Cast(name, value) => {
                    let value = self.expression(value).await?;
                    cast(name, value).map_err(|error| error.at(span))?
                }
                ExpressionKind::Unary(by, value) => {
                    let value = self.expression(value).await?;
                    match by {
                        UnaryOperator::Not => (!value.truth()).into(),
                        UnaryOperator::Minus => operate(BinaryOperator::Subtract, whole(0), value)?,
                        UnaryOperator::Plus => operate(BinaryOperator::Add, whole(0), value)?,
                        UnaryOperator::Comma => Value::Array([value].into()),
                        _ => return unsupported("this operator"),
                    }
                }
                ExpressionKind::Increment(..) => return unsupported("++ and --"),
                ExpressionKind::Binary(first, rest) => {
                    let mut left = self.expression(first).await?;
                    for (by, right) in rest {
                        left = match by {
                            BinaryOperator::And if !left.truth() => false.into(),
                            BinaryOperator::Or if left.truth() => true.into(),
                            BinaryOperator::Coalesce if !left.is_null() => left,
                            by => {
                                let right = self.expression(right).await?;
                                operate(*by, left, right).map_err(|error| error.at(span))?
                            }
                        };
                    }
                    left
                }
                ExpressionKind::Postfix(value, path) => {
                    let mut value = self.expression(value).await?;
                    for step in path {
                        value = self.step(value, step, expression).await?;
                    }
                    value
                }
                ExpressionKind::Ternary(parts) => {
                    let [test, yes, no] = &**parts;
                    let chosen = if self.expression(test).await?.truth() {
                        yes
                    } else {
                        no
                    };
                    self.expression(chosen).await?
                }
            })
        })
    }

    async fn output(&mut self, block: &Block) -> Result<Vec<Value>> {
        let mut out = Out::kept();
        self.block(block, &mut out).await?;
        Ok(out.take())
    }

    async fn step(&mut self, value: Value, step: &Postfix, whole: &Expression) -> Result<Value> {
        let unsupported = |what: &str| Err(Error::unsupported(what).at(whole.span).into());
        match step {
            Postfix::Member { of_type: true, .. } | Postfix::Method { of_type: true, .. } => {
                unsupported("members of types")
            }
            Postfix::Member { name, .. } => {
                let name = self.expression(name).await?.text();
                Ok(value.member(&name).unwrap_or(Value::NULL))
            }
            Postfix::Method {
                name, arguments, ..
            } => {
                let name = self.expression(name).await?.text();
                if name.eq_ignore_ascii_case("ToString") && arguments.is_empty() {
                    return Ok(value.text().into());
                }
                unsupported(&format!("the method {name}()"))
            }
            Postfix::Index(index) => {
                let index = self.expression(index).await?;
                Ok(indexed(&value, &index))
            }
            Postfix::Increment(_) => unsupported("++ and --"),
        }
    }
}

/// An item of an array, by its place, the last one as -1; an entry of a hash table by its key.
fn indexed(value: &Value, index: &Value) -> Value {
    if let Value::Array(places) = index {
        let found: Vec<_> = places.iter().map(|place| indexed(value, place)).collect();
        return Value::Array(found.into());
    }
    if let Value::Hash(_) = value {
        return value.member(&index.text()).unwrap_or(Value::NULL);
    }
    let items = value.clone().items();
    let Some(place) = index.as_i64() else {
        return Value::NULL;
    };
    let place = if place < 0 {
        usize::try_from(-place)
            .ok()
            .and_then(|back| items.len().checked_sub(back))
    } else {
        usize::try_from(place).ok()
    };
    place
        .and_then(|place| items.get(place).cloned())
        .unwrap_or(Value::NULL)
}

fn cast(name: &str, value: Value) -> std::result::Result<Value, Error> {
    let wrong = || {
        let message = format!("'{}' cannot be made a [{name}].", value.text());
        Error::new("InvalidArgument", "InvalidCastFromStringToInteger", message)
    };
    Ok(
        match name.to_ascii_lowercase().trim_start_matches("system.") {
            "int" | "int32" | "long" | "int64" => {
                let number = value.as_i64().or_else(|| product(value.as_str()?));
                whole(number.ok_or_else(wrong)?)
            }
            "string" => value.text().into(),
            "bool" | "switch" => value.truth().into(),
            "guid" => {
                let guid = Uuid::parse_str(value.text().trim()).map_err(|_| wrong())?;
                Value::Plain(clixml::Value::Guid(guid))
            }
            "uri" => Value::Plain(clixml::Value::Uri(value.text().into())),
            "array" | "object[]" | "string[]" | "int[]" => Value::Array(value.items().into()),
            "ordered" | "hashtable" if matches!(value, Value::Hash(_)) => value,
            "pscustomobject" => match &value {
                Value::Hash(entries) => {
                    let members = entries
                        .iter()
                        .map(|(name, value)| (name.text(), value.plain()));
                    let object = Object::bag(members).with_types([
                        "System.Management.Automation.PSCustomObject",
                        "System.Object",
                    ]);
                    Value::Plain(object.into())
                }
                _ => value,
            },
            "scriptblock" => match value {
                Value::Script(_) => value,
                other => Value::Script(Arc::from(other.text())),
            },
            _ => return Err(Error::unsupported(&format!("the type [{name}]"))),
        },
    )
}

pub(super) fn whole(number: i64) -> Value {
    Value::Plain(match i32::try_from(number) {
        Ok(small) => small.into(),
        Err(_) => number.into(),
    })
}

fn number_value(number: Number) -> Value {
    Value::Plain(match number {
        Number::SByte(number) => clixml::Value::SByte(number),
        Number::Byte(number) => clixml::Value::Byte(number),
        Number::Int16(number) => clixml::Value::Int16(number),
        Number::UInt16(number) => clixml::Value::UInt16(number),
        Number::Int32(number) => clixml::Value::Int32(number),
        Number::UInt32(number) => clixml::Value::UInt32(number),
        Number::Int64(number) => clixml::Value::Int64(number),
        Number::UInt64(number) => clixml::Value::UInt64(number),
        Number::Double(number) => clixml::Value::Double(number),
        #[expect(clippy::cast_precision_loss, reason = "no cmdlet takes more digits")]
        Number::Decimal { mantissa, scale } => {
            clixml::Value::Double(mantissa as f64 / 10_f64.powi(scale.into()))
        }
    })
}
