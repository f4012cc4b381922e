//! Sealed bodies, one after another. A body is the same whatever follows it, no shorter beginning of it is one, and
//! what was read and written is read as the same.

use psdeck::wsman::{Part, Protocol, Sealed, is_sealed, seal};

use super::{kind, size, way};

pub(crate) const WORDS: &[&str] = &[
    "--Encrypted Boundary\r\n",
    "-- Encrypted Boundary\r\n",
    "--Encrypted Boundary--\r\n",
    "\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n",
    "\tContent-Type: application/octet-stream\r\n",
    "\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=16\r\n",
    "OriginalContent:type=a/b;length=0\r\n",
    ";Length=",
    ";charset=UTF-16",
    "\x10\0\0\0",
    "\0\0\0\0",
    "\u{7f}\u{7f}\u{7f}\u{7f}",
    "\r\n",
    "\n",
    "\t",
    "--",
];

pub(crate) fn run(input: &[u8]) -> u64 {
    let mut used = 0;
    let mut bodies = 0;
    let mut shapes = Vec::new();
    let end = loop {
        let rest = &input[used..];
        let (sealed, length) = match Sealed::read_prefix(rest) {
            Ok(Some(found)) => found,
            Ok(None) => break String::from("more"),
            Err(error) => break kind(&error),
        };
        assert!(length > 0 && length <= rest.len());
        bodies += 1;
        used += length;
        check(&sealed, &rest[..length]);
        shapes.push((
            sealed.pieces.len(),
            size(sealed.content_type.len()),
            sealed
                .pieces
                .first()
                .map(|piece| (size(piece.data.len()), size(piece.signature.len()))),
        ));
        shapes.truncate(3);
    };
    way((
        end,
        size(bodies),
        shapes,
        parts(input),
        Sealed::read(input).is_ok(),
    ))
}

fn check(sealed: &Sealed<'_>, body: &[u8]) {
    assert_eq!(Sealed::read(body).as_ref(), Ok(sealed), "alone");
    // Any shorter beginning wants more, but for the line ends behind the last boundary.
    let boundary = body.trim_ascii_end().len();
    for cut in [
        boundary / 2,
        boundary.saturating_sub(1),
        boundary.saturating_sub(30),
    ] {
        assert_eq!(Sealed::read_prefix(&body[..cut]), Ok(None), "{cut} bytes");
    }
    assert!(!sealed.pieces.is_empty());
    for piece in &sealed.pieces {
        assert_eq!(piece.length, piece.data.len());
    }
    // A type that holds a length itself is not one that we write.
    if !sealed
        .content_type
        .to_ascii_lowercase()
        .contains(";length=")
        && sealed.content_type.trim() == sealed.content_type
    {
        let written = seal(Protocol::Negotiate, &sealed.content_type, &sealed.pieces);
        if let Ok(again) = Sealed::read(&written) {
            assert_eq!(&again, sealed, "written and read again");
        } else {
            // Lines may be at most 512 bytes long.
            assert!(sealed.content_type.len() > 400, "{:?}", sealed.content_type);
        }
    }
    let _ = is_sealed(&sealed.content_type);
}

/// How many parts stand there one after another, whatever bodies they make.
fn parts(input: &[u8]) -> (u32, bool) {
    let (mut used, mut count, mut ended) = (0, 0, false);
    while let Ok(Some((part, length))) = Part::read(&input[used..]) {
        assert!(length > 0);
        ended = part == Part::End;
        used += length;
        count += 1;
    }
    (size(count), ended)
}
