//! What can be wrong with a stream of packets. Always the peer's fault.

/// Why a stream of packets cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The peer sent a line without end.
    #[error("the peer sent a line of more than {limit} bytes")]
    LineTooLong {
        /// The most bytes that a line may have.
        limit: usize,
    },
    /// The peer sent something that is no packet, after packets.
    #[error("the peer sent a line that is no packet ({reason}): {excerpt}")]
    NotAPacket {
        /// What is wrong with it.
        reason: &'static str,
        /// How the line begins, made printable.
        excerpt: String,
    },
    /// The peer went on and on without a packet.
    #[error("the peer sent more than {limit} bytes of text before the first packet")]
    Noise {
        /// The most bytes of such text.
        limit: usize,
    },
    /// The peer says that it has failed (`__NamedPipeError__:`, `__HyperVSocketError__:`).
    #[error("the server reported: {0}")]
    Remote(String),
    /// The peer sent a packet that only the other side sends.
    #[error("the peer sent {0}, which only the other side sends")]
    Misplaced(&'static str),
}
