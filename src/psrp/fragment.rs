//! Fragments ([MS-PSRP] 2.2.4): messages cut into pieces, and put together again.

use bytes::{BufMut, Bytes, BytesMut};

/// The bytes of a fragment's header.
pub const HEADER: usize = 21;

const START: u8 = 1;
const END: u8 = 2;

/// What is wrong with the bytes of one target. Fatal for that target; the peer is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FragmentError {
    /// A fragment of no bytes.
    #[error("fragment {fragment} of object {object} is empty")]
    Empty {
        /// The object's id.
        object: u64,
        /// The fragment's number in it.
        fragment: u64,
    },
    /// Object ids start at 1.
    #[error("a fragment belongs to object {0}, which cannot be")]
    ObjectId(u64),
    /// Bits of the flags that mean nothing.
    #[error("a fragment has the flags {0:#04x}")]
    Flags(u8),
    /// An object began before the one before it ended.
    #[error("object {new} starts before object {open} has ended")]
    StartInside {
        /// The object that was being read.
        open: u64,
        /// The one that starts.
        new: u64,
    },
    /// A first fragment is not number 0.
    #[error("object {object} starts with fragment {fragment}")]
    StartNumber {
        /// The object's id.
        object: u64,
        /// Its number.
        fragment: u64,
    },
    /// A fragment continues nothing, or something else.
    #[error(
        "fragment {fragment} of object {object} does not follow fragment {previous} of object {open}"
    )]
    OutOfOrder {
        /// The object that was being read.
        open: u64,
        /// Its last fragment.
        previous: u64,
        /// The object of the fragment that came.
        object: u64,
        /// That fragment's number.
        fragment: u64,
    },
    /// A fragment continues an object that never started.
    #[error("fragment {fragment} of object {object} came without a start")]
    NoStart {
        /// The object's id.
        object: u64,
        /// The fragment's number.
        fragment: u64,
    },
    /// One object is larger than the limit.
    #[error("object {object} is larger than the {limit} bytes allowed for one object")]
    ObjectSize {
        /// The object's id.
        object: u64,
        /// The limit, in bytes.
        limit: usize,
    },
    /// One target sent more than the limit.
    #[error("more than the {0} bytes allowed for one pipeline were received")]
    DataSize(u64),
}

/// Cuts one message into fragments, as many bytes at a time as the transport takes.
#[derive(Debug)]
pub struct Fragmenter {
    object: u64,
    next: u64,
    rest: Bytes,
}

impl Fragmenter {
    /// Cuts `message`, which must not be empty, as object `object`.
    pub fn new(object: u64, message: Bytes) -> Self {
        Self {
            object,
            next: 0,
            rest: message,
        }
    }

    /// The bytes of the message that are still to be cut.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Whether nothing has been cut off yet.
    pub fn untouched(&self) -> bool {
        self.next == 0
    }

    /// Appends fragments of at most `size` bytes each (headers included) to `out`, until the message ends or `out`
    /// would grow past `room`. Writes at least one fragment if `out` is empty. Says whether the message has ended.
    pub fn write(&mut self, out: &mut BytesMut, size: usize, room: usize) -> bool {
        let blob = size.max(HEADER + 1) - HEADER;
        while !self.rest.is_empty() {
            let length = self.rest.len().min(blob);
            if !out.is_empty() && out.len() + HEADER + length > room {
                return false;
            }
            let piece = self.rest.split_to(length);
            let start = if self.next == 0 { START } else { 0 };
            let end = if self.rest.is_empty() { END } else { 0 };
            out.reserve(HEADER + length);
            out.put_u64(self.object);
            out.put_u64(self.next);
            out.put_u8(start | end);
            // A blob is at most `size` long, which no transport lets near 4 GiB.
            out.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
            out.put_slice(&piece);
            self.next += 1;
        }
        true
    }
}

/// How much one target may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentLimits {
    /// Bytes of one object, fragment headers included.
    pub object: usize,
    /// Bytes of one target in all, if limited.
    pub total: Option<u64>,
}

/// Puts the fragments of one direction of one target together.
#[derive(Debug)]
pub struct Defragmenter {
    limits: FragmentLimits,
    buffer: BytesMut,
    open: Option<Open>,
    total: u64,
    resynchronising: bool,
}

/// The object that is being read.
#[derive(Debug)]
struct Open {
    object: u64,
    fragment: u64,
    /// Bytes so far, headers included.
    size: usize,
    message: BytesMut,
}

struct Header {
    object: u64,
    fragment: u64,
    flags: u8,
    length: usize,
}

impl Defragmenter {
    /// Starts at the beginning of a stream.
    pub fn new(limits: FragmentLimits) -> Self {
        Self {
            limits,
            buffer: BytesMut::new(),
            open: None,
            total: 0,
            resynchronising: false,
        }
    }

    /// Drops what continues an object whose beginning went to somebody else, until the next Start: a server may
    /// resume in the middle of an object after a connect.
    pub fn resynchronise(&mut self) {
        self.resynchronising = true;
    }

    /// Takes bytes off the wire, cut anywhere.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), FragmentError> {
        self.total = self.total.saturating_add(bytes.len() as u64);
        match self.limits.total {
            Some(limit) if self.total > limit => Err(FragmentError::DataSize(limit)),
            _ => {
                self.buffer.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    /// The next whole message, if its last fragment is here. After an error the stream is of no more use.
    pub fn next_message(&mut self) -> Result<Option<Bytes>, FragmentError> {
        while let Some(header) = self.header() {
            self.check(&header)?;
            let whole = HEADER.saturating_add(header.length);
            if self.buffer.len() < whole {
                return Ok(None);
            }
            let mut piece = self.buffer.split_to(whole);
            let blob = piece.split_off(HEADER);
            if let Some(message) = self.join(&header, blob) {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    fn header(&self) -> Option<Header> {
        let (object, rest) = self.buffer.split_first_chunk()?;
        let (fragment, rest) = rest.split_first_chunk()?;
        let ([flags], rest) = rest.split_first_chunk()?;
        let (length, _) = rest.split_first_chunk()?;
        Some(Header {
            object: u64::from_be_bytes(*object),
            fragment: u64::from_be_bytes(*fragment),
            flags: *flags,
            length: u32::from_be_bytes(*length) as usize,
        })
    }

    /// Checks a header before its blob is waited for, so that a lying length costs nothing.
    fn check(&mut self, header: &Header) -> Result<(), FragmentError> {
        let Header {
            object,
            fragment,
            flags,
            length,
        } = *header;
        if flags & !(START | END) != 0 {
            return Err(FragmentError::Flags(flags));
        }
        if object == 0 || i64::try_from(object).is_err() {
            return Err(FragmentError::ObjectId(object));
        }
        if length == 0 {
            return Err(FragmentError::Empty { object, fragment });
        }
        let mut size = HEADER.saturating_add(length);
        if flags & START != 0 {
            match &self.open {
                Some(open) if !self.resynchronising => {
                    return Err(FragmentError::StartInside {
                        open: open.object,
                        new: object,
                    });
                }
                _ => self.open = None,
            }
            if fragment != 0 {
                return Err(FragmentError::StartNumber { object, fragment });
            }
            self.resynchronising = false;
        } else if let Some(open) = &self.open {
            if open.object == object && open.fragment.checked_add(1) == Some(fragment) {
                size = size.saturating_add(open.size);
            } else if self.resynchronising {
                self.open = None;
            } else {
                return Err(FragmentError::OutOfOrder {
                    open: open.object,
                    previous: open.fragment,
                    object,
                    fragment,
                });
            }
        } else if !self.resynchronising {
            return Err(FragmentError::NoStart { object, fragment });
        }
        if size > self.limits.object {
            return Err(FragmentError::ObjectSize {
                object,
                limit: self.limits.object,
            });
        }
        Ok(())
    }

    /// Adds a checked fragment; gives the message if this was its end.
    fn join(&mut self, header: &Header, blob: BytesMut) -> Option<Bytes> {
        let size = HEADER + header.length;
        if header.flags & START != 0 {
            if header.flags & END != 0 {
                return Some(blob.freeze());
            }
            self.open = Some(Open {
                object: header.object,
                fragment: 0,
                size,
                message: blob,
            });
            return None;
        }
        // Without an open object this is the rest of one that we never saw.
        let open = self.open.as_mut()?;
        open.fragment = header.fragment;
        open.size += size;
        open.message.extend_from_slice(&blob);
        if header.flags & END == 0 {
            return None;
        }
        self.open.take().map(|open| open.message.freeze())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: FragmentLimits = FragmentLimits {
        object: 1 << 20,
        total: None,
    };

    fn fragments(object: u64, message: &[u8], size: usize) -> BytesMut {
        let mut out = BytesMut::new();
        assert!(
            Fragmenter::new(object, Bytes::copy_from_slice(message)).write(
                &mut out,
                size,
                usize::MAX
            )
        );
        out
    }

    fn read(bytes: &[u8]) -> Result<Vec<Bytes>, FragmentError> {
        let mut defragmenter = Defragmenter::new(LIMITS);
        defragmenter.push(bytes)?;
        let mut messages = Vec::new();
        while let Some(message) = defragmenter.next_message()? {
            messages.push(message);
        }
        Ok(messages)
    }

    #[test]
    fn writes_the_header_big_endian() {
        let bytes = fragments(7, &[9; 300], 32768);
        assert_eq!(
            bytes[..HEADER],
            [
                0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 1, 0x2c
            ]
        );
    }

    #[test]
    fn keeps_to_the_room_it_is_given() {
        let mut fragmenter = Fragmenter::new(1, Bytes::from(vec![1; 100]));
        let mut out = BytesMut::new();
        assert!(!fragmenter.write(&mut out, HEADER + 30, 2 * (HEADER + 30)));
        assert_eq!((out.len(), fragmenter.remaining()), (2 * (HEADER + 30), 40));
    }

    #[test]
    fn names_each_breach() {
        let whole = fragments(5, &[1; 100], HEADER + 40);
        let second = &whole[HEADER + 40..];
        assert_eq!(
            read(second),
            Err(FragmentError::NoStart {
                object: 5,
                fragment: 1
            })
        );
        let first = &whole[..HEADER + 40];
        assert_eq!(
            read(&[first, first].concat()),
            Err(FragmentError::StartInside { open: 5, new: 5 })
        );
        let third = &whole[2 * (HEADER + 40)..];
        assert_eq!(
            read(&[first, third].concat()),
            Err(FragmentError::OutOfOrder {
                open: 5,
                previous: 0,
                object: 5,
                fragment: 2
            })
        );
        let mut empty = whole[..HEADER].to_vec();
        empty[HEADER - 4..].fill(0);
        assert!(matches!(read(&empty), Err(FragmentError::Empty { .. })));
        let mut lying = whole[..HEADER].to_vec();
        lying[HEADER - 4..].fill(0xff);
        assert!(matches!(
            read(&lying),
            Err(FragmentError::ObjectSize { .. })
        ));
    }

    #[test]
    fn bounds_the_sum_of_an_objects_fragments() {
        let mut defragmenter = Defragmenter::new(FragmentLimits {
            object: 300,
            total: None,
        });
        defragmenter
            .push(&fragments(1, &[0; 400], HEADER + 100))
            .unwrap();
        assert_eq!(
            defragmenter.next_message(),
            Err(FragmentError::ObjectSize {
                object: 1,
                limit: 300
            })
        );
    }

    #[test]
    fn resynchronises_on_the_next_start() {
        let cut = fragments(5, &[1; 100], HEADER + 40);
        let mut defragmenter = Defragmenter::new(LIMITS);
        defragmenter.resynchronise();
        defragmenter.push(&cut[HEADER + 40..]).unwrap();
        defragmenter.push(&fragments(6, b"next", 100)).unwrap();
        assert_eq!(
            defragmenter.next_message().unwrap().as_deref(),
            Some(b"next".as_slice())
        );
        defragmenter.push(&cut[HEADER + 40..]).unwrap();
        assert!(defragmenter.next_message().is_err());
    }

    proptest! {
        #[test]
        fn any_messages_at_any_cuts_come_back(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..8),
            size in 22usize..120,
            cuts in prop::collection::vec(1usize..80, 1..40),
        ) {
            let mut wire = BytesMut::new();
            for (object, message) in (1..).zip(&messages) {
                wire.extend_from_slice(&fragments(object, message, size));
            }
            let mut defragmenter = Defragmenter::new(LIMITS);
            let mut read = Vec::new();
            let mut rest = &wire[..];
            for cut in cuts.iter().cycle() {
                let (piece, tail) = rest.split_at(rest.len().min(*cut));
                defragmenter.push(piece).unwrap();
                while let Some(message) = defragmenter.next_message().unwrap() {
                    read.push(message.to_vec());
                }
                rest = tail;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(read, messages);
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes);
        }
    }
}
