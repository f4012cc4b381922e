//! Answers to host calls ([MS-PSRP] 2.2.5.1.16, 2.2.6.2).

use uuid::Uuid;

use super::method_id::Answer;
use super::types::Travels;
use super::{BufferCells, HostMethodId, KeyInfo};
use crate::clixml::records::{Coordinates, ErrorCategory, ErrorRecord, Size};
use crate::clixml::{Object, Property, Value, Version};
use crate::psrp::members::{Member, bag, enumeration, hashtable, list};
use crate::psrp::{MemberError, Secret};

/// What a host answers. Each call that waits gets exactly one.
#[derive(Clone, Debug, PartialEq)]
pub enum HostAnswer {
    /// Nothing: the method is void, and the caller waits for its end.
    Void,
    /// A line, a name, a title.
    Line(String),
    /// A line that was not shown.
    SecureLine(Secret),
    /// A user name and a password.
    Credential {
        /// The user name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// The index of a choice; also a colour or a cursor size.
    Choice(i32),
    /// The indices of the choices.
    Choices(Vec<i32>),
    /// The values of a prompt's fields by name: strings, lists of strings, [`Secret::to_value`],
    /// [`credential`].
    Fields(Vec<(String, Value)>),
    /// A key.
    Key(KeyInfo),
    /// Yes or no.
    Truth(bool),
    /// A position.
    Position(Coordinates),
    /// A size.
    Size(Size),
    /// Cells of the screen.
    Cells(BufferCells),
    /// The host's version.
    Version(Version),
    /// The host's identity.
    Guid(Uuid),
    /// The method failed; the remote script sees an exception.
    Error(Box<ErrorRecord>),
}

/// A `PSCredential`, for [`HostAnswer::Fields`].
pub fn credential(user: &str, password: &Secret) -> Value {
    let mut object = Object::default()
        .with_types(["System.Management.Automation.PSCredential", "System.Object"]);
    object.to_string = Some("System.Management.Automation.PSCredential".into());
    object.adapted = vec![
        Property::new("UserName", user.into()),
        Property::new("Password", password.to_value()),
    ];
    object.into()
}

/// The member `mi` of calls and responses.
pub(crate) fn method_id(id: HostMethodId) -> Value {
    enumeration(
        "System.Management.Automation.Remoting.RemoteHostMethodId",
        id.name(),
        id as i32,
    )
}

impl HostAnswer {
    /// The method cannot be carried out: the remote script sees an exception that says `why`.
    pub fn refused(method: HostMethodId, why: &str) -> Self {
        Self::Error(Box::new(refusal(method, why)))
    }

    /// The body of a response to a call that cannot be read: its ids as they came, and why.
    pub(crate) fn encode_unread(call: i64, method: Value, why: &str) -> Value {
        let record = ErrorRecord::new(
            "System.Management.Automation.Remoting.PSRemotingDataStructureException",
            why,
            "RemoteHostExecutionException",
            ErrorCategory(11),
        );
        bag([
            ("me", record.to_value()),
            ("ci", call.into()),
            ("mi", method),
        ])
    }

    /// The body of `RUNSPACEPOOL_HOST_RESPONSE` or `PIPELINE_HOST_RESPONSE`.
    pub(crate) fn encode(&self, call: i64, method: HostMethodId) -> Value {
        let mut members = Vec::with_capacity(3);
        if let Some(result) = self.result() {
            members.push(("mr", result));
        }
        if let Self::Error(record) = self {
            members.push(("me", record.to_value()));
        }
        members.extend([("ci", call.into()), ("mi", method_id(method))]);
        bag(members)
    }

    fn result(&self) -> Option<Value> {
        Some(match self {
            Self::Void | Self::Error(_) => return None,
            Self::Line(text) => text.as_str().into(),
            Self::SecureLine(secret) => secret.to_value(),
            Self::Credential { user, password } => credential(user, password),
            Self::Choice(number) => (*number).into(),
            Self::Choices(numbers) => list(numbers.iter().map(|n| (*n).into()).collect()),
            Self::Fields(fields) => hashtable(
                fields
                    .iter()
                    .map(|(name, value)| (name.as_str().into(), value.clone()))
                    .collect(),
            ),
            Self::Key(key) => key.encode(),
            Self::Truth(truth) => (*truth).into(),
            Self::Position(position) => position.encode(),
            Self::Size(size) => size.encode(),
            Self::Cells(cells) => cells.encode(),
            Self::Version(version) => Value::Version(*version),
            Self::Guid(id) => Value::Guid(*id),
        })
    }

    /// Whether this can be the answer to a method.
    pub(crate) fn fits(&self, method: HostMethodId) -> bool {
        matches!(
            (self, method.answer()),
            (Self::Error(_), _)
                | (Self::Void, Answer::Void)
                | (Self::Line(_), Answer::Text)
                | (Self::SecureLine(_), Answer::Secret)
                | (Self::Credential { .. }, Answer::Credential)
                | (Self::Choice(_), Answer::Number)
                | (Self::Choices(_), Answer::Numbers)
                | (Self::Fields(_), Answer::Fields)
                | (Self::Key(_), Answer::Key)
                | (Self::Truth(_), Answer::Truth)
                | (Self::Position(_), Answer::Coordinates)
                | (Self::Size(_), Answer::Size)
                | (Self::Cells(_), Answer::Cells)
                | (Self::Version(_), Answer::Version)
                | (Self::Guid(_), Answer::Guid)
        )
    }

    /// Reads the answer to `method` from the body of a response, whose secrets are decrypted.
    pub(crate) fn decode(method: HostMethodId, body: &Member<'_>) -> Result<Self, MemberError> {
        if let Some(error) = body.optional("me") {
            return ErrorRecord::from_value(error.value())
                .map(|record| Self::Error(Box::new(record)))
                .map_err(|_| error.wrong("ErrorRecord"));
        }
        if method.is_void() {
            return Ok(Self::Void);
        }
        let result = body.get("mr")?;
        Ok(match method.answer() {
            Answer::Void => Self::Void,
            Answer::Text => Self::Line(result.string()?),
            Answer::Secret => Self::SecureLine(secret(&result)?),
            Answer::Credential => Self::Credential {
                user: result.get("UserName")?.string()?,
                password: secret(&result.get("Password")?)?,
            },
            Answer::Number => Self::Choice(result.enumeration()?),
            Answer::Numbers => Self::Choices(Travels::decode(&result)?),
            Answer::Fields => Self::Fields(
                result
                    .entries()?
                    .iter()
                    .map(|(name, value)| {
                        let name = name.as_text().map(|name| name.to_str_lossy().into_owned());
                        name.map(|name| (name, value.clone()))
                            .ok_or_else(|| result.wrong("dictionary of names"))
                    })
                    .collect::<Result<_, _>>()?,
            ),
            Answer::Truth => Self::Truth(result.bool()?),
            Answer::Coordinates => Self::Position(Travels::decode(&result)?),
            Answer::Size => Self::Size(Travels::decode(&result)?),
            Answer::Key => Self::Key(Travels::decode(&result)?),
            Answer::Cells => Self::Cells(Travels::decode(&result)?),
            Answer::Version => Self::Version(result.version()?),
            Answer::Guid => Self::Guid(result.guid()?),
            Answer::Never => return Err(result.wrong("result that can be sent")),
        })
    }
}

fn secret(member: &Member<'_>) -> Result<Secret, MemberError> {
    Secret::try_from(member.value()).map_err(|_| member.wrong("SS"))
}

/// The error record of a method that cannot be carried out.
fn refusal(method: HostMethodId, why: &str) -> ErrorRecord {
    let mut record = ErrorRecord::new(
        "System.Management.Automation.Host.HostException",
        why,
        "RemoteHostExecutionException",
        ErrorCategory::named("InvalidOperation").unwrap_or_default(),
    );
    method.name().clone_into(&mut record.target_name);
    record
}
