//! The foreign peers themselves start and say what they are.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use crate::support::peer::Peer;

#[test]
fn a_local_peer_speaks_packets() {
    let Some(peer) = Peer::local().start() else {
        return;
    };
    let mut child = Command::new(peer.program())
        .args(["-s", "-NoLogo", "-NoProfile"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input
        .write_all(b"<Close PSGuid='00000000-0000-0000-0000-000000000000' />\n")
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap()).lines();
    let last = output
        .map_while(Result::ok)
        .find(|line| line.starts_with("<CloseAck"));
    assert!(last.is_some(), "{}", peer.log());
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_private_sshd_listens_and_names_its_keys() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    assert!(std::net::TcpStream::connect(("127.0.0.1", peer.port())).is_ok());
    for file in ["key", "locked_key", "unknown_key", "known_hosts"] {
        assert!(std::path::Path::new(peer.text(file)).exists(), "{file}");
    }
}
