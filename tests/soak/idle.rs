//! What fifty idle sessions cost: a process that holds them and does nothing else.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use psdeck::session::{OpenRequest, Pool};
use psdeck::transport::Options;
use tokio_util::sync::CancellationToken;

use crate::support::link::Answers;
use crate::support::peer::Peer;
use crate::support::wsman::PASSWORD;

const SESSIONS: usize = 50;
/// What was made in advance is let go by then.
const SETTLED: Duration = Duration::from_secs(110);
/// Of the measurement: in three of them every Receive ends at least once, and another one follows.
const MINUTES: u32 = 3;
const TARGET: &str = "PSDECK_IDLE_TARGET";
const OPTIONS: &str = "PSDECK_IDLE_OPTIONS";

#[test]
fn fifty_idle_wsman_sessions_cost_next_to_nothing() {
    if !crate::wanted() {
        return;
    }
    let peer = Peer::wsman()
        .set("max_timeout", 180)
        .set("max_shells_per_user", 100)
        .set("max_operations_per_user", 1000)
        .start()
        .expect("a WSMan peer");
    let (core, wakes) = measure("WSMan", &peer);
    assert!(core < 0.001, "{core} of a core");
    assert!(wakes < 2.0, "{wakes} wake-ups a second");
}

#[test]
fn what_fifty_idle_ssh_sessions_cost_is_told() {
    if !crate::wanted() {
        return;
    }
    let peer = Peer::ssh().start().expect("an SSH peer");
    measure("SSH", &peer);
}

/// Not a test of its own: what the others run in a process apart.
#[test]
fn holder() {
    let (Ok(target), Ok(options)) = (std::env::var(TARGET), std::env::var(OPTIONS)) else {
        return;
    };
    let options: Options = serde_json::from_str(&options).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let pool = Pool::new(Vec::new());
    let sessions = runtime.block_on(async {
        let mut sessions = Vec::new();
        for _ in 0..SESSIONS {
            let request = OpenRequest {
                target: target.parse().unwrap(),
                name: None,
                options: options.clone(),
                window: None,
                deadline: None,
                kept: false,
            };
            let ask = Arc::new(Answers::password(PASSWORD));
            let opening = pool.open(&request, ask, CancellationToken::new()).await;
            let opened = opening.session().await;
            sessions.push(opened.unwrap_or_else(|report| panic!("{}", report.block())));
        }
        sessions
    });
    println!("\nready");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    drop(sessions);
}

/// The part of a core, and the wake-ups a second, of a process with the sessions, in the worst minute.
fn measure(kind: &str, peer: &Peer) -> (f64, f64) {
    let mut options = peer.options();
    options.operation_timeout = Some(Duration::from_mins(3));
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["idle::holder", "--exact", "--nocapture"])
        .env(TARGET, peer.target())
        .env(OPTIONS, serde_json::to_string(&options).unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut lines = lines.map_while(Result::ok);
    assert!(lines.any(|line| line == "ready"), "it did not get that far");
    sleep(SETTLED);
    let mut worst: (f64, f64) = (0.0, 0.0);
    for minute in 1..=MINUTES {
        let before = spent(&child);
        sleep(Duration::from_mins(1));
        let after = spent(&child);
        let core = (after.0 - before.0) / 60.0;
        let wakes = (after.1 - before.1) / 60.0;
        println!(
            "{SESSIONS} idle {kind} sessions, minute {minute}: {:.4} % of a core, {wakes:.2} wake-ups a second",
            core * 100.0
        );
        worst = (worst.0.max(core), worst.1.max(wakes));
    }
    drop(child.stdin.take());
    let _ = child.wait();
    worst
}

/// Seconds of a core, and wake-ups, of all threads so far.
fn spent(child: &Child) -> (f64, f64) {
    let mut sums = (0.0, 0.0);
    for thread in fs::read_dir(format!("/proc/{}/task", child.id())).unwrap() {
        let thread = thread.unwrap().path();
        let text = |name: &str| fs::read_to_string(thread.join(name)).unwrap_or_default();
        let ran = text("schedstat");
        let nanos = ran
            .split(' ')
            .next()
            .and_then(|ran| ran.parse::<f64>().ok());
        sums.0 += nanos.unwrap_or_default() / 1e9;
        let status = text("status");
        let wakes = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        sums.1 += wakes
            .and_then(|wakes| wakes.trim().parse::<f64>().ok())
            .unwrap_or_default();
    }
    sums
}
