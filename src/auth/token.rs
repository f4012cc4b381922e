//! What a server's tokens say, read before the mechanism sees them.

use super::Error;
use super::der::{ENUMERATED, Elements, OCTETS, SEQUENCE, context};

/// No token is longer: Kerberos tickets with large authorisation data end before.
pub(super) const LONGEST: usize = 64 * 1024;

const SIGNATURE: &[u8] = b"NTLMSSP\0";

/// `reject` of a negotiation's states (RFC 4178 4.2.2).
const REJECT: &[u8] = &[2];

/// A negotiation's answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer<'a> {
    state: Option<&'a [u8]>,
    /// The token of the mechanism inside.
    pub(super) token: Option<&'a [u8]>,
}

impl<'a> Answer<'a> {
    /// Reads a `NegTokenResp` (RFC 4178 4.2.2).
    pub(super) fn read(token: &'a [u8]) -> Result<Self, Error> {
        let wrong = || {
            Error::Token(format!(
                "it is no answer of SPNEGO but begins with {}",
                start(token)
            ))
        };
        let response = Elements::first(token, context(1)).ok_or_else(wrong)?;
        let fields = Elements::first(response, SEQUENCE).ok_or_else(wrong)?;
        let mut answer = Self {
            state: None,
            token: None,
        };
        for (tag, content) in Elements(fields) {
            if tag == context(0) {
                answer.state = Elements::first(content, ENUMERATED);
            } else if tag == context(2) {
                answer.token = Elements::first(content, OCTETS);
            }
        }
        Ok(answer)
    }

    pub(super) fn is_rejection(&self) -> bool {
        self.state == Some(REJECT)
    }
}

/// Refuses a challenge of NTLM (MS-NLMP 2.2.1.2) that is none, or whose target information holds what a client says
/// there: flags, the service's name, channel bindings. The mechanism would repeat them to the server in the user's
/// name, before its own; whoever sits between could so take the binding to the TLS connection off.
pub(super) fn check_challenge(token: &[u8]) -> Result<(), Error> {
    let wrong = || {
        Error::Token(format!(
            "it is no challenge of NTLM but begins with {}",
            start(token)
        ))
    };
    let short = || Error::Token("it ends too early".to_owned());
    let is_challenge = token
        .strip_prefix(SIGNATURE)
        .is_some_and(|rest| rest.starts_with(&[2, 0, 0, 0]));
    if !is_challenge {
        return Err(wrong());
    }
    let [low, high] = at(token, 40).ok_or_else(short)?;
    let length = usize::from(u16::from_le_bytes([low, high]));
    let offset = u32::from_le_bytes(at(token, 44).ok_or_else(short)?);
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    let end = offset.checked_add(length).ok_or_else(short)?;
    let mut pairs = token.get(offset..end).ok_or_else(short)?;
    // To the very end, as the mechanism reads them: an end mark in the middle hides nothing.
    while let Some([id, id_high, length, length_high]) = at(pairs, 0) {
        let held = match u16::from_le_bytes([id, id_high]) {
            6 => Some("flags"),
            9 => Some("the name of a service"),
            10 => Some("channel bindings"),
            _ => None,
        };
        if let Some(held) = held {
            return Err(Error::Forged(held));
        }
        let length = usize::from(u16::from_le_bytes([length, length_high]));
        pairs = pairs.get(4 + length..).ok_or_else(short)?;
    }
    Ok(())
}

fn at<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..)?.first_chunk().copied()
}

/// The first bytes of something unknown, to show.
fn start(token: &[u8]) -> String {
    let bytes = token.iter().take(8).map(|byte| format!("{byte:02x}"));
    bytes.collect()
}
