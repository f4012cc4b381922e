//! The format of sealed bodies: `multipart/encrypted` (MS-WSMV 2.2.9.1). What seals them is not here.

use super::Error;

/// CredSSP seals at most so much at once; longer bodies go in pieces.
pub const MAX_PIECE: usize = 16_384;

const BOUNDARY: &str = "Encrypted Boundary";

/// The label of a sealed body: how it was authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Negotiate: Kerberos or NTLM inside.
    Negotiate,
    /// Bare Kerberos.
    Kerberos,
    /// CredSSP.
    CredSsp,
}

/// A sealed body's part: what was `length` bytes of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The text's length before it was sealed.
    pub length: usize,
    /// The signature.
    pub signature: &'a [u8],
    /// What is sealed.
    pub data: &'a [u8],
}

/// A sealed body, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed<'a> {
    /// The type of the text inside: `application/soap+xml;charset=UTF-8`.
    pub content_type: String,
    /// Its pieces, in order.
    pub pieces: Vec<Piece<'a>>,
}

impl Protocol {
    fn label(self) -> &'static str {
        match self {
            Self::Negotiate => "application/HTTP-SPNEGO-session-encrypted",
            Self::Kerberos => "application/HTTP-Kerberos-session-encrypted",
            Self::CredSsp => "application/HTTP-CredSSP-session-encrypted",
        }
    }

    /// The content type of a request with so many pieces.
    pub fn content_type(self, pieces: usize) -> String {
        let kind = if pieces > 1 {
            "x-multi-encrypted"
        } else {
            "encrypted"
        };
        format!(
            "multipart/{kind};protocol=\"{}\";boundary=\"{BOUNDARY}\"",
            self.label()
        )
    }
}

/// Whether a content type announces a sealed body.
pub fn is_sealed(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("multipart/encrypted")
        || kind.eq_ignore_ascii_case("multipart/x-multi-encrypted")
}

/// Puts sealed pieces of a text of `content_type` together.
pub fn seal(protocol: Protocol, content_type: &str, pieces: &[Piece<'_>]) -> Vec<u8> {
    let size: usize = pieces
        .iter()
        .map(|piece| piece.signature.len() + piece.data.len() + 300)
        .sum();
    let mut body = Vec::with_capacity(size + 32);
    for piece in pieces {
        let head = format!(
            "--{BOUNDARY}\r\n\tContent-Type: {}\r\n\tOriginalContent: type={content_type};Length={}\r\n--{BOUNDARY}\r\n\tContent-Type: application/octet-stream\r\n",
            protocol.label(),
            piece.length,
        );
        body.extend_from_slice(head.as_bytes());
        let signature = u32::try_from(piece.signature.len()).unwrap_or(u32::MAX);
        body.extend_from_slice(&signature.to_le_bytes());
        body.extend_from_slice(piece.signature);
        body.extend_from_slice(piece.data);
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

impl<'a> Sealed<'a> {
    /// Takes a body apart. The data may hold anything, the boundary too: lengths rule.
    pub fn read(body: &'a [u8]) -> Result<Self, Error> {
        let mut rest = Lines(body);
        let mut sealed = Self {
            content_type: String::new(),
            pieces: Vec::new(),
        };
        loop {
            match rest.boundary()? {
                Boundary::End if sealed.pieces.is_empty() => return Err(wrong("it has no parts")),
                Boundary::End => return Ok(sealed),
                Boundary::Next => {}
            }
            let mut original = None;
            while let Some(line) = rest.header()? {
                if let Some(value) = value(line, "OriginalContent") {
                    original = Some(read_original(value)?);
                }
            }
            let (content_type, length) =
                original.ok_or(wrong("a part names no original content"))?;
            if rest.boundary()? == Boundary::End {
                return Err(wrong("a part has no data"));
            }
            // The data stands right behind its one header.
            rest.line()?;
            let size = rest.take(4)?;
            let size = size.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
            let size = usize::try_from(size.unwrap_or_default()).unwrap_or(usize::MAX);
            let signature = rest.take(size)?;
            let data = rest.take(length)?;
            sealed.content_type = content_type.to_owned();
            sealed.pieces.push(Piece {
                length,
                signature,
                data,
            });
        }
    }
}

#[derive(PartialEq, Eq)]
enum Boundary {
    Next,
    End,
}

struct Lines<'a>(&'a [u8]);

impl<'a> Lines<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(wrong("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// The bytes to the next line end.
    fn line(&mut self) -> Result<&'a [u8], Error> {
        // A header is short; a search through all the data would be for nothing.
        let end = memchr::memchr(b'\n', self.0.get(..512).unwrap_or(self.0));
        let line = self.take(end.ok_or(wrong("a line does not end"))? + 1)?;
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        Ok(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// A header of a part, or none before the next boundary.
    fn header(&mut self) -> Result<Option<&'a str>, Error> {
        if self.0.starts_with(b"--") {
            return Ok(None);
        }
        let line = std::str::from_utf8(self.line()?).map_err(|_| wrong("a header is no text"))?;
        Ok(Some(line.trim()))
    }

    /// `--Encrypted Boundary`, with the space that some servers write, or the last one.
    fn boundary(&mut self) -> Result<Boundary, Error> {
        let missing = || wrong("a boundary is missing");
        let rest = self.0.strip_prefix(b"--").ok_or_else(missing)?;
        let rest = rest.strip_prefix(b" ").unwrap_or(rest);
        let rest = rest.strip_prefix(BOUNDARY.as_bytes()).ok_or_else(missing)?;
        self.0 = rest;
        if let Some(rest) = rest.strip_prefix(b"--") {
            return match rest.trim_ascii() {
                [] => Ok(Boundary::End),
                _ => Err(wrong("something follows the last boundary")),
            };
        }
        match self.line()?.trim_ascii() {
            [] => Ok(Boundary::Next),
            _ => Err(missing()),
        }
    }
}

fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (key, value) = line.split_once(':')?;
    key.trim()
        .eq_ignore_ascii_case(name)
        .then_some(value.trim())
}

/// `type=application/soap+xml;charset=UTF-8;Length=1234`: the type and the length.
fn read_original(value: &str) -> Result<(&str, usize), Error> {
    let wrong = || wrong("a part names no length");
    let rest = value.strip_prefix("type=").ok_or_else(wrong)?;
    let at = rest
        .to_ascii_lowercase()
        .rfind(";length=")
        .ok_or_else(wrong)?;
    let (content_type, length) = rest.split_at_checked(at).ok_or_else(wrong)?;
    let length = length.get(";length=".len()..).ok_or_else(wrong)?;
    Ok((content_type, length.trim().parse().map_err(|_| wrong())?))
}

fn wrong(what: &'static str) -> Error {
    Error::Sealed(what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TYPE: &str = "application/soap+xml;charset=UTF-8";

    fn pieces<'a>(parts: &'a [(Vec<u8>, Vec<u8>)]) -> Vec<Piece<'a>> {
        let piece = |(signature, data): &'a (Vec<u8>, Vec<u8>)| Piece {
            length: data.len(),
            signature,
            data,
        };
        parts.iter().map(piece).collect()
    }

    #[test]
    fn a_body_is_written_as_winrm_wants_it() {
        let parts = [(vec![1, 2], b"x\r\n--Encrypted Boundary--".to_vec())];
        let body = seal(Protocol::Negotiate, TYPE, &pieces(&parts));
        let text = String::from_utf8_lossy(&body);
        assert_eq!(
            text,
            "--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n\
             \tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=25\r\n\
             --Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n\
             \u{2}\0\0\0\u{1}\u{2}x\r\n--Encrypted Boundary----Encrypted Boundary--\r\n"
        );
    }

    #[test]
    fn spaces_and_missing_tabs_are_read() {
        let body = b"-- Encrypted Boundary\r\nContent-Type: a/b\r\nOriginalContent: type=t/u;Length=1\r\n\
            -- Encrypted Boundary\r\nContent-Type: application/octet-stream\r\n\x01\0\0\0sd-- Encrypted Boundary--\r\n";
        let sealed = Sealed::read(body).unwrap();
        assert_eq!(sealed.content_type, "t/u");
        assert_eq!(
            sealed.pieces,
            [Piece {
                length: 1,
                signature: b"s",
                data: b"d"
            }]
        );
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        let parts = [(vec![0; 16], vec![7; 100])];
        let body = seal(Protocol::Negotiate, TYPE, &pieces(&parts));
        for cut in 0..body.len() - 2 {
            assert!(Sealed::read(&body[..cut]).is_err(), "{cut}");
        }
        let mut long = body.clone();
        long.extend_from_slice(b"more");
        assert!(Sealed::read(&long).is_err());
        let lie =
            String::from_utf8_lossy(&body).replace("Length=100", "Length=99999999999999999999");
        assert!(Sealed::read(lie.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn pieces_come_back(parts in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..70), prop::collection::vec(any::<u8>(), 0..200)), 1..4
        )) {
            let pieces = pieces(&parts);
            let body = seal(Protocol::CredSsp, TYPE, &pieces);
            let sealed = Sealed::read(&body).unwrap();
            prop_assert_eq!(sealed.content_type, TYPE);
            prop_assert_eq!(sealed.pieces, pieces);
        }

        #[test]
        fn anything_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Sealed::read(&body);
        }
    }
}
