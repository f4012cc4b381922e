//! The foreign peers themselves start and say what they are.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::peer::Peer;
use crate::support::wsman::WsmanPeer;

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

#[test]
fn a_wsman_peer_offers_its_methods_counts_and_breaks_on_request() {
    let peer = WsmanPeer::new().set("basic_over_http", true);
    let Some(peer) = peer.set("auth", json!(["basic"])).start() else {
        return;
    };
    let ask = || {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", peer.port("http"))).unwrap();
        let request =
            "POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    };
    let answer = ask();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert!(answer.contains("WWW-Authenticate: Basic"), "{answer}");
    peer.set("auth", json!(["negotiate"]));
    assert!(ask().contains("WWW-Authenticate: Negotiate"));
    peer.cut_for(std::time::Duration::from_mins(1), "reset");
    assert_eq!(ask(), "");
    assert!(peer.ca_file().exists());
    assert_eq!(peer.violations(), Vec::<String>::new());
    assert_eq!(peer.count("executed", "Create"), 0);
}
