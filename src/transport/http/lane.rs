//! One authenticated connection: it carries one exchange at a time, and seals where its authentication does.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::HeaderValue;
use tokio::time::{Instant, timeout_at};

use super::answer::{self, Envelopes};
use super::wire::{Body, Lost, Post, Wire};
use crate::auth;
use crate::transport::tcp::seconds;
use crate::wsman::client::{Sent, Trouble, Why};
use crate::wsman::{Piece, Protocol, seal};

/// The type of an envelope.
pub(super) const SOAP: &str = "application/soap+xml;charset=UTF-8";
/// The most of a page that is no envelope that is read, for the error about it.
const PAGE: usize = 64 << 10;

/// A connection that stands and is authenticated. Dropping it closes it.
pub(super) struct Lane {
    pub(super) wire: Wire,
    /// Seals every message, where there is one.
    pub(super) context: Option<auth::Context>,
    /// What every request says of who we are, where the method has no exchange.
    pub(super) authorization: Option<HeaderValue>,
    /// Its first exchange has been answered: what is refused afterwards was granted once.
    pub(super) proven: bool,
}

/// An answer on its way.
pub(super) struct Answering<'a> {
    lane: &'a mut Lane,
    body: Body,
    envelopes: Envelopes,
    ended: bool,
    patience: Duration,
    until: Instant,
}

/// Why an answer did not come, or not whole. The lane is of no use any more.
#[derive(Clone, Debug)]
pub(super) struct Loss {
    /// Nothing of the request left: any other connection may take it at once.
    pub(super) unsent: bool,
    pub(super) sent: Sent,
    pub(super) why: Why,
}

impl Loss {
    pub(super) fn new(sent: Sent, kind: Trouble, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            unsent: false,
            sent,
            why: Why { kind, text },
        }
    }
}

impl From<Lost> for Loss {
    fn from(lost: Lost) -> Self {
        let sent = if lost.unsent { Sent::No } else { Sent::Maybe };
        Self {
            unsent: lost.unsent,
            ..Self::new(sent, Trouble::Network, lost.reason)
        }
    }
}

impl Lane {
    /// Sends a request. The server may be silent for `patience` at most before each envelope of its answer, which has to
    /// be read to its end.
    pub(super) async fn send(
        &mut self,
        envelope: &str,
        patience: Duration,
    ) -> Result<Answering<'_>, Loss> {
        let post = self.seal(envelope)?;
        let until = Instant::now() + patience + upload(post.body.len());
        let answered = within(until, patience, self.wire.post(post)).await?;
        let (head, mut body) = answered?;
        match answer::kind(&head, self.context.is_some()) {
            Ok(kind) => Ok(Answering {
                lane: self,
                body,
                envelopes: Envelopes::new(&head, kind),
                ended: false,
                patience,
                until,
            }),
            Err(trouble) => {
                let page = within(until, patience, body.all(PAGE)).await?;
                Err(answer::refused(&head, trouble, &page.unwrap_or_default()))
            }
        }
    }

    fn seal(&mut self, envelope: &str) -> Result<Post, Loss> {
        let Some(context) = &mut self.context else {
            return Ok(Post {
                content_type: SOAP.to_owned(),
                authorization: self.authorization.clone(),
                body: Bytes::copy_from_slice(envelope.as_bytes()),
            });
        };
        let mut data = envelope.as_bytes().to_vec();
        let length = data.len();
        let signature = context.seal(&mut data).map_err(|error| {
            let text = format!("the message could not be sealed: {error}");
            Loss::new(Sent::No, Trouble::Context, text)
        })?;
        let pieces = [Piece {
            length,
            signature: &signature,
            data: &data,
        }];
        Ok(Post {
            content_type: Protocol::Negotiate.content_type(pieces.len()),
            authorization: None,
            body: Bytes::from(seal(Protocol::Negotiate, SOAP, &pieces)),
        })
    }
}

impl Answering<'_> {
    /// The next envelope, as a rule the only one; `None`: the answer has ended, and the lane is free. `arriving` is called
    /// as parts of it come.
    pub(super) async fn next(
        &mut self,
        mut arriving: impl FnMut(),
    ) -> Result<Option<String>, Loss> {
        loop {
            let context = self.lane.context.as_mut();
            if let Some(envelope) = self.envelopes.next(self.ended, context)? {
                self.until = Instant::now() + self.patience;
                return Ok(Some(envelope));
            }
            if self.ended {
                self.lane.proven = true;
                return Ok(None);
            }
            match within(self.until, self.patience, self.body.next()).await?? {
                Some(data) => {
                    self.envelopes.push(&data)?;
                    arriving();
                }
                None => self.ended = true,
            }
        }
    }
}

/// How long a request may take to leave, on a link of 64 kbit/s.
fn upload(bytes: usize) -> Duration {
    Duration::from_millis(u64::try_from(bytes / 8).unwrap_or(u64::MAX))
}

/// Waits no longer than `until`.
async fn within<T>(
    until: Instant,
    patience: Duration,
    future: impl Future<Output = T>,
) -> Result<T, Loss> {
    timeout_at(until, future).await.map_err(|_| {
        let text = format!("no answer within {}", seconds(patience));
        Loss::new(Sent::Maybe, Trouble::Silence, text)
    })
}
