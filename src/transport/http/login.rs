//! Saying who we are on a connection, and what to say when the server does not believe it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::HeaderValue;
use rustls::pki_types::CertificateDer;

use super::access::Access;
use super::answer;
use super::failure;
use super::lane::{Lane, SOAP};
use super::wire::{Head, Lost, Post, Wire};
use crate::auth::challenges::{self, Offered};
use crate::auth::{self, ChannelBinding, Context, Method};
use crate::transport::{Failure, FailureKind, Stage};
use crate::wsman::client::{Sent, Trouble};

/// Legs that one exchange may take.
const LEGS: usize = 8;
/// The most of a page in the place of an answer.
const PAGE: usize = 64 << 10;

/// Authenticates a new connection. `certificate` is the server's, under TLS.
pub(super) async fn login(
    mut wire: Wire,
    access: &Access,
    certificate: Option<&CertificateDer<'_>>,
) -> Result<Lane, Failure> {
    let failed = |error: &auth::Error| access.failed(error).at(Stage::Authenticate);
    if access.method == Method::Basic {
        let value = auth::basic(&access.credential).map_err(|error| failed(&error))?;
        let mut value = HeaderValue::from_str(&value).map_err(|_| {
            let message = "this user name or password cannot stand in a header";
            Failure::new(FailureKind::Usage, message).at(Stage::Authenticate)
        })?;
        value.set_sensitive(true);
        return Ok(Lane {
            wire,
            context: None,
            authorization: Some(value),
            proven: false,
        });
    }
    let binding = certificate.map(|der| ChannelBinding::of_certificate(der));
    let host = &access.endpoint.host;
    let mut context = Context::new(access.method, &access.credential, host, binding.as_ref())
        .map_err(|error| failed(&error))?;
    let mut token = context.step(None).map_err(|error| failed(&error))?.token;
    for leg in 0..LEGS {
        let (head, page) = post(&mut wire, context.scheme(), token.take())
            .await
            .map_err(|lost| unanswered(access, leg, &lost))?;
        let offers = challenges::read(head.challenges());
        let theirs = challenges::token(&offers, context.scheme());
        let theirs = theirs.map_err(|error| failed(&error))?;
        if head.status == StatusCode::UNAUTHORIZED {
            let Some(theirs) = theirs else {
                return Err(if leg == 0 {
                    access.not_offered(&offers)
                } else {
                    access.refused(None)
                });
            };
            token = context
                .step(Some(&theirs))
                .map_err(|error| failed(&error))?
                .token;
            continue;
        }
        if let Some(theirs) = theirs {
            context
                .step(Some(&theirs))
                .map_err(|error| failed(&error))?;
        }
        // An empty message is no envelope, and some servers say so: in is in.
        let is_in = head.status.is_success() || matches!(head.status.as_u16(), 400 | 411 | 500);
        if !is_in {
            return Err(no_service(access, &head, &page));
        }
        if !context.is_complete() {
            let message = format!("{host} let us in without proving that it knows who we are");
            return Err(Failure::new(FailureKind::Protocol, message)
                .at(Stage::Authenticate)
                .hint("something between may pass for the server: see that the address is right"));
        }
        return Ok(Lane {
            wire,
            context: access.seals().then_some(context),
            authorization: None,
            proven: true,
        });
    }
    let message = format!("the authentication with {host} does not come to an end");
    Err(Failure::new(FailureKind::Protocol, message).at(Stage::Authenticate))
}

/// One leg: an empty message with our token.
async fn post(
    wire: &mut Wire,
    scheme: &str,
    token: Option<Vec<u8>>,
) -> Result<(Head, Vec<u8>), Lost> {
    let value = token.map(|token| format!("{scheme} {}", STANDARD.encode(token)));
    let mut authorization = value.and_then(|value| HeaderValue::from_str(&value).ok());
    if let Some(value) = &mut authorization {
        value.set_sensitive(true);
    }
    let post = Post {
        content_type: SOAP.to_owned(),
        authorization,
        body: Bytes::new(),
    };
    let (head, mut body) = wire.post(post).await?;
    let page = body.all(PAGE).await?;
    Ok((head, page))
}

/// The connection ended during the exchange.
fn unanswered(access: &Access, leg: usize, lost: &Lost) -> Failure {
    let host = &access.endpoint.host;
    let failure = if leg == 0 {
        let message = format!("{host} closed the connection instead of answering");
        Failure::new(FailureKind::Unreachable, message)
            .hint("see that the port is that of WSMan: 5985 for HTTP, 5986 for HTTPS")
    } else {
        let message = format!("{host} closed the connection in the middle of the authentication");
        Failure::new(FailureKind::Unreachable, message).hint(
            "NTLM needs one connection from its beginning to its end: a proxy between may not keep it",
        )
    };
    failure.at(Stage::Authenticate).detail(lost.reason.clone())
}

/// Something answered that is no WSMan service, or not now.
fn no_service(access: &Access, head: &Head, page: &[u8]) -> Failure {
    let trouble = answer::kind(head, false)
        .err()
        .unwrap_or((Sent::No, Trouble::Garbage));
    let loss = answer::refused(head, trouble, page);
    failure::of_loss(access, &loss).at(Stage::Authenticate)
}

/// The methods of a 401, as the server names them.
pub(super) fn names(offers: &[Offered]) -> String {
    let mut names: Vec<String> = Vec::new();
    for offer in offers {
        let name = crate::stdio::printable(offer.scheme.as_bytes());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        "none".into()
    } else {
        names.join(", ")
    }
}
