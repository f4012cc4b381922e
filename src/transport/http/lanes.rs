//! The connections of one session: which are free, which are made before they are needed, which are let go.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::dial::Dialer;
use super::lane::Lane;
use super::worker::{LaneId, News, Worker};
use crate::wsman::client::Transmit;

/// Connections that one session may have.
const MOST: usize = 64;
/// A connection beyond those that are wanted is kept so long.
const SPARE: Duration = Duration::from_secs(20);
/// A connection that ends sooner is one that the server does not want.
const SHORT: Duration = Duration::from_secs(5);
/// After a connection could not be made, the next spare one is tried so much later.
const PAUSE: Duration = Duration::from_secs(15);

/// The connections of one session.
pub(super) struct Lanes {
    dialer: Arc<Dialer>,
    slots: HashMap<LaneId, Slot>,
    last: LaneId,
    teller: mpsc::Sender<(LaneId, News)>,
    /// When an exchange was lost last: what is sent again goes over connections made later.
    last_loss: Instant,
    /// Until then no spare connection is made.
    no_spare: Option<Instant>,
}

/// A connection, and what it does.
struct Slot {
    worker: Worker,
    state: State,
    /// When it was authenticated.
    made: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Dialing,
    Idle { since: Instant },
    Busy,
}

impl Lanes {
    /// The first connection is `lane`; its news and those of all others go to `teller`.
    pub(super) fn new(
        dialer: Arc<Dialer>,
        lane: Lane,
        teller: mpsc::Sender<(LaneId, News)>,
    ) -> Self {
        let now = Instant::now();
        let mut lanes = Self {
            dialer,
            slots: HashMap::new(),
            last: 0,
            teller,
            last_loss: now,
            no_spare: None,
        };
        lanes.add(Some(lane), now);
        lanes
    }

    /// Lends an idle connection: the one that was used last, since it will last longest.
    pub(super) fn lend(&mut self, transmit: Transmit) -> Result<(), Transmit> {
        let since = transmit.fresh_connection.then_some(self.last_loss);
        let idle = self.slots.values_mut().filter_map(|slot| match slot.state {
            State::Idle { since: idle } if since.is_none_or(|loss| slot.made > loss) => {
                Some((idle, slot))
            }
            _ => None,
        });
        let Some((_, slot)) = idle.max_by_key(|(idle, _)| *idle) else {
            return Err(transmit);
        };
        slot.state = State::Busy;
        // One that has just ended says so in its last news.
        slot.worker.lend(transmit).map_err(|transmit| *transmit)
    }

    /// A connection stands and is authenticated.
    pub(super) fn ready(&mut self, id: LaneId, now: Instant) {
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.made = now;
        }
        self.idle(id, now);
    }

    /// A connection waits for work.
    pub(super) fn idle(&mut self, id: LaneId, now: Instant) {
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.state = State::Idle { since: now };
        }
    }

    /// A connection has ended. One that ended right after it was made is not made again at once.
    pub(super) fn remove(&mut self, id: LaneId, now: Instant) {
        if let Some(slot) = self.slots.remove(&id)
            && slot.made + SHORT > now
        {
            self.pause(now);
        }
    }

    /// An exchange was lost.
    pub(super) fn lost(&mut self, now: Instant) {
        self.last_loss = now;
    }

    /// A connection could not be made: spare ones have time.
    pub(super) fn pause(&mut self, now: Instant) {
        self.no_spare = Some(now + PAUSE);
    }

    /// Whether one is being made.
    pub(super) fn is_dialing(&self) -> bool {
        self.count(State::Dialing) > 0
    }

    /// Makes connections for requests that wait, and those that will be needed: `wanted` should stand. Lets go of others.
    pub(super) fn provide(&mut self, waiting: usize, wanted: usize, now: Instant) {
        self.no_spare.take_if(|until| *until <= now);
        let mut due = waiting.saturating_sub(self.count(State::Dialing));
        if self.no_spare.is_none() {
            due = due.max(wanted.saturating_sub(self.slots.len()));
        }
        for _ in 0..due.min(MOST.saturating_sub(self.slots.len())) {
            self.add(None, now);
        }
        let mut surplus = self.slots.len().saturating_sub(wanted);
        self.slots.retain(|_, slot| {
            let is_old = matches!(slot.state, State::Idle { since } if since + SPARE <= now);
            let goes = surplus > 0 && is_old;
            surplus -= usize::from(goes);
            !goes
        });
    }

    /// When [`Lanes::provide`] has to be called again.
    pub(super) fn deadline(&self, wanted: usize) -> Option<Instant> {
        let surplus = self.slots.len() > wanted;
        let old = self.slots.values().filter_map(|slot| match slot.state {
            State::Idle { since } if surplus => Some(since + SPARE),
            _ => None,
        });
        let spare = self.no_spare.filter(|_| self.slots.len() < wanted);
        old.chain(spare).min()
    }

    fn add(&mut self, lane: Option<Lane>, now: Instant) {
        self.last += 1;
        let dialer = Arc::clone(&self.dialer);
        let worker = Worker::start(self.last, dialer, lane, self.teller.clone());
        let slot = Slot {
            worker,
            state: State::Dialing,
            made: now,
        };
        self.slots.insert(self.last, slot);
    }

    fn count(&self, state: State) -> usize {
        self.slots
            .values()
            .filter(|slot| slot.state == state)
            .count()
    }
}
