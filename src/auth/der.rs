//! As much of DER (X.690) as it takes to walk into a structure.

pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const OBJECT_ID: u8 = 0x06;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const ENUMERATED: u8 = 0x0A;

/// The constructed tag `[number]`.
pub(crate) const fn context(number: u8) -> u8 {
    0xA0 | number
}

/// The elements of a content, one after another; ends where something is not well-formed.
pub(crate) struct Elements<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let mut length = usize::from(first);
        if first & 0x80 != 0 {
            let bytes;
            (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            // Lengths of more than four bytes are those of nothing that we read.
            if bytes.is_empty() || bytes.len() > 4 {
                return None;
            }
            length = bytes
                .iter()
                .fold(0, |length, byte| length << 8 | usize::from(*byte));
        }
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }
}

impl<'a> Elements<'a> {
    /// The content of the first element, if it has this tag.
    pub(crate) fn first(content: &'a [u8], tag: u8) -> Option<&'a [u8]> {
        Self(content).take_if(tag)
    }

    /// The tag of the next element.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The elements of the next element, if it has this tag.
    pub(crate) fn enter(&mut self, tag: u8) -> Option<Self> {
        self.take_if(tag).map(Self)
    }

    /// The content of the next element, if it has this tag.
    pub(crate) fn take_if(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, content) = self.next()?;
        (found == tag).then_some(content)
    }
}
