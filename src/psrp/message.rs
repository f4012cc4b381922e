//! Messages ([MS-PSRP] 2.2.1): a header of 40 bytes and a body of CLIXML.

use std::fmt;

use bytes::Bytes;
use uuid::Uuid;

/// The bytes of a message's header.
const HEADER: usize = 40;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Who a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The client.
    Client = 1,
    /// The server.
    Server = 2,
}

/// One message, its body still text. Its `Debug` does not show the body, which may hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Who it is for.
    pub destination: Destination,
    /// What its body says.
    pub kind: MessageType,
    /// The runspace pool (RPID). All zero in a server's first message.
    pub pool: Uuid,
    /// The pipeline (PID); all zero for the pool's own messages.
    pub pipeline: Uuid,
    /// UTF-8 CLIXML without byte order mark; empty for null.
    pub body: Bytes,
}

/// Bytes that are no message. The peer is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Too short for a header.
    #[error("a message has {0} bytes, too few for its header")]
    Short(usize),
    /// Neither for a client nor for a server.
    #[error("a message is addressed to {0:#010x}")]
    Destination(u32),
}

impl Message {
    /// Reads a message from the joined blobs of its fragments.
    pub fn decode(mut bytes: Bytes) -> Result<Self, MessageError> {
        let length = bytes.len();
        let header = Header::split(&bytes).ok_or(MessageError::Short(length))?;
        let destination = match header.destination {
            1 => Destination::Client,
            2 => Destination::Server,
            other => return Err(MessageError::Destination(other)),
        };
        let mut body = bytes.split_off(HEADER);
        if body.starts_with(BOM) {
            body = body.split_off(BOM.len());
        }
        Ok(Self {
            destination,
            kind: MessageType::from(header.kind),
            pool: header.pool,
            pipeline: header.pipeline,
            body,
        })
    }

    /// Writes the message, without byte order mark.
    pub fn encode(&self) -> Bytes {
        let mut bytes = Vec::with_capacity(HEADER + self.body.len());
        bytes.extend_from_slice(&(self.destination as u32).to_le_bytes());
        bytes.extend_from_slice(&u32::from(self.kind).to_le_bytes());
        bytes.extend_from_slice(&self.pool.to_bytes_le());
        bytes.extend_from_slice(&self.pipeline.to_bytes_le());
        bytes.extend_from_slice(&self.body);
        bytes.into()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("kind", &self.kind)
            .field("pipeline", &self.pipeline)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

struct Header {
    destination: u32,
    kind: u32,
    pool: Uuid,
    pipeline: Uuid,
}

impl Header {
    fn split(bytes: &[u8]) -> Option<Self> {
        let (destination, rest) = bytes.split_first_chunk()?;
        let (kind, rest) = rest.split_first_chunk()?;
        let (pool, rest) = rest.split_first_chunk()?;
        let (pipeline, _) = rest.split_first_chunk()?;
        Some(Self {
            destination: u32::from_le_bytes(*destination),
            kind: u32::from_le_bytes(*kind),
            pool: Uuid::from_bytes_le(*pool),
            pipeline: Uuid::from_bytes_le(*pipeline),
        })
    }
}

macro_rules! message_types {
    ($($code:literal $variant:ident $name:literal,)*) => {
        /// What a message's body says.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum MessageType {
            $(#[doc = concat!($name, ".")] $variant,)*
            /// A code that we do not know; such messages are reported and dropped.
            Unknown(u32),
        }

        impl From<u32> for MessageType {
            fn from(code: u32) -> Self {
                match code {
                    $($code => Self::$variant,)*
                    other => Self::Unknown(other),
                }
            }
        }

        impl From<MessageType> for u32 {
            fn from(kind: MessageType) -> Self {
                match kind {
                    $(MessageType::$variant => $code,)*
                    MessageType::Unknown(code) => code,
                }
            }
        }

        impl fmt::Display for MessageType {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant => f.write_str($name),)*
                    Self::Unknown(code) => write!(f, "message type {code:#010x}"),
                }
            }
        }
    };
}

message_types! {
    0x0001_0002 SessionCapability "SESSION_CAPABILITY",
    0x0001_0004 InitRunspacePool "INIT_RUNSPACEPOOL",
    0x0001_0005 PublicKey "PUBLIC_KEY",
    0x0001_0006 EncryptedSessionKey "ENCRYPTED_SESSION_KEY",
    0x0001_0007 PublicKeyRequest "PUBLIC_KEY_REQUEST",
    0x0001_0008 ConnectRunspacePool "CONNECT_RUNSPACEPOOL",
    0x0002_1002 SetMaxRunspaces "SET_MAX_RUNSPACES",
    0x0002_1003 SetMinRunspaces "SET_MIN_RUNSPACES",
    0x0002_1004 RunspaceAvailability "RUNSPACE_AVAILABILITY",
    0x0002_1005 RunspacePoolState "RUNSPACEPOOL_STATE",
    0x0002_1006 CreatePipeline "CREATE_PIPELINE",
    0x0002_1007 GetAvailableRunspaces "GET_AVAILABLE_RUNSPACES",
    0x0002_1008 UserEvent "USER_EVENT",
    0x0002_1009 ApplicationPrivateData "APPLICATION_PRIVATE_DATA",
    0x0002_100a GetCommandMetadata "GET_COMMAND_METADATA",
    0x0002_100b RunspacePoolInitData "RUNSPACEPOOL_INIT_DATA",
    0x0002_100c ResetRunspaceState "RESET_RUNSPACE_STATE",
    0x0002_1100 RunspacePoolHostCall "RUNSPACEPOOL_HOST_CALL",
    0x0002_1101 RunspacePoolHostResponse "RUNSPACEPOOL_HOST_RESPONSE",
    0x0004_1002 PipelineInput "PIPELINE_INPUT",
    0x0004_1003 EndOfPipelineInput "END_OF_PIPELINE_INPUT",
    0x0004_1004 PipelineOutput "PIPELINE_OUTPUT",
    0x0004_1005 ErrorRecord "ERROR_RECORD",
    0x0004_1006 PipelineState "PIPELINE_STATE",
    0x0004_1007 DebugRecord "DEBUG_RECORD",
    0x0004_1008 VerboseRecord "VERBOSE_RECORD",
    0x0004_1009 WarningRecord "WARNING_RECORD",
    0x0004_1010 ProgressRecord "PROGRESS_RECORD",
    0x0004_1011 InformationRecord "INFORMATION_RECORD",
    0x0004_1100 PipelineHostCall "PIPELINE_HOST_CALL",
    0x0004_1101 PipelineHostResponse "PIPELINE_HOST_RESPONSE",
}

#[cfg(test)]
mod tests {
    use uuid::uuid;

    use super::*;

    #[test]
    fn reads_what_powershell_sent() {
        // The header of the first message of a recorded conversation, with a byte order mark and a body of our own.
        let bytes = [
            b"\x02\0\0\0\x02\0\x01\0\x18\xec\x47\xb0\xbb\xff\xda\x45\xb5\xd7\x5b\xb5\xc0\xad\x28\xff"
                .as_slice(),
            &[0; 16],
            b"\xef\xbb\xbf<Nil />",
        ]
        .concat();
        let message = Message::decode(bytes.into()).unwrap();
        assert_eq!(
            message,
            Message {
                destination: Destination::Server,
                kind: MessageType::SessionCapability,
                pool: uuid!("b047ec18-ffbb-45da-b5d7-5bb5c0ad28ff"),
                pipeline: Uuid::nil(),
                body: Bytes::from_static(b"<Nil />"),
            }
        );
        assert_eq!(Message::decode(message.encode()).unwrap(), message);
    }

    #[test]
    fn keeps_unknown_types_and_refuses_what_is_no_message() {
        let mut bytes = vec![0; HEADER];
        bytes[0] = 1;
        bytes[4] = 0x77;
        let message = Message::decode(bytes.clone().into()).unwrap();
        assert_eq!(message.kind, MessageType::Unknown(0x77));
        assert_eq!(
            Message::decode(vec![1; 39].into()),
            Err(MessageError::Short(39))
        );
        bytes[0] = 3;
        assert_eq!(
            Message::decode(bytes.into()),
            Err(MessageError::Destination(3))
        );
    }
}
