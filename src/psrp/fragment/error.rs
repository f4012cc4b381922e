//! What is wrong with fragments.

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
