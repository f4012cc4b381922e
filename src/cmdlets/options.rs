//! `New-PSSessionOption` and what its object means to a connection.

use std::time::Duration;

use super::Error;
use super::value::Value;
use crate::clixml::{self, Object};
use crate::transport::{Buffering, Options};

/// What `New-PSSessionOption` gives: its parameters as they were given, by the names of the object's properties.
#[derive(Clone, Debug, Default)]
pub(super) struct SessionOption {
    given: Vec<(String, Value)>,
}

/// The properties of the object, what they are without a word, and the parameter that sets each.
const PROPERTIES: &[(&str, &str, Unset)] = &[
    (
        "MaximumConnectionRedirectionCount",
        "MaximumRedirection",
        Unset::Number(5),
    ),
    ("NoCompression", "NoCompression", Unset::False),
    ("NoMachineProfile", "NoMachineProfile", Unset::False),
    ("ProxyAccessType", "ProxyAccessType", Unset::Text("None")),
    (
        "ProxyAuthentication",
        "ProxyAuthentication",
        Unset::Text("Negotiate"),
    ),
    ("ProxyCredential", "ProxyCredential", Unset::Null),
    ("SkipCACheck", "SkipCACheck", Unset::False),
    ("SkipCNCheck", "SkipCNCheck", Unset::False),
    ("SkipRevocationCheck", "SkipRevocationCheck", Unset::False),
    ("OperationTimeout", "OperationTimeout", Unset::Time(180_000)),
    ("NoEncryption", "NoEncryption", Unset::False),
    ("UseUTF16", "UseUTF16", Unset::False),
    ("IncludePortInSPN", "IncludePortInSPN", Unset::False),
    (
        "OutputBufferingMode",
        "OutputBufferingMode",
        Unset::Text("None"),
    ),
    (
        "MaxConnectionRetryCount",
        "MaxConnectionRetryCount",
        Unset::Number(5),
    ),
    ("Culture", "Culture", Unset::Null),
    ("UICulture", "UICulture", Unset::Null),
    (
        "MaximumReceivedDataSizePerCommand",
        "MaximumReceivedDataSizePerCommand",
        Unset::Null,
    ),
    (
        "MaximumReceivedObjectSize",
        "MaximumReceivedObjectSize",
        Unset::Number(209_715_200),
    ),
    ("ApplicationArguments", "ApplicationArguments", Unset::Null),
    ("OpenTimeout", "OpenTimeout", Unset::Time(180_000)),
    ("CancelTimeout", "CancelTimeout", Unset::Time(60_000)),
    ("IdleTimeout", "IdleTimeout", Unset::Time(-1)),
];

/// A property's value when nobody gave one.
#[derive(Clone, Copy)]
enum Unset {
    Null,
    False,
    Number(i32),
    Text(&'static str),
    /// Milliseconds.
    Time(i32),
}

impl SessionOption {
    /// Takes a setting, by the name of the parameter or of the property.
    pub(super) fn set(&mut self, name: &str, value: Value) -> Result<(), Error> {
        let found = PROPERTIES.iter().find(|(property, parameter, _)| {
            let short = name.strip_suffix("MSec").unwrap_or(name);
            [*property, *parameter]
                .iter()
                .any(|own| own.eq_ignore_ascii_case(short))
        });
        let Some((property, ..)) = found else {
            let message = format!("A session option has no property '{name}'.");
            return Err(Error::new(
                "InvalidArgument",
                "CannotConvertArgumentNoMessage",
                message,
            ));
        };
        self.given.retain(|(own, _)| own != property);
        self.given.push(((*property).to_owned(), value));
        Ok(())
    }

    fn given(&self, name: &str) -> Option<&Value> {
        self.given
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value)
    }

    fn milliseconds(&self, name: &str) -> Option<i64> {
        self.given(name).and_then(|value| match value {
            Value::Plain(clixml::Value::TimeSpan(span)) => Some(span.ticks / 10_000),
            value => value.as_i64().or_else(|| value.text().parse().ok()),
        })
    }

    /// What it says to a connection.
    pub(super) fn options(&self) -> Result<Options, Error> {
        let time = |name| {
            self.milliseconds(name)
                .and_then(|time| u64::try_from(time).ok())
        };
        let time = |name| {
            time(name)
                .filter(|time| *time > 0)
                .map(Duration::from_millis)
        };
        let switch = |name| self.given(name).is_some_and(Value::truth).then_some(true);
        let idle = self.milliseconds("IdleTimeout").filter(|idle| *idle != -1);
        if idle.is_some_and(|idle| idle < 60_000) {
            let message = "The idle time-out of a session is 60000 milliseconds at least, or -1 for the server's own.";
            return Err(Error::new("InvalidArgument", "InvalidIdleTimeout", message));
        }
        if self
            .given("ProxyAccessType")
            .map(Value::text)
            .is_some_and(|way| !matches!(way.as_str(), "None" | "NoProxyServer"))
        {
            return Err(Error::unsupported("proxies"));
        }
        let culture = self.given("UICulture").or_else(|| self.given("Culture"));
        Ok(Options {
            operation_timeout: time("OperationTimeout"),
            connect_timeout: time("OpenTimeout"),
            idle_timeout: idle
                .and_then(|idle| u64::try_from(idle).ok())
                .map(Duration::from_millis),
            buffering: self
                .given("OutputBufferingMode")
                .and_then(|mode| mode.text().parse::<Buffering>().ok()),
            culture: culture.map(Value::text).filter(|name| !name.is_empty()),
            no_remote_profile: switch("NoMachineProfile"),
            skip_ca_check: switch("SkipCACheck"),
            skip_cn_check: switch("SkipCNCheck"),
            no_encryption: switch("NoEncryption"),
            ..Options::default()
        })
    }

    /// As PowerShell's object.
    pub(super) fn object(&self) -> Object {
        let members = PROPERTIES.iter().map(|(property, _, unset)| {
            let span = |time: i64| {
                clixml::Value::TimeSpan(clixml::TimeSpan {
                    ticks: time * 10_000,
                })
            };
            let value = match (self.given(property), unset) {
                (Some(value), Unset::Time(_)) => match self.milliseconds(property) {
                    Some(time) => span(time),
                    None => value.plain(),
                },
                (Some(value), _) => value.plain(),
                (None, Unset::Null) => clixml::Value::Null,
                (None, Unset::False) => false.into(),
                (None, Unset::Number(number)) => (*number).into(),
                (None, Unset::Text(text)) => (*text).into(),
                (None, Unset::Time(time)) => span((*time).into()),
            };
            (*property, value)
        });
        Object::bag(members).with_types([
            "System.Management.Automation.Remoting.PSSessionOption",
            "System.Object",
        ])
    }
}
