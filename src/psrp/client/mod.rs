//! The client's half: one runspace pool and its pipelines, without sockets and clocks.
//!
//! One owner drives it. Bytes from the connection go into [`Client::handle`]; what happened comes out of
//! [`Client::poll_event`]; what has to be sent comes out of [`Client::open`], [`Client::create_pipeline`] and
//! [`Client::transmit`].

mod connect;
mod event;
mod exchange;
mod host;
mod objects;
mod options;
mod pipelines;
mod pool;
mod receive;

use std::collections::{BTreeMap, VecDeque};

use bytes::{Bytes, BytesMut};
use uuid::Uuid;

pub use event::{Event, Reason, RunspaceAnswer};
use exchange::Exchange;
pub use options::PoolOptions;
use pipelines::Pipeline;
use pool::Request;
use receive::Channel;

use super::host::HostMethodId;
use super::messages::{Capability, InitPool};
use super::outbox::Outbox;
use super::{Destination, Error, MessageType, PoolState, Priority, Target};
use crate::clixml::{Value, Version};

/// The client's half of one runspace pool. See the [module](self).
#[derive(Debug)]
pub struct Client {
    options: PoolOptions,
    state: PoolState,
    /// The lower of what both sides speak; ours until the server has said.
    protocol: Version,
    server_spoke: bool,
    runspaces: (i32, i32),
    outbox: Outbox,
    channels: BTreeMap<Target, Channel>,
    /// Bytes that wait for the session key.
    held: usize,
    exchange: Exchange,
    pipelines: BTreeMap<Uuid, Pipeline>,
    /// Host calls that wait for an answer.
    calls: BTreeMap<(Target, i64), HostMethodId>,
    requests: BTreeMap<i64, Request>,
    last_request: i64,
    /// The server drops output that finds no room while nobody is connected.
    lossy: bool,
    events: VecDeque<Event>,
}

impl Client {
    /// A pool that is not open yet.
    pub fn new(options: PoolOptions) -> Self {
        let outbox = Outbox::new(Destination::Server, options.id, options.fragment_size);
        Self {
            state: PoolState::BeforeOpen,
            protocol: options.protocol,
            server_spoke: false,
            runspaces: (options.min_runspaces, options.max_runspaces),
            outbox,
            channels: BTreeMap::from([(Target::Pool, Channel::new(&options, Target::Pool))]),
            held: 0,
            exchange: Exchange::default(),
            pipelines: BTreeMap::new(),
            calls: BTreeMap::new(),
            requests: BTreeMap::new(),
            last_request: 0,
            lossy: false,
            events: VecDeque::new(),
            options,
        }
    }

    /// The pool's id.
    pub fn id(&self) -> Uuid {
        self.options.id
    }

    /// The pool's state.
    pub fn state(&self) -> PoolState {
        self.state
    }

    /// The version of the protocol that is used: the lower of the two. Before the server has answered, ours.
    pub fn protocol(&self) -> Version {
        self.protocol
    }

    /// The least and the most runspaces, as far as the server has agreed.
    pub fn runspaces(&self) -> (i32, i32) {
        self.runspaces
    }

    /// Opens the pool. Gives the fragments of `SESSION_CAPABILITY` and `INIT_RUNSPACEPOOL`.
    pub fn open(&mut self) -> Result<Bytes, Error> {
        self.expect(PoolState::BeforeOpen)?;
        let init = InitPool {
            min_runspaces: self.options.min_runspaces,
            max_runspaces: self.options.max_runspaces,
            thread_options: self.options.thread_options,
            apartment_state: self.options.apartment_state,
            application_arguments: self.options.application_arguments.clone(),
            host: self.options.host.clone(),
        };
        self.send_capability();
        self.push_pool(MessageType::InitRunspacePool, &init.encode());
        self.set_state(PoolState::Opening, None);
        Ok(self.transmit_all(Target::Pool))
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next whole fragments for a target: at least one, and no more than fit into `max_bytes` if one fits. Answers
    /// to host calls come first, and never together with anything else. The rest of a `CREATE_PIPELINE` never shares
    /// what this gives with the pipeline's input.
    pub fn transmit(&mut self, target: Target, max_bytes: usize) -> Option<(Priority, Bytes)> {
        self.outbox.transmit(target, max_bytes)
    }

    /// The same of one queue, for connections that carry both at once.
    pub fn transmit_from(
        &mut self,
        target: Target,
        priority: Priority,
        max_bytes: usize,
    ) -> Option<Bytes> {
        self.outbox.transmit_from(target, priority, max_bytes)
    }

    /// The targets that [`Client::transmit`] has something for.
    pub fn sendable(&self) -> impl Iterator<Item = Target> + '_ {
        self.outbox.sendable()
    }

    /// How many bytes wait to be sent to a target, so that whoever makes input can be held back.
    pub fn queued(&self, target: Target) -> usize {
        self.outbox.queued(target)
    }

    fn send_capability(&mut self) {
        let capability = Capability::new(self.options.protocol).encode();
        self.push_pool(MessageType::SessionCapability, &capability);
    }

    fn push_pool(&mut self, kind: MessageType, body: &Value) {
        self.outbox
            .push(Target::Pool, Priority::Default, kind, body);
    }

    fn transmit_all(&mut self, target: Target) -> Bytes {
        let mut all = BytesMut::new();
        while let Some((_, part)) = self.outbox.transmit(target, usize::MAX) {
            all.extend_from_slice(&part);
        }
        all.freeze()
    }

    fn expect(&self, state: PoolState) -> Result<(), Error> {
        if self.state == state {
            Ok(())
        } else {
            Err(Error::NotOpened(self.state))
        }
    }

    fn needs(&self, feature: &'static str, needed: Version) -> Result<(), Error> {
        if self.protocol >= needed {
            Ok(())
        } else {
            Err(Error::TooOld {
                feature,
                needed,
                used: self.protocol,
            })
        }
    }
}

#[cfg(test)]
mod tests;
