//! What WSMan costs us, and pypsrp: `cargo bench --bench wsman`. Both clients do the same in processes of their own, one
//! after the other, against the same peer; each has to be beaten in every row. The peer's own busy seconds, which no
//! client can change, stand beside.
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

mod client;
mod ours;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::time::Duration;

use client::{Client, Figures};
use support::relay::Relay;
use support::wsman::WsmanPeer;

/// Round trips of the network that is simulated.
const ROUND_TRIPS: [Duration; 2] = [Duration::ZERO, Duration::from_millis(50)];

fn main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("ours") {
        ours::serve(&arguments.collect::<Vec<_>>());
        return;
    }
    let mut behind = Vec::new();
    for scheme in ["http", "https"] {
        for round_trip in ROUND_TRIPS {
            let Some(peer) = WsmanPeer::new().start() else {
                return;
            };
            let relay = Relay::to(peer.port(scheme), round_trip / 2);
            let url = format!("{scheme}://127.0.0.1:{}/wsman", relay.port());
            let what = match scheme {
                "http" => "NTLM sealed over HTTP",
                _ => "NTLM over HTTPS",
            };
            let title = format!("{what}, {} ms of delay", round_trip.as_millis());
            let [ours, theirs] =
                [Client::Ours, Client::Pypsrp].map(|client| client::run(client, &peer, &url));
            behind.extend(tell(&title, &ours, &theirs));
        }
    }
    assert!(behind.is_empty(), "behind in {}", behind.join(", "));
}

/// Prints a table; the rows in which we are behind.
fn tell(title: &str, ours: &Figures, theirs: &Figures) -> Vec<String> {
    println!("{title}");
    println!(
        "  {:22} {:>9} {:>9}  {:>6}   {:>9} {:>9}",
        "", "ours", "pypsrp", "ratio", "peer's", "its"
    );
    let mut behind = Vec::new();
    for (ours, theirs) in ours.rows.iter().zip(&theirs.rows) {
        assert_eq!(ours.name, theirs.name);
        let ratio = ours.value / theirs.value;
        let busy = match (ours.busy, theirs.busy) {
            (Some(ours), Some(theirs)) => {
                format!("{:>6.0} ms {:>6.0} ms", ours * 1e3, theirs * 1e3)
            }
            _ => String::new(),
        };
        println!(
            "  {:22} {:>6.1} {:2} {:>6.1} {:2}  {ratio:>6.3}   {busy}",
            ours.name, ours.value, ours.unit, theirs.value, ours.unit
        );
        if ratio >= 1.0 {
            behind.push(format!("{title}: {}", ours.name));
        }
    }
    behind
}
