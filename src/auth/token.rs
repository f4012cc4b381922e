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
        let mut fields = Elements(Elements::first(response, SEQUENCE).ok_or_else(wrong)?);
        let mut answer = Self {
            state: None,
            token: None,
        };
        // Each at most once, in order, and nothing else: the mechanism must not read another token than we do.
        let mut last = None;
        for (tag, content) in fields.by_ref() {
            if !(context(0)..=context(3)).contains(&tag) || last >= Some(tag) {
                return Err(wrong());
            }
            last = Some(tag);
            if tag == context(0) {
                answer.state = Some(Elements::first(content, ENUMERATED).ok_or_else(wrong)?);
            } else if tag == context(2) {
                answer.token = Some(Elements::first(content, OCTETS).ok_or_else(wrong)?);
            }
        }
        if fields.0.is_empty() {
            Ok(answer)
        } else {
            Err(wrong())
        }
    }

    pub(super) fn is_rejection(&self) -> bool {
        self.state == Some(REJECT)
    }
}

/// Refuses a challenge of NTLM (MS-NLMP 2.2.1.2) that is none, or whose target information holds what only a client
/// says there: the service's name, channel bindings. The mechanism would repeat them to the server in the user's name,
/// before its own; whoever sits between could so take the binding to the TLS connection off.
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

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::auth::{Context, Credential, Method, Password};

    /// What an OMI server on Linux answered, with flags in its target information.
    const RECORDED: &str = "oYGZMIGWoAMKAQGhDAYKKwYBBAGCNwICCqKBgAR+TlRMTVNTUAACAAAABAAEADgAAAA1goriKJzR9LNlTHAAAAAA\
        AAAAAEIAQgA8AAAABgIAAAAAAA9WAE0AAQAEAFYATQACABYAVwBPAFIASwBTAFQAQQBUAEkATwBOAAMABAB2AG0ABgAEAAAAAAAHAAgAPqaD\
        1nd53QEAAAAA";

    fn recorded() -> Vec<u8> {
        STANDARD.decode(RECORDED).unwrap()
    }

    fn context(method: Method) -> Context {
        let credential = Credential {
            user: "WORKSTATION\\omitest".into(),
            password: Password::new("secret"),
        };
        let mut context = Context::new(method, &credential, "localhost", None).unwrap();
        context.step(None).unwrap();
        context
    }

    /// A challenge of NTLM with this target information.
    fn challenge(information: &[u8]) -> Vec<u8> {
        let mut challenge = [SIGNATURE, &[2, 0, 0, 0], &[0; 8]].concat();
        challenge.extend_from_slice(&0xE28A_8235_u32.to_le_bytes());
        challenge.extend_from_slice(&[7; 8]);
        challenge.extend_from_slice(&[0; 8]);
        let length = u16::try_from(information.len()).unwrap().to_le_bytes();
        challenge.extend_from_slice(&length);
        challenge.extend_from_slice(&length);
        challenge.extend_from_slice(&56_u32.to_le_bytes());
        challenge.extend_from_slice(&[0; 8]);
        challenge.extend_from_slice(information);
        challenge
    }

    #[test]
    fn the_challenge_of_a_server_on_linux_is_answered() {
        let token = recorded();
        let step = context(Method::Negotiate).step(Some(&token)).unwrap();
        assert!(step.token.is_some() && !step.complete);
        let inner = Answer::read(&token).unwrap().token.unwrap().to_vec();
        let step = context(Method::Ntlm).step(Some(&inner)).unwrap();
        assert!(step.token.is_some() && step.complete);
    }

    #[test]
    fn what_only_a_client_says_is_refused_in_a_challenge() {
        let name = [2, 0, 4, 0, b'V', 0, b'M', 0];
        let end = [0, 0, 0, 0];
        let bindings = [&[10, 0, 16, 0][..], &[7; 16]].concat();
        let service = [9, 0, 2, 0, b'x', 0];
        assert_eq!(
            check_challenge(&challenge(&[&name[..], &end].concat())),
            Ok(())
        );
        for pairs in [
            [&name[..], &bindings, &end],
            [&name[..], &service, &end],
            // Behind the end, where the mechanism still looks.
            [&name[..], &end, &bindings],
        ] {
            let forged = challenge(&pairs.concat());
            assert!(matches!(check_challenge(&forged), Err(Error::Forged(_))));
            let fared = context(Method::Ntlm).step(Some(&forged));
            assert!(matches!(fared, Err(Error::Forged(_))));
        }
    }

    /// Two tokens, of which the mechanism would take the one and we look at the other.
    #[test]
    fn an_answer_with_a_field_twice_or_out_of_order_is_refused() {
        let token = [0xA2, 3, OCTETS, 1, 7];
        let state = [0xA0, 3, ENUMERATED, 1, 1];
        for fields in [
            [&token[..], &token].concat(),
            [&token[..], &state].concat(),
            [&state[..], &[0xA4, 0]].concat(),
            [&state[..], &[0x80]].concat(),
        ] {
            let length = u8::try_from(fields.len()).unwrap();
            let answer = [&[0xA1, length + 2, SEQUENCE, length][..], &fields].concat();
            assert!(Answer::read(&answer).is_err(), "{fields:?}");
        }
    }

    #[test]
    fn broken_tokens_are_the_servers_fault() {
        let whole = recorded();
        for cut in 0..whole.len() {
            let fared = context(Method::Negotiate).step(Some(&whole[..cut]));
            assert!(matches!(fared, Err(Error::Token(_))), "{cut} {fared:?}");
        }
        let fared = context(Method::Ntlm).step(Some(&whole));
        assert!(matches!(fared, Err(Error::Token(_))));
        let fared = context(Method::Negotiate).step(Some(&vec![0xA1; LONGEST + 1]));
        assert!(matches!(fared, Err(Error::Token(_))));
    }

    #[test]
    fn a_rejection_is_a_refusal_and_the_exchange_over() {
        let mut context = context(Method::Negotiate);
        let rejection = [0xA1, 7, 0x30, 5, 0xA0, 3, 0x0A, 1, 2];
        assert_eq!(context.step(Some(&rejection)), Err(Error::Refused));
        let again = context.step(Some(&recorded()));
        assert!(matches!(again, Err(Error::OutOfTurn(_))));
    }
}
