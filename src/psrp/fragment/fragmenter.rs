//! Messages into fragments.

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use super::{END, HEADER, START};

/// What is left of a room is filled with a fragment of at least so many bytes.
const SMALL: usize = 1024;

/// Cuts one message into fragments, as many bytes at a time as the transport takes.
pub struct Fragmenter {
    object: u64,
    next: u64,
    rest: Bytes,
}

impl fmt::Debug for Fragmenter {
    /// Without the message, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "object {}, {} bytes to go", self.object, self.rest.len())
    }
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
    /// would grow past `room`, which the last one is made to fill. Writes at least one fragment if `out` is empty. Says whether the message has ended.
    pub fn write(&mut self, out: &mut BytesMut, size: usize, room: usize) -> bool {
        let blob = size.max(HEADER + 1) - HEADER;
        while !self.rest.is_empty() {
            let mut length = self.rest.len().min(blob);
            if !out.is_empty() && out.len() + HEADER + length > room {
                // A smaller one fills what is left, if that is worth its header.
                length = room.saturating_sub(out.len() + HEADER);
                if length < SMALL {
                    return false;
                }
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
