//! What `invoke` carries over SSH, what it asks, and who is kept out of `enter` and `invoke` alike.

use serde_json::json;

use crate::support::peer::{Peer, account};
use crate::support::psdeck::Psdeck;
use crate::support::screen::Screen;

fn invoke(peer: &Peer) -> Psdeck {
    Psdeck::new()
        .args(["invoke", &peer.target()])
        .args(peer.arguments())
}

#[test]
fn every_stream_and_the_status_of_exit_come_over_ssh() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let script = "'o'; Write-Error e; Write-Warning w; Write-Verbose v -Verbose; Write-Debug d -Debug; \
        Write-Information i; Write-Progress -Activity p; exit 7";
    let ran = invoke(&peer)
        .args(["--output", "jsonl", "--exit-code", "-c", script])
        .run()
        .expect(7);
    let lines = ran.json_lines();
    let streams: Vec<_> = lines
        .iter()
        .map(|line| line["stream"].as_str().unwrap())
        .collect();
    for stream in [
        "output",
        "error",
        "warning",
        "verbose",
        "debug",
        "information",
        "progress",
    ] {
        assert!(streams.contains(&stream), "{stream}: {streams:?}");
    }
    assert_eq!(lines.last().unwrap()["exitCode"], json!(7));
    invoke(&peer).args(["-c", "exit 7"]).run().expect(1);
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[test]
fn twenty_megabytes_of_a_file_go_there_and_back() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let line = "0123456789abcdef".repeat(64);
    let count = 20 * 1024 * 1024 / line.len();
    let psdeck = invoke(&peer).file("input.txt", &format!("{line}\n").repeat(count));
    let file = psdeck.path("input.txt");
    let ran = psdeck
        .arg("--input")
        .arg(file)
        .args(["--output", "json", "-c", "$input | ForEach-Object { $_ }"])
        .run()
        .expect(0);
    let values = ran.json();
    let values = values.as_array().unwrap();
    assert_eq!(values.len(), count);
    assert!(values.iter().all(|value| *value == json!(line)));
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[test]
fn what_a_script_asks_is_answered_at_the_terminal() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let (target, options) = (peer.target(), peer.arguments());
    let script = "$n = Read-Host Name; $s = Read-Host Word -AsSecureString; \"$n $($s.Length)\"";
    let mut arguments = vec!["invoke", &target, "-c", script];
    arguments.extend(options.iter().map(String::as_str));
    let mut screen = Screen::new(80, 24).args(&arguments).start();
    screen.expect("Name: ").keys("Sam<Enter>");
    screen.expect("Word: ").keys("hunter2<Enter>").row("Sam 7");
    assert!(!screen.received(b"hunter2"));
    assert_eq!(screen.ended(), 0);
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[test]
fn a_locked_key_of_invoke_is_unlocked_at_the_terminal() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let known = format!("UserKnownHostsFile={}", peer.text("known_hosts"));
    let passphrase = peer.text("passphrase");
    let mut screen = Screen::new(80, 24)
        .args(&["invoke", &peer.target(), "--ssh-config", "none"])
        .args(&["-o", "GlobalKnownHostsFile=/dev/null", "-o", &known])
        .args(&["--identity", peer.text("locked_key"), "-c", "6 * 7"])
        .start();
    screen.expect("Passphrase for").text(passphrase);
    screen.keys("<Enter>").row("42");
    assert!(!screen.received(passphrase.as_bytes()));
    assert_eq!(screen.ended(), 0);
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[test]
fn a_revoked_host_key_keeps_both_verbs_out() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let file = peer.folder().join("revoked");
    let line = format!("@revoked {}\n", peer.text("known_hosts_line"));
    std::fs::write(&file, line).unwrap();
    let known = format!("UserKnownHostsFile={}", file.display());
    for (verb, status, script) in [("enter", 255, &[][..]), ("invoke", 4, &["-c", "1"])] {
        let ran = Psdeck::new()
            .args([verb, &peer.target(), "--ssh-config", "none"])
            .args(["-o", "GlobalKnownHostsFile=/dev/null", "-o", &known])
            .args(["--identity", peer.text("key")])
            .args(script)
            .run()
            .expect(status);
        assert!(ran.err.contains("is revoked"), "{}", ran.err);
        assert!(
            ran.err.contains(&format!("{}:1", file.display())),
            "{}",
            ran.err
        );
        assert!(ran.err.contains("\nhint: "), "{}", ran.err);
        assert!(ran.err.contains("[PSSessionOpenFailed]"), "{}", ran.err);
    }
}

#[test]
fn enter_is_kept_out_like_invoke_and_ends_with_255() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let port = peer.port();
    let key = peer.text("key").to_owned();
    let known = format!("UserKnownHostsFile={}", peer.text("known_hosts"));
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nothing = closed.local_addr().unwrap().port();
    drop(closed);
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let quiet = silent.local_addr().unwrap().port();
    for (user, port, said) in [
        ("nobody-here", port, "did not let nobody-here in"),
        ("root", nothing, "refused"),
        ("root", quiet, "did not finish the handshake"),
    ] {
        let ran = Psdeck::new()
            .args(["enter", &format!("ssh:{user}@127.0.0.1:{port}")])
            .args(["--ssh-config", "none", "--identity", &key, "-o", &known])
            .args(["--connect-timeout", "3s"])
            .run()
            .expect(255);
        assert!(ran.err.contains(said), "{}", ran.err);
        assert!(ran.err.contains("\nhint: "), "{}", ran.err);
    }
}

#[test]
fn keyboard_interactive_takes_the_password_of_standard_input() {
    let Some((user, password)) = account() else {
        return;
    };
    let Some(peer) = Peer::ssh().password().start() else {
        return;
    };
    let known = format!("UserKnownHostsFile={}", peer.text("known_hosts"));
    let ran = Psdeck::new()
        .args(["invoke", &format!("ssh:{user}@127.0.0.1:{}", peer.port())])
        .args(["--ssh-config", "none", "-o", &known, "-o"])
        .args(["PreferredAuthentications=keyboard-interactive"])
        .args(["--password-stdin", "-c", "1"])
        .input(format!("{password}\n"))
        .run()
        .expect(0);
    assert_eq!(ran.out, "1\n");
}

#[test]
fn neither_log_nor_errors_hold_a_secret() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let log = peer.folder().join("psdeck.log");
    let ran = invoke(&peer)
        .args(["-vv", "--arg", "s3cret", "-c", "param($a) $b = $a", "--log"])
        .arg(&log)
        .run()
        .expect(0);
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.contains("opened computer="), "{text}");
    assert!(!text.contains("s3cret") && !ran.err.contains("s3cret"));
}
