//! One security context: the exchange of tokens, and what it protects afterwards.

use std::fmt;

use sspi::ntlm::NtlmConfig;
use sspi::{
    AuthIdentityBuffers, BufferType, ClientRequestFlags, CredentialsBuffers, DataRepresentation,
    EncryptionFlags, Negotiate, NegotiateConfig, Ntlm, SecurityBuffer, SecurityBufferRef,
    SecurityStatus, Sspi, SspiImpl,
};

use super::token::{self, Answer};
use super::{ChannelBinding, Credential, Error, Identity, Method};

/// A security context, bound to one TCP connection.
///
/// [`step`](Self::step) until it says that the exchange is complete; then [`seal`](Self::seal) and
/// [`unseal`](Self::unseal), in the order of the messages on the connection. After an error nothing more comes of it.
pub struct Context {
    method: Method,
    mechanism: Mechanism,
    target: String,
    binding: Option<Vec<u8>>,
    state: State,
}

/// What a step made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The token for the server.
    pub token: Option<Vec<u8>>,
    /// Whether the exchange is over on our side. Where it is not, the server owes a token, also with its last answer.
    pub complete: bool,
}

enum Mechanism {
    Ntlm(Box<Ntlm>, Option<AuthIdentityBuffers>),
    Negotiate(Box<Negotiate>, Option<CredentialsBuffers>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Exchanging,
    Complete,
    Broken,
}

impl Context {
    /// A context for `method` at `host`; `binding` where the connection is TLS.
    pub fn new(
        method: Method,
        credential: &Credential,
        host: &str,
        binding: Option<&ChannelBinding>,
    ) -> Result<Self, Error> {
        let identity = Identity::parse(&credential.user)?;
        let identity = AuthIdentityBuffers::from_utf8(
            &identity.user,
            identity.domain.as_deref().unwrap_or_default(),
            credential.password.expose(),
        );
        let mechanism = match method {
            Method::Basic => return Err(Error::OutOfTurn("Basic has no exchange of tokens")),
            Method::Ntlm => Mechanism::Ntlm(Box::default(), Some(identity)),
            Method::Negotiate => {
                let config = NegotiateConfig::new(
                    Box::new(NtlmConfig::default()),
                    Some("ntlm".to_owned()),
                    String::new(),
                );
                let package = Box::new(Negotiate::new_client(config)?);
                let credentials = CredentialsBuffers::AuthIdentity(identity);
                Mechanism::Negotiate(package, Some(credentials))
            }
        };
        Ok(Self {
            method,
            mechanism,
            target: format!("HTTP/{host}"),
            binding: binding.map(ChannelBinding::to_buffer),
            state: State::New,
        })
    }

    /// The scheme of the headers that carry its tokens.
    pub fn scheme(&self) -> &'static str {
        self.method.scheme()
    }

    /// Whether the exchange is over: only then can it seal.
    pub fn is_complete(&self) -> bool {
        self.state == State::Complete
    }

    /// The next step: without a token the first one, then with the server's.
    ///
    /// NTLM is complete with its second token; SPNEGO once the server's last token, which comes with the answer that
    /// lets us in, was fed in.
    pub fn step(&mut self, token: Option<&[u8]>) -> Result<Step, Error> {
        match (self.state, token) {
            (State::New, None) => {}
            (State::Exchanging, Some(token)) => self
                .check(token)
                .inspect_err(|_| self.state = State::Broken)?,
            (State::Complete, _) => return Err(Error::OutOfTurn("the exchange is over")),
            (State::Broken, _) => return Err(Error::OutOfTurn("the exchange has failed")),
            (State::New, Some(_)) => return Err(Error::OutOfTurn("a token came before ours")),
            (State::Exchanging, None) => {
                return Err(Error::OutOfTurn("the server's token is missing"));
            }
        }
        self.state = State::Broken;
        let leg = Leg {
            target: &self.target,
            binding: self.binding.as_deref(),
            token: token.unwrap_or_default(),
        };
        let made = match &mut self.mechanism {
            Mechanism::Ntlm(package, identity) => leg.run(package.as_mut(), identity),
            Mechanism::Negotiate(package, credentials) => leg.run(package.as_mut(), credentials),
        };
        let (status, token) = made.map_err(|error| match error {
            Error::Mechanism(what) if token.is_some() => Error::Token(what),
            other => other,
        })?;
        let complete = match status {
            SecurityStatus::Ok => true,
            SecurityStatus::ContinueNeeded => false,
            other => return Err(Error::Mechanism(format!("unexpected status {other:?}"))),
        };
        self.state = if complete {
            State::Complete
        } else {
            State::Exchanging
        };
        Ok(Step {
            token: (!token.is_empty()).then_some(token),
            complete,
        })
    }

    /// Seals `data` in place and answers the signature, which goes before it.
    pub fn seal(&mut self, data: &mut [u8]) -> Result<Vec<u8>, Error> {
        self.protects()?;
        let sealed = match &mut self.mechanism {
            Mechanism::Ntlm(package, _) => seal(package.as_mut(), data),
            Mechanism::Negotiate(package, _) => seal(package.as_mut(), data),
        };
        sealed.inspect_err(|_| self.state = State::Broken)
    }

    /// Unseals `data` in place. Fails, and the context with it, where it was altered or is not the next message;
    /// `data` then holds nothing.
    pub fn unseal(&mut self, signature: &[u8], data: &mut Vec<u8>) -> Result<(), Error> {
        let unsealed = self.protects().and_then(|()| match &mut self.mechanism {
            Mechanism::Ntlm(package, _) => unseal(package.as_mut(), signature, data),
            Mechanism::Negotiate(package, _) => unseal(package.as_mut(), signature, data),
        });
        unsealed.inspect_err(|_| {
            self.state = State::Broken;
            data.clear();
        })
    }

    fn protects(&self) -> Result<(), Error> {
        match self.state {
            State::Complete => Ok(()),
            State::Broken => Err(Error::OutOfTurn("the context has failed")),
            State::New | State::Exchanging => Err(Error::OutOfTurn("the exchange is not over")),
        }
    }

    /// What we look at ourselves in a server's token.
    fn check(&self, token: &[u8]) -> Result<(), Error> {
        if token.len() > token::LONGEST {
            return Err(Error::Token(format!("it has {} bytes", token.len())));
        }
        match self.method {
            Method::Negotiate => {
                let answer = Answer::read(token)?;
                if answer.is_rejection() {
                    return Err(Error::Refused);
                }
                match answer.token {
                    Some(token) => token::check_challenge(token),
                    None => Ok(()),
                }
            }
            Method::Basic | Method::Ntlm => token::check_challenge(token),
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("method", &self.method)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// One call of a mechanism.
struct Leg<'a> {
    target: &'a str,
    binding: Option<&'a [u8]>,
    token: &'a [u8],
}

impl Leg<'_> {
    fn run<P: Sspi + SspiImpl>(
        &self,
        package: &mut P,
        credentials: &mut P::CredentialsHandle,
    ) -> Result<(SecurityStatus, Vec<u8>), Error> {
        let mut input = vec![SecurityBuffer::new(self.token.to_vec(), BufferType::Token)];
        if let Some(binding) = self.binding {
            input.push(SecurityBuffer::new(
                binding.to_vec(),
                BufferType::ChannelBindings,
            ));
        }
        let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
        let requirements = ClientRequestFlags::INTEGRITY
            | ClientRequestFlags::CONFIDENTIALITY
            | ClientRequestFlags::MUTUAL_AUTH
            | ClientRequestFlags::REPLAY_DETECT
            | ClientRequestFlags::SEQUENCE_DETECT;
        let mut builder = package
            .initialize_security_context()
            .with_credentials_handle(credentials)
            .with_context_requirements(requirements)
            .with_target_data_representation(DataRepresentation::Native)
            .with_target_name(self.target)
            .with_input(&mut input)
            .with_output(&mut output);
        // NTLM asks nobody else; a mechanism that does (Kerberos) would be suspended here.
        let status = package
            .initialize_security_context_impl(&mut builder)?
            .resolve_to_result()?
            .status;
        let [token] = output;
        Ok((status, token.buffer))
    }
}

fn seal<P: Sspi>(package: &mut P, data: &mut [u8]) -> Result<Vec<u8>, Error> {
    let length = package.query_context_sizes()?.security_trailer;
    let mut signature = vec![0; usize::try_from(length).unwrap_or_default()];
    let mut buffers = [
        SecurityBufferRef::token_buf(&mut signature),
        SecurityBufferRef::data_buf(data),
    ];
    package.encrypt_message(EncryptionFlags::empty(), &mut buffers)?;
    Ok(signature)
}

fn unseal<P: Sspi>(package: &mut P, signature: &[u8], data: &mut [u8]) -> Result<(), Error> {
    // The mechanism reads both as one: a cut elsewhere would pass and leave what was never sealed at the end.
    let length = package.query_context_sizes()?.security_trailer;
    if u32::try_from(signature.len()) != Ok(length) {
        return Err(Error::Altered);
    }
    let mut signature = signature.to_vec();
    let mut buffers = [
        SecurityBufferRef::token_buf(&mut signature),
        SecurityBufferRef::data_buf(data),
    ];
    package.decrypt_message(&mut buffers)?;
    Ok(())
}
