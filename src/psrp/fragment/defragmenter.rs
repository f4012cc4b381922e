//! Fragments into messages.

use std::fmt;

use bytes::{Bytes, BytesMut};

use super::{END, FragmentError, HEADER, START};

/// How much one target may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentLimits {
    /// Bytes of one object, fragment headers included.
    pub object: usize,
    /// Bytes of one target in all, if limited.
    pub total: Option<u64>,
}

/// Puts the fragments of one direction of one target together.
pub struct Defragmenter {
    limits: FragmentLimits,
    buffer: BytesMut,
    open: Option<Open>,
    total: u64,
    resynchronising: bool,
    lossy: bool,
    skipped: bool,
    last: Option<u64>,
}

/// The object that is being read.
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

impl fmt::Debug for Defragmenter {
    /// Without the bytes, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes received", self.total)
    }
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
            lossy: false,
            skipped: false,
            last: None,
        }
    }

    /// Drops what continues an object whose beginning went to somebody else, until the next Start: a server may
    /// resume in the middle of an object after a connect.
    pub fn resynchronise(&mut self) {
        self.resynchronising = true;
    }

    /// Whether fragments may be missing anywhere, because the server drops what finds no room: what they leave of an
    /// object is dropped too.
    pub fn set_lossy(&mut self, lossy: bool) {
        self.lossy = lossy;
    }

    /// Whether parts of an object were dropped since this was asked last.
    pub fn take_skipped(&mut self) -> bool {
        std::mem::take(&mut self.skipped)
    }

    /// The object whose fragment came last.
    pub fn last_object(&self) -> Option<u64> {
        self.last
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
        let forgiving = self.resynchronising || self.lossy;
        if flags & START != 0 {
            match &self.open {
                Some(open) if !forgiving => {
                    return Err(FragmentError::StartInside {
                        open: open.object,
                        new: object,
                    });
                }
                Some(_) => {
                    self.skipped = true;
                    self.open = None;
                }
                None => {}
            }
            if fragment != 0 {
                return Err(FragmentError::StartNumber { object, fragment });
            }
            self.resynchronising = false;
        } else if let Some(open) = &self.open {
            if open.object == object && open.fragment.checked_add(1) == Some(fragment) {
                size = size.saturating_add(open.size);
            } else if forgiving {
                self.skipped = true;
                self.open = None;
            } else {
                return Err(FragmentError::OutOfOrder {
                    open: open.object,
                    previous: open.fragment,
                    object,
                    fragment,
                });
            }
        } else if forgiving {
            self.skipped = true;
        } else {
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
        self.last = Some(header.object);
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
