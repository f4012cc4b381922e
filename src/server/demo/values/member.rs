//! Members of values: properties and indices.

use super::{array, collected, count, text};
use crate::clixml::{Content, Value};
use crate::psrp::Secret;
use crate::server::demo::fault::Fault;

/// `$value.name`.
pub(in crate::server::demo) fn get(value: &Value, name: &str) -> Value {
    let lower = name.to_lowercase();
    let counts = matches!(lower.as_str(), "count" | "length");
    match value {
        Value::String(text) if counts => count(text.encode_utf16().len()),
        Value::SecureString(text) if counts => {
            count(Secret::try_from(text).map_or(0, |secret| secret.len()))
        }
        value => match (value.as_list(), value.as_dictionary()) {
            (Some(items), _) if counts => count(items.len()),
            (Some(items), _) => {
                let found = items.iter().map(|item| get(item, name));
                collected(found.filter(|value| *value != Value::Null).collect())
            }
            (_, Some(entries)) => {
                let named = |(key, _): &&(Value, Value)| text(key).eq_ignore_ascii_case(name);
                match (entries.iter().find(named), lower.as_str()) {
                    (Some((_, value)), _) => value.clone(),
                    (_, "keys") => array(entries.iter().map(|(key, _)| key.clone()).collect()),
                    (_, "values") => {
                        array(entries.iter().map(|(_, value)| value.clone()).collect())
                    }
                    _ if counts => count(entries.len()),
                    _ => Value::Null,
                }
            }
            _ => match value.member(name) {
                Some(member) => member.clone(),
                None if counts => count(usize::from(*value != Value::Null)),
                None => Value::Null,
            },
        },
    }
}

/// `$value[index]`.
pub(in crate::server::demo) fn index(value: &Value, index: &Value) -> Value {
    if value.as_dictionary().is_some() {
        return get(value, &text(index));
    }
    let place = |length: usize| {
        let wanted = index.as_i64()?;
        usize::try_from(if wanted < 0 {
            wanted + i64::try_from(length).ok()?
        } else {
            wanted
        })
        .ok()
    };
    let found = match value {
        Value::String(text) => {
            let units = text.encode_utf16();
            place(units.len())
                .and_then(|place| units.get(place).copied())
                .map(Value::Char)
        }
        value => value
            .as_list()
            .and_then(|items| items.get(place(items.len())?))
            .cloned(),
    };
    found.unwrap_or(Value::Null)
}

/// `$holder.name = value`, `$holder[name] = value`.
pub(in crate::server::demo) fn put(
    holder: &mut Value,
    name: &Value,
    value: Value,
) -> Result<(), Fault> {
    let wanted = text(name);
    let same = |other: String| other.eq_ignore_ascii_case(&wanted);
    let place = match holder {
        Value::Object(object) => match &mut object.content {
            Content::Dictionary(entries) => {
                let known = entries.iter().position(|(key, _)| same(text(key)));
                let known = known.unwrap_or(entries.len());
                if known == entries.len() {
                    entries.push((name.clone(), Value::Null));
                }
                entries.get_mut(known).map(|(_, old)| old)
            }
            Content::List(_, items) => name
                .as_i64()
                .and_then(|index| items.get_mut(usize::try_from(index).ok()?)),
            _ => object
                .extended
                .iter_mut()
                .find(|property| same(property.name.to_string()))
                .map(|property| &mut property.value),
        },
        _ => None,
    };
    let message = format!(
        "The property '{wanted}' cannot be found on this object. Verify that the property exists and can be set."
    );
    *place.ok_or_else(|| Fault::new("PropertyNotFound", message))? = value;
    Ok(())
}
