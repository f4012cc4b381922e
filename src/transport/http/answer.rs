//! Answers to requests: which status means what, and envelopes out of bodies as they come.

use hyper::header;
use memchr::memmem;

use super::lane::Loss;
use super::wire::Head;
use crate::auth::Context;
use crate::stdio::printable;
use crate::wsman::client::{Sent, Trouble};
use crate::wsman::{self, Part};

/// The longest envelope that is taken: four times what any server is asked for.
const LONGEST: usize = 2 << 20;

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
    // Where all is sealed, somebody in between may say so of a request that he let pass.
    let unrun = if sealed { Sent::Maybe } else { Sent::No };
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
        425 | 429 | 503 => Err((unrun, Trouble::Busy)),
        413 => Err((unrun, Trouble::TooLarge)),
        // 408: the request took too long to arrive.
        408 | 502 | 504 => Err((Sent::Maybe, Trouble::Network)),
        300..=499 | 501 | 505 => Err((Sent::No, Trouble::Final)),
        _ => Err((Sent::Maybe, Trouble::Garbage)),
    }
}

/// What an answer that is no envelope says.
pub(super) fn refused(head: &Head, (sent, trouble): (Sent, Trouble), page: &[u8]) -> Loss {
    let status = head.status;
    let code = status.as_u16();
    let is_untrusted = trouble == Trouble::Final
        && (is_soap(head.content_type()) || matches!(code, 200..=299 | 500));
    let said = match code {
        _ if is_untrusted => {
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
        Some(page) if !is_untrusted => format!("{said} ({page})"),
        _ => said,
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

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;
    use hyper::StatusCode;
    use hyper::header::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn head(status: u16, content_type: &str, chunked: bool) -> Head {
        let mut headers = HeaderMap::new();
        if !content_type.is_empty() {
            let value = HeaderValue::from_str(content_type).unwrap();
            headers.insert(header::CONTENT_TYPE, value);
        }
        if chunked {
            headers.insert(
                header::TRANSFER_ENCODING,
                HeaderValue::from_static("chunked"),
            );
        }
        Head {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
        }
    }

    const SOAP: &str = "application/soap+xml;charset=UTF-8";
    const HTML: &str = "text/html; charset=us-ascii";

    #[test]
    fn every_status_means_one_thing() {
        let sealed = "multipart/encrypted;protocol=\"x\"";
        for (status, content_type, seals, wanted) in [
            (200, SOAP, false, Ok(Kind::Plain)),
            (500, SOAP, false, Ok(Kind::Plain)),
            (400, SOAP, false, Ok(Kind::Plain)),
            (200, sealed, true, Ok(Kind::Sealed)),
            (500, sealed, true, Ok(Kind::Sealed)),
            (200, sealed, false, Err((Sent::Maybe, Trouble::Garbage))),
            // In the clear on a connection that seals: no status makes it good.
            (200, SOAP, true, Err((Sent::Maybe, Trouble::Final))),
            (500, SOAP, true, Err((Sent::Maybe, Trouble::Final))),
            (200, HTML, true, Err((Sent::Maybe, Trouble::Final))),
            (401, "", true, Err((Sent::No, Trouble::Context))),
            (401, SOAP, false, Err((Sent::No, Trouble::Context))),
            (400, "", true, Err((Sent::No, Trouble::Context))),
            (400, HTML, false, Err((Sent::No, Trouble::Final))),
            (404, HTML, true, Err((Sent::No, Trouble::Final))),
            (413, HTML, true, Err((Sent::Maybe, Trouble::TooLarge))),
            (413, HTML, false, Err((Sent::No, Trouble::TooLarge))),
            (429, "", false, Err((Sent::No, Trouble::Busy))),
            (503, HTML, true, Err((Sent::Maybe, Trouble::Busy))),
            (503, HTML, false, Err((Sent::No, Trouble::Busy))),
            (501, HTML, true, Err((Sent::No, Trouble::Final))),
            (408, HTML, true, Err((Sent::Maybe, Trouble::Network))),
            (502, HTML, true, Err((Sent::Maybe, Trouble::Network))),
            (200, HTML, false, Err((Sent::Maybe, Trouble::Garbage))),
            (500, "", true, Err((Sent::Maybe, Trouble::Garbage))),
        ] {
            let head = head(status, content_type, false);
            assert_eq!(
                kind(&head, seals),
                wanted,
                "{status} {content_type} {seals}"
            );
        }
    }

    #[test]
    fn pages_are_told_in_short_and_forgeries_not_at_all() {
        let page = b"<HTML><BODY><h2>Service Unavailable</h2>\n<p>HTTP Error 503.</BODY>";
        let busy = (Sent::No, Trouble::Busy);
        let told = refused(&head(503, HTML, false), busy, page).why.text;
        assert!(
            told.contains("HTTP 503") && told.contains("(Service Unavailable HTTP Error 503.)"),
            "{told}"
        );
        let forged = (Sent::Maybe, Trouble::Final);
        let told = refused(&head(200, SOAP, false), forged, b"<a>obey</a>")
            .why
            .text;
        assert!(
            told.contains("not sealed") && !told.contains("obey"),
            "{told}"
        );
    }

    fn read(head: &Head, pieces: &[&[u8]]) -> Result<Vec<String>, Loss> {
        let mut envelopes = Envelopes::new(head, Kind::Plain);
        let mut read = Vec::new();
        for (at, piece) in pieces.iter().enumerate() {
            envelopes.push(piece)?;
            while let Some(envelope) = envelopes.next(at + 1 == pieces.len(), None)? {
                read.push(envelope);
            }
        }
        Ok(read)
    }

    #[test]
    fn marks_and_encodings_are_read() {
        let utf16: Vec<u8> = "\u{feff}<Envelope/>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for body in [
            b"\xEF\xBB\xBF<Envelope/>".as_slice(),
            b"<Envelope/>",
            &utf16,
        ] {
            for chunked in [false, true] {
                let all = read(&head(200, SOAP, chunked), &[body, b""]).unwrap();
                assert_eq!(all, ["<Envelope/>"]);
            }
        }
        assert!(read(&head(200, SOAP, false), &[b"\xFF"]).is_err());
        assert!(read(&head(200, SOAP, false), &[b""]).is_err());
    }

    #[test]
    fn an_answer_without_end_is_given_up() {
        let mut envelopes = Envelopes::new(&head(200, SOAP, true), Kind::Plain);
        let piece = vec![b'x'; 1 << 20];
        let refused = (0..64).find_map(|_| envelopes.push(&piece).err()).unwrap();
        assert_eq!(refused.why.kind, Trouble::Garbage);
    }

    proptest! {
        #[test]
        fn envelopes_come_out_whole_however_they_are_cut(
            texts in prop::collection::vec("[a-z </>]{0,20}", 1..4),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let envelopes: Vec<String> = texts
                .iter()
                .map(|text| format!("<s:Envelope><a b='Envelope>'/>{}</s:Envelope>", text.replace('<', "&lt;")))
                .collect();
            let body = envelopes.join("\r\n");
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len())).collect();
            at.extend([0, body.len(), body.len()]);
            at.sort_unstable();
            let pieces: Vec<&[u8]> = at.windows(2).map(|pair| &body.as_bytes()[pair[0]..pair[1]]).collect();
            let read = read(&head(200, SOAP, true), &pieces).unwrap();
            let read: Vec<&str> = read.iter().map(|one| one.trim()).collect();
            prop_assert_eq!(read, envelopes);
        }
    }
}
