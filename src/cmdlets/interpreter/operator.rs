//! Operators between values.

use std::cmp::Ordering;

use super::expression::whole;
use crate::clixml;
use crate::cmdlets::Error;
use crate::cmdlets::value::Value;
use crate::language::{BinaryOperator as B, WildcardPattern};

/// The most items or characters that an operator makes.
const MOST: usize = 1_000_000;

/// What an operator makes of two values.
pub(in crate::cmdlets) fn operate(by: B, left: Value, right: Value) -> Result<Value, Error> {
    let is_string = left.as_str().is_some();
    Ok(match by {
        B::And | B::Or => right.truth().into(),
        B::Xor => (left.truth() != right.truth()).into(),
        B::Coalesce => right,
        B::Add if is_string => format!("{}{}", left.text(), right.text()).into(),
        B::Add if matches!(left, Value::Array(_)) => {
            let mut items = left.items();
            items.extend(right.items());
            Value::Array(items.into())
        }
        B::Add if left.is_null() => right,
        B::Add if matches!((&left, &right), (Value::Hash(_), Value::Hash(_))) => {
            match (left, right) {
                (Value::Hash(left), Value::Hash(right)) => {
                    Value::Hash(left.iter().chain(right.iter()).cloned().collect())
                }
                (left, _) => left,
            }
        }
        B::Multiply if is_string => {
            let text = left.text();
            let times = usize::try_from(right.as_i64().unwrap_or_default()).unwrap_or_default();
            if text.len().saturating_mul(times) > MOST {
                return Err(Error::new(
                    "InvalidOperation",
                    "OutOfMemory",
                    "The text would be too long.",
                ));
            }
            text.repeat(times).into()
        }
        B::Add | B::Subtract | B::Multiply | B::Divide | B::Remainder => {
            arithmetic(by, &left, &right)?
        }
        B::Range => {
            let end = |value: &Value| value.as_i64().or_else(|| value.text().trim().parse().ok());
            let (Some(from), Some(to)) = (end(&left), end(&right)) else {
                return Err(no_number(if end(&left).is_none() { &left } else { &right }));
            };
            if from.abs_diff(to) >= MOST as u64 {
                return Err(Error::new(
                    "InvalidOperation",
                    "OutOfMemory",
                    "The range is too long.",
                ));
            }
            let mut items: Vec<_> = (from.min(to)..=from.max(to)).map(whole).collect();
            if from > to {
                items.reverse();
            }
            Value::Array(items.into())
        }
        B::Join => {
            let items: Vec<_> = left.items().iter().map(Value::text).collect();
            items.join(&right.text()).into()
        }
        B::Contains(case) => left
            .items()
            .iter()
            .any(|item| equal(item, &right, case))
            .into(),
        B::NotContains(case) => (!left.items().iter().any(|item| equal(item, &right, case))).into(),
        B::In(case) => right
            .items()
            .iter()
            .any(|item| equal(item, &left, case))
            .into(),
        B::NotIn(case) => (!right.items().iter().any(|item| equal(item, &left, case))).into(),
        by => match compares(by, &left, &right) {
            None => return Err(Error::unsupported("this operator")),
            // Of an array, what compares picks the fitting items.
            Some(_) if matches!(left, Value::Array(_)) => {
                let items = left.items().into_iter();
                let fitting = items.filter(|item| compares(by, item, &right) == Some(true));
                Value::Array(fitting.collect())
            }
            Some(holds) => holds.into(),
        },
    })
}

/// How two values are ordered; numbers as numbers, everything else as text.
pub(in crate::cmdlets) fn compare(left: &Value, right: &Value, case: bool) -> Ordering {
    if left.is_null() || right.is_null() {
        return right.is_null().cmp(&left.is_null());
    }
    if left.as_str().is_none()
        && let (Some(left), Some(right)) = (number(left), number(right))
    {
        return left.total_cmp(&right);
    }
    if let (
        Value::Plain(clixml::Value::DateTime(left)),
        Value::Plain(clixml::Value::DateTime(right)),
    ) = (left, right)
    {
        return left.ticks.cmp(&right.ticks);
    }
    let text = |value: &Value| match value.text() {
        text if case => text,
        text => text.to_lowercase(),
    };
    text(left).cmp(&text(right))
}

/// Whether a text fits a wildcard pattern, whatever their case.
pub(in crate::cmdlets) fn like(text: &str, pattern: &str) -> bool {
    WildcardPattern::new(pattern).fits(text)
}

fn equal(left: &Value, right: &Value, case: bool) -> bool {
    if let Value::Plain(clixml::Value::Bool(left)) = left {
        return *left == right.truth();
    }
    left.is_null() == right.is_null() && compare(left, right, case).is_eq()
}

fn compares(by: B, left: &Value, right: &Value) -> Option<bool> {
    Some(match by {
        B::Equal(case) => equal(left, right, case),
        B::NotEqual(case) => !equal(left, right, case),
        B::Greater(case) => compare(left, right, case).is_gt(),
        B::GreaterOrEqual(case) => compare(left, right, case).is_ge(),
        B::Less(case) => compare(left, right, case).is_lt(),
        B::LessOrEqual(case) => compare(left, right, case).is_le(),
        B::Like(_) => like(&left.text(), &right.text()),
        B::NotLike(_) => !like(&left.text(), &right.text()),
        _ => return None,
    })
}

fn number(value: &Value) -> Option<f64> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "as PowerShell compares and divides"
    )]
    match value {
        Value::Plain(clixml::Value::Double(number)) => Some(*number),
        Value::Plain(clixml::Value::Bool(truth)) => Some(f64::from(u8::from(*truth))),
        value if value.is_null() => Some(0.0),
        value => match value.as_i64() {
            Some(number) => Some(number as f64),
            None => value.as_str()?.trim().parse().ok(),
        },
    }
}

fn arithmetic(by: B, left: &Value, right: &Value) -> Result<Value, Error> {
    if let (Some(a), Some(b)) = (left.as_i64(), right.as_i64()) {
        let exact = match by {
            B::Add => a.checked_add(b),
            B::Subtract => a.checked_sub(b),
            B::Multiply => a.checked_mul(b),
            _ if b == 0 => {
                return Err(Error::new(
                    "NotSpecified",
                    "RuntimeException",
                    "A number cannot be divided by zero.",
                ));
            }
            B::Divide if a.checked_rem(b) == Some(0) => a.checked_div(b),
            B::Divide => None,
            _ => a.checked_rem(b),
        };
        if let Some(number) = exact {
            return Ok(whole(number));
        }
    }
    let (Some(a), Some(b)) = (number(left), number(right)) else {
        return Err(no_number(if number(left).is_none() { left } else { right }));
    };
    let result = match by {
        B::Add => a + b,
        B::Subtract => a - b,
        B::Multiply => a * b,
        B::Divide => a / b,
        _ => a % b,
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole numbers stay whole where they fit"
    )]
    Ok(
        if result.fract() == 0.0
            && result.abs() < 9e15
            && !matches!(
                (left, right),
                (Value::Plain(clixml::Value::Double(_)), _)
                    | (_, Value::Plain(clixml::Value::Double(_)))
            )
        {
            whole(result as i64)
        } else {
            Value::Plain(clixml::Value::Double(result))
        },
    )
}

fn no_number(value: &Value) -> Error {
    let message = format!("'{}' is no number.", value.text());
    Error::new("InvalidArgument", "InvalidCastFromStringToInteger", message)
}
