//! Operators between values.

use std::cmp::Ordering;
use std::iter::repeat_n;

use super::{LARGEST, array, joined};
use crate::clixml::Value;
use crate::language::BinaryOperator as B;
use crate::server::demo::fault::Fault;

/// What an operator makes of two values.
pub(crate) fn operate(by: B, left: Value, right: Value) -> Result<Value, Fault> {
    let is_string = matches!(left, Value::String(_));
    Ok(match by {
        B::Add if is_string => joined([left.text(), right.text()], "")?,
        B::Add if left.as_list().is_some() => array(left.items().into_iter().chain(right.items())),
        B::Add if left == Value::Null => right,
        B::Multiply if is_string => {
            let times = usize::try_from(right.as_i64().unwrap_or_default()).unwrap_or_default();
            joined(repeat_n(left.text(), times), "")?
        }
        B::Add | B::Subtract | B::Multiply | B::Divide | B::Remainder => {
            arithmetic(by, left, right)?
        }
        B::Range => {
            let (from, to) = (left.cast("int")?.as_i32(), right.cast("int")?.as_i32());
            let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
            let numbers = (from.min(to)..=from.max(to)).take(LARGEST + 1);
            let mut numbers: Vec<_> = numbers.map(Value::from).collect();
            if from > to {
                numbers.reverse();
            }
            array(numbers)
        }
        B::Join => joined(left.items().iter().map(Value::text), &right.text())?,
        B::And | B::Or => right.truth().into(),
        _ => match compares(by, &left, &right) {
            None => return Err(Fault::limit("does not know this operator")),
            // What compares picks the fitting items of a list.
            Some(_) if left.as_list().is_some() => {
                let items = left.items().into_iter();
                array(items.filter(|item| compares(by, item, &right) == Some(true)))
            }
            Some(holds) => holds.into(),
        },
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
            let message = "Attempted to divide by zero.";
            return Err(Fault::new("RuntimeException", message));
        }
        B::Divide => a / b,
        _ => a % b,
    }))
}

fn compares(by: B, left: &Value, right: &Value) -> Option<bool> {
    let null = |value: &Value| *value == Value::Null;
    let equal = |case| null(left) == null(right) && order(left, right, case).is_eq();
    Some(match by {
        B::Equal(case) => equal(case),
        B::NotEqual(case) => !equal(case),
        B::Greater(case) => order(left, right, case).is_gt(),
        B::GreaterOrEqual(case) => order(left, right, case).is_ge(),
        B::Less(case) => order(left, right, case).is_lt(),
        B::LessOrEqual(case) => order(left, right, case).is_le(),
        B::Like(_) => like(&left.text(), &right.text()),
        B::NotLike(_) => !like(&left.text(), &right.text()),
        _ => return None,
    })
}

/// How two values are ordered: the right one becomes of the left one's kind.
pub(crate) fn order(left: &Value, right: &Value, case: bool) -> Ordering {
    match (left, left.number(), right.number()) {
        (Value::Bool(left), ..) => left.cmp(&right.truth()),
        (Value::String(_), ..) | (_, None, _) | (.., None) => {
            let text = |value: &Value| match value.text() {
                text if case => text,
                text => text.to_lowercase(),
            };
            text(left).cmp(&text(right))
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
