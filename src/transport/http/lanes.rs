//! The connections of one session: which are free, which are made before they are needed, which are let go.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::dial::Dialer;
use super::lane::Lane;
use super::worker::{LaneId, News, Worker};
use crate::wsman::client::{self, ExchangeId, Transmit};

/// Connections that one session may have.
const MOST: usize = 64;
/// Of them so many are not for parked Receives.
const KEPT: usize = 2;
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
    spares: Spares,
}

/// Whether connections are made before they are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spares {
    Now,
    /// From then on.
    From(Instant),
    /// The last one ended unused: once something is asked for.
    Asked,
    /// The server refuses them.
    Never,
}

/// A connection, and what it does.
struct Slot {
    worker: Worker,
    state: State,
    /// When it was authenticated; before that, when it was begun.
    made: Instant,
    used: bool,
    /// What it carries, or carried last.
    exchange: Option<ExchangeId>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Dialing,
    Idle { since: Instant },
    Busy { parked: bool },
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
            spares: Spares::Now,
        };
        lanes.add(Some(lane), now);
        lanes
    }

    /// Lends an idle connection: the one that was used last, since it will last longest.
    pub(super) fn lend(&mut self, transmit: Transmit) -> Result<(), Transmit> {
        if self.holds(&transmit) {
            return Err(transmit);
        }
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
        slot.used = true;
        slot.exchange = Some(transmit.exchange);
        slot.state = State::Busy {
            parked: transmit.lane == client::Lane::Parked,
        };
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

    /// A connection has ended; when it was made or begun. One that ended right after that is not made again at once.
    pub(super) fn remove(&mut self, id: LaneId, now: Instant) -> Option<Instant> {
        let slot = self.slots.remove(&id)?;
        if slot.made + SHORT > now {
            self.pause(now);
        }
        Some(slot.made)
    }

    /// A connection has ended without work. If it never had any, the next spare one waits until something is asked for.
    pub(super) fn closed(&mut self, id: LaneId, now: Instant) {
        let is_unused = self.slots.get(&id).is_some_and(|slot| !slot.used);
        self.remove(id, now);
        if is_unused && self.spares != Spares::Never {
            self.spares = Spares::Asked;
        }
    }

    /// Something is asked for, and more may follow.
    pub(super) fn asked(&mut self) {
        if self.spares == Spares::Asked {
            self.spares = Spares::Now;
        }
    }

    /// An exchange was lost; by the network, what stood unused then may be dead too, and is let go.
    pub(super) fn lost(&mut self, is_network: bool, now: Instant) {
        self.last_loss = now;
        if is_network {
            self.slots
                .retain(|_, slot| !matches!(slot.state, State::Idle { .. }));
        }
    }

    /// Lets go of all; what they carried.
    pub(super) fn clear(&mut self) -> Vec<ExchangeId> {
        let slots = std::mem::take(&mut self.slots).into_values();
        let busy = slots.filter(|slot| matches!(slot.state, State::Busy { .. }));
        busy.filter_map(|slot| slot.exchange).collect()
    }

    /// A connection could not be made: spare ones have time.
    pub(super) fn pause(&mut self, now: Instant) {
        if matches!(self.spares, Spares::Now | Spares::From(_)) {
            self.spares = Spares::From(now + PAUSE);
        }
    }

    /// The server refuses us connections: every one that nobody needs would count against the account.
    pub(super) fn end_spares(&mut self) {
        self.spares = Spares::Never;
    }

    /// Whether a request has to wait although a connection may be free: Receives leave some to everything else.
    pub(super) fn holds(&self, transmit: &Transmit) -> bool {
        transmit.lane == client::Lane::Parked
            && self.count(State::Busy { parked: true }) >= MOST - KEPT
    }

    /// Makes connections for requests that wait, and those that will be needed: `wanted` should stand. Lets go of others.
    pub(super) fn provide(&mut self, waiting: usize, wanted: usize, now: Instant) {
        if matches!(self.spares, Spares::From(at) if at <= now) {
            self.spares = Spares::Now;
        }
        let mut due = waiting.saturating_sub(self.count(State::Dialing));
        if self.spares == Spares::Now {
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
        let spare = match self.spares {
            Spares::From(at) if self.slots.len() < wanted => Some(at),
            _ => None,
        };
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
            used: false,
            exchange: None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::http::access::Access;
    use crate::transport::http::wire::Wire;
    use crate::transport::{Endpoint, Options};
    use crate::wsman::client::{Client, Settings};

    /// Connections of a session whose server never answers; the first, number 1, stands.
    async fn lanes() -> (
        Lanes,
        mpsc::Receiver<(LaneId, News)>,
        tokio::io::DuplexStream,
    ) {
        let options = Options {
            trust_host: Some(true),
            ..Options::default()
        };
        let target = "http://192.0.2.1:1".parse().unwrap();
        let endpoint = Endpoint::of(&target, &options).unwrap();
        let access = Access::new(endpoint, Some("alice"), &options).unwrap();
        let dialer = Arc::new(Dialer::new(access, None, Options::STAGE_TIMEOUT));
        let (ours, theirs) = tokio::io::duplex(1024);
        let lane = Lane {
            wire: Wire::new(ours, "x", "/").await.unwrap(),
            context: None,
            authorization: None,
            proven: true,
        };
        let (teller, news) = mpsc::channel(100);
        let mut lanes = Lanes::new(dialer, lane, teller);
        lanes.ready(1, Instant::now());
        (lanes, news, theirs)
    }

    fn transmit() -> Transmit {
        let mut client = Client::new(Settings::new(String::new(), String::new()));
        client.open(uuid::Uuid::nil(), "", bytes::Bytes::new());
        client.poll_transmit(std::time::Instant::now()).unwrap()
    }

    #[tokio::test]
    async fn a_spare_connection_that_ended_unused_is_made_again_once_something_is_asked() {
        let (mut lanes, _news, _server) = lanes().await;
        let now = Instant::now() + 2 * SHORT;
        lanes.provide(0, 2, now);
        assert_eq!(lanes.slots.len(), 2);
        lanes.ready(2, now);
        let later = now + Duration::from_secs(100);
        lanes.closed(2, later);
        for _ in 0..3 {
            lanes.provide(0, 2, later + PAUSE * 2);
            assert_eq!(lanes.slots.len(), 1);
            assert_eq!(lanes.deadline(2), None);
        }
        lanes.asked();
        lanes.provide(0, 2, later + PAUSE * 2);
        assert_eq!(lanes.slots.len(), 2);
    }

    #[tokio::test]
    async fn refused_spare_connections_are_never_tried_again() {
        let (mut lanes, _news, _server) = lanes().await;
        let now = Instant::now();
        lanes.provide(0, 2, now);
        lanes.remove(2, now);
        lanes.pause(now);
        lanes.end_spares();
        lanes.asked();
        lanes.provide(0, 2, now + PAUSE * 100);
        assert_eq!((lanes.slots.len(), lanes.deadline(2)), (1, None));
        // What is needed is made all the same.
        lanes.provide(1, 2, now + PAUSE * 100);
        assert_eq!(lanes.slots.len(), 2);
    }

    #[tokio::test]
    async fn parked_receives_leave_connections_to_everything_else() {
        let (mut lanes, _news, _server) = lanes().await;
        let now = Instant::now();
        lanes.provide(MOST, MOST, now);
        assert_eq!(lanes.slots.len(), MOST);
        for id in 1..=MOST as LaneId {
            lanes.ready(id, now);
        }
        let parked = || Transmit {
            lane: client::Lane::Parked,
            ..transmit()
        };
        for slot in lanes.slots.values_mut().take(MOST - KEPT - 1) {
            slot.state = State::Busy { parked: true };
        }
        assert!(!lanes.holds(&parked()));
        let idle = lanes.slots.values_mut();
        let mut idle = idle.filter(|slot| matches!(slot.state, State::Idle { .. }));
        idle.next().unwrap().state = State::Busy { parked: true };
        assert!(lanes.lend(parked()).is_err());
        assert!(lanes.holds(&parked()) && !lanes.holds(&transmit()));
    }

    #[tokio::test]
    async fn connections_that_stood_unused_when_the_network_failed_are_let_go() {
        let (mut lanes, _news, _server) = lanes().await;
        let now = Instant::now();
        lanes.lost(false, now);
        assert_eq!(lanes.slots.len(), 1);
        lanes.lost(true, now);
        assert!(lanes.lend(transmit()).is_err() && lanes.slots.is_empty());
    }
}
