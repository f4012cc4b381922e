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
    if access.method == Method::Basic {
        return basic(wire, access).await;
    }
    let failed = |error: &auth::Error| access.failed(error).at(Stage::Authenticate);
    let binding = certificate.map(|der| ChannelBinding::of_certificate(der));
    let host = access.endpoint.name();
    let mut context = Context::new(access.method, &access.credential, host, binding.as_ref())
        .map_err(|error| failed(&error))?;
    let mut token = context.step(None).map_err(|error| failed(&error))?.token;
    for leg in 0..LEGS {
        let authorization = token
            .take()
            .and_then(|token| secret(&format!("{} {}", context.scheme(), STANDARD.encode(token))));
        let (head, page) = post(&mut wire, authorization)
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
        // One that refuses the first leg as it is has not looked at who we are.
        if leg == 0 && head.status == StatusCode::BAD_REQUEST || !is_in(head.status) {
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

/// The password goes only to a server that asks for it, and only such a one is entered that has taken it.
async fn basic(mut wire: Wire, access: &Access) -> Result<Lane, Failure> {
    let value = auth::basic(&access.credential)
        .map_err(|error| access.failed(&error).at(Stage::Authenticate))?;
    let Some(value) = secret(&value) else {
        let message = "this user name or password cannot stand in a header";
        return Err(Failure::new(FailureKind::Usage, message).at(Stage::Authenticate));
    };
    let lost = |lost: Lost| unanswered(access, 0, &lost);
    let (head, page) = post(&mut wire, None).await.map_err(lost)?;
    if head.status != StatusCode::UNAUTHORIZED {
        return Err(no_service(access, &head, &page));
    }
    let offers = challenges::read(head.challenges());
    if !Method::Basic.is_offered(&offers) {
        return Err(access.not_offered(&offers));
    }
    let (head, page) = post(&mut wire, Some(value.clone())).await.map_err(lost)?;
    match head.status {
        StatusCode::UNAUTHORIZED => Err(access.refused(None)),
        status if is_in(status) => Ok(Lane {
            wire,
            context: None,
            authorization: Some(value),
            proven: true,
        }),
        _ => Err(no_service(access, &head, &page)),
    }
}

/// Whether an answer to an empty message comes from somebody who has let us in: it is no envelope, and some say so.
fn is_in(status: StatusCode) -> bool {
    status.is_success() || matches!(status.as_u16(), 400 | 411 | 500)
}

/// A header that is shown to nobody.
fn secret(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// One leg: an empty message that says who we are, or nothing of it.
async fn post(
    wire: &mut Wire,
    authorization: Option<HeaderValue>,
) -> Result<(Head, Vec<u8>), Lost> {
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
