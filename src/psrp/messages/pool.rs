//! The smaller messages of pools, and states ([MS-PSRP] 2.2.2.3 to 2.2.2.9, 2.2.2.11, 2.2.2.13, 2.2.2.21).

use crate::clixml::Value;
use crate::clixml::records::ErrorRecord;
use crate::psrp::members::{Member, bag, primitive_dictionary};
use crate::psrp::{MemberError, MessageType};

/// What `RUNSPACE_AVAILABILITY` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Availability {
    /// Whether a change of the counts or a reset was made.
    Done(bool),
    /// How many runspaces are free.
    Free(i64),
}

/// Reads `RUNSPACE_AVAILABILITY`: the call's id and the answer.
pub(crate) fn availability(value: &Value) -> Result<(i64, Availability), MemberError> {
    let body = Member::body(MessageType::RunspaceAvailability, value);
    let answer = body.get("SetMinMaxRunspacesResponse")?;
    let parsed = match answer.value().base() {
        Value::Bool(done) => Some(Availability::Done(*done)),
        number => number.as_i64().map(Availability::Free),
    };
    let parsed = parsed.ok_or_else(|| answer.wrong("B or number"))?;
    Ok((body.get("ci")?.i64()?, parsed))
}

impl Availability {
    /// The body of `RUNSPACE_AVAILABILITY`. PowerShell's client casts the number to an I32.
    pub(crate) fn encode(self, call: i64) -> Value {
        let answer = match self {
            Self::Done(done) => done.into(),
            Self::Free(count) => i32::try_from(count).unwrap_or(i32::MAX).into(),
        };
        bag([("SetMinMaxRunspacesResponse", answer), ("ci", call.into())])
    }
}

/// Reads the `ci` of a pool's request.
pub(crate) fn call_id(message: MessageType, value: &Value) -> Result<i64, MemberError> {
    Member::body(message, value).get("ci")?.i64()
}

/// Reads the count of `SET_MAX_RUNSPACES` or `SET_MIN_RUNSPACES`.
pub(crate) fn runspace_count(
    message: MessageType,
    value: &Value,
    name: &str,
) -> Result<i32, MemberError> {
    Member::body(message, value).get(name)?.i32()
}

/// `RUNSPACEPOOL_STATE` and `PIPELINE_STATE`: a number and the error that led to it.
pub(crate) mod state {
    use super::{ErrorRecord, Member, MemberError, MessageType, Value, bag};

    pub(crate) fn decode(
        message: MessageType,
        member: &str,
        value: &Value,
    ) -> Result<(i32, Option<ErrorRecord>), MemberError> {
        let body = Member::body(message, value);
        let reason = body
            .optional("ExceptionAsErrorRecord")
            .map(|reason| {
                ErrorRecord::from_value(reason.value()).map_err(|_| reason.wrong("ErrorRecord"))
            })
            .transpose()?;
        Ok((body.get(member)?.i32()?, reason))
    }

    pub(crate) fn encode(member: &'static str, number: i32, reason: Option<&ErrorRecord>) -> Value {
        let mut members = vec![(member, number.into())];
        if let Some(reason) = reason {
            members.push(("ExceptionAsErrorRecord", reason.to_value()));
        }
        bag(members)
    }
}

/// `PUBLIC_KEY`.
pub(crate) mod public_key {
    use super::{Member, MemberError, MessageType, Value, bag};

    pub(crate) fn encode(key: &str) -> Value {
        bag([("PublicKey", key.into())])
    }

    pub(crate) fn decode(value: &Value) -> Result<String, MemberError> {
        Member::body(MessageType::PublicKey, value)
            .get("PublicKey")?
            .string()
    }
}

/// `ENCRYPTED_SESSION_KEY`.
pub(crate) mod encrypted_session_key {
    use super::{Member, MemberError, MessageType, Value, bag};

    pub(crate) fn encode(key: &str) -> Value {
        bag([("EncryptedSessionKey", key.into())])
    }

    pub(crate) fn decode(value: &Value) -> Result<String, MemberError> {
        Member::body(MessageType::EncryptedSessionKey, value)
            .get("EncryptedSessionKey")?
            .string()
    }
}

/// `APPLICATION_PRIVATE_DATA`: the entries of a dictionary, or nothing.
pub(crate) mod private_data {
    use super::{Member, MemberError, MessageType, Value, bag, primitive_dictionary};

    pub(crate) fn encode(entries: Option<Vec<(Value, Value)>>) -> Value {
        bag([(
            "ApplicationPrivateData",
            entries.map_or(Value::Null, primitive_dictionary),
        )])
    }

    pub(crate) fn decode(value: &Value) -> Result<Option<Vec<(Value, Value)>>, MemberError> {
        let body = Member::body(MessageType::ApplicationPrivateData, value);
        let data = body.get("ApplicationPrivateData")?;
        if data.is_null() {
            return Ok(None);
        }
        Ok(Some(data.entries()?.to_vec()))
    }
}
