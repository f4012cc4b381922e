//! Output without end: read in little memory, and held back where nobody reads it.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::peer::{Builder, Peer};
use crate::support::servers::on_servers;

on_servers!(
    [local, wsman],
    [
        output_without_end_is_read_in_little_memory,
        a_reader_that_stops_reading_holds_the_server_back,
    ]
);

fn output_without_end_is_read_in_little_memory(server: Builder) {
    const MOST: usize = 200_000_000;
    let Some(peer) = server.start() else {
        return;
    };
    let script = "while ($true) { 'x' * 100000 }";
    let mut program = invoke(&peer, script);
    let mut output = program.stdout.take().unwrap();
    let (mut read, mut buffer) = (0, vec![0; 1 << 20]);
    while read < MOST {
        let count = output.read(&mut buffer).unwrap();
        assert!(count > 0, "the output ended after {read} bytes");
        read += count;
    }
    let peak = peak_memory(&program);
    end(program);
    assert!(peak < 200 << 20, "{} MiB at the peak", peak >> 20);
}

fn a_reader_that_stops_reading_holds_the_server_back(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut program = invoke(&peer, "while ($true) { 'x' * 100000 }");
    let mut output = program.stdout.take().unwrap();
    let mut buffer = vec![0; 1 << 20];
    assert!(output.read(&mut buffer).unwrap() > 0);
    // Held back, the peer's log no longer grows: messages of one line each, or Receives, of one at least.
    let kind = match peer.as_wsman() {
        Some(_) => "Receive",
        None => "PIPELINE_OUTPUT",
    };
    let messages = || peer.log().matches(kind).count();
    let mut before = messages();
    let start = Instant::now();
    loop {
        std::thread::sleep(Duration::from_millis(500));
        let now = messages();
        if now == before {
            break;
        }
        before = now;
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "the server goes on: {now} messages"
        );
    }
    let peak = peak_memory(&program);
    end(program);
    assert!(
        before * 100_000 < 60 << 20,
        "{before} messages were taken from the server"
    );
    assert!(peak < 100 << 20, "{} MiB at the peak", peak >> 20);
}

fn invoke(peer: &Peer, script: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_psdeck"))
        .args(["invoke", &peer.target(), "--output", "jsonl", "-c", script])
        .args(peer.arguments())
        .env("HOME", peer.folder())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn end(mut program: Child) {
    program.kill().unwrap();
    program.wait().unwrap();
}

/// The most resident memory that a process has had; nothing where that cannot be known.
fn peak_memory(program: &Child) -> usize {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap_or("0 kB");
    line.trim()
        .trim_end_matches(" kB")
        .parse::<usize>()
        .unwrap()
        << 10
}
