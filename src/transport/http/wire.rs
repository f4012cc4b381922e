//! One HTTP connection: requests one at a time, answers read as they come.
//!
//! No compression, cookies, redirects, chunked requests or `Expect`. What the server sends is bounded.

use std::io;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;

/// What names us to the server.
const AGENT: &str = concat!("psdeck/", env!("CARGO_PKG_VERSION"));
/// Headers of an answer, their number and bytes: Kerberos tickets and proxies' cookies are long.
const MOST_HEADERS: usize = 100;
const HEADER_BYTES: usize = 128 << 10;
/// What is read at once.
const BUFFER: usize = 256 << 10;

/// An open connection. Dropping it closes it.
pub(super) struct Wire {
    sender: http1::SendRequest<Full<Bytes>>,
    /// Reads and writes; ends when the connection does.
    io: JoinHandle<()>,
    host: HeaderValue,
    path: String,
    /// Requests are Identify, to be answered before anybody has said who he is.
    pub(super) anonymous: bool,
}

/// What a request carries.
pub(super) struct Post {
    pub(super) content_type: String,
    pub(super) authorization: Option<HeaderValue>,
    pub(super) body: Bytes,
}

/// The beginning of an answer.
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
}

/// The body of an answer, as it comes.
pub(super) struct Body(Incoming);

/// Why there is no answer, or no more of it.
#[derive(Debug)]
pub(super) struct Lost {
    /// Nothing of the request left.
    pub(super) unsent: bool,
    /// What happened.
    pub(super) reason: String,
}

impl Wire {
    /// Speaks HTTP/1.1 on `stream`. `host` is what the `Host` header says.
    pub(super) async fn new<S>(stream: S, host: &str, path: &str) -> Result<Self, Lost>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let host = HeaderValue::from_str(host).map_err(|_| Lost {
            unsent: true,
            reason: format!("'{host}' cannot stand in a header"),
        })?;
        let (sender, connection) = http1::Builder::new()
            .max_headers(MOST_HEADERS)
            .max_header_size(HEADER_BYTES)
            .max_buf_size(BUFFER)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(lost)?;
        let io = tokio::spawn(async move {
            // Whoever waits for an answer is told the reason there.
            let _ = connection.await;
        });
        Ok(Self {
            sender,
            io,
            host,
            path: path.to_owned(),
            anonymous: false,
        })
    }

    /// Sends a request and waits for the beginning of its answer. The former answer has to be read to its end.
    pub(super) async fn post(&mut self, post: Post) -> Result<(Head, Body), Lost> {
        self.sender.ready().await.map_err(|error| Lost {
            unsent: true,
            ..lost(error)
        })?;
        let length = HeaderValue::from(post.body.len());
        let mut request = Request::new(Full::new(post.body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.path.parse().map_err(|_| Lost {
            unsent: true,
            reason: format!("'{}' is no path", self.path),
        })?;
        let headers = request.headers_mut();
        let fixed: [(HeaderName, HeaderValue); 5] = [
            (header::HOST, self.host.clone()),
            (header::CONNECTION, HeaderValue::from_static("Keep-Alive")),
            (header::USER_AGENT, HeaderValue::from_static(AGENT)),
            (
                header::ACCEPT_ENCODING,
                HeaderValue::from_static("identity"),
            ),
            (header::CONTENT_LENGTH, length),
        ];
        headers.extend(fixed);
        if let Ok(kind) = HeaderValue::from_str(&post.content_type) {
            headers.insert(header::CONTENT_TYPE, kind);
        }
        if self.anonymous {
            let name = HeaderName::from_static("wsmanidentify");
            headers.insert(name, HeaderValue::from_static("unauthenticated"));
        }
        if let Some(authorization) = post.authorization {
            headers.insert(header::AUTHORIZATION, authorization);
        }
        let mut answer = std::pin::pin!(self.sender.try_send_request(request));
        let answer = tokio::select! {
            biased;
            answer = &mut answer => answer,
            // What is handed over just as the connection ends may be taken by nobody, and then nobody says so.
            _ = &mut self.io => answer.now_or_never().ok_or_else(|| Lost {
                unsent: false,
                reason: "the connection ended".to_owned(),
            })?,
        };
        let answer = answer.map_err(|mut error| {
            let unsent = error.take_message().is_some();
            Lost {
                unsent,
                ..lost(error.into_error())
            }
        })?;
        let (parts, body) = answer.into_parts();
        let head = Head {
            status: parts.status,
            headers: parts.headers,
        };
        Ok((head, Body(body)))
    }

    /// Waits until the connection is closed, which the server may do at any time.
    pub(super) async fn closed(&mut self) {
        // Its end may have been seen beside an answer. An error means that the task was stopped: it is closed too.
        if !self.io.is_finished() {
            let _ = (&mut self.io).await;
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.io.abort();
    }
}

impl Head {
    /// The content type; empty without one.
    pub(super) fn content_type(&self) -> &str {
        self.text(header::CONTENT_TYPE).unwrap_or_default()
    }

    /// The values of `WWW-Authenticate`.
    pub(super) fn challenges(&self) -> impl Iterator<Item = &str> {
        self.headers
            .get_all(header::WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
    }

    /// A header's value.
    pub(super) fn text(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Body {
    /// The next bytes; a piece never reaches beyond a chunk's end. `None`: that was all.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Lost> {
        while let Some(frame) = self.0.frame().await {
            // Trailers hold nothing that is known.
            if let Ok(data) = frame.map_err(lost)?.into_data()
                && !data.is_empty()
            {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// The whole body if it is no longer than `most` bytes; what came before that, if it is.
    pub(super) async fn all(&mut self, most: usize) -> Result<Vec<u8>, Lost> {
        let mut all = Vec::new();
        while let Some(data) = self.next().await? {
            let room = most.saturating_sub(all.len());
            all.extend_from_slice(data.get(..room).unwrap_or(&data));
            if all.len() >= most {
                break;
            }
        }
        Ok(all)
    }
}

/// What ended the connection in plain words, or hyper's reason with what stands behind it.
fn lost(error: hyper::Error) -> Lost {
    Lost {
        unsent: false,
        reason: reason(&error),
    }
}

fn reason(error: &hyper::Error) -> String {
    if error.is_incomplete_message() {
        return "the server closed the connection instead of answering".into();
    }
    let mut reason = error.to_string();
    let first = std::error::Error::source(error);
    for source in std::iter::successors(first, |error| error.source()) {
        if let Some(plain) = source.downcast_ref::<io::Error>().and_then(ended) {
            return plain.into();
        }
        let text = source.to_string();
        if !reason.contains(&text) {
            reason = format!("{reason}: {text}");
        }
    }
    reason
}

/// How a connection ended that had been made.
fn ended(error: &io::Error) -> Option<&'static str> {
    Some(match error.kind() {
        // Without TLS's own farewell: nobody can tell who ended it.
        io::ErrorKind::UnexpectedEof => "the connection ended without a word",
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => "the connection was reset",
        io::ErrorKind::TimedOut => "nothing came back over the connection",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    use tokio::io::{AsyncReadExt as _, ReadBuf};
    use tokio::sync::oneshot;

    use super::*;

    /// A network that takes what is sent and then fails in its own way.
    struct Failing {
        kind: io::ErrorKind,
        sent: oneshot::Receiver<()>,
    }

    impl AsyncRead for Failing {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let told = ready!(Pin::new(&mut self.sent).poll(context));
            told.expect("the request was read");
            Poll::Ready(Err(io::Error::new(self.kind, "see https://docs.example")))
        }
    }

    async fn reason_of(kind: io::ErrorKind) -> String {
        let (near, mut far) = tokio::io::duplex(64 << 10);
        let (tell, sent) = oneshot::channel();
        let stream = tokio::io::join(Failing { kind, sent }, near);
        let mut wire = Wire::new(stream, "server01", "/wsman").await.unwrap();
        let post = Post {
            content_type: "text/plain".into(),
            authorization: None,
            body: Bytes::new(),
        };
        let reader = async {
            far.read_exact(&mut [0; 64]).await.unwrap();
            tell.send(()).unwrap();
        };
        let (answer, ()) = tokio::join!(wire.post(post), reader);
        answer.err().unwrap().reason
    }

    #[tokio::test]
    async fn a_lost_connection_is_told_in_plain_words() {
        for (kind, wanted) in [
            (
                io::ErrorKind::UnexpectedEof,
                "the connection ended without a word",
            ),
            (io::ErrorKind::ConnectionReset, "the connection was reset"),
            (
                io::ErrorKind::TimedOut,
                "nothing came back over the connection",
            ),
        ] {
            assert_eq!(reason_of(kind).await, wanted);
        }
        assert!(
            reason_of(io::ErrorKind::Other)
                .await
                .contains("docs.example")
        );
    }

    #[tokio::test]
    async fn a_request_that_an_ended_connection_did_not_take_is_lost() {
        let (ours, _theirs) = tokio::io::duplex(1024);
        let (sender, connection) = http1::handshake(TokioIo::new(ours)).await.unwrap();
        let mut connection = std::pin::pin!(connection);
        assert!(futures_util::poll!(&mut connection).is_pending());
        let mut wire = Wire {
            sender,
            io: tokio::spawn(std::future::ready(())),
            host: HeaderValue::from_static("x"),
            path: "/".to_owned(),
            anonymous: false,
        };
        let post = Post {
            content_type: String::new(),
            authorization: None,
            body: Bytes::new(),
        };
        let posted = tokio::time::timeout(std::time::Duration::from_mins(1), wire.post(post)).await;
        assert!(posted.expect("it is given up").is_err());
    }
}
