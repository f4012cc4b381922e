//! A client in a process of its own: it says when a part of the work is done and how long it took, and waits to be told
//! to go on. What it costs the machine is read from outside, the same way for all.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use crate::support::python::python;
use crate::support::wsman::{PASSWORD, USER, WsmanPeer};

const PYPSRP: &str = include_str!("pypsrp_client.py");
/// Clock ticks a second, in `/proc`.
const TICKS: f64 = 100.0;

#[derive(Clone, Copy)]
pub enum Client {
    Ours,
    Pypsrp,
}

/// What a client took, in the order of the work.
pub struct Figures {
    pub rows: Vec<Row>,
}

/// One figure.
pub struct Row {
    pub name: String,
    pub value: f64,
    pub unit: &'static str,
    /// The seconds that the peer computed meanwhile.
    pub busy: Option<f64>,
}

/// Runs the whole work.
pub fn run(client: Client, peer: &WsmanPeer, url: &str) -> Figures {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("client.py");
    fs::write(&script, PYPSRP).unwrap();
    let mut command = match client {
        Client::Ours => {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.arg("ours");
            command
        }
        Client::Pypsrp => {
            let mut command = Command::new(python().unwrap());
            command.arg(&script);
            command
        }
    };
    // Throw-away: the peer's, for this run.
    let mut child = command
        .args([url, USER, PASSWORD])
        .arg(peer.ca_file())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut rows = Vec::new();
    peer.reset();
    let mut busy = 0.0;
    let (mut cpu, mut memory) = (0.0, 0.0);
    while let Some(Ok(line)) = lines.next() {
        let part: serde_json::Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        let now = peer.busy_seconds();
        for (name, value) in part["milliseconds"].as_object().unwrap() {
            rows.push(Row {
                name: name.clone(),
                value: value.as_f64().unwrap(),
                unit: "ms",
                busy: Some(now - busy),
            });
        }
        busy = now;
        (cpu, memory) = costs(child.id());
        writeln!(input).unwrap();
    }
    assert!(child.wait().unwrap().success());
    for (name, value, unit) in [("CPU", cpu, "s"), ("memory at its peak", memory, "MB")] {
        rows.push(Row {
            name: name.into(),
            value,
            unit,
            busy: None,
        });
    }
    Figures { rows }
}

/// The CPU seconds of a process so far, and its highest resident memory in megabytes.
fn costs(id: u32) -> (f64, f64) {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks: f64 = fields
        .split(' ')
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<f64>().unwrap())
        .sum();
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: f64 = peak
        .and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok())
        .unwrap();
    (ticks / TICKS, peak / 1024.0)
}
