//! The server's half: one runspace pool and its pipelines, without sockets and clocks, driven by whoever runs them.
//!
//! Bytes from the client go into [`Server::handle`]; what the client asks for comes out of [`Server::poll_event`];
//! what has to be sent comes out of [`Server::transmit`].

mod event;
mod options;
mod receive;
mod send;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use uuid::Uuid;

pub use event::Event;
pub use options::ServerOptions;
use receive::Pipeline;

use super::client::RunspaceAnswer;
use super::fragment::Defragmenter;
use super::host::HostMethodId;
use super::keys::SessionKey;
use super::outbox::Outbox;
use super::{Destination, PoolState, Priority, Target};
use crate::clixml::{Value, Version};

/// The server's half of one runspace pool. See the [module](self).
#[derive(Debug)]
pub struct Server {
    options: ServerOptions,
    state: PoolState,
    /// The lower of what both sides speak, once the client has said.
    protocol: Option<Version>,
    pool: Uuid,
    runspaces: (i32, i32),
    outbox: Outbox,
    channels: BTreeMap<(Target, bool), Defragmenter>,
    key: SessionKey,
    pipelines: BTreeMap<Uuid, Pipeline>,
    /// Host calls that wait for an answer.
    calls: BTreeMap<(Target, i64), HostMethodId>,
    last_call: i64,
    events: VecDeque<Event>,
}

impl Server {
    /// A pool that waits for a client.
    pub fn new(options: ServerOptions) -> Self {
        Self {
            state: PoolState::BeforeOpen,
            protocol: None,
            pool: Uuid::nil(),
            runspaces: (1, 1),
            outbox: Outbox::new(Destination::Client, Uuid::nil(), options.fragment_size),
            channels: BTreeMap::new(),
            key: SessionKey::generate(),
            pipelines: BTreeMap::new(),
            calls: BTreeMap::new(),
            last_call: 0,
            events: VecDeque::new(),
            options,
        }
    }

    /// The pool's id; nil until the client has said.
    pub fn id(&self) -> Uuid {
        self.pool
    }

    /// The pool's state.
    pub fn state(&self) -> PoolState {
        self.state
    }

    /// The version of the protocol that is used: the lower of the two. Ours, until the client has said.
    pub fn protocol(&self) -> Version {
        self.protocol.unwrap_or(self.options.protocol)
    }

    /// The least and the most runspaces.
    pub fn runspaces(&self) -> (i32, i32) {
        self.runspaces
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next whole fragments for the client: at least one, and no more than fit into `max_bytes` if one fits.
    pub fn transmit(&mut self, target: Target, max_bytes: usize) -> Option<Bytes> {
        self.outbox
            .transmit(target, max_bytes)
            .map(|(_, bytes)| bytes)
    }

    /// The targets that [`Server::transmit`] has something for.
    pub fn sendable(&self) -> impl Iterator<Item = Target> + '_ {
        self.outbox.sendable()
    }

    /// How many bytes wait to be sent for a target, so that whoever makes output can be held back.
    pub fn queued(&self, target: Target) -> usize {
        self.outbox.queued(target)
    }

    /// Whether secrets are encrypted with the session key; from protocol 2.4 on they are not.
    fn encrypts_secrets(&self) -> bool {
        self.protocol() < Version::new(2, 4)
    }

    fn push(&mut self, target: Target, kind: super::MessageType, body: &Value) {
        self.outbox.push(target, Priority::Default, kind, body);
    }
}

#[cfg(test)]
mod tests;
