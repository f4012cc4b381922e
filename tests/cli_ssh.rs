//! The program against the foreign peer behind a real `sshd`.

use std::io::Write as _;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::support::need;
use crate::support::peer::{Peer, account};
use crate::support::psdeck::Psdeck;

/// A verb on this peer.
fn psdeck(verb: &str, peer: &Peer) -> Psdeck {
    Psdeck::new()
        .arg(verb)
        .arg(peer.target())
        .args(peer.arguments())
}

/// As [`psdeck`], without the fixture's key and with these arguments in its place.
fn without_key(verb: &str, peer: &Peer, user: &str, more: &[&str]) -> Psdeck {
    Psdeck::new()
        .args([
            verb,
            &format!("ssh:{user}@{}:{}", peer.text("host"), peer.port()),
        ])
        .args([
            "--ssh-config",
            "none",
            "-o",
            "GlobalKnownHostsFile=/dev/null",
            "-o",
        ])
        .arg(format!("UserKnownHostsFile={}", peer.text("known_hosts")))
        .args(more)
}

#[test]
fn an_agent_lets_in() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let Some(agent) = need("ssh", Agent::start(&peer)) else {
        return;
    };
    let user = peer.text("user").to_owned();
    for (verb, script) in [("invoke", &["-c", "1"][..]), ("enter", &[])] {
        let ran = without_key(verb, &peer, &user, script)
            .env("SSH_AUTH_SOCK", agent.socket())
            .input("1\n")
            .run()
            .expect(0);
        assert_eq!(ran.out, "1\n", "{verb}");
    }
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[test]
fn a_locked_key_that_nobody_can_unlock_is_refused() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let user = peer.text("user").to_owned();
    let ran = without_key(
        "invoke",
        &peer,
        &user,
        &["--identity", peer.text("locked_key"), "-c", "1"],
    )
    .run()
    .expect(4);
    assert!(ran.err.contains(peer.text("locked_key")), "{}", ran.err);
    assert!(ran.err.contains("hint: "), "{}", ran.err);
}

#[test]
fn a_password_comes_from_standard_input_or_a_descriptor() {
    let Some((user, password)) = account() else {
        return;
    };
    let Some(peer) = Peer::ssh().password().start() else {
        return;
    };
    let ran = without_key("invoke", &peer, &user, &["--password-stdin", "-c", "1"])
        .input(format!("{password}\n"))
        .run()
        .expect(0);
    assert_eq!(ran.out, "1\n");
    #[cfg(unix)]
    for (verb, script) in [("invoke", &["-c", "1"][..]), ("enter", &[])] {
        let ran = without_key(verb, &peer, &user, script)
            .args(["--password-fd", "3"])
            .third(&format!("{password}\nnot the password\n"))
            .input("1\n")
            .run()
            .expect(0);
        assert_eq!(ran.out, "1\n", "{verb}");
    }
    let wrong = without_key("invoke", &peer, &user, &["--password-stdin", "-c", "1"])
        .input("wrong\n")
        .run()
        .expect(4);
    assert!(!wrong.err.contains("wrong\n"), "{}", wrong.err);
    let nobody = without_key("invoke", &peer, &user, &["-c", "1"])
        .run()
        .expect(4);
    assert!(nobody.err.contains("password"), "{}", nobody.err);
}

#[test]
fn an_unknown_host_key_is_refused_where_nobody_can_be_asked() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let ran = Psdeck::new()
        .args([
            "invoke",
            &peer.target(),
            "--ssh-config",
            "none",
            "--identity",
            peer.text("key"),
        ])
        .args([
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "GlobalKnownHostsFile=/dev/null",
            "-c",
            "1",
        ])
        .run()
        .expect(4);
    assert!(ran.err.contains("SHA256:"), "{}", ran.err);
    assert!(ran.err.contains("hint: "), "{}", ran.err);
}

#[test]
fn a_changed_host_key_is_refused_with_its_line() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let line = peer.text("known_hosts_line");
    let name = line.split_whitespace().next().unwrap();
    let other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2nJ6tAvPQ6rtnYVh2pP9Af1ZLtjFJ2T1eW0Cjx4uPZ";
    let file = peer.folder().join("changed");
    std::fs::write(&file, format!("# one\n{name} {other}\n")).unwrap();
    for (verb, status, script) in [("invoke", 4, &["-c", "1"][..]), ("enter", 255, &[])] {
        let ran = Psdeck::new()
            .args([verb, &peer.target(), "--ssh-config", "none"])
            .args(["--identity", peer.text("key")])
            .args(["-o", "GlobalKnownHostsFile=/dev/null", "-o"])
            .arg(format!("UserKnownHostsFile={}", file.display()))
            .args(script)
            .input("1\n")
            .run()
            .expect(status);
        assert_eq!(ran.out, "", "{verb}");
        assert!(ran.err.starts_with("error: [127.0.0.1] "), "{}", ran.err);
        assert!(
            ran.err.contains(&format!("{}:2", file.display())),
            "{}",
            ran.err
        );
        assert!(ran.err.contains("\nhint: "), "{}", ran.err);
    }
}

#[test]
fn failures_to_get_in_have_their_statuses_and_remedies() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let user = peer.text("user").to_owned();
    let key = peer.text("key").to_owned();
    let wrong = without_key(
        "invoke",
        &peer,
        "nobody-here",
        &["--identity", &key, "-c", "1"],
    )
    .run()
    .expect(4);
    assert!(wrong.err.contains("publickey"), "{}", wrong.err);
    let missing = without_key(
        "invoke",
        &peer,
        &user,
        &["--identity", &key, "--subsystem", "nowhere", "-c", "1"],
    )
    .run()
    .expect(4);
    assert!(missing.err.contains("Subsystem nowhere"), "{}", missing.err);
    without_key(
        "enter",
        &peer,
        &user,
        &["--identity", &key, "--subsystem", "nowhere"],
    )
    .run()
    .expect(255);
    let restricted = without_key(
        "enter",
        &peer,
        &user,
        &["--identity", &key, "--subsystem", "restricted"],
    )
    .run()
    .expect(255);
    assert!(restricted.err.starts_with("error: "), "{}", restricted.err);
}

#[test]
fn ports_that_are_closed_or_silent_have_their_statuses() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = listener.local_addr().unwrap().port();
    let closed = {
        let gone = TcpListener::bind("127.0.0.1:0").unwrap();
        gone.local_addr().unwrap().port()
    };
    let target = format!("ssh:a@127.0.0.1:{closed}");
    let ran = Psdeck::new()
        .args(["invoke", &target, "--ssh-config", "none", "-c", "1"])
        .run()
        .expect(3);
    assert!(ran.err.contains("refused"), "{}", ran.err);
    let target = format!("ssh:a@127.0.0.1:{silent}");
    let ran = Psdeck::new()
        .args([
            "invoke",
            &target,
            "--ssh-config",
            "none",
            "--connect-timeout",
            "1s",
            "-c",
            "1",
        ])
        .run()
        .expect(5);
    assert!(ran.err.starts_with("error: [127.0.0.1] "), "{}", ran.err);
    // The highest of several counts.
    let targets = [
        format!("ssh:a@127.0.0.1:{closed}"),
        format!("ssh:b@127.0.0.1:{silent}"),
    ];
    Psdeck::new()
        .arg("invoke")
        .args(targets)
        .args(["--ssh-config", "none", "--connect-timeout", "1s", "-c", "1"])
        .run()
        .expect(5);
}

#[test]
fn doctor_shows_each_step_and_stops_at_the_first_that_fails() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let ran = psdeck("doctor", &peer).run().expect(0);
    for step in [
        "address",
        "connection",
        "server's key",
        "login",
        "subsystem",
        "session",
        "opened",
    ] {
        assert!(
            ran.out.contains(&format!("ok    {step}")),
            "{step}: {}",
            ran.out
        );
    }
    let user = peer.text("user").to_owned();
    let key = peer.text("key").to_owned();
    let ran = without_key(
        "doctor",
        &peer,
        &user,
        &["--identity", &key, "--subsystem", "nowhere"],
    )
    .run()
    .expect(4);
    assert!(ran.out.contains("bad   subsystem"), "{}", ran.out);
    assert!(ran.err.contains("hint: "), "{}", ran.err);
}

/// An `ssh-agent` that holds the fixture's key; it ends with this.
struct Agent {
    environment: String,
}

impl Agent {
    fn start(peer: &Peer) -> Result<Self, String> {
        let socket = peer.folder().join("agent");
        let started = Command::new("ssh-agent")
            .arg("-a")
            .arg(&socket)
            .arg("-s")
            .stderr(Stdio::piped())
            .output();
        let started = started.map_err(|error| error.to_string())?;
        let agent = Self {
            environment: String::from_utf8_lossy(&started.stdout).into_owned(),
        };
        let key = std::fs::read(peer.text("key")).map_err(|error| error.to_string())?;
        let mut add = Command::new("ssh-add")
            .args(["-q", "-"])
            .env("SSH_AUTH_SOCK", &socket)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        add.stdin
            .take()
            .unwrap()
            .write_all(&key)
            .map_err(|error| error.to_string())?;
        let added = add.wait().map_err(|error| error.to_string())?;
        if added.success() {
            Ok(agent)
        } else {
            Err("ssh-add adds nothing".into())
        }
    }

    fn value(&self, name: &str) -> &str {
        let (_, rest) = self.environment.split_once(&format!("{name}=")).unwrap();
        rest.split_once(';').unwrap().0
    }

    fn socket(&self) -> &str {
        self.value("SSH_AUTH_SOCK")
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = Command::new("ssh-agent")
            .arg("-k")
            .env("SSH_AGENT_PID", self.value("SSH_AGENT_PID"))
            .env("SSH_AUTH_SOCK", self.socket())
            .stdout(Stdio::null())
            .status();
    }
}
