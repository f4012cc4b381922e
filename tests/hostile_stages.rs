//! Silence and death at every stage of a session over SSH: a wire between the program and a real `sshd` falls silent, or
//! is cut, after some number of the server's bytes.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use psdeck::session::{Invoke, OpenRequest, PipelineEvent, PipelineState, SessionState};
use tokio_util::sync::CancellationToken;

use crate::session::{all, pool, request};
use crate::support::link::Answers;
use crate::support::peer::Peer;

/// The deadline of a stage, and how much later its error may come on a busy machine.
const DEADLINE: Duration = Duration::from_secs(4);
const GRACE: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Silence,
    Death,
}

/// A wire to a port of this computer.
struct Wire {
    port: u16,
    /// The bytes that the server has sent.
    passed: Arc<AtomicUsize>,
    /// After how many of them it ends.
    after: Arc<AtomicUsize>,
}

impl Wire {
    /// One that ends so after that many of the server's bytes.
    fn new(server: u16, after: usize, end: End) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let passed = Arc::new(AtomicUsize::new(0));
        let counter = passed.clone();
        let after = Arc::new(AtomicUsize::new(after));
        let limit = after.clone();
        thread::spawn(move || {
            let Ok((near, _)) = listener.accept() else {
                return;
            };
            let far = TcpStream::connect(("127.0.0.1", server)).unwrap();
            let (mut from, mut to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
            });
            carry(far, near, &limit, end, &counter);
        });
        Self {
            port,
            passed,
            after,
        }
    }

    /// Ends with what the server says next.
    fn end(&self) {
        self.after.store(0, Ordering::Relaxed);
    }
}

/// Carries the server's bytes, one end of the wire after the other.
fn carry(
    mut far: TcpStream,
    mut near: TcpStream,
    after: &AtomicUsize,
    end: End,
    passed: &AtomicUsize,
) {
    let mut buffer = [0; 4096];
    let left = || {
        let after = after.load(Ordering::Relaxed);
        after.saturating_sub(passed.load(Ordering::Relaxed))
    };
    loop {
        let most = left();
        if most == 0 && end == End::Death {
            let _ = near.shutdown(Shutdown::Both);
            let _ = far.shutdown(Shutdown::Both);
            return;
        }
        let most = if most == 0 { 4096 } else { most.min(4096) };
        let count = far.read(&mut buffer[..most]).unwrap_or(0);
        if count == 0 {
            let _ = near.shutdown(Shutdown::Both);
            return;
        }
        if left() > 0 {
            passed.fetch_add(count, Ordering::Relaxed);
            if near.write_all(&buffer[..count]).is_err() {
                return;
            }
        }
    }
}

/// How far a session came, and what was said of its end.
#[derive(Debug)]
struct Fared {
    opened: bool,
    ran: bool,
    report: Option<String>,
    took: Duration,
    /// The server's bytes when the session was open, and when its pipeline had run.
    bytes: (usize, usize),
}

fn request_through(peer: &Peer, wire: &Wire) -> OpenRequest {
    let mut request = request(peer);
    request.target = format!("ssh:{}@127.0.0.1:{}", peer.text("user"), wire.port)
        .parse()
        .unwrap();
    request.options.connect_timeout = Some(DEADLINE);
    request.options.ssh_options = [
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "GlobalKnownHostsFile=/dev/null",
        "IdentitiesOnly=yes",
        "ServerAliveInterval=1",
        "ServerAliveCountMax=2",
    ]
    .map(Into::into)
    .to_vec();
    request
}

async fn session_through(peer: &Peer, after: usize, end: End) -> Fared {
    let wire = Wire::new(peer.port(), after, end);
    let bytes = || wire.passed.load(Ordering::Relaxed);
    let request = request_through(peer, &wire);
    let start = Instant::now();
    let mut fared = Fared {
        opened: false,
        ran: false,
        report: None,
        took: Duration::ZERO,
        bytes: (0, 0),
    };
    let pool = pool();
    let ask = Arc::new(Answers::none());
    match pool
        .open(&request, ask, CancellationToken::new())
        .await
        .session()
        .await
    {
        Err(report) => fared.report = Some(report.block()),
        Ok(session) => {
            fared.opened = true;
            fared.bytes.0 = bytes();
            let (_, finished) = all(session.invoke(&Invoke::objects("1..2000"))).await;
            fared.bytes.1 = bytes();
            fared.ran = finished.state == PipelineState::Completed;
            fared.report = finished.lost.map(|report| report.block());
            let _ = tokio::time::timeout(DEADLINE + GRACE, session.close())
                .await
                .expect("closing takes too long");
        }
    }
    fared.took = start.elapsed();
    fared
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_and_death_at_every_stage_over_ssh_are_named() {
    let Some(peer) = Peer::ssh().sshd_config("MaxStartups 100").start() else {
        return;
    };
    let whole = session_through(&peer, usize::MAX, End::Silence).await;
    assert!(whole.opened && whole.ran, "{whole:?}");
    let (opened, ran) = whole.bytes;
    // The banner, key exchange, authentication, channel, subsystem, first packets; then the pipeline and its end.
    let mut points = vec![0, 1, 30];
    points.extend((1..12).map(|part| opened * part / 12));
    points.extend((0..4).map(|part| opened + (ran - opened) * part / 4));
    let cases = points
        .iter()
        .flat_map(|point| [(*point, End::Silence), (*point, End::Death)]);
    let cases: Vec<_> = cases.collect();
    let mut opened_some = false;
    for batch in cases.chunks(12) {
        let peer = &peer;
        let fared = join_all(
            batch
                .iter()
                .map(|(point, end)| session_through(peer, *point, *end)),
        );
        for ((point, end), fared) in batch.iter().zip(fared.await) {
            let case = format!("{end:?} after {point} of {opened} bytes: {fared:?}");
            println!("{case}");
            assert!(!fared.ran, "{case}");
            assert!(fared.took < DEADLINE + GRACE, "{case}");
            let report = fared.report.as_deref().unwrap_or_else(|| panic!("{case}"));
            assert!(report.contains("127.0.0.1"), "{case}");
            let says = match end {
                End::Silence => ["within", "in time", "no longer answers keep-alives"],
                End::Death => ["closed", "hung up", "ended"],
            };
            assert!(says.iter().any(|says| report.contains(says)), "{case}");
            opened_some |= fared.opened;
        }
    }
    assert!(opened_some);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wire_that_ends_while_a_command_is_stopped_or_a_session_closed_is_named() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    for (end, says) in [(End::Silence, "keep-alives"), (End::Death, "closed")] {
        for stops in [true, false] {
            let case = format!("{end:?}, stopping: {stops}");
            let wire = Wire::new(peer.port(), usize::MAX, end);
            let pool = pool();
            let (ask, cancel) = (Arc::new(Answers::none()), CancellationToken::new());
            let opening = pool.open(&request_through(&peer, &wire), ask, cancel).await;
            let session = opening.session().await.unwrap();
            let mut running = session.invoke(&Invoke::objects("'begun'; Start-Sleep 60"));
            while !matches!(running.next().await, Some(PipelineEvent::Output(_))) {}
            wire.end();
            let limit = DEADLINE + GRACE;
            if stops {
                running.stop();
                let (_, finished) = tokio::time::timeout(limit, all(running))
                    .await
                    .expect(&case);
                let lost = finished.lost.expect(&case).block();
                assert!(lost.contains(says), "{case}: {lost}");
            }
            let _ = tokio::time::timeout(limit, session.close())
                .await
                .expect(&case);
            let state = session.info().state;
            assert!(
                matches!(state, SessionState::Broken | SessionState::Closed),
                "{case}: {state:?}"
            );
        }
    }
}
