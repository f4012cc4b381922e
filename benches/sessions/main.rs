//! What a session costs: `cargo bench --bench sessions`. Everything is measured in one run, against the same peer behind
//! the same `sshd`, and told as counts and ratios; the seconds beside them are this machine's.
#![allow(
    unreachable_pub,
    dead_code,
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a bench fails by panicking, and it shares the tests' builders"
)]

mod ours;
mod raw;
mod round_trips;
mod speed;
#[path = "../../tests/support/mod.rs"]
mod support;

use support::peer::Peer;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        round_trips::print().await;
        speed::print().await;
    });
}

/// Waits for the statistics of the peer's process that ends next; `before` counts those that ended.
fn next_statistics(peer: &Peer, before: &mut usize) -> serde_json::Value {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let log = peer.log();
        let mut found = log.lines().filter_map(|line| line.split_once("STATS {"));
        if let Some((_, line)) = found.nth(*before) {
            *before += 1;
            return serde_json::from_str(&format!("{{{line}")).unwrap();
        }
        assert!(std::time::Instant::now() < end, "no statistics:\n{log}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
