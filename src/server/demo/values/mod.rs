//! Values of the demonstration are CLIXML's own; here is how they are made and how they read.

mod convert;
mod member;
mod operator;

pub(super) use self::operator::{like, operate, order};
use super::fault::Fault;
use crate::clixml::{Object, Text, Value};

/// The most items of an array and bytes of a string.
pub(super) const LARGEST: usize = 1_000_000;

/// An `object[]`.
pub(super) fn array(items: impl IntoIterator<Item = Value>) -> Value {
    let types = ["System.Object[]", "System.Array", "System.Object"];
    Object::list(items).with_types(types).into()
}

/// An object with a more derived type than `PSCustomObject`.
pub(super) fn object<N: Into<Text>>(
    type_name: &str,
    members: impl IntoIterator<Item = (N, Value)>,
) -> Value {
    let custom = "System.Management.Automation.PSCustomObject";
    let types = [type_name, custom, "System.Object"];
    Object::bag(members).with_types(types).into()
}

/// Nothing, one value as it is, or several as an array.
pub(super) fn collected(mut values: Vec<Value>) -> Value {
    if values.len() > 1 {
        array(values)
    } else {
        values.pop().unwrap_or_default()
    }
}

/// Texts one behind the other, as long as they are not too much.
pub(super) fn joined(
    texts: impl IntoIterator<Item = String>,
    between: &str,
) -> Result<Value, Fault> {
    let mut whole = String::new();
    for (place, text) in texts.into_iter().enumerate() {
        whole += if place > 0 { between } else { "" };
        whole += &text;
        if whole.len().max(place) > LARGEST {
            return Err(Fault::limit("makes no value that large"));
        }
    }
    Ok(whole.into())
}
