//! Who we are to a server: tokens in, tokens out. No sockets and no clock.
//!
//! [`challenges::read`] reads what a server offers; a [`Context`] makes and takes the tokens of one exchange, which is
//! as long as one TCP connection, and seals and unseals afterwards. [`basic`] needs no exchange.

mod binding;
pub mod challenges;
mod context;
mod credential;
pub(crate) mod der;
mod error;
mod token;

pub use binding::ChannelBinding;
pub use context::{Context, Step};
pub use credential::{Credential, Identity, Password, basic};
pub use error::{Error, Status};

/// A way to authenticate. Kerberos, CredSSP, Digest and certificates have their places here once they are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// User and password as they are: nothing seals them or what follows.
    Basic,
    /// SPNEGO (RFC 4178), with NTLM inside.
    Negotiate,
    /// NTLM (MS-NLMP) without SPNEGO around it, under the name of Negotiate.
    Ntlm,
}

impl Method {
    /// The scheme that it goes by in `WWW-Authenticate` and `Authorization`.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Negotiate | Self::Ntlm => "Negotiate",
        }
    }

    /// Whether a server that makes these offers takes it.
    pub fn is_offered(self, offers: &[challenges::Offered]) -> bool {
        offers
            .iter()
            .any(|offer| offer.scheme.eq_ignore_ascii_case(self.scheme()))
    }

    /// Whether it seals messages where the connection is in the clear.
    pub fn seals(self) -> bool {
        match self {
            Self::Basic => false,
            Self::Negotiate | Self::Ntlm => true,
        }
    }
}
