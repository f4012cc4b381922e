//! Bytes of one target: fragments, put together to messages.

use psdeck::psrp::fragment::{Defragmenter, FragmentLimits, Fragmenter};
use psdeck::psrp::{Message, MessageType};

use super::{kind, size, way};

/// The flags and the length of a fragment, and some types of messages, as text: they hold no byte above 0x7f.
pub(crate) const WORDS: &[&str] = &[
    "\0\0\0\0\0\0\0\x01",
    "\0\0\0\0\0\0\0\0\x03\0\0\0\x28",
    "\x03\0\0\0\x28",
    "\x01\0\0\0\x14",
    "\x02\0\0\0\x14",
    "\0\0\0\x01",
    "\x01\0\0\0",
    "\x02\0\0\0",
    "\x04\x10\x04\0",
    "\x02\0\x01\0",
    "\u{feff}",
];

const LIMITS: FragmentLimits = FragmentLimits {
    object: 80 << 10,
    total: None,
};

pub(crate) fn run(input: &[u8]) -> u64 {
    let whole = messages(input, input.len().max(1));
    let cut = input.first().map_or(1, |byte| 1 + usize::from(*byte % 61));
    assert_eq!(
        whole.0,
        messages(input, cut).0,
        "the cuts between reads show"
    );
    let (messages, error) = whole;
    // The marks that a body begins with are dropped, one at each reading.
    let marked = |message: &&Message| message.body.starts_with("\u{feff}".as_bytes());
    for message in messages.iter().filter(|message| !marked(message)) {
        assert_eq!(Message::decode(message.encode()).as_ref(), Ok(message));
        let (mut fragmenter, mut bytes) =
            (Fragmenter::new(1, message.encode()), bytes::BytesMut::new());
        assert!(fragmenter.write(&mut bytes, 1024, usize::MAX));
        assert_eq!(
            self::messages(&bytes, bytes.len()).0,
            std::slice::from_ref(message)
        );
    }
    let kinds: Vec<u32> = messages
        .iter()
        .take(8)
        .map(|message| MessageType::into(message.kind))
        .collect();
    way((kinds, size(messages.len()), error))
}

fn messages(input: &[u8], piece: usize) -> (Vec<Message>, Option<String>) {
    let mut incoming = Defragmenter::new(LIMITS);
    let mut messages = Vec::new();
    for piece in input.chunks(piece) {
        if let Err(error) = incoming.push(piece) {
            return (messages, Some(kind(&error)));
        }
        loop {
            match incoming.next_message() {
                Ok(Some(bytes)) => match Message::decode(bytes) {
                    Ok(message) => messages.push(message),
                    Err(error) => return (messages, Some(kind(&error))),
                },
                Ok(None) => break,
                Err(error) => return (messages, Some(kind(&error))),
            }
        }
    }
    (messages, None)
}
