//! Members of values: properties, indices, methods.

use super::{array, collected};
use crate::clixml::{Content, Value};
use crate::psrp::Secret;
use crate::server::demo::fault::Fault;

impl Value {
    /// `$value.name`.
    pub(crate) fn get(&self, name: &str) -> Self {
        let entries = self.as_dictionary().unwrap_or_default().iter();
        let mut entries = entries.map(|(key, value)| (key.text(), value));
        let entry = entries.find(|(key, _)| key.eq_ignore_ascii_case(name));
        if let Some(found) = entry.map(|(_, value)| value).or(self.member(name)) {
            return found.clone();
        }
        match name.to_lowercase().as_str() {
            "count" | "length" => {
                let length = match self {
                    Self::String(text) => text.encode_utf16().len(),
                    Self::SecureString(text) => Secret::try_from(text).map_or(0, |text| text.len()),
                    _ => {
                        let entries = self.as_dictionary().map(<[_]>::len);
                        entries.or(self.as_list().map(<[_]>::len)).unwrap_or(1)
                    }
                };
                i32::try_from(length).unwrap_or(i32::MAX).into()
            }
            _ => {
                let found = self.as_list().unwrap_or_default().iter();
                collected(found.flat_map(|item| item.get(name).items()).collect())
            }
        }
    }

    /// `$value[index]`.
    pub(crate) fn index(&self, index: &Self) -> Self {
        let Some(items) = self.as_list() else {
            return self.get(&index.text());
        };
        let place = index.as_i32().unwrap_or(i32::MAX);
        let from_end = usize::try_from(place.unsigned_abs()).unwrap_or(usize::MAX);
        let place = match place {
            0.. => Some(from_end),
            _ => items.len().checked_sub(from_end),
        };
        place
            .and_then(|place| items.get(place))
            .cloned()
            .unwrap_or_default()
    }

    /// `$value.name = value`; says whether there is such a property.
    pub(crate) fn put(&mut self, name: &str, value: Self) -> Option<()> {
        let Self::Object(object) = self else {
            return None;
        };
        if let Content::Dictionary(entries) = &mut object.content {
            entries.retain(|(key, _)| !key.text().eq_ignore_ascii_case(name));
            entries.push((name.into(), value));
        } else {
            let mut members = object.extended.iter_mut();
            let member = members.find(|member| member.name.eq_ignore_ascii_case(name))?;
            member.value = value;
        }
        Some(())
    }

    /// `$value.name(…)`.
    pub(crate) fn call(&self, name: &str, arguments: &[Self]) -> Result<Self, Fault> {
        let text = self.text();
        let first = arguments.first().map(Self::text).unwrap_or_default();
        Ok(match (self, name.to_lowercase().as_str()) {
            (Self::Null, _) => {
                let message = "You cannot call a method on a null-valued expression.";
                return Err(Fault::new("InvokeMethodOnNull", message));
            }
            (_, "tostring") => text.into(),
            (Self::String(_), "toupper") => text.to_uppercase().into(),
            (Self::String(_), "tolower") => text.to_lowercase().into(),
            (Self::String(_), "trim") => text.trim().into(),
            (Self::String(_), "contains") => text.contains(&first).into(),
            (Self::String(_), "startswith") => text.starts_with(&first).into(),
            (Self::String(_), "split") => array(text.split(&first).map(Self::from)),
            _ => {
                let kind = self.type_name();
                let message = format!(
                    "Method invocation failed because [{kind}] does not contain a method named '{name}'."
                );
                return Err(Fault::new("MethodNotFound", message));
            }
        })
    }
}
