//! How PowerShell turns one kind of value into another, compares and reckons.

use std::cmp::Ordering;

use super::{array, full_type, items, number, object, type_name};
use crate::clixml::Value;
use crate::language::BinaryOperator as B;
use crate::server::demo::fault::Fault;
use crate::server::demo::values;

pub(in crate::server::demo) fn arithmetic(
    name: &str,
    left: &Value,
    right: &Value,
    whole: impl Fn(i64, i64) -> Option<i64>,
    real: impl Fn(f64, f64) -> f64,
) -> Result<Value, Fault> {
    let integer = |value: &Value| match value {
        Value::String(text) => text.to_string().trim().parse().ok(),
        Value::Null => Some(0),
        value => value.as_i64(),
    };
    if let (Some(left), Some(right)) = (integer(left), integer(right))
        && let Some(result) = whole(left, right)
    {
        return Ok(values::whole(result));
    }
    match (number(left), number(right)) {
        (Some(left), Some(right)) => Ok(Value::Double(real(left, right))),
        (Some(_), None) => cast("int", right.clone()),
        _ => {
            let kind = type_name(left);
            let message = format!(
                "Method invocation failed because [{kind}] does not contain a method named '{name}'."
            );
            Err(Fault::new("MethodNotFound", message).target(name))
        }
    }
}

/// `[type]$value`.
pub(in crate::server::demo) fn cast(name: &str, value: Value) -> Result<Value, Fault> {
    let text = values::text(&value);
    let number = number(&value);
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    let whole = number
        .map(f64::round_ties_even)
        .filter(|number| number.abs() < 9e18)
        .map(|number| number as i64);
    let converted = match name.to_lowercase().as_str() {
        "string" => Some(text.as_str().into()),
        "int" => whole
            .and_then(|number| number.try_into().ok())
            .map(Value::Int32),
        "long" => whole.map(Value::Int64),
        "double" => number.map(Value::Double),
        "bool" => Some(values::truth(&value).into()),
        "array" | "object[]" => Some(array(items(value))),
        "pscustomobject" => {
            let entries = value.as_dictionary().unwrap_or_default();
            Some(object(
                None,
                entries
                    .iter()
                    .map(|(key, value)| (values::text(key), value.clone())),
            ))
        }
        _ => {
            return Err(
                Fault::new("TypeNotFound", format!("Unable to find type [{name}].")).target(name),
            );
        }
    };
    converted.ok_or_else(|| {
        let message = format!(
            "Cannot convert value \"{text}\" to type \"{}\". Error: \"The input string '{text}' was not in a correct format.\"",
            full_type(name)
        );
        Fault::new("InvalidCastFromStringToInteger", message).kind("PSInvalidCastException", 5)
    })
}

/// Whether two values are equal as `-eq` sees it.
pub(in crate::server::demo) fn equal(left: &Value, right: &Value, case: bool) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Null, _) | (_, Value::Null) => false,
        _ => order(left, right, case) == Some(Ordering::Equal),
    }
}

/// How two values are ordered: the right one becomes of the left one's kind.
pub(in crate::server::demo) fn order(left: &Value, right: &Value, case: bool) -> Option<Ordering> {
    if let Value::Bool(truth) = left {
        return Some(truth.cmp(&values::truth(right)));
    }
    if !matches!(left, Value::String(_))
        && let (Some(left), Some(right)) = (number(left), number(right))
    {
        return left.partial_cmp(&right);
    }
    let (left, right) = (values::text(left), values::text(right));
    Some(if case {
        left.cmp(&right)
    } else {
        left.to_lowercase().cmp(&right.to_lowercase())
    })
}

pub(in crate::server::demo) fn compares(
    operator: B,
    left: &Value,
    right: &Value,
) -> Result<bool, Fault> {
    let ordered = |case, fits: fn(Ordering) -> bool| order(left, right, case).is_some_and(fits);
    let like = || like(&values::text(left), &values::text(right));
    Ok(match operator {
        B::Equal(case) => equal(left, right, case),
        B::NotEqual(case) => !equal(left, right, case),
        B::Greater(case) => ordered(case, Ordering::is_gt),
        B::GreaterOrEqual(case) => ordered(case, Ordering::is_ge),
        B::Less(case) => ordered(case, Ordering::is_lt),
        B::LessOrEqual(case) => ordered(case, Ordering::is_le),
        B::Like(_) => like(),
        B::NotLike(_) => !like(),
        _ => return Err(Fault::limit("does not know this operator")),
    })
}

/// Whether a text fits a pattern with `*` and `?`, whatever their case.
pub(in crate::server::demo) fn like(text: &str, pattern: &str) -> bool {
    let fold = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
    let (text, pattern) = (fold(text), fold(pattern));
    // `star` is where the last `*` stands, and how much of the text it has taken.
    let (mut at, mut next, mut star) = (0, 0, None);
    while at < text.len() {
        match pattern.get(next) {
            Some('*') => {
                star = Some((next, at));
                next += 1;
            }
            Some(wanted) if *wanted == '?' || text.get(at) == Some(wanted) => {
                at += 1;
                next += 1;
            }
            _ => {
                let Some((place, taken)) = star else {
                    return false;
                };
                star = Some((place, taken + 1));
                (at, next) = (taken + 1, place + 1);
            }
        }
    }
    pattern.iter().skip(next).all(|left| *left == '*')
}
