//! How PowerShell turns one kind of value into another.

use super::{array, object};
use crate::clixml::{Content, Value};
use crate::server::demo::fault::Fault;

impl Value {
    /// `[string]$value`.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::String(text) | Self::ScriptBlock(text) | Self::Uri(text) => text.to_string(),
            Self::Bool(true) => "True".into(),
            Self::Bool(false) => "False".into(),
            Self::Double(number) => number.to_string(),
            Self::Decimal(number) => number.to_string(),
            Self::TimeSpan(span) => span.general(),
            Self::DateTime(time) => {
                let (year, month, day) = time.date().to_calendar_date();
                let (hour, minute, second, _) = time.clock();
                let month = u8::from(month);
                format!("{month:02}/{day:02}/{year:04} {hour:02}:{minute:02}:{second:02}")
            }
            Self::Object(object) => match (&object.to_string, &object.content) {
                (Some(text), _) => text.to_string(),
                (_, Content::List(_, items)) => {
                    items.iter().map(Self::text).collect::<Vec<_>>().join(" ")
                }
                (_, Content::None) => {
                    let members = object.members();
                    let pairs = members.map(|each| format!("{}={}", each.name, each.value.text()));
                    format!("@{{{}}}", pairs.collect::<Vec<_>>().join("; "))
                }
                _ => self.type_name(),
            },
            Self::SecureString(_) => self.type_name(),
            number => number
                .as_i64()
                .map(|number| number.to_string())
                .unwrap_or_default(),
        }
    }

    /// Whether it holds as a condition.
    pub(crate) fn truth(&self) -> bool {
        match self {
            Self::String(text) => !text.is_empty(),
            Self::Object(_) => self.as_list().is_none_or(|items| match items {
                [one] => one.truth(),
                items => !items.is_empty(),
            }),
            value => value.number().is_none_or(|number| number != 0.0),
        }
    }

    /// The number of a number, or of a string that holds one.
    #[expect(clippy::cast_precision_loss, reason = "we reckon in doubles")]
    pub(crate) fn number(&self) -> Option<f64> {
        match self.base() {
            Self::Null => Some(0.0),
            Self::Bool(truth) => Some(f64::from(u8::from(*truth))),
            Self::Double(number) => Some(*number),
            Self::DateTime(time) => Some(time.ticks as f64),
            Self::String(text) => text
                .as_str()?
                .trim()
                .parse()
                .ok()
                .filter(|n: &f64| n.is_finite()),
            value => value.as_i64().map(|number| number as f64),
        }
    }

    /// The items of an array, or the value alone; null is none.
    pub(crate) fn items(self) -> Vec<Self> {
        if self == Self::Null {
            return Vec::new();
        }
        let items = self.as_list().map(<[Self]>::to_vec);
        items.unwrap_or_else(|| vec![self])
    }

    /// The full name of its type.
    pub(crate) fn type_name(&self) -> String {
        let name = match self {
            Self::Object(object) => {
                let first = object.type_names.as_ref().and_then(|names| names.first());
                return first.map(ToString::to_string).unwrap_or_default();
            }
            Self::String(_) => "System.String",
            Self::Int32(_) => "System.Int32",
            Self::SecureString(_) => "System.Security.SecureString",
            _ => "System.Object",
        };
        name.to_owned()
    }

    /// A number, of a whole type if it is whole.
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    pub(crate) fn whole(number: f64) -> Self {
        if number.fract() != 0.0 || number.abs() > 9e15 {
            return Self::Double(number);
        }
        i32::try_from(number as i64).map_or(Self::Int64(number as i64), Self::Int32)
    }

    /// `[type]$value`.
    pub(crate) fn cast(self, name: &str) -> Result<Self, Fault> {
        let converted = match name.to_lowercase().as_str() {
            "string" | "actionpreference" | "consolecolor" => Some(self.text().into()),
            "bool" | "switch" => Some(self.truth().into()),
            "int" | "long" => self.number().map(f64::round_ties_even).map(Self::whole),
            "double" => self.number().map(Self::Double),
            "array" | "object[]" => Some(array(self.clone().items())),
            "pscustomobject" => {
                let entries = self.as_dictionary().unwrap_or_default().iter();
                let members = entries.map(|(key, value)| (key.text(), value.clone()));
                Some(object(
                    "System.Management.Automation.PSCustomObject",
                    members,
                ))
            }
            _ => {
                let fault = Fault::new("TypeNotFound", format!("Unable to find type [{name}]."));
                return Err(fault);
            }
        };
        converted.ok_or_else(|| {
            let message = format!(
                "Cannot convert value \"{}\" to type \"{name}\".",
                self.text()
            );
            Fault::new("InvalidCastFromStringToInteger", message)
        })
    }
}
