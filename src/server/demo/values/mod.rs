//! Values of the demonstration are CLIXML's own; here is how they are made, and how one kind becomes another.

mod operator;

pub(super) use self::operator::{like, operate, order};
use super::fault::Fault;
use crate::clixml::{Object, Text, Value};
use crate::psrp::Secret;

/// The most items of a value and bytes of a string.
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
        return array(values);
    }
    values.pop().unwrap_or_default()
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

impl Value {
    /// `[string]$value`.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Bool(true) => "True".into(),
            Self::Bool(false) => "False".into(),
            Self::Double(number) => number.to_string(),
            Self::DateTime(time) => time.general(),
            Self::Object(object) => match (&object.to_string, self.as_list()) {
                (Some(text), _) => text.to_string(),
                (None, Some(items)) => items.iter().map(Self::text).collect::<Vec<_>>().join(" "),
                (None, None) => self.type_name(),
            },
            Self::SecureString(_) => self.type_name(),
            value => match (value.as_text(), value.as_i64()) {
                (Some(text), _) => text.to_string(),
                (None, number) => number.map(|number| number.to_string()).unwrap_or_default(),
            },
        }
    }

    /// Whether it holds as a condition.
    pub(crate) fn truth(&self) -> bool {
        match (self, self.as_list()) {
            (Self::String(text), _) => !text.is_empty(),
            (_, Some([one])) => one.truth(),
            (_, Some(items)) => !items.is_empty(),
            _ => self.number() != Some(0.0),
        }
    }

    /// The number of a number, or of a string that holds one.
    #[expect(clippy::cast_precision_loss, reason = "we reckon in doubles")]
    pub(crate) fn number(&self) -> Option<f64> {
        match self.base() {
            Self::Null => Some(0.0),
            Self::Bool(truth) => Some((*truth).into()),
            Self::Double(number) => Some(*number),
            Self::DateTime(time) => Some(time.ticks as f64),
            Self::String(text) => text.as_str()?.trim().parse().ok(),
            value => value.as_i64().map(|number| number as f64),
        }
    }

    /// A number, of a whole type if it is whole.
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    pub(crate) fn whole(number: f64) -> Self {
        if number.fract() != 0.0 || number.abs() > 9e15 {
            return Self::Double(number);
        }
        i32::try_from(number as i64).map_or(Self::Int64(number as i64), Self::Int32)
    }

    /// The items of an array, or the value alone; null is none.
    pub(crate) fn items(self) -> Vec<Self> {
        match self.as_list() {
            Some(items) => items.to_vec(),
            None if self == Self::Null => Vec::new(),
            None => vec![self],
        }
    }

    /// The full name of its type.
    pub(crate) fn type_name(&self) -> String {
        let types = self
            .as_object()
            .and_then(|object| object.type_names.as_ref());
        match (self, types.and_then(|types| types.first())) {
            (_, Some(name)) => name.to_string(),
            (Self::String(_), _) => "System.String".into(),
            (Self::SecureString(_), _) => "System.Security.SecureString".into(),
            _ => "System.Object".into(),
        }
    }

    /// `[type]$value`.
    pub(crate) fn cast(self, name: &str) -> Result<Self, Fault> {
        let converted = match name.to_lowercase().as_str() {
            "string" => Some(self.text().into()),
            "bool" | "switch" => Some(self.truth().into()),
            "int" => self.number().map(f64::round_ties_even).map(Self::whole),
            "double" => self.number().map(Self::Double),
            _ => {
                let message = format!("Unable to find type [{name}].");
                return Err(Fault::new("TypeNotFound", message));
            }
        };
        converted.ok_or_else(|| {
            let text = self.text();
            let message = format!("Cannot convert value \"{text}\" to type \"{name}\".");
            Fault::new("InvalidCastFromStringToInteger", message)
        })
    }

    /// `$value.name`.
    pub(crate) fn get(&self, name: &str) -> Self {
        match (self.member(name), name.to_lowercase().as_str()) {
            (Some(found), _) => found.clone(),
            (None, "count" | "length") => {
                let length = match self {
                    Self::String(text) => text.encode_utf16().len(),
                    Self::SecureString(text) => Secret::try_from(text).map_or(0, |text| text.len()),
                    _ => self.as_list().map_or(1, <[_]>::len),
                };
                i32::try_from(length).unwrap_or(i32::MAX).into()
            }
            _ => {
                let items = self.as_list().unwrap_or_default().iter();
                collected(items.flat_map(|item| item.get(name).items()).collect())
            }
        }
    }

    /// How many values it is, inside and out; too many if they are nested too deep.
    pub(crate) fn size(&self, deepest: usize) -> usize {
        let Some(deeper) = deepest.checked_sub(1) else {
            return LARGEST + 1;
        };
        let items = self.as_list().unwrap_or_default().iter();
        let members = self.as_object().into_iter().flat_map(Object::members);
        let inside = items.chain(members.map(|member| &member.value));
        inside.fold(1, |size, value| size + value.size(deeper))
    }

    /// `$value[index]`.
    pub(crate) fn index(&self, index: &Self) -> Self {
        let items = self.as_list().unwrap_or_default();
        let place = index.as_i64().unwrap_or(i64::MAX);
        let count = i64::try_from(items.len()).unwrap_or_default();
        let place = usize::try_from(if place < 0 { place + count } else { place });
        let item = place.ok().and_then(|place| items.get(place));
        item.cloned().unwrap_or_default()
    }
}
