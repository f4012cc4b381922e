//! The format of sealed bodies: `multipart/encrypted` (MS-WSMV 2.2.9.1). What seals them is not here.

use super::Error;

/// CredSSP seals at most so much at once; longer bodies go in pieces.
pub const MAX_PIECE: usize = 16_384;

/// Signatures are 16 to some 100 bytes long.
const LONGEST_SIGNATURE: usize = 64 * 1024;

const LONGEST_LINE: usize = 512;

/// A part has two.
const MOST_HEADERS: usize = 16;

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

/// What a sealed body consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// A piece, with the type of the text inside.
    Piece(&'a str, Piece<'a>),
    /// The last boundary.
    End,
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
        let (sealed, length) = Self::read_prefix(body)?.ok_or(wrong("it ends too early"))?;
        match body.get(length..).unwrap_or_default().trim_ascii() {
            [] => Ok(sealed),
            _ => Err(wrong("something follows the last boundary")),
        }
    }

    /// Takes the body apart that `bytes` begin with, and says how many of them it is; `None` where more must come first.
    ///
    /// For answers of several bodies, one after another. Line ends before a body are taken with it; those behind may
    /// come later than the body, so that line ends alone may remain in the end.
    pub fn read_prefix(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, Error> {
        let mut sealed = Self {
            content_type: String::new(),
            pieces: Vec::new(),
        };
        let mut used = bytes.len() - bytes.trim_ascii_start().len();
        loop {
            let rest = bytes.get(used..).unwrap_or_default();
            let Some((part, length)) = Part::read(rest)? else {
                return Ok(None);
            };
            used += length;
            match part {
                Part::Piece(content_type, piece) => {
                    content_type.clone_into(&mut sealed.content_type);
                    sealed.pieces.push(piece);
                }
                Part::End if sealed.pieces.is_empty() => return Err(wrong("it has no parts")),
                Part::End => return Ok(Some((sealed, used))),
            }
        }
    }
}

impl<'a> Part<'a> {
    /// Reads the part that `bytes` begin with, and says how many of them it is; `None` where more must come first. Line
    /// ends behind the last boundary are taken with it, as far as they are there.
    pub fn read(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, Error> {
        let mut rest = Lines(bytes);
        match rest.part() {
            Ok(part) => Ok(Some((part, bytes.len() - rest.0.len()))),
            Err(Stop::Short) => Ok(None),
            Err(Stop::Wrong(what)) => Err(wrong(what)),
        }
    }
}

/// Why a part cannot be read.
enum Stop {
    /// The bytes end first.
    Short,
    /// No bytes can follow that would make it one.
    Wrong(&'static str),
}

#[derive(PartialEq, Eq)]
enum Boundary {
    Next,
    End,
}

struct Lines<'a>(&'a [u8]);

impl<'a> Lines<'a> {
    fn part(&mut self) -> Result<Part<'a>, Stop> {
        if self.boundary()? == Boundary::End {
            self.0 = self.0.trim_ascii_start();
            return Ok(Part::End);
        }
        let mut original = None;
        let mut headers = 0;
        while let Some(line) = self.header()? {
            headers += 1;
            if headers > MOST_HEADERS {
                return Err(Stop::Wrong("a part has too many headers"));
            }
            if let Some(value) = value(line, "OriginalContent") {
                original = Some(read_original(value)?);
            }
        }
        let (content_type, length) =
            original.ok_or(Stop::Wrong("a part names no original content"))?;
        if self.boundary()? == Boundary::End {
            return Err(Stop::Wrong("a part has no data"));
        }
        // The data stands right behind its one header.
        self.line()?;
        let size = self
            .take(4)?
            .first_chunk()
            .map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size > LONGEST_SIGNATURE {
            return Err(Stop::Wrong("a signature is too long"));
        }
        let signature = self.take(size)?;
        let data = self.take(length)?;
        let piece = Piece {
            length,
            signature,
            data,
        };
        Ok(Part::Piece(content_type, piece))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Stop> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Stop::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The bytes to the next line end.
    fn line(&mut self) -> Result<&'a [u8], Stop> {
        // A header is short; a search through all the data would be for nothing.
        let near = self.0.get(..LONGEST_LINE);
        let Some(end) = memchr::memchr(b'\n', near.unwrap_or(self.0)) else {
            return Err(match near {
                Some(_) => Stop::Wrong("a line does not end"),
                None => Stop::Short,
            });
        };
        let line = self.take(end + 1)?;
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        Ok(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// A header of a part, or none before the next boundary.
    fn header(&mut self) -> Result<Option<&'a str>, Stop> {
        match self.0 {
            [] | [b'-'] => return Err(Stop::Short),
            [b'-', b'-', ..] => return Ok(None),
            _ => {}
        }
        let line = self.line()?;
        let line = std::str::from_utf8(line).map_err(|_| Stop::Wrong("a header is no text"))?;
        Ok(Some(line.trim()))
    }

    /// `--Encrypted Boundary`, with the space that some servers write, or the last one.
    fn boundary(&mut self) -> Result<Boundary, Stop> {
        self.expect(b"--")?;
        self.0 = self.0.strip_prefix(b" ").unwrap_or(self.0);
        self.expect(BOUNDARY.as_bytes())?;
        match self.0 {
            [] | [b'-'] => return Err(Stop::Short),
            [b'-', b'-', rest @ ..] => {
                self.0 = rest;
                return Ok(Boundary::End);
            }
            _ => {}
        }
        match self.line()?.trim_ascii() {
            [] => Ok(Boundary::Next),
            _ => Err(Stop::Wrong("a boundary is missing")),
        }
    }

    fn expect(&mut self, text: &[u8]) -> Result<(), Stop> {
        if let Some(rest) = self.0.strip_prefix(text) {
            self.0 = rest;
            return Ok(());
        }
        Err(if text.starts_with(self.0) {
            Stop::Short
        } else {
            Stop::Wrong("a boundary is missing")
        })
    }
}

fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (key, value) = line.split_once(':')?;
    key.trim()
        .eq_ignore_ascii_case(name)
        .then_some(value.trim())
}

/// `type=application/soap+xml;charset=UTF-8;Length=1234`: the type and the length.
fn read_original(value: &str) -> Result<(&str, usize), Stop> {
    let wrong = || Stop::Wrong("a part names no length");
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

    /// Data that looks like the format around it.
    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let word = prop_oneof![
            Just(b"--Encrypted Boundary".to_vec()),
            Just(b"--Encrypted Boundary--\r\n".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"\tOriginalContent: type=a/b;Length=3\r\n".to_vec()),
            prop::collection::vec(any::<u8>(), 0..40),
        ];
        prop::collection::vec(word, 0..6).prop_map(|words| words.concat())
    }

    #[test]
    fn what_can_never_become_a_body_is_refused_at_once() {
        for bytes in [
            &b"<s:Envelope>"[..],
            b"--Encrypted Boundary\r\nOriginalContent: type=a/b\r\n",
            b"--Encrypted Boundary--\r\n",
            b"--Other\r\n",
        ] {
            assert!(Sealed::read_prefix(bytes).is_err(), "{bytes:?}");
        }
        let endless = [b"--Encrypted Boundary\r\n", &b"X: y\r\n".repeat(20)[..]].concat();
        assert!(Sealed::read_prefix(&endless).is_err());
        let long = [b"--Encrypted Boundary\r\n", &b"X".repeat(600)[..]].concat();
        assert!(Sealed::read_prefix(&long).is_err());
        for bytes in [
            &b""[..],
            b"\r\n",
            b"-",
            b"--",
            b"-- Encrypted",
            b"--Encrypted Boundary\r\nOrig",
        ] {
            assert_eq!(Sealed::read_prefix(bytes), Ok(None), "{bytes:?}");
        }
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
        fn bodies_one_after_another_are_read_as_they_come(
            bodies in prop::collection::vec(prop::collection::vec(
                (prop::collection::vec(any::<u8>(), 0..20), hostile()), 1..3
            ), 1..4),
            cut in 0_usize..10_000,
        ) {
            let mut written = Vec::new();
            let mut ends = Vec::new();
            for parts in &bodies {
                written.extend(seal(Protocol::Negotiate, TYPE, &pieces(parts)));
                ends.push(written.len());
            }
            let cut = cut % (written.len() + 1);
            let mut used = 0;
            let mut read = Vec::new();
            while let Some((sealed, length)) = Sealed::read_prefix(&written[used..cut]).unwrap() {
                read.push(sealed);
                used += length;
            }
            // A body counts once its last boundary is there, the line end behind it or not.
            prop_assert_eq!(read.len(), ends.iter().filter(|end| **end - 2 <= cut).count());
            while let Some((sealed, length)) = Sealed::read_prefix(&written[used..]).unwrap() {
                read.push(sealed);
                used += length;
            }
            // A line end that came after its body may be left.
            prop_assert_eq!(written[used..].trim_ascii(), b"");
            prop_assert_eq!(read.len(), bodies.len());
            for (sealed, parts) in read.iter().zip(&bodies) {
                prop_assert_eq!(&sealed.pieces, &pieces(parts));
            }
        }

        #[test]
        fn one_wrong_byte_never_moves_a_piece(
            parts in prop::collection::vec((prop::collection::vec(any::<u8>(), 16), hostile()), 1..3),
            at in any::<prop::sample::Index>(),
            other in any::<u8>(),
        ) {
            let mut body = seal(Protocol::Negotiate, TYPE, &pieces(&parts));
            let at = at.index(body.len());
            body[at] = other;
            // What is read all the same has the bytes where they stand: nothing is skipped, nothing invented.
            if let Ok(sealed) = Sealed::read(&body) {
                for piece in &sealed.pieces {
                    prop_assert_eq!(piece.length, piece.data.len());
                }
                let sizes: usize = sealed.pieces.iter().map(|piece| piece.data.len() + piece.signature.len()).sum();
                prop_assert!(sizes < body.len());
            }
        }

        #[test]
        fn anything_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Sealed::read(&body);
        }
    }
}
