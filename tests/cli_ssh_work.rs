//! What `invoke` asks for on its way over SSH, and who is kept out of `enter` and `invoke` alike.

use crate::support::peer::{Peer, account};
use crate::support::psdeck::Psdeck;
use crate::support::screen::Screen;

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
