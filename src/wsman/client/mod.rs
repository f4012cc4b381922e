//! The client's half of one WSMan session: a shell and its commands, without sockets and without a clock.
//!
//! What the session asks goes in by [`Client::open`], [`Client::send`] and their like. Requests come out of
//! [`Client::poll_transmit`]; each is one exchange on a connection of its own for as long as it lasts. What came back goes
//! in by [`Client::arrived`] and [`Client::finished`], or by [`Client::lost`]; [`Client::process`] reads it, and
//! [`Client::poll_event`] tells. After every call there may be something to transmit, an event, and another deadline.

mod event;
mod settings;

use std::time::{Duration, Instant};

use bytes::Bytes;
use uuid::Uuid;

pub use self::event::{Event, ExchangeId, Failure, Lane, Sent, Transmit, Trouble, Why};
pub use self::settings::Settings;
use crate::psrp::{Priority, Target};

/// One session's state. See the [module](self).
#[derive(Debug)]
pub struct Client {
    settings: Settings,
}

impl Client {
    /// A session that has no shell yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// Creates the shell `id`; `opening` holds the fragments of the first messages. [`Event::Opened`] answers.
    pub fn open(&mut self, _id: Uuid, _name: &str, _opening: Bytes) {}

    /// Creates the command `id`; `first` holds fragments of its pipeline and of nothing else. [`Event::Acknowledged`]
    /// answers.
    pub fn create_pipeline(&mut self, _id: Uuid, _first: Bytes) {}

    /// Sends whole fragments, one transmission a target and queue at a time. [`Event::Acknowledged`] answers.
    pub fn send(&mut self, _target: Target, _priority: Priority, _data: Bytes) {}

    /// Lets that many more bytes of a target be read.
    pub fn read(&mut self, _target: Target, _credit: usize) {}

    /// Stops a pipeline. [`Event::StopAcknowledged`] answers.
    pub fn stop(&mut self, _id: Uuid) {}

    /// Ends a command, finished or not. [`Event::PipelineClosed`] answers at once; the server is told meanwhile.
    pub fn close_pipeline(&mut self, _id: Uuid) {}

    /// Deletes the shell, if there is one. [`Event::Closed`] answers.
    pub fn close(&mut self) {}

    /// Leaves the shell running. [`Event::Disconnected`] answers.
    pub fn disconnect(&mut self) {}

    /// Takes the shell up again that this client left. [`Event::Reconnected`] answers.
    pub fn reconnect(&mut self) {}

    /// Takes up the shell `id` of another client; `opening` holds the fragments of the connect messages.
    /// [`Event::Connected`] answers.
    pub fn connect(&mut self, _id: Uuid, _opening: Bytes) {}

    /// Attaches to a running command of a shell that was taken up by [`Client::connect`]. [`Event::Acknowledged`]
    /// answers.
    pub fn connect_pipeline(&mut self, _id: Uuid) {}

    /// The next request to send, the most urgent first.
    pub fn poll_transmit(&mut self, _now: Instant) -> Option<Transmit> {
        let _ = &self.settings;
        None
    }

    /// The request was written whole to a connection that stands and is authenticated.
    pub fn written(&mut self, _now: Instant, _exchange: ExchangeId) {}

    /// One envelope of the answer came. It is only glanced at; [`Client::process`] reads it.
    pub fn arrived(&mut self, _now: Instant, _exchange: ExchangeId, _envelope: String) {}

    /// The answer has ended, its last envelope included: the connection is free. A Receive of more output may be due
    /// now, before this one was [processed](Client::process).
    pub fn finished(&mut self, _now: Instant, _exchange: ExchangeId) {}

    /// The answer will not come, or not whole. Whoever calls this has let go of the exchange and of its connection.
    pub fn lost(&mut self, _now: Instant, _exchange: ExchangeId, _sent: Sent, _why: Why) {}

    /// Reads one waiting answer; whether there was one.
    pub fn process(&mut self, _now: Instant) -> bool {
        false
    }

    /// What happened next.
    pub fn poll_event(&mut self) -> Option<Event> {
        None
    }

    /// When [`Client::handle_timeout`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Does what time has come for.
    pub fn handle_timeout(&mut self, _now: Instant) {}

    /// How many exchanges may be under way at once before long, those under way included: so many connections should
    /// stand authenticated.
    pub fn wants_spare(&self) -> usize {
        1
    }

    /// How many bytes of fragments fill one Send's envelope at the moment.
    pub fn packet_size(&self) -> usize {
        32 << 10
    }

    /// How long a lost connection is tried again.
    pub const WINDOW: Duration = Duration::from_secs(185);
}
