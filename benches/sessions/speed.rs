//! Our time over that of a client that only replays bytes.

use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::Value;

use crate::raw::{RECORDER, Recording, replay};
use crate::support::peer::Peer;
use crate::support::python::{peers, python};
use crate::{median, next_statistics, ours};

const RUNS: usize = 5;

/// What is run in an open session: a name, a script and how often.
const WORK: &[(&str, &str, usize)] = &[
    ("200 warm invokes", "1", 200),
    ("100,000 objects", "1..100000", 1),
    (
        "20 MB of byte arrays",
        "$b = [byte[]]::new(262144); 1..80 | ForEach-Object { , $b }",
        1,
    ),
];

pub async fn print() {
    let Ok(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (recorder, recorded) = (
        folder.path().join("recorder.py"),
        folder.path().join("recorded"),
    );
    fs::write(&recorder, RECORDER).unwrap();
    let subsystem = format!(
        "Subsystem recorded {python} {} {} {python} {} -sshs -NoLogo -NoProfile",
        recorder.display(),
        recorded.display(),
        peers().join("pwsh_peer.py").display(),
        python = python.display(),
    );
    let Some(peer) = Peer::ssh().sshd_config(&subsystem).start() else {
        return;
    };
    println!(
        "our time over that of a client that replays the same bytes, {RUNS} runs each, medians"
    );
    let mut seen = 0;
    for (index, (name, script, times)) in WORK.iter().enumerate() {
        let recording = record(&peer, &recorded, script, *times, &mut seen).await;
        let (mut opening, mut running) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let start = Instant::now();
            let session = ours::open(&peer).await;
            let our_opening = start.elapsed();
            let start = Instant::now();
            for _ in 0..*times {
                ours::invoke(&session, script).await;
            }
            let our_running = start.elapsed();
            session.close().await;
            let busy = busy(&next_statistics(&peer, &mut seen));

            let raw = replay(&peer, &recording).await;
            let raw_busy = self::busy(&next_statistics(&peer, &mut seen));
            opening.push((
                our_opening.as_secs_f64(),
                raw.opening.as_secs_f64(),
                0.0,
                0.0,
            ));
            let (ours, raw) = (our_running.as_secs_f64(), raw.running.as_secs_f64());
            running.push((ours, raw, busy, raw_busy));
        }
        if index == 0 {
            tell("opening, from the first packet", &opening);
        }
        tell(name, &running);
    }
}

/// Runs the work once through the recorder.
async fn record(
    peer: &Peer,
    path: &Path,
    script: &str,
    times: usize,
    seen: &mut usize,
) -> Recording {
    let mut options = peer.options();
    options.subsystem = Some("recorded".into());
    let session = ours::open_with(peer, options).await;
    for _ in 0..times {
        ours::invoke(&session, script).await;
    }
    session.close().await;
    next_statistics(peer, seen);
    Recording::read(path)
}

fn busy(statistics: &Value) -> f64 {
    statistics["busy_seconds"].as_f64().unwrap_or(0.0)
}

fn tell(what: &str, runs: &[(f64, f64, f64, f64)]) {
    let of = |part: fn(&(f64, f64, f64, f64)) -> f64| median(runs.iter().map(part).collect());
    let (ours, raw) = (of(|run| run.0), of(|run| run.1));
    print!(
        "  {what}: {:.2} ({:.1} ms over {:.1} ms)",
        ours / raw,
        ours * 1e3,
        raw * 1e3
    );
    let (busy, raw_busy) = (of(|run| run.2), of(|run| run.3));
    if busy > 0.0 {
        let (ours, raw) = (ours - busy, raw - raw_busy);
        print!(
            "; without the peer's {:.1} and {:.1} ms: ",
            busy * 1e3,
            raw_busy * 1e3
        );
        if ours > 0.0 && raw > 0.0 {
            print!(
                "{:.2} ({:.1} ms over {:.1} ms)",
                ours / raw,
                ours * 1e3,
                raw * 1e3
            );
        } else {
            print!("nothing left, they work at the same time");
        }
    }
    println!();
}
