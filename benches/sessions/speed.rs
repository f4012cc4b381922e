//! Our time over that of a client that only replays bytes.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

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

/// Seconds of one run: the whole time, and what the peer's process computed in it.
struct Run {
    ours: f64,
    raw: f64,
    busy: f64,
    raw_busy: f64,
}

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
    println!("our time over that of a client that replays the same bytes, medians of {RUNS} runs");
    println!(
        "  {:22} {:>5}  {:>7} {:>7}      {:>7} {:>7}      without it",
        "", "ratio", "ours", "raw", "peer's", "and raw"
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
            let _ = session.close().await;
            let ours = next_statistics(&peer, &mut seen);
            let replayed = replay(&peer, &recording).await;
            let theirs = next_statistics(&peer, &mut seen);
            let run = |ours_took: Duration, raw_took: Duration, part| Run {
                ours: ours_took.as_secs_f64(),
                raw: raw_took.as_secs_f64(),
                busy: seconds(&ours, part),
                raw_busy: seconds(&theirs, part),
            };
            opening.push(run(our_opening, replayed.opening, "startup_seconds"));
            running.push(run(our_running, replayed.running, "busy_seconds"));
        }
        if index == 0 {
            tell("opening", &opening);
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
    let _ = session.close().await;
    next_statistics(peer, seen);
    Recording::read(path)
}

fn seconds(statistics: &Value, part: &str) -> f64 {
    statistics[part].as_f64().unwrap_or(0.0)
}

fn tell(what: &str, runs: &[Run]) {
    let of = |part: fn(&Run) -> f64| median(runs.iter().map(part).collect());
    let (ours, raw) = (of(|run| run.ours), of(|run| run.raw));
    let (busy, raw_busy) = (of(|run| run.busy), of(|run| run.raw_busy));
    let (left, raw_left) = (ours - busy, raw - raw_busy);
    print!(
        "  {what:22} {:>5.2}  {:>7.1} {:>7.1} ms",
        ours / raw,
        ours * 1e3,
        raw * 1e3
    );
    print!("   {:>7.1} {:>7.1} ms", busy * 1e3, raw_busy * 1e3);
    if left > 0.0 && raw_left > 0.0 {
        println!(
            "   {:>5.2}  {:>7.1} {:>7.1} ms",
            left / raw_left,
            left * 1e3,
            raw_left * 1e3
        );
    } else {
        println!("   nothing left: client and peer work at the same time");
    }
}
