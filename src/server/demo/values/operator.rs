//! Operators between values.

use std::cmp::Ordering;

use super::{LARGEST, array, joined};
use crate::clixml::Value;
use crate::language::BinaryOperator as B;
use crate::server::demo::fault::Fault;

/// What an operator makes of two values.
pub(crate) fn operate(by: B, left: Value, right: Value) -> Result<Value, Fault> {
    let string = matches!(left, Value::String(_));
    Ok(match by {
        B::Add if string => joined([left.text(), right.text()], "")?,
        B::Add if left.as_list().is_some() => array(left.items().into_iter().chain(right.items())),
        B::Add if left == Value::Null => right,
        B::Multiply if string => {
            let times = usize::try_from(right.as_i64().unwrap_or_default());
            joined(
                std::iter::repeat_n(left.text(), times.unwrap_or_default()),
                "",
            )?
        }
        B::Add | B::Subtract | B::Multiply | B::Divide | B::Remainder => {
            arithmetic(by, left, right)?
        }
        B::Range => {
            let (Some(from), Some(to)) = (left.as_i32(), right.as_i32()) else {
                return Err(Fault::limit("counts from number to number only"));
            };
            let numbers = from.min(to)..=from.max(to);
            let mut numbers: Vec<_> = numbers.take(LARGEST + 1).map(Value::from).collect();
            if from > to {
                numbers.reverse();
            }
            array(numbers)
        }
        B::Join => joined(left.items().iter().map(Value::text), &right.text())?,
        B::And | B::Or => right.truth().into(),
        B::In(case) => operate(B::Contains(case), right, left)?,
        B::Contains(case) => {
            let mut items = left.items().into_iter();
            items.any(|item| equal(&item, &right, case)).into()
        }
        _ if left.as_list().is_some() => {
            // What compares picks the fitting items of a list.
            let mut fitting = Vec::new();
            for item in left.items() {
                if compares(by, &item, &right)? {
                    fitting.push(item);
                }
            }
            array(fitting)
        }
        _ => compares(by, &left, &right)?.into(),
    })
}

fn arithmetic(by: B, left: Value, right: Value) -> Result<Value, Fault> {
    let (Some(a), Some(b)) = (left.number(), right.number()) else {
        return if left.number().is_some() { right } else { left }.cast("int");
    };
    Ok(Value::whole(match by {
        B::Add => a + b,
        B::Subtract => a - b,
        B::Multiply => a * b,
        _ if b == 0.0 => {
            return Err(Fault::new(
                "RuntimeException",
                "Attempted to divide by zero.",
            ));
        }
        B::Divide => a / b,
        _ => a % b,
    }))
}

fn compares(by: B, left: &Value, right: &Value) -> Result<bool, Fault> {
    let ordered = |case, fits: fn(Ordering) -> bool| fits(order(left, right, case));
    Ok(match by {
        B::Equal(case) => equal(left, right, case),
        B::NotEqual(case) => !equal(left, right, case),
        B::Greater(case) => ordered(case, Ordering::is_gt),
        B::GreaterOrEqual(case) => ordered(case, Ordering::is_ge),
        B::Less(case) => ordered(case, Ordering::is_lt),
        B::LessOrEqual(case) => ordered(case, Ordering::is_le),
        B::Like(_) => like(&left.text(), &right.text()),
        B::NotLike(_) => !like(&left.text(), &right.text()),
        _ => return Err(Fault::limit("does not know this operator")),
    })
}

fn equal(left: &Value, right: &Value, case: bool) -> bool {
    let null = |value: &Value| *value == Value::Null;
    null(left) == null(right) && order(left, right, case).is_eq()
}

/// How two values are ordered: the right one becomes of the left one's kind.
pub(crate) fn order(left: &Value, right: &Value, case: bool) -> Ordering {
    match (left, left.number(), right.number()) {
        (Value::Bool(left), ..) => left.cmp(&right.truth()),
        (Value::String(_), ..) | (_, None, _) | (.., None) => {
            let (left, right) = (left.text(), right.text());
            if case {
                left.cmp(&right)
            } else {
                left.to_lowercase().cmp(&right.to_lowercase())
            }
        }
        (_, Some(left), Some(right)) => left.total_cmp(&right),
    }
}

/// Whether a text fits a pattern with `*`, whatever their case.
pub(crate) fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (text.to_lowercase(), pattern.to_lowercase());
    let Some((first, pattern)) = pattern.split_once('*') else {
        return text == pattern;
    };
    let (middle, last) = pattern.rsplit_once('*').unwrap_or(("", pattern));
    let inner = text.strip_prefix(first);
    let Some(mut rest) = inner.and_then(|inner| inner.strip_suffix(last)) else {
        return false;
    };
    middle.split('*').all(|part| {
        let found = rest.split_once(part);
        rest = found.map_or("", |(_, behind)| behind);
        found.is_some()
    })
}
