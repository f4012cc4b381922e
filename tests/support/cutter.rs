//! A wire to a port of this computer that counts HTTP messages, and once does harm: at a given message, in a given way,
//! for a given time.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

/// What happens at the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// Half of the message passes; then every connection is aborted, and nobody gets through for the time.
    Cut,
    /// The same once the whole message has passed.
    CutAfter,
    /// The message is held back for the time; others pass.
    Delay,
    /// Whoever waits for the message is told that no more comes; the other side hears of it after the time.
    HalfClose,
    /// The message passes in many pieces over the time.
    Drip,
}

/// Harm at a message.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Which message, from 1, of all connections and both directions.
    pub at: usize,
    /// What happens.
    pub harm: Harm,
    /// For how long; none: until [`Cutter::heal`].
    pub time: Option<Duration>,
}

/// A running wire. It ends when dropped.
pub struct Cutter {
    port: u16,
    shared: Arc<Shared>,
    listening: tokio::task::JoinHandle<()>,
}

struct Shared {
    server: u16,
    state: Mutex<State>,
    /// Raised to abort every connection that stands.
    cuts: watch::Sender<u64>,
    healed: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    messages: usize,
    plan: Option<Plan>,
    done: bool,
    dead: bool,
}

impl Cutter {
    /// A wire to that port.
    pub async fn to(server: u16, plan: Option<Plan>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared {
            server,
            state: Mutex::new(State {
                plan,
                ..State::default()
            }),
            cuts: watch::channel(0).0,
            healed: watch::channel(false).0,
        });
        let own = Arc::clone(&shared);
        let listening = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let shared = Arc::clone(&own);
                if lock(&shared).dead {
                    abort(&near);
                    continue;
                }
                let mut cuts = shared.cuts.subscribe();
                tokio::spawn(async move {
                    tokio::select! {
                        _ = carry(near, &shared) => {}
                        _ = cuts.changed() => {}
                    }
                });
            }
        });
        Self {
            port,
            shared,
            listening,
        }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many messages came so far.
    pub fn messages(&self) -> usize {
        lock(&self.shared).messages
    }

    /// Whether the harm was done.
    pub fn has_harmed(&self) -> bool {
        lock(&self.shared).done
    }

    /// The network is good from now on.
    pub fn heal(&self) {
        lock(&self.shared).dead = false;
        self.shared.healed.send_replace(true);
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.listening.abort();
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Shared {
    /// A message begins. What is to happen to it.
    fn begins(self: &Arc<Self>) -> Option<Plan> {
        let mut state = lock(self);
        state.messages += 1;
        let hit = state.plan.filter(|plan| plan.at == state.messages);
        state.done |= hit.is_some();
        hit
    }

    /// Aborts all connections; new ones too, for the time.
    fn cut(self: &Arc<Self>, time: Option<Duration>) {
        lock(self).dead = true;
        self.cuts.send_modify(|cuts| *cuts += 1);
        if let Some(time) = time {
            let shared = Arc::clone(self);
            tokio::spawn(async move {
                sleep(time).await;
                lock(&shared).dead = false;
            });
        }
    }

    async fn wait(&self, time: Option<Duration>) {
        let mut healed = self.healed.subscribe();
        let over = async {
            match time {
                Some(time) => sleep(time).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = over => {}
            _ = healed.wait_for(|healed| *healed) => {}
        }
    }
}

/// Both directions of a connection: HTTP has one message at a time.
async fn carry(mut near: TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
    let mut far = TcpStream::connect(("127.0.0.1", shared.server)).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    // Whatever ends it, ends it hard.
    for stream in [&near, &far] {
        abort_at_drop(stream);
    }
    let (mut from_near, mut from_far) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    let mut up = None;
    loop {
        let (is_up, count) = tokio::select! {
            count = near.read(&mut from_near) => (true, count?),
            count = far.read(&mut from_far) => (false, count?),
        };
        let (to, bytes) = if is_up {
            (&mut far, &from_near[..count])
        } else {
            (&mut near, &from_far[..count])
        };
        if count == 0 {
            let _ = to.shutdown().await;
            return Ok(());
        }
        let plan = if up == Some(is_up) {
            None
        } else {
            shared.begins()
        };
        up = Some(is_up);
        let Some(Plan { harm, time, .. }) = plan else {
            to.write_all(bytes).await?;
            continue;
        };
        match harm {
            Harm::Cut | Harm::CutAfter => {
                let passes = if harm == Harm::Cut { count / 2 } else { count };
                to.write_all(&bytes[..passes]).await?;
                // Whoever gets it has time to read and to act.
                sleep(Duration::from_millis(40)).await;
                shared.cut(time);
            }
            Harm::Delay => {
                shared.wait(time).await;
                to.write_all(bytes).await?;
            }
            Harm::HalfClose => {
                to.shutdown().await?;
                shared.wait(time).await;
                return Ok(());
            }
            Harm::Drip => {
                let pieces = bytes.chunks(count.div_ceil(20));
                let pause = time.map(|time| time / 20);
                let mut due = Instant::now();
                for (at, piece) in pieces.enumerate() {
                    to.write_all(piece).await?;
                    match pause {
                        Some(pause) => due += pause,
                        None if at == 10 => shared.wait(None).await,
                        None => {}
                    }
                    sleep_until(due).await;
                }
            }
        }
    }
}

fn abort(stream: &TcpStream) {
    abort_at_drop(stream);
}

/// Dropping it sends a reset.
fn abort_at_drop(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.state.lock().expect("no panic while it is held")
}
