//! JSON text as PowerShell's values, as `ConvertFrom-Json` makes them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::clixml::{Content, ListKind, Object, Property, Value};

/// Reads one JSON value; members of objects keep their order.
pub(super) fn value(text: &str) -> Result<Value, String> {
    serde_json::from_str::<Read>(text)
        .map(|read| read.0)
        .map_err(|error| error.to_string())
}

struct Read(Value);

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader).map(Read)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        Ok(truth.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(i32::try_from(number).map_or(Value::Int64(number), Value::Int32))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(match i64::try_from(number) {
            Ok(number) => return self.visit_i64(number),
            Err(_) => Value::UInt64(number),
        })
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Double(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Read(item)) = items.next_element()? {
            list.push(item);
        }
        let mut array =
            Object::default().with_types(["System.Object[]", "System.Array", "System.Object"]);
        array.content = Content::List(ListKind::List, list);
        Ok(array.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Object::default().with_types([
            "System.Management.Automation.PSCustomObject",
            "System.Object",
        ]);
        while let Some((name, Read(member))) = members.next_entry::<String, Read>()? {
            // The last of a name counts, as in PowerShell and JavaScript.
            object
                .extended
                .retain(|known| known.name.as_str() != Some(name.as_str()));
            object.extended.push(Property::new(name, member));
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_the_smallest_type_that_powershell_would() {
        assert_eq!(value("1").unwrap(), Value::Int32(1));
        assert_eq!(value("-3000000000").unwrap(), Value::Int64(-3_000_000_000));
        assert_eq!(
            value("18446744073709551615").unwrap(),
            Value::UInt64(u64::MAX)
        );
        assert_eq!(value("1.5").unwrap(), Value::Double(1.5));
        assert_eq!(value("null").unwrap(), Value::Null);
        assert_eq!(value("\"a\"").unwrap(), "a".into());
    }

    #[test]
    fn members_keep_their_order() {
        let object = value(r#"{"b": [1, true], "a": {}, "b2": 0}"#).unwrap();
        let names: Vec<_> = object
            .as_object()
            .unwrap()
            .extended
            .iter()
            .map(|member| member.name.as_str().unwrap())
            .collect();
        assert_eq!(names, ["b", "a", "b2"]);
        assert_eq!(
            object.member("b").unwrap().as_list().unwrap(),
            [Value::Int32(1), Value::Bool(true)]
        );
    }

    #[test]
    fn deep_nesting_is_an_error() {
        assert!(value(&"[".repeat(100_000)).is_err());
        assert!(value("{").is_err());
        assert!(value("1 2").is_err());
    }
}
