//! What waits to be sent, by target and priority.

use std::collections::{BTreeMap, VecDeque};

use bytes::{Bytes, BytesMut};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::fragment::Fragmenter;
use super::keys::SessionKey;
use super::{Destination, KeyError, Message, MessageType, Priority, Target};
use crate::clixml::{self, Value};

/// The queues of all targets of one pool.
#[derive(Debug)]
pub(crate) struct Outbox {
    destination: Destination,
    pool: Uuid,
    fragment_size: usize,
    last_object: u64,
    targets: BTreeMap<Target, Queues>,
}

/// What waits for one target.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    default: VecDeque<Item>,
    prompt_response: VecDeque<Item>,
    /// The bytes of all messages that wait.
    bytes: usize,
}

#[derive(Debug)]
enum Item {
    /// On its way. One that stands alone shares its transmission with no other message.
    Ready { message: Fragmenter, alone: bool },
    /// Holds secrets, and waits for the session key; with its size.
    Locked {
        kind: MessageType,
        body: Value,
        size: usize,
        alone: bool,
    },
}

impl Item {
    fn size(&self) -> usize {
        match self {
            Self::Ready { message, .. } => message.remaining(),
            Self::Locked { size, .. } => *size,
        }
    }
}

impl Outbox {
    pub(crate) fn new(destination: Destination, pool: Uuid, fragment_size: usize) -> Self {
        Self {
            destination,
            pool,
            fragment_size,
            last_object: 0,
            targets: BTreeMap::new(),
        }
    }

    pub(crate) fn set_pool(&mut self, pool: Uuid) {
        self.pool = pool;
    }

    /// Queues a message.
    pub(crate) fn push(&mut self, to: Target, priority: Priority, kind: MessageType, body: &Value) {
        self.push_text(to, priority, kind, clixml::write(body).into(), false);
    }

    /// Queues a message that shares its transmission with no other one.
    pub(crate) fn push_alone(&mut self, to: Target, kind: MessageType, body: &Value) {
        self.push_text(
            to,
            Priority::Default,
            kind,
            clixml::write(body).into(),
            true,
        );
    }

    /// Queues a message of no body: null.
    pub(crate) fn push_empty(&mut self, to: Target, kind: MessageType) {
        self.push_text(to, Priority::Default, kind, Bytes::new(), false);
    }

    /// Queues a message that goes when [`Outbox::unlock`] has encrypted its secrets. What follows it waits too.
    pub(crate) fn push_locked(
        &mut self,
        to: Target,
        priority: Priority,
        kind: MessageType,
        body: Value,
        alone: bool,
    ) {
        let size = Zeroizing::new(clixml::write(&body)).len();
        let item = Item::Locked {
            kind,
            body,
            size,
            alone,
        };
        self.queue(to, priority, item);
    }

    fn push_text(
        &mut self,
        to: Target,
        priority: Priority,
        kind: MessageType,
        body: Bytes,
        alone: bool,
    ) {
        let message = self.cut(to, kind, body);
        self.queue(to, priority, Item::Ready { message, alone });
    }

    fn queue(&mut self, to: Target, priority: Priority, item: Item) {
        let queues = self.targets.entry(to).or_default();
        queues.bytes += item.size();
        match priority {
            Priority::Default => queues.default.push_back(item),
            Priority::PromptResponse => queues.prompt_response.push_back(item),
        }
    }

    fn cut(&mut self, to: Target, kind: MessageType, body: Bytes) -> Fragmenter {
        self.last_object += 1;
        let message = Message {
            destination: self.destination,
            kind,
            pool: self.pool,
            pipeline: match to {
                Target::Pool => Uuid::nil(),
                Target::Pipeline(id) => id,
            },
            body,
        };
        Fragmenter::new(self.last_object, message.encode())
    }

    /// Encrypts what waits for the session key. Gives the targets that can go on.
    pub(crate) fn unlock(&mut self, key: &SessionKey) -> Result<Vec<Target>, KeyError> {
        let mut unlocked = Vec::new();
        let mut targets = std::mem::take(&mut self.targets);
        for (target, queues) in &mut targets {
            for item in queues.default.iter_mut().chain(&mut queues.prompt_response) {
                if let Item::Locked {
                    kind,
                    body,
                    size,
                    alone,
                } = item
                {
                    key.seal_all(body)?;
                    let text = clixml::write(body).into();
                    queues.bytes = queues.bytes.saturating_sub(*size);
                    *item = Item::Ready {
                        message: self.cut(*target, *kind, text),
                        alone: *alone,
                    };
                    queues.bytes += item.size();
                    unlocked.push(*target);
                }
            }
        }
        self.targets = targets;
        unlocked.dedup();
        Ok(unlocked)
    }

    /// The bytes of messages that wait for a target.
    pub(crate) fn queued(&self, target: Target) -> usize {
        self.targets.get(&target).map_or(0, |queues| queues.bytes)
    }

    /// Whether a message of the default queue that had to stand alone has not gone out whole.
    pub(crate) fn is_creating(&self, target: Target) -> bool {
        self.targets.get(&target).is_some_and(|queues| {
            queues.default.iter().any(|item| {
                matches!(
                    item,
                    Item::Ready { alone: true, .. } | Item::Locked { alone: true, .. }
                )
            })
        })
    }

    /// Targets that have something to send now.
    pub(crate) fn sendable(&self) -> impl Iterator<Item = Target> + '_ {
        let ready = |queue: &VecDeque<Item>| matches!(queue.front(), Some(Item::Ready { .. }));
        self.targets
            .iter()
            .filter(move |(_, queues)| ready(&queues.prompt_response) || ready(&queues.default))
            .map(|(target, _)| *target)
    }

    /// The next whole fragments of a target, at least one and at most `room` bytes of them.
    pub(crate) fn transmit(&mut self, target: Target, room: usize) -> Option<(Priority, Bytes)> {
        [Priority::PromptResponse, Priority::Default]
            .into_iter()
            .find_map(|priority| Some((priority, self.transmit_from(target, priority, room)?)))
    }

    /// The same, of one queue.
    pub(crate) fn transmit_from(
        &mut self,
        target: Target,
        priority: Priority,
        room: usize,
    ) -> Option<Bytes> {
        let size = self.fragment_size;
        let queues = self.targets.get_mut(&target)?;
        let queue = match priority {
            Priority::PromptResponse => &mut queues.prompt_response,
            Priority::Default => &mut queues.default,
        };
        let mut out = BytesMut::new();
        while let Some(Item::Ready { message, alone }) = queue.front_mut() {
            if *alone && message.untouched() && !out.is_empty() {
                break;
            }
            let alone = *alone;
            let before = message.remaining();
            let ended = message.write(&mut out, size, room);
            queues.bytes = queues.bytes.saturating_sub(before - message.remaining());
            if ended {
                queue.pop_front();
            }
            if alone || !ended {
                break;
            }
        }
        (!out.is_empty()).then(|| out.freeze())
    }

    /// Takes out what waits for a target, to be [put back](Outbox::put_back).
    pub(crate) fn take(&mut self, target: Target) -> Queues {
        self.targets.remove(&target).unwrap_or_default()
    }

    /// Puts back what was taken out of a target's queues, which must be empty.
    pub(crate) fn put_back(&mut self, target: Target, queues: Queues) {
        self.targets.insert(target, queues);
    }

    /// Drops what waits for a target.
    pub(crate) fn remove(&mut self, target: Target) {
        self.targets.remove(&target);
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::SessionKey;
    use super::*;
    use crate::psrp::Secret;

    const TARGET: Target = Target::Pipeline(Uuid::from_u128(1));

    /// What [`Outbox::queued`] keeps count of, counted.
    fn counted(outbox: &Outbox) -> usize {
        let queues = outbox.targets.get(&TARGET);
        let items = queues.map(|queues| queues.default.iter().chain(&queues.prompt_response));
        items.into_iter().flatten().map(Item::size).sum()
    }

    #[test]
    fn what_waits_is_counted_as_it_comes_and_goes() {
        let mut outbox = Outbox::new(Destination::Server, Uuid::nil(), 1024);
        let kind = MessageType::PipelineInput;
        for number in 0..200 {
            let priority = if number % 5 == 0 {
                Priority::PromptResponse
            } else {
                Priority::Default
            };
            let text = "x".repeat(37 * number);
            outbox.push(TARGET, priority, kind, &text.as_str().into());
            assert_eq!(outbox.queued(TARGET), counted(&outbox));
            if number % 3 == 0 {
                outbox.transmit(TARGET, 1500);
                assert_eq!(outbox.queued(TARGET), counted(&outbox));
            }
        }
        assert!(outbox.queued(TARGET) > 200_000);
        while outbox.transmit(TARGET, 4096).is_some() {
            assert_eq!(outbox.queued(TARGET), counted(&outbox));
        }
        assert_eq!(outbox.queued(TARGET), 0);
    }

    #[test]
    fn what_waits_for_the_key_is_counted_before_and_after() {
        let mut outbox = Outbox::new(Destination::Server, Uuid::nil(), 1024);
        let body = Secret::new(&"x".repeat(5000)).to_value();
        let kind = MessageType::PipelineInput;
        outbox.push_locked(TARGET, Priority::Default, kind, body, false);
        assert!(outbox.queued(TARGET) > 10_000);
        outbox.unlock(&SessionKey::generate()).unwrap();
        assert!(outbox.queued(TARGET) > 10_000);
        while outbox.transmit(TARGET, 2048).is_some() {}
        assert_eq!(outbox.queued(TARGET), 0);
    }
}
