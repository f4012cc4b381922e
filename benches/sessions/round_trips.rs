//! How often something goes to the peer and is waited for, as the peer and its `sshd` count it.

use serde_json::Value;

use crate::support::peer::Peer;
use crate::{next_statistics, ours};

const TIMES: usize = 50;

pub async fn print() {
    let Some(peer) = Peer::ssh().log_level("DEBUG1").start() else {
        return;
    };
    let mut seen = 0;
    println!("round trips, counted at the peer");

    let _ = ours::open(&peer).await.close().await;
    let opened = next_statistics(&peer, &mut seen);
    let ssh = requests(&peer.sshd_log());
    println!("  opening, after authentication: {}", ssh.join(", "));
    println!(
        "    exchanges with the runspace pool: {}",
        received(&opened, "Data")
    );

    let session = ours::open(&peer).await;
    for _ in 0..TIMES {
        assert_eq!(ours::invoke(&session, "1").await, 1);
    }
    let _ = session.close().await;
    per(
        "warm invoke",
        &next_statistics(&peer, &mut seen),
        &opened,
        TIMES,
    );

    let session = ours::open(&peer).await;
    ours::enter(session.clone(), "1", 0).await;
    let _ = session.close().await;
    let entered = next_statistics(&peer, &mut seen);
    per("entering", &entered, &opened, 1);
    let session = ours::open(&peer).await;
    ours::enter(session.clone(), "1", TIMES).await;
    let _ = session.close().await;
    let lines = next_statistics(&peer, &mut seen);
    per("line with its prompt", &lines, &entered, TIMES);
    assert_eq!(peer.violations(), Vec::<String>::new());
}

/// What the client asked of `sshd` since the last login, and waited for.
fn requests(log: &str) -> Vec<String> {
    let since = log.rfind("Accepted publickey").unwrap_or(0);
    let asked = |line: &str| {
        if line.contains("server_input_channel_open: ctype") {
            return Some("channel".to_owned());
        }
        let request = line.split_once(" request ")?.1.strip_suffix(" reply 1")?;
        Some(request.to_owned())
    };
    log[since..]
        .lines()
        .filter_map(|line| asked(line.trim()))
        .collect()
}

fn received(statistics: &Value, element: &str) -> f64 {
    statistics["received"][element].as_f64().unwrap_or(0.0)
}

/// The difference of two runs, for each time. A pipeline's Close is sent after its end and waited for by nobody.
fn per(what: &str, run: &Value, base: &Value, times: usize) {
    let each = |element| (received(run, element) - received(base, element)) / times as f64;
    let (command, data, close) = (each("Command"), each("Data"), each("Close"));
    println!(
        "  {what}: {:.2} (Command {command:.2}, Data {data:.2}; Close {close:.2}, not waited for)",
        command + data
    );
}
