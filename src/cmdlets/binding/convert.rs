//! Values as their parameters want them.

use std::sync::Arc;

use uuid::Uuid;

use crate::clixml;
use crate::cmdlets::Error;
use crate::cmdlets::metadata::Parameter;
use crate::cmdlets::options::SessionOption;
use crate::cmdlets::value::{Credential, Value};

/// The value of a parameter that is certainly meant; the error says what is wrong with it.
pub(super) fn argument(parameter: &Parameter, value: &Value) -> Result<Value, Error> {
    let refused = |id: &str, why: String| {
        let message = format!(
            "The parameter '{}' does not take this value: {why}.",
            parameter.name
        );
        Err(Error::new("InvalidArgument", id, message).target(parameter.name))
    };
    let takes_anything = matches!(parameter.kind, "Object" | "PSObject");
    if value.is_null() && !takes_anything && !parameter.is_switch() {
        return refused(
            "ParameterArgumentValidationErrorNullNotAllowed",
            "it is null".into(),
        );
    }
    if value.as_str() == Some("") && matches!(parameter.kind, "String" | "Uri") {
        let why = "it is empty".to_owned();
        return refused("ParameterArgumentValidationErrorEmptyStringNotAllowed", why);
    }
    if parameter.kind == "PSSessionOption"
        && let Value::Hash(entries) = value
    {
        return option(entries).map_err(|mut error| {
            error.record.fully_qualified_error_id = "ParameterArgumentTransformationError".into();
            error
        });
    }
    let Some(found) = fitting(parameter, value, true) else {
        let mut error = mismatch(parameter.name, value, parameter.kind);
        if !parameter.values.is_empty() {
            error
                .record
                .message
                .push_str(&format!(" It is one of {}.", parameter.values.join(", ")));
        }
        return Err(error);
    };
    if let Some((least, most)) = parameter.range {
        for number in found.clone().items().iter().filter_map(Value::as_i64) {
            if !(least..=most).contains(&number) {
                let why = format!("{number} is not between {least} and {most}");
                return refused("ParameterArgumentValidationError", why);
            }
        }
    }
    if parameter.is_switch() && parameter.values == ["true"] && !found.truth() {
        return refused(
            "ParameterArgumentValidationError",
            "it can only be true".into(),
        );
    }
    Ok(found)
}

/// The value as the parameter wants it, if it is that already or (`coerce`) can be made that.
pub(super) fn fitting(parameter: &Parameter, value: &Value, coerce: bool) -> Option<Value> {
    let one = |value: &Value| element(parameter, value, coerce);
    if !parameter.list {
        return match value {
            Value::Array(items) if parameter.kind != "Object" && parameter.kind != "PSObject" => {
                match &**items {
                    [item] if coerce => one(item),
                    _ => None,
                }
            }
            value => one(value),
        };
    }
    match value {
        Value::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(one).collect();
            items.map(|items| Value::Array(items.into()))
        }
        value => {
            if let Some(item) = one(value) {
                return Some(Value::Array([item].into()));
            }
            // A list that a server sent.
            let list = matches!(value, Value::Plain(value) if value.as_list().is_some());
            let items = value.clone().items();
            let items: Option<Vec<_>> = items.iter().map(one).collect();
            items
                .filter(|_| list && coerce)
                .map(|items| Value::Array(items.into()))
        }
    }
}

/// A value that is not what a parameter wants.
pub(super) fn mismatch(name: &str, value: &Value, kind: &str) -> Error {
    let message = format!(
        "The parameter '{name}' wants a {kind}: '{}' of the type {} is none.",
        value.text(),
        value.type_name()
    );
    Error::new("InvalidArgument", "CannotConvertArgumentNoMessage", message).target(name)
}

/// A number, or a product of numbers as the documentation writes it: `60*60*15`.
pub(in crate::cmdlets) fn product(text: &str) -> Option<i64> {
    text.trim().split('*').try_fold(1_i64, |product, factor| {
        product.checked_mul(factor.trim().parse().ok()?)
    })
}

fn element(parameter: &Parameter, value: &Value, coerce: bool) -> Option<Value> {
    let base = match value {
        Value::Plain(value) => Some(value.base()),
        _ => None,
    };
    let is = |fits: bool| fits.then(|| value.clone());
    let exact = match parameter.kind {
        "String" => is(matches!(base, Some(clixml::Value::String(_)))),
        "Int32" => is(matches!(base, Some(clixml::Value::Int32(_)))),
        "Guid" => is(matches!(base, Some(clixml::Value::Guid(_)))),
        "Uri" => is(matches!(base, Some(clixml::Value::Uri(_)))),
        "Switch" => is(matches!(base, Some(clixml::Value::Bool(_)))),
        "PSSession" => is(matches!(value, Value::Session(_))),
        "Job" => is(matches!(value, Value::Job(_))),
        "PSCredential" => is(matches!(value, Value::Credential(_))),
        "PSSessionOption" => is(matches!(value, Value::Option(_))),
        "Hashtable" | "PSPrimitiveDictionary" => is(matches!(value, Value::Hash(_))),
        "ScriptBlock" => is(matches!(value, Value::Script(_))),
        "Object" | "PSObject" => Some(value.clone()),
        _ => None,
    };
    if exact.is_some() || !coerce || value.is_null() {
        return exact;
    }
    if !parameter.values.is_empty() && !parameter.is_switch() {
        return enumerated(parameter, value);
    }
    match parameter.kind {
        "Int32" => {
            let number = match base {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "rounded, and checked below"
                )]
                Some(clixml::Value::Double(number)) => Some(number.round() as i64),
                _ => value.as_i64().or_else(|| product(value.as_str()?)),
            };
            let number = i32::try_from(number?).ok()?;
            Some(Value::Plain(number.into()))
        }
        "Guid" => {
            let guid = Uuid::parse_str(value.as_str()?.trim()).ok()?;
            Some(Value::Plain(clixml::Value::Guid(guid)))
        }
        "Uri" => Some(Value::Plain(clixml::Value::Uri(value.as_str()?.into()))),
        "Switch" => base.map(|_| value.truth().into()),
        "PSCredential" => {
            let user = value.as_str().filter(|user| !user.is_empty())?.to_owned();
            Some(Value::Credential(Arc::new(Credential {
                user,
                password: None,
            })))
        }
        "PSSessionOption" => match value {
            Value::Hash(entries) => option(entries).ok(),
            _ => None,
        },
        "PSSession" | "Job" | "Hashtable" | "PSPrimitiveDictionary" | "ScriptBlock" => None,
        "TimeSpan" => value.as_i64().map(|_| value.clone()),
        _ => Some(value.text().into()),
    }
}

/// A member of an enumeration, by its name or an unambiguous beginning of it.
fn enumerated(parameter: &Parameter, value: &Value) -> Option<Value> {
    let text = value.text();
    let values = parameter.values.iter();
    if let Some(exact) = values.clone().find(|name| name.eq_ignore_ascii_case(&text)) {
        return Some((*exact).into());
    }
    let begins = |name: &&&str| {
        !text.is_empty()
            && name
                .get(..text.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(&text))
    };
    let mut found = values.filter(begins);
    let first = found.next()?;
    found.next().is_none().then(|| (*first).into())
}

fn option(entries: &[(Value, Value)]) -> Result<Value, Error> {
    let mut option = SessionOption::default();
    for (name, value) in entries {
        option.set(&name.text(), value.clone())?;
    }
    Ok(Value::Option(Arc::new(option)))
}
