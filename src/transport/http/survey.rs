//! What a WSMan server tells before anybody is let in.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use tokio::time::timeout;
use uuid::Uuid;

use super::certificate::Certificate;
use super::dial;
use super::lane::SOAP;
use super::login::names;
use super::tls::{Checks, Tls};
use super::wire::{Head, Lost, Post, Wire};
use crate::auth::challenges;
use crate::stdio::printable;
use crate::transport::tcp::{Place, seconds};
use crate::transport::{Endpoint, Failure, FailureKind, Options, Stage, TargetAddress};
use crate::wsman::{Answer, Body, Header, Identity, Request, Response, decode};

/// The most of an answer that is read.
const ANSWER: usize = 64 << 10;
/// The largest answer that we ask for: any will do for Identify.
const ENVELOPE: usize = 153_600;

/// A finding on the way in. They come in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Where the server is.
    Addresses(Vec<IpAddr>),
    /// Something listens at this address.
    Port(String),
    /// The certificate is trusted; what it says of itself, a line each.
    Certificate(Vec<String>),
    /// The service says what it is.
    Service(String),
    /// The service does not say it to strangers; what it says instead.
    Silent(String),
    /// The methods of authentication that it offers.
    Methods(String),
}

/// Whether this computer has authorities to trust, which HTTPS without `--ca` needs.
pub fn check_authorities() -> Result<(), Failure> {
    Tls::new("localhost", &Checks::default()).map(drop)
}

/// Goes as far as nobody has to say who he is, and tells each step. The error is that of the first that failed.
pub async fn survey(
    target: &TargetAddress,
    options: &Options,
    tell: &mut (dyn FnMut(Finding) + Send),
) -> Result<(), Failure> {
    let endpoint = Endpoint::of(target, options)?;
    let limit = options.connect_timeout.unwrap_or(Options::STAGE_TIMEOUT);
    let mut wire = connect(&endpoint, options, limit, tell).await?;
    let asked = ask(&mut wire, &endpoint, tell);
    let late = || {
        let message = format!("{} did not answer within {}", endpoint.host, seconds(limit));
        Failure::new(FailureKind::TimedOut, message)
            .at(Stage::Authenticate)
            .hint("see that the port is that of WSMan: 5985 for HTTP, 5986 for HTTPS")
    };
    match timeout(limit, asked).await {
        Ok(done) => done.map_err(|lost| unanswered(&endpoint, &lost)),
        Err(_) => Err(late()),
    }
}

async fn connect(
    endpoint: &Endpoint,
    options: &Options,
    limit: Duration,
    tell: &mut (dyn FnMut(Finding) + Send),
) -> Result<Wire, Failure> {
    let Endpoint { host, port, .. } = endpoint;
    let place = Place {
        host,
        port: *port,
        limit,
    };
    let addresses = dial::resolve(place).await?;
    tell(Finding::Addresses(
        addresses.iter().map(std::net::SocketAddr::ip).collect(),
    ));
    let stream = dial::reach(place, &addresses, endpoint.scheme).await?;
    tell(Finding::Port(match stream.peer_addr() {
        Ok(address) => address.to_string(),
        Err(_) => endpoint.authority(),
    }));
    let wire = if let Some(tls) = Tls::of(endpoint, options)? {
        let Ok(done) = timeout(limit, tls.handshake(stream, *port)).await else {
            let message = format!(
                "{host} did not finish the TLS handshake within {}",
                seconds(limit)
            );
            return Err(Failure::new(FailureKind::TimedOut, message)
                .at(Stage::Handshake)
                .hint("see that the port speaks TLS: 5986 does for WSMan, 5985 does not"));
        };
        let (stream, certificate) = done?;
        let lines = Certificate::read(&certificate).map(|certificate| certificate.lines());
        tell(Finding::Certificate(lines.unwrap_or_default()));
        Wire::new(stream, &endpoint.authority(), &endpoint.path).await
    } else {
        Wire::new(stream, &endpoint.authority(), &endpoint.path).await
    };
    wire.map_err(|lost| unanswered(endpoint, &lost))
}

/// Identify, then a request that no service answers to strangers.
async fn ask(
    wire: &mut Wire,
    endpoint: &Endpoint,
    tell: &mut (dyn FnMut(Finding) + Send),
) -> Result<(), Lost> {
    let header = Header {
        to: endpoint.to_string(),
        session: Uuid::new_v4(),
        max_envelope: ENVELOPE,
        timeout: Options::STAGE_TIMEOUT,
        locale: "en-US".to_owned(),
        data_locale: "en-US".to_owned(),
    };
    let identify = Request {
        resource: "",
        shell: None,
        body: Body::Identify,
    };
    let envelope = identify.write(&header, Uuid::new_v4(), None);
    wire.anonymous = true;
    let (mut head, page) = post(wire, envelope.into()).await?;
    wire.anonymous = false;
    let text = decode(head.content_type(), &page).unwrap_or_default();
    let answer = Response::read(&text).map(|response| response.answer);
    tell(match answer {
        Ok(Answer::Identity(identity)) => Finding::Service(described(&identity)),
        _ => Finding::Silent(format!("HTTP {}", head.status)),
    });
    if head.status != StatusCode::UNAUTHORIZED {
        (head, _) = post(wire, Bytes::new()).await?;
    }
    let offers = challenges::read(head.challenges());
    tell(Finding::Methods(names(&offers)));
    Ok(())
}

async fn post(wire: &mut Wire, body: Bytes) -> Result<(Head, Vec<u8>), Lost> {
    let post = Post {
        content_type: SOAP.to_owned(),
        authorization: None,
        body,
    };
    let (head, mut body) = wire.post(post).await?;
    let page = body.all(ANSWER).await?;
    Ok((head, page))
}

fn described(identity: &Identity) -> String {
    let parts = [&identity.vendor, &identity.version].into_iter().flatten();
    let parts: Vec<_> = parts.map(|part| printable(part.as_bytes())).collect();
    if parts.is_empty() {
        "it does not say whose".to_owned()
    } else {
        parts.join(", ")
    }
}

fn unanswered(endpoint: &Endpoint, lost: &Lost) -> Failure {
    let message = format!("what answers at {endpoint} does not speak HTTP as WSMan does");
    Failure::new(FailureKind::Protocol, message)
        .at(Stage::Authenticate)
        .detail(lost.reason.clone())
        .hint("see that the port is that of WSMan: 5985 for HTTP, 5986 for HTTPS (--use-ssl)")
}
