//! The values of command lines.

use std::borrow::Cow;
use std::sync::Arc;

use super::job::Job;
use super::options::SessionOption;
use super::session_object::{PSSession, span};
use crate::clixml::{self, Content, Object, Property};
use crate::psrp;
use crate::session::weight;
use crate::transport::Secret;

/// A value. Cheap to clone: what may be large is shared.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A primitive, or an object that a server sent.
    Plain(clixml::Value),
    /// `1, 2`, `@(…)`, or what a pipeline put out.
    Array(Arc<[Value]>),
    /// `@{…}`, in order.
    Hash(Arc<[(Value, Value)]>),
    /// `{…}`, the text between the braces.
    Script(Arc<str>),
    /// A session, as it is now and not as it was.
    Session(PSSession),
    /// A job of ours.
    Job(Job),
    /// An account and its password.
    Credential(Arc<Credential>),
    /// What `New-PSSessionOption` makes.
    Option(Arc<SessionOption>),
}

/// What `Get-Credential` gives.
#[derive(Debug)]
pub(super) struct Credential {
    /// The account.
    pub(super) user: String,
    /// The password; one that is asked for where it is needed has none.
    pub(super) password: Option<Secret>,
}

impl Value {
    pub(super) const NULL: Self = Self::Plain(clixml::Value::Null);

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Plain(clixml::Value::Null))
    }

    /// What came out of a pipeline: nothing, one value, or an array of them.
    pub(super) fn of_output(mut values: Vec<Self>) -> Self {
        match values.len() {
            0 => Self::NULL,
            1 => values.pop().unwrap_or(Self::NULL),
            _ => Self::Array(values.into()),
        }
    }

    /// The values that a pipeline gets of it: an array's items; nothing of nothing.
    pub(super) fn items(self) -> Vec<Self> {
        match self {
            Self::Array(items) => items.to_vec(),
            Self::Plain(value) => match value.as_list() {
                Some(items) => items.iter().cloned().map(Self::Plain).collect(),
                None => vec![Self::Plain(value)],
            },
            other => vec![other],
        }
    }

    /// The string, if it is one.
    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Plain(value) => value.as_str(),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    pub(super) fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Plain(value) => value.as_i64(),
            _ => None,
        }
    }

    /// As an `if` takes it.
    pub(super) fn truth(&self) -> bool {
        match self {
            Self::Plain(value) => match value.base() {
                clixml::Value::Null => false,
                clixml::Value::Bool(truth) => *truth,
                clixml::Value::String(text) => !text.is_empty(),
                clixml::Value::Double(number) => *number != 0.0,
                other => other.as_i64() != Some(0),
            },
            Self::Array(items) => match &**items {
                [] => false,
                [one] => one.truth(),
                _ => true,
            },
            _ => true,
        }
    }

    /// As text, as a string with the variable in it would say it.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Plain(value) => plain_text(value),
            Self::Array(items) => {
                let items = items.iter().map(Self::text);
                items.collect::<Vec<_>>().join(" ")
            }
            Self::Script(text) => text.to_string(),
            Self::Hash(_) => "System.Collections.Hashtable".to_owned(),
            Self::Session(session) => format!("[PSSession]{}", session.info().name),
            Self::Job(_) => "System.Management.Automation.PSRemotingJob".to_owned(),
            Self::Credential(_) => "System.Management.Automation.PSCredential".to_owned(),
            Self::Option(_) => "System.Management.Automation.Remoting.PSSessionOption".to_owned(),
        }
    }

    /// A member by name, in any case; of an array the members of its items.
    pub(super) fn member(&self, name: &str) -> Option<Self> {
        let is = |own: &str| own.eq_ignore_ascii_case(name);
        match self {
            Self::Array(items) if is("Count") || is("Length") => Some(number(items.len())),
            Self::Array(items) => {
                let found: Vec<_> = items.iter().filter_map(|item| item.member(name)).collect();
                (!found.is_empty()).then(|| Self::of_output(found))
            }
            Self::Hash(entries) => {
                let found = entries.iter().find(|(key, _)| is(&key.text()));
                match found {
                    Some((_, value)) => Some(value.clone()),
                    None if is("Count") => Some(number(entries.len())),
                    None => None,
                }
            }
            Self::Plain(value) => {
                if let Some(found) = value.member(name) {
                    return Some(Self::Plain(found.clone()));
                }
                match value.base() {
                    clixml::Value::String(text) if is("Length") => {
                        Some(number(text.encode_utf16().len()))
                    }
                    clixml::Value::TimeSpan(time) => span(*time, name).map(Self::Plain),
                    clixml::Value::Null => (is("Count") || is("Length")).then(|| number(0)),
                    _ if is("Count") || is("Length") => Some(number(1)),
                    _ => None,
                }
            }
            Self::Credential(credential) if is("UserName") => Some(credential.user.as_str().into()),
            Self::Script(_) | Self::Credential(_) => None,
            other => {
                let object = other.plain();
                let found = object.member(name).cloned();
                found
                    .map(Self::Plain)
                    .or_else(|| is("Count").then(|| number(1)))
            }
        }
    }

    /// As a value of the wire, for showing it: without the password of a credential.
    pub(super) fn plain(&self) -> clixml::Value {
        self.wire(|_| "System.Security.SecureString".into())
    }

    /// As a value of the wire, for sending it. The session encrypts its secrets.
    pub(super) fn sent(&self) -> clixml::Value {
        self.wire(|password| {
            let password = password.map(|password| psrp::Secret::new(password.expose()));
            password.map_or(clixml::Value::Null, |password| password.to_value())
        })
    }

    fn wire(&self, password: fn(Option<&Secret>) -> clixml::Value) -> clixml::Value {
        match self {
            Self::Plain(value) => value.clone(),
            Self::Array(items) => Object::list(items.iter().map(|item| item.wire(password))).into(),
            Self::Hash(entries) => {
                let entries = entries.iter();
                let entries =
                    entries.map(|(key, value)| (key.wire(password), value.wire(password)));
                let object = Object {
                    content: Content::Dictionary(entries.collect()),
                    ..Object::default()
                };
                object
                    .with_types(["System.Collections.Hashtable", "System.Object"])
                    .into()
            }
            Self::Script(text) => clixml::Value::ScriptBlock((&**text).into()),
            Self::Session(session) => super::session_object(&session.info()).into(),
            Self::Job(job) => job.object().into(),
            Self::Credential(credential) => {
                let mut object = Object::default()
                    .with_types(["System.Management.Automation.PSCredential", "System.Object"]);
                object.adapted = vec![
                    Property::new("UserName", credential.user.as_str().into()),
                    Property::new("Password", password(credential.password.as_ref())),
                ];
                object.into()
            }
            Self::Option(option) => option.object().into(),
        }
    }

    /// About how many bytes it holds.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Plain(value) => weight(value),
            Self::Array(items) => items.iter().map(Self::weight).sum(),
            Self::Hash(entries) => {
                let entries = entries.iter();
                entries
                    .map(|(key, value)| key.weight() + value.weight())
                    .sum()
            }
            Self::Script(text) => text.len(),
            // What it refers to is kept elsewhere.
            _ => size_of::<Self>(),
        }
    }

    /// .NET's name of its type, for errors.
    pub(super) fn type_name(&self) -> Cow<'static, str> {
        match self {
            Self::Plain(value) => match value.base() {
                clixml::Value::Null => "null".into(),
                clixml::Value::String(_) => "System.String".into(),
                clixml::Value::Bool(_) => "System.Boolean".into(),
                clixml::Value::Int32(_) => "System.Int32".into(),
                clixml::Value::Int64(_) => "System.Int64".into(),
                clixml::Value::Double(_) => "System.Double".into(),
                clixml::Value::Guid(_) => "System.Guid".into(),
                clixml::Value::Object(object) => {
                    let names = object.type_names.as_ref().and_then(|names| names.first());
                    names.map_or("System.Object".into(), |name| {
                        name.to_str_lossy().into_owned().into()
                    })
                }
                _ => "System.Object".into(),
            },
            Self::Array(_) => "System.Object[]".into(),
            Self::Hash(_) => "System.Collections.Hashtable".into(),
            Self::Script(_) => "System.Management.Automation.ScriptBlock".into(),
            Self::Session(_) => "System.Management.Automation.Runspaces.PSSession".into(),
            Self::Job(_) => "System.Management.Automation.PSRemotingJob".into(),
            Self::Credential(_) => "System.Management.Automation.PSCredential".into(),
            Self::Option(_) => "System.Management.Automation.Remoting.PSSessionOption".into(),
        }
    }
}

fn number(count: usize) -> Value {
    Value::Plain(i32::try_from(count).unwrap_or(i32::MAX).into())
}

fn plain_text(value: &clixml::Value) -> String {
    match value.base() {
        clixml::Value::Null => String::new(),
        clixml::Value::Bool(true) => "True".to_owned(),
        clixml::Value::Bool(false) => "False".to_owned(),
        clixml::Value::Guid(guid) => guid.to_string(),
        clixml::Value::DateTime(date) => date.general(),
        clixml::Value::TimeSpan(span) => span.general(),
        clixml::Value::Double(number) => number.to_string(),
        other => {
            if let Some(object) = value.as_object()
                && let Some(text) = &object.to_string
            {
                return text.to_str_lossy().into_owned();
            }
            match (other.as_text(), other.as_i64(), other.as_list()) {
                (Some(text), ..) => text.to_str_lossy().into_owned(),
                (_, Some(number), _) => number.to_string(),
                (.., Some(items)) => {
                    let items = items.iter().map(plain_text);
                    items.collect::<Vec<_>>().join(" ")
                }
                _ => match other {
                    clixml::Value::UInt64(number) => number.to_string(),
                    _ => String::new(),
                },
            }
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Plain(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Plain(text.into())
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Plain(truth.into())
    }
}
