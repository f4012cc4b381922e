//! Operators between values.

use super::{Evaluator, Fault, ITEMS, Run};
use crate::clixml::Value;
use crate::language::BinaryOperator as B;
use crate::server::demo::values::{self, arithmetic, compares, equal};

impl Evaluator<'_> {
    #[expect(clippy::too_many_lines, reason = "a table of operators")]
    pub(in crate::server::demo) fn operate(
        &mut self,
        operator: B,
        left: Value,
        right: Value,
    ) -> Run<Value> {
        self.step()?;
        let size = |times: &Value, length: usize| {
            let times = usize::try_from(times.as_i64().unwrap_or_default()).unwrap_or_default();
            if length.saturating_mul(times) > ITEMS {
                Err(Fault::limit("makes no value that large"))
            } else {
                Ok(times)
            }
        };
        Ok(match operator {
            B::Add if matches!(left, Value::String(_)) => {
                let text = values::text(&left) + &values::text(&right);
                size(&Value::Int32(1), text.len())?;
                text.into()
            }
            B::Add if left.as_list().is_some() => {
                let mut items = values::items(left);
                items.extend(values::items(right));
                size(&Value::Int32(1), items.len())?;
                values::array(items)
            }
            B::Add if left == Value::Null => right,
            B::Add => arithmetic("op_Addition", &left, &right, i64::checked_add, |a, b| a + b)?,
            B::Subtract => {
                arithmetic("op_Subtraction", &left, &right, i64::checked_sub, |a, b| {
                    a - b
                })?
            }
            B::Multiply if matches!(left, Value::String(_)) => {
                let text = values::text(&left);
                text.repeat(size(&right, text.len())?).into()
            }
            B::Multiply => {
                arithmetic("op_Multiply", &left, &right, i64::checked_mul, |a, b| a * b)?
            }
            B::Divide | B::Remainder if right.as_i64() == Some(0) && left.as_i64().is_some() => {
                let fault = Fault::new("RuntimeException", "Attempted to divide by zero.");
                return Err(fault.kind("RuntimeException", 0).into());
            }
            B::Divide => {
                let exact = |a: i64, b: i64| {
                    a.checked_rem(b)
                        .filter(|rest| *rest == 0)
                        .and(a.checked_div(b))
                };
                arithmetic("op_Division", &left, &right, exact, |a, b| a / b)?
            }
            B::Remainder => {
                arithmetic("op_Modulus", &left, &right, i64::checked_rem, |a, b| a % b)?
            }
            B::Range => {
                let (Some(from), Some(to)) = (left.as_i64(), right.as_i64()) else {
                    return Err(Fault::limit("counts from number to number only").into());
                };
                size(
                    &Value::Int32(1),
                    usize::try_from(from.abs_diff(to)).unwrap_or(usize::MAX),
                )?;
                let mut items: Vec<_> = (from.min(to)..=from.max(to)).map(values::whole).collect();
                if from > to {
                    items.reverse();
                }
                values::array(items)
            }
            B::Format => {
                let mut text = values::text(&left);
                for (index, value) in values::items(right).iter().enumerate() {
                    text = text.replace(&format!("{{{index}}}"), &values::text(value));
                    size(&Value::Int32(1), text.len())?;
                }
                text.into()
            }
            B::Join => {
                let items: Vec<_> = values::items(left).iter().map(values::text).collect();
                items.join(&values::text(&right)).into()
            }
            B::Split(_) => {
                let (text, by) = (values::text(&left), values::text(&right));
                values::array(text.split(&by).map(Value::from).collect())
            }
            B::And | B::Or => values::truth(&right).into(),
            B::Coalesce => right,
            B::In(case) | B::NotIn(case) => {
                let found = values::items(right)
                    .iter()
                    .any(|item| equal(item, &left, case));
                (found == matches!(operator, B::In(_))).into()
            }
            B::Contains(case) | B::NotContains(case) => {
                let found = values::items(left)
                    .iter()
                    .any(|item| equal(item, &right, case));
                (found == matches!(operator, B::Contains(_))).into()
            }
            // What compares picks the fitting items of a list.
            _ => match left.as_list() {
                Some(items) => {
                    let mut fitting = Vec::new();
                    for item in items {
                        if compares(operator, item, &right)? {
                            fitting.push(item.clone());
                        }
                    }
                    values::array(fitting)
                }
                None => compares(operator, &left, &right)?.into(),
            },
        })
    }
}
