//! How long and how much.

use std::time::Duration;

/// The deadlines and bounds of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The first exchange of PSRP, from the first message to `Opened`.
    pub open: Duration,
    /// The server's acknowledgement of what was sent, while its answers are being read.
    pub acknowledge: Duration,
    /// From a stop until a forced close is offered; also what a forced close may take before it costs the session.
    pub stop: Duration,
    /// Closing in good order; afterwards the connection is dropped.
    pub close: Duration,
    /// Disconnecting and connecting, where the connection has no deadlines of its own.
    pub connect: Duration,
    /// Until a server notices that a dead psdeck no longer has a session.
    pub takeover: Duration,
    /// How often the server is asked meanwhile.
    pub takeover_poll: Duration,
    /// Bytes of a pipeline that may wait for whoever pulls its events.
    pub window: usize,
    /// Bytes of input that may wait for the server.
    pub input: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            open: Duration::from_mins(1),
            acknowledge: Duration::from_mins(1),
            stop: Duration::from_secs(10),
            close: Duration::from_secs(5),
            connect: Duration::from_mins(1),
            takeover: Duration::from_mins(5),
            takeover_poll: Duration::from_secs(5),
            window: 1 << 20,
            input: 1 << 20,
        }
    }
}
