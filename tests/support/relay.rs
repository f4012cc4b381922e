//! A wire to a port of this computer that delays what it carries, counts connections and notes when something passed.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// A running relay. What it carries goes on when it is dropped; new connections are refused.
pub struct Relay {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

/// What has passed so far.
#[derive(Clone, Default)]
pub struct Seen {
    /// Connections that were made.
    pub connections: usize,
    /// Every piece, in order.
    pub pieces: Vec<Piece>,
}

/// Bytes that were read at once.
#[derive(Clone, Copy)]
pub struct Piece {
    /// When they came.
    pub at: Instant,
    /// On which connection, from 1.
    pub connection: usize,
    /// From the client to the server.
    pub up: bool,
    /// How many.
    pub bytes: usize,
}

impl Relay {
    /// A relay to that port that holds everything back for so long, each way.
    pub fn to(server: u16, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let all = Arc::clone(&seen);
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let connection = {
                    let mut seen = lock(&all);
                    seen.connections += 1;
                    seen.connections
                };
                let Ok(far) = TcpStream::connect(("127.0.0.1", server)) else {
                    continue;
                };
                for stream in [&near, &far] {
                    let _ = stream.set_nodelay(true);
                }
                for (from, to, up) in [(&near, &far, true), (&far, &near, false)] {
                    let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else {
                        continue;
                    };
                    let note = {
                        let all = Arc::clone(&all);
                        move |bytes| {
                            let at = Instant::now();
                            let piece = Piece {
                                at,
                                connection,
                                up,
                                bytes,
                            };
                            lock(&all).pieces.push(piece);
                            at
                        }
                    };
                    carry(from, to, delay, note);
                }
            }
        });
        Self { port, seen }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What has passed so far.
    pub fn seen(&self) -> Seen {
        lock(&self.seen).clone()
    }
}

/// Carries bytes on threads of their own: one reads, one waits and writes, so that a delay is no limit of speed.
fn carry(
    mut from: TcpStream,
    mut to: TcpStream,
    delay: Duration,
    note: impl Fn(usize) -> Instant + Send + 'static,
) {
    let (sender, receiver) = mpsc::sync_channel::<(Instant, Vec<u8>)>(4096);
    thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            let at = note(count);
            if sender.send((at, buffer[..count].to_vec())).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (at, bytes) in receiver {
            thread::sleep((at + delay).saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().expect("nothing panics there")
}
