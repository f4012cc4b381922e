//! What can go wrong with an exchange.

use std::fmt;

/// Why an exchange, or a message under its protection, failed; each says who is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The user's: the name is in none of the forms.
    #[error("`{0}` is no user name: write USER, DOMAIN\\USER, .\\USER or USER@DOMAIN")]
    UserName(String),
    /// The user's: Basic cannot carry it (RFC 7617).
    #[error("Basic authentication cannot carry a user name with a colon or control characters")]
    NotForBasic,
    /// Ours: the method has no exchange, or the step came out of turn.
    #[error("authentication went out of turn: {0}")]
    OutOfTurn(&'static str),
    /// The server's, or of something between: its token cannot be read.
    #[error("the server's authentication token is malformed: {0}")]
    Token(String),
    /// Somebody between us and the server: the challenge holds what only clients say, so as to have it repeated.
    #[error(
        "the server's challenge holds {0}, which only a client may say: something between may have changed it"
    )]
    Forged(&'static str),
    /// The server refused, and said no more.
    #[error("the server refused the credentials")]
    Refused,
    /// The server refused, and the mechanism carried its reason.
    #[error("the server refused the credentials: {0}")]
    Told(Status),
    /// Something between us and the server, or the server: the message is not what was sealed, or not the next one.
    #[error(
        "the message was altered on its way, or is not the next one of its connection: its signature is wrong"
    )]
    Altered,
    /// Ours: the mechanism failed by itself.
    #[error("the authentication mechanism failed: {0}")]
    Mechanism(String),
}

/// A status of Windows that a mechanism carried (MS-ERREF 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub u32);

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meaning = match self.0 {
            0xC000_0064 => "there is no such user",
            0xC000_006A => "the password is wrong",
            0xC000_006D => "the user name or the password is wrong",
            0xC000_006E => "the account is restricted",
            0xC000_006F => "the account may not log on at this hour",
            0xC000_0070 => "the account may not log on from this computer",
            0xC000_0071 => "the password has expired",
            0xC000_0072 => "the account is disabled",
            0xC000_015B => "the account lacks the right to log on this way",
            0xC000_0193 => "the account has expired",
            0xC000_0224 => "the password must be changed first",
            0xC000_0234 => "the account is locked",
            _ => "a status of Windows",
        };
        write!(f, "{meaning} (0x{:08X})", self.0)
    }
}

impl From<sspi::Error> for Error {
    fn from(error: sspi::Error) -> Self {
        if let Some(status) = error.nstatus {
            return Self::Told(Status(status.0));
        }
        match error.error_type {
            sspi::ErrorKind::MessageAltered => Self::Altered,
            sspi::ErrorKind::LogonDenied => Self::Refused,
            _ => Self::Mechanism(error.description),
        }
    }
}
