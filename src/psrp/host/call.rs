//! Host calls ([MS-PSRP] 2.2.5.1.15, 2.2.6.1).

use super::answer::method_id;
use super::{HostMethod, HostMethodId};
use crate::clixml::Value;
use crate::psrp::members::{Member, bag, list};
use crate::psrp::{MemberError, MessageType};

/// The id of calls that wait for no answer.
pub const NO_ANSWER: i64 = -100;

/// Something that the server asks of the host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostCall {
    /// The call's id, unique for its target; [`NO_ANSWER`] where nobody waits.
    pub id: i64,
    /// What is asked.
    pub method: HostMethod,
}

impl HostCall {
    /// Whether the server waits for an answer.
    pub fn waits(&self) -> bool {
        self.id != NO_ANSWER
    }

    /// Reads the body of `RUNSPACEPOOL_HOST_CALL` or `PIPELINE_HOST_CALL`.
    pub fn from_value(kind: MessageType, body: &Value) -> Result<Self, MemberError> {
        Self::decode(&Member::body(kind, body))
    }

    /// The ids of a body whose method or parameters are not known: of the call, and of the method as it came.
    pub(crate) fn ids(kind: MessageType, body: &Value) -> Result<(i64, Value), MemberError> {
        let body = Member::body(kind, body);
        let number = body.get("mi")?.enumeration()?;
        Ok((body.get("ci")?.i64()?, number.into()))
    }

    fn decode(body: &Member<'_>) -> Result<Self, MemberError> {
        let id = body.get("ci")?.i64()?;
        let number = body.get("mi")?;
        let method = HostMethodId::from_number(number.enumeration()?)
            .ok_or_else(|| number.wrong("host method"))?;
        Ok(Self {
            id,
            method: HostMethod::decode(method, &body.get("mp")?)?,
        })
    }

    /// The body of `RUNSPACEPOOL_HOST_CALL` or `PIPELINE_HOST_CALL`.
    pub fn to_value(&self) -> Value {
        bag([
            ("ci", self.id.into()),
            ("mi", method_id(self.method.id())),
            ("mp", list(self.method.encode())),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;

    fn again(call: &HostCall) -> HostCall {
        let value = call.to_value();
        HostCall::from_value(MessageType::PipelineHostCall, &value).unwrap()
    }

    #[test]
    fn calls_with_arrays_and_structures_come_back() {
        let cell = BufferCell {
            character: u16::from(b' '),
            foreground: 7,
            background: 0,
            kind: 0,
        };
        let made = HostCall {
            id: NO_ANSWER,
            method: HostMethod::SetBufferContents2 {
                origin: Coordinates { x: 1, y: 2 },
                contents: BufferCells {
                    size: Size {
                        width: 2,
                        height: 1,
                    },
                    cells: vec![cell; 2],
                },
            },
        };
        assert_eq!(again(&made), made);
    }

    #[test]
    fn names_the_parameter_that_is_wrong() {
        let mut value = HostCall {
            id: 1,
            method: HostMethod::WriteLine1 {},
        }
        .to_value();
        if let Value::Object(object) = &mut value {
            object.extended[1].value = 16.into();
        }
        let error = HostCall::from_value(MessageType::PipelineHostCall, &value);
        assert_eq!(
            error.unwrap_err().to_string(),
            "PIPELINE_HOST_CALL has no member mp[0]"
        );
    }
}
