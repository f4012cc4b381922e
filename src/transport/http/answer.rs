//! Answers to requests: which status means what, and envelopes out of bodies as they come.

use hyper::header;
use memchr::memmem;

use super::lane::Loss;
use super::wire::Head;
use crate::auth::Context;
use crate::stdio::printable;
use crate::wsman::client::{Sent, Trouble};
use crate::wsman::{self, Part};

/// The longest envelope that is taken: far more than any server is asked for.
const LONGEST: usize = 8 << 20;

/// What an answer's body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Envelopes in the clear.
    Plain,
    /// Sealed envelopes.
    Sealed,
}

/// What kind of body an answer has, or what trouble it means. Faults have the status 500 and are envelopes too.
pub(super) fn kind(head: &Head, sealed: bool) -> Result<Kind, (Sent, Trouble)> {
    let kind = head.content_type();
    let status = head.status.as_u16();
    if status == 401 {
        return Err((Sent::No, Trouble::Context));
    }
    if wsman::is_sealed(kind) {
        return if sealed {
            Ok(Kind::Sealed)
        } else {
            Err((Sent::Maybe, Trouble::Garbage))
        };
    }
    let is_soap = is_soap(kind);
    match status {
        // An envelope that should have been sealed, or a page in its place.
        _ if sealed && is_soap => Err((Sent::Maybe, Trouble::Final)),
        200..=299 | 500 if sealed && !kind.is_empty() => Err((Sent::Maybe, Trouble::Final)),
        _ if is_soap => Ok(Kind::Plain),
        400 if sealed => Err((Sent::No, Trouble::Context)),
        425 | 429 | 503 => Err((Sent::No, Trouble::Busy)),
        413 => Err((Sent::No, Trouble::TooLarge)),
        502 | 504 => Err((Sent::Maybe, Trouble::Network)),
        300..=499 => Err((Sent::No, Trouble::Final)),
        _ => Err((Sent::Maybe, Trouble::Garbage)),
    }
}

/// What an answer that is no envelope says.
pub(super) fn refused(head: &Head, (sent, trouble): (Sent, Trouble), page: &[u8]) -> Loss {
    let status = head.status;
    let code = status.as_u16();
    let said = match code {
        200..=299 | 500 if trouble == Trouble::Final => {
            "an answer that is not sealed, on a connection where all are: somebody in between may have made it, \
             so nothing of it was used"
                .to_owned()
        }
        300..=399 => match head.text(header::LOCATION) {
            Some(to) => format!(
                "HTTP {code}: it sends us to {}, and no redirection is followed",
                printable(to.as_bytes())
            ),
            None => format!("HTTP {code}: it sends us elsewhere"),
        },
        400 if trouble == Trouble::Context => {
            "HTTP 400: the connection has lost its security context".to_owned()
        }
        401 => "HTTP 401: the connection is not authenticated any more".to_owned(),
        403 => "HTTP 403: forbidden".to_owned(),
        404 => "HTTP 404: nothing is served at that path".to_owned(),
        405 => "HTTP 405: no POST is taken at that path, so it is no WSMan service".to_owned(),
        407 => "HTTP 407: a proxy in between wants to know who we are".to_owned(),
        413 => "HTTP 413: the request is longer than the server takes".to_owned(),
        503 => "HTTP 503: the service is not available".to_owned(),
        _ => format!(
            "HTTP {code}{}",
            status
                .canonical_reason()
                .map_or_else(String::new, |reason| format!(": {reason}"))
        ),
    };
    let text = match snippet(page) {
        Some(page) => format!("{said} ({page})"),
        None => said,
    };
    Loss::new(sent, trouble, text)
}

/// The words of a page that is no envelope: its text without the marks of HTML, cut short.
fn snippet(page: &[u8]) -> Option<String> {
    const MOST: usize = 200;
    let text = String::from_utf8_lossy(page.get(..4096).unwrap_or(page));
    let mut words = String::new();
    let mut in_tag = false;
    for letter in text.chars() {
        match letter {
            '<' => in_tag = true,
            '>' => {
                in_tag = false;
                words.push(' ');
            }
            _ if in_tag => {}
            letter => words.push(letter),
        }
    }
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = words.chars().take(MOST).collect();
    let more = if short.len() < words.len() { "…" } else { "" };
    let shown = format!("{}{more}", printable(short.as_bytes()));
    (!shown.is_empty()).then_some(shown)
}

fn is_soap(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    ["application/soap+xml", "text/xml", "application/xml"]
        .iter()
        .any(|soap| kind.eq_ignore_ascii_case(soap))
}

/// Takes envelopes out of a body: as a rule one, in long operations several, a chunk each.
pub(super) struct Envelopes {
    kind: Kind,
    content_type: String,
    /// Several may come, each to be handed on at once.
    chunked: bool,
    buffer: Vec<u8>,
    /// How much of the buffer was searched for an envelope's end.
    searched: usize,
    /// There was one.
    any: bool,
    /// The last sealed body has ended.
    closed: bool,
}

impl Envelopes {
    pub(super) fn new(head: &Head, kind: Kind) -> Self {
        let length = head.text(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.parse().ok());
        Self {
            kind,
            content_type: head.content_type().to_owned(),
            chunked: head.headers.contains_key(header::TRANSFER_ENCODING),
            buffer: Vec::with_capacity(usize::min(length.unwrap_or(0), LONGEST)),
            searched: 0,
            any: false,
            closed: false,
        }
    }

    /// Takes bytes of the body.
    pub(super) fn push(&mut self, data: &[u8]) -> Result<(), Loss> {
        if self.buffer.len() + data.len() > LONGEST {
            let text = format!("its answer is longer than {} MB", LONGEST >> 20);
            return Err(Loss::new(Sent::Maybe, Trouble::Garbage, text));
        }
        self.buffer.extend_from_slice(data);
        Ok(())
    }

    /// The next whole envelope; `ended` says that nothing more follows.
    pub(super) fn next(
        &mut self,
        ended: bool,
        context: Option<&mut Context>,
    ) -> Result<Option<String>, Loss> {
        let next = match (self.kind, context) {
            (Kind::Sealed, Some(context)) => self.sealed(ended, context)?,
            _ => self.plain(ended)?,
        };
        self.any |= next.is_some();
        if ended && !self.any {
            let text = "its answer is empty";
            return Err(Loss::new(Sent::Maybe, Trouble::Garbage, text));
        }
        Ok(next)
    }

    fn plain(&mut self, ended: bool) -> Result<Option<String>, Loss> {
        let end = if self.chunked {
            self.end_of_envelope()
        } else {
            None
        };
        let piece = match end {
            Some(end) => {
                let rest = self.buffer.split_off(end);
                std::mem::replace(&mut self.buffer, rest)
            }
            None if ended => std::mem::take(&mut self.buffer),
            None => return Ok(None),
        };
        self.searched = 0;
        if piece.trim_ascii().is_empty() {
            return Ok(None);
        }
        decode(&self.content_type, piece).map(Some)
    }

    /// Where the first envelope in the buffer ends, if it does. Of UTF-16 the body has to be whole.
    fn end_of_envelope(&mut self) -> Option<usize> {
        const NAME: &[u8] = b"Envelope>";
        loop {
            let from = self.searched;
            let Some(at) = memmem::find(self.buffer.get(from..)?, NAME) else {
                self.searched = self.buffer.len().saturating_sub(NAME.len());
                return None;
            };
            let (at, end) = (from + at, from + at + NAME.len());
            self.searched = end;
            let before = self.buffer.get(..at)?;
            let tag = before.iter().rposition(|byte| *byte == b'<')?;
            let prefix = before.get(tag + 1..)?;
            if prefix.first() == Some(&b'/') && !prefix.contains(&b'>') {
                return Some(end);
            }
        }
    }

    /// Opens the next piece. In several chunks the pieces come in one body or in several.
    fn sealed(&mut self, ended: bool, context: &mut Context) -> Result<Option<String>, Loss> {
        loop {
            let blank = self.buffer.len() - self.buffer.trim_ascii_start().len();
            self.buffer.drain(..blank);
            if self.buffer.is_empty() {
                return match (ended, self.closed) {
                    (true, false) => Err(altered("it ends too early")),
                    _ => Ok(None),
                };
            }
            let part = Part::read(&self.buffer).map_err(|error| altered(&error.to_string()))?;
            let Some((part, length)) = part else {
                return if ended {
                    Err(altered("it ends too early"))
                } else {
                    Ok(None)
                };
            };
            let opened = match part {
                Part::End if !self.any => return Err(altered("it has no parts")),
                Part::End => None,
                Part::Piece(content_type, piece) => {
                    let mut data = piece.data.to_vec();
                    context
                        .unseal(piece.signature, &mut data)
                        .map_err(|error| altered(&error.to_string()))?;
                    Some(decode(content_type, data)?)
                }
            };
            self.closed = opened.is_none();
            self.any |= opened.is_some();
            self.buffer.drain(..length);
            if opened.is_some() {
                return Ok(opened);
            }
        }
    }
}

/// A sealed answer that is not as the server made it: nothing on this way can be trusted.
fn altered(reason: &str) -> Loss {
    let text = format!(
        "a sealed answer that does not open: it was altered on its way, so nothing of it was used ({reason})"
    );
    Loss::new(Sent::Maybe, Trouble::Final, text)
}

fn decode(content_type: &str, bytes: Vec<u8>) -> Result<String, Loss> {
    // UTF-8, as nearly all answers are, is taken without a copy.
    let is_marked = matches!(
        bytes.first_chunk(),
        Some([0xFF, 0xFE] | [0xFE, 0xFF] | [0xEF, 0xBB])
    );
    if !is_marked && !content_type.to_ascii_lowercase().contains("utf-16") {
        return String::from_utf8(bytes).map_err(|_| garbage(&wsman::Error::NotUnicode));
    }
    wsman::decode(content_type, &bytes)
        .map(std::borrow::Cow::into_owned)
        .map_err(|error| garbage(&error))
}

fn garbage(error: &wsman::Error) -> Loss {
    Loss::new(Sent::Maybe, Trouble::Garbage, error.to_string())
}
