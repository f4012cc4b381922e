//! Getting in by SSH, and what is said when that fails: a real `sshd`, the foreign peer as its subsystem.

use std::process::Command as Program;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use psdeck::transport::{
    Answer, Event, Failure, FailureKind, Options, Question, Stage, TargetAddress, ssh,
};

use crate::support::link::{Answers, close, lost, open, run, told};
use crate::support::peer::Peer;

async fn connect(
    peer: &Peer,
    options: &Options,
    answers: &Answers,
) -> Result<ssh::Connected, Failure> {
    let TargetAddress::Ssh { user, host, port } = peer.address() else {
        panic!("{}", peer.target())
    };
    ssh::connect(&host, user.as_deref(), port, options, answers, |_| ()).await
}

async fn refused(peer: &Peer, options: &Options, answers: &Answers) -> Failure {
    connect(peer, options, answers)
        .await
        .map(|_| ())
        .unwrap_err()
}

/// A whole session, so that the way in is known to carry one.
async fn works(peer: &Peer, mut connected: ssh::Connected) {
    let connection = &mut *connected.connection;
    open(connection)
        .await
        .unwrap_or_else(|failure| panic!("{}", told(&failure)));
    let output = run(connection, "'a' + 'b'").await.unwrap();
    assert!(output.contains("<S>ab</S>"), "{output}");
    close(connection).await;
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_key_lets_in_and_every_stage_is_shown() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let stages = Mutex::new(Vec::new());
    let TargetAddress::Ssh { user, host, port } = peer.address() else {
        panic!()
    };
    let tell = |stage| stages.lock().unwrap().push(stage);
    let connected = ssh::connect(
        &host,
        user.as_deref(),
        port,
        &peer.options(),
        &Answers::none(),
        tell,
    )
    .await
    .unwrap();
    assert_eq!(connected.authentication, "publickey");
    assert_eq!(connected.user, peer.text("user"));
    assert_eq!(
        *stages.lock().unwrap(),
        [
            Stage::Resolve,
            Stage::Connect,
            Stage::Handshake,
            Stage::Authenticate,
            Stage::Start
        ]
    );
    works(&peer, connected).await;
}

#[tokio::test]
async fn the_agent_lets_in_without_a_key_file() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let socket = peer.folder().join("agent");
    let mut agent = Program::new("ssh-agent")
        .args(["-D", "-a"])
        .arg(&socket)
        .spawn()
        .unwrap();
    while !socket.exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let add = Program::new("ssh-add")
        .arg("-q")
        .arg(peer.text("key"))
        .env("SSH_AUTH_SOCK", &socket)
        .status()
        .unwrap();
    assert!(add.success());
    let mut options = peer.options();
    options.identity = vec!["/nowhere/id".into()];
    options
        .ssh_options
        .retain(|option| !option.starts_with("IdentitiesOnly"));
    options
        .ssh_options
        .push(format!("IdentityAgent={}", socket.display()));
    let connected = connect(&peer, &options, &Answers::none()).await;
    let _ = agent.kill();
    let _ = agent.wait();
    works(
        &peer,
        connected.unwrap_or_else(|failure| panic!("{}", told(&failure))),
    )
    .await;
}

#[tokio::test]
async fn a_locked_key_asks_for_its_passphrase() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let options = Options {
        identity: vec![peer.text("locked_key").into()],
        ..peer.options()
    };
    let answers = Answers::secret(peer.text("passphrase"));
    works(&peer, connect(&peer, &options, &answers).await.unwrap()).await;
    assert!(
        matches!(&answers.asked()[..], [Question::Passphrase { file }] if file == peer.text("locked_key"))
    );

    let wrong = Answers::secret("wrong");
    let failure = refused(&peer, &options, &wrong).await;
    assert_eq!(wrong.asked().len(), 2, "asked again, and then refused");
    assert!(
        told(&failure).contains("no passphrase given"),
        "{}",
        told(&failure)
    );
}

#[tokio::test]
async fn keys_of_every_format_let_in() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let authorized = std::path::Path::new(peer.text("key")).with_file_name("authorized_keys");
    let formats: [(&str, &[&str]); 8] = [
        ("ed25519", &["-t", "ed25519"]),
        ("ecdsa256", &["-t", "ecdsa", "-b", "256"]),
        ("ecdsa384-pem", &["-t", "ecdsa", "-b", "384", "-m", "PEM"]),
        (
            "ecdsa521-pkcs8",
            &["-t", "ecdsa", "-b", "521", "-m", "PKCS8"],
        ),
        ("rsa", &["-t", "rsa", "-b", "2048"]),
        ("rsa-pem", &["-t", "rsa", "-b", "2048", "-m", "PEM"]),
        ("rsa-pkcs8", &["-t", "rsa", "-b", "2048", "-m", "PKCS8"]),
        ("rsa-pem-locked", &["-t", "rsa", "-b", "2048", "-m", "PEM"]),
    ];
    for (name, arguments) in formats {
        let file = peer.folder().join(name);
        let passphrase = if name.ends_with("locked") {
            "open sesame"
        } else {
            ""
        };
        let made = Program::new("ssh-keygen")
            .args(["-q", "-N", passphrase, "-f"])
            .arg(&file)
            .args(arguments)
            .status();
        assert!(made.unwrap().success(), "{name}");
        std::fs::copy(file.with_extension("pub"), &authorized).unwrap();
        let options = Options {
            identity: vec![file],
            ..peer.options()
        };
        let connected = connect(&peer, &options, &Answers::secret("open sesame")).await;
        assert!(
            connected.is_ok(),
            "{name}: {}",
            told(&connected.err().unwrap())
        );
    }
}

#[tokio::test]
async fn an_unknown_host_key_is_asked_for_once_and_then_on_file() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let file = peer.folder().join("ssh/known_hosts");
    let mut options = peer.options();
    options.ssh_options[0] = format!("UserKnownHostsFile={}", file.display());

    let failure = refused(&peer, &options, &Answers::none()).await;
    assert_eq!(
        (failure.kind, failure.stage),
        (FailureKind::Refused, Some(Stage::Handshake))
    );
    assert!(
        failure.message.contains("is not on file") && !file.exists(),
        "{}",
        told(&failure)
    );

    let once = Answers::of([Answer::AcceptOnce]);
    connect(&peer, &options, &once).await.unwrap();
    assert!(!file.exists());

    let answers = Answers::of([Answer::Accept]);
    works(&peer, connect(&peer, &options, &answers).await.unwrap()).await;
    let Some(Question::UnknownHostKey {
        host,
        algorithm,
        fingerprint,
    }) = answers.asked().pop()
    else {
        panic!()
    };
    let shown = Program::new("ssh-keygen")
        .args(["-l", "-f", peer.text("known_hosts")])
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&shown.stdout).contains(&fingerprint),
        "{fingerprint} {shown:?}"
    );
    assert_eq!(
        (host, algorithm),
        (format!("[127.0.0.1]:{}", peer.port()), "ssh-ed25519".into())
    );
    assert_eq!(
        std::fs::read_to_string(&file).unwrap().trim(),
        peer.text("known_hosts_line")
    );

    let silent = Answers::none();
    connect(&peer, &options, &silent).await.unwrap();
    assert!(silent.asked().is_empty());
}

#[tokio::test]
async fn a_changed_host_key_is_refused_with_its_line() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let other = std::fs::read_to_string(format!("{}.pub", peer.text("unknown_key"))).unwrap();
    let key = other.split(' ').nth(1).unwrap();
    let text = format!("# mine\n[127.0.0.1]:{} ssh-ed25519 {key}\n", peer.port());
    std::fs::write(peer.text("known_hosts"), text).unwrap();
    let answers = Answers::of([Answer::Accept]);
    let failure = refused(&peer, &peer.options(), &answers).await;
    let told = told(&failure);
    assert_eq!(
        (failure.kind, failure.stage),
        (FailureKind::Refused, Some(Stage::Handshake)),
        "{told}"
    );
    assert!(
        failure.message.ends_with("has changed") && answers.asked().is_empty(),
        "{told}"
    );
    assert!(
        told.contains(&format!("{}:2 (ssh-ed25519)", peer.text("known_hosts"))),
        "{told}"
    );
    assert!(told.contains("ssh-keygen -R"), "{told}");
}

#[tokio::test]
async fn a_revoked_host_key_is_refused() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let line = peer.text("known_hosts_line");
    let key = line.split_once(' ').unwrap().1;
    std::fs::write(
        peer.text("known_hosts"),
        format!("{line}\n@revoked * {key}\n"),
    )
    .unwrap();
    let failure = refused(&peer, &peer.options(), &Answers::none()).await;
    assert!(
        failure.message.ends_with("is revoked"),
        "{}",
        told(&failure)
    );
    assert!(
        told(&failure).contains(":2 (ssh-ed25519)"),
        "{}",
        told(&failure)
    );
}

#[tokio::test]
async fn the_kind_of_key_that_is_on_file_is_asked_for() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let scan = Program::new("ssh-keyscan")
        .args(["-t", "ecdsa", "-p", &peer.port().to_string(), "127.0.0.1"])
        .output()
        .unwrap();
    std::fs::write(peer.text("known_hosts"), scan.stdout).unwrap();
    let answers = Answers::none();
    works(
        &peer,
        connect(&peer, &peer.options(), &answers).await.unwrap(),
    )
    .await;
    assert!(answers.asked().is_empty());
}

#[tokio::test]
async fn a_wrong_account_gets_the_methods_and_the_keys_that_were_tried() {
    let Some(peer) = Peer::ssh().user("nobody-of-that-name").start() else {
        return;
    };
    let failure = refused(&peer, &peer.options(), &Answers::none()).await;
    let told = told(&failure);
    assert_eq!(
        (failure.kind, failure.stage),
        (FailureKind::Refused, Some(Stage::Authenticate)),
        "{told}"
    );
    assert_eq!(
        failure.message,
        "127.0.0.1 did not let nobody-of-that-name in"
    );
    assert!(told.contains("the server offers: publickey"), "{told}");
    assert!(
        told.contains(&format!("tried {}: refused", peer.text("key"))),
        "{told}"
    );
    assert!(told.contains("authorized_keys"), "{told}");
}

#[tokio::test]
async fn a_key_that_the_server_does_not_know_is_named() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let missing = peer.folder().join("missing");
    let options = Options {
        identity: vec![peer.text("unknown_key").into(), missing.clone()],
        ..peer.options()
    };
    let told = told(&refused(&peer, &options, &Answers::none()).await);
    assert!(
        told.contains(&format!("tried {}: refused", peer.text("unknown_key"))),
        "{told}"
    );
    assert!(
        told.contains(&format!("tried {}: No such file", missing.display())),
        "{told}"
    );
}

#[tokio::test]
async fn a_missing_subsystem_gets_the_line_for_sshd_config() {
    let Some(peer) = Peer::ssh().subsystem("powershell74").start() else {
        return;
    };
    let failure = refused(&peer, &peer.options(), &Answers::none()).await;
    assert_eq!(
        (failure.kind, failure.stage),
        (FailureKind::Refused, Some(Stage::Start))
    );
    assert_eq!(failure.message, "127.0.0.1 has no subsystem 'powershell74'");
    assert!(
        failure.hints[0].contains("Subsystem powershell74 /usr/bin/pwsh -sshs -nologo"),
        "{}",
        told(&failure)
    );
}

#[tokio::test]
async fn a_subsystem_that_serves_nothing_says_what_it_did() {
    for (name, kind, says) in [
        (
            "nopeer",
            FailureKind::Process,
            "ended before it served a session (exit status 1)",
        ),
        (
            "notxml",
            FailureKind::Process,
            "output: Welcome to this host",
        ),
        (
            "badpath",
            FailureKind::Refused,
            "cannot be run on 127.0.0.1 (exit status 127)",
        ),
    ] {
        let Some(peer) = Peer::ssh().subsystem(name).start() else {
            return;
        };
        let mut connected = connect(&peer, &peer.options(), &Answers::none())
            .await
            .unwrap();
        let failure = open(&mut *connected.connection).await.unwrap_err();
        let told = told(&failure);
        assert!(
            failure.kind == kind && told.contains(says),
            "{name}: {told}"
        );
        assert!(
            told.contains(&format!("Subsystem {name} /usr/bin/pwsh -sshs -nologo")),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_closed_port_is_said_in_one_line() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let failure = ssh::connect(
        "127.0.0.1",
        None,
        Some(port),
        &peer.options(),
        &Answers::none(),
        |_| (),
    )
    .await
    .err()
    .unwrap();
    assert_eq!(
        (failure.kind, failure.stage),
        (FailureKind::Unreachable, Some(Stage::Connect))
    );
    assert_eq!(
        failure.message,
        format!("port {port} of 127.0.0.1 cannot be reached: connection refused")
    );
}

#[tokio::test]
async fn a_name_without_address_is_said() {
    let options = Options {
        ssh_config: Some("none".into()),
        ..Options::default()
    };
    let failure = ssh::connect(
        "no-such-host.invalid",
        None,
        None,
        &options,
        &Answers::none(),
        |_| (),
    )
    .await
    .err()
    .unwrap();
    assert_eq!(
        (failure.kind, failure.stage),
        (FailureKind::Unreachable, Some(Stage::Resolve)),
        "{}",
        told(&failure)
    );
}

#[tokio::test]
async fn a_server_process_that_dies_is_told_from_a_lost_connection() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let mut connected = connect(&peer, &peer.options(), &Answers::none())
        .await
        .unwrap();
    open(&mut *connected.connection).await.unwrap();
    let failure = run(
        &mut *connected.connection,
        "[Environment]::FailFast('gone')",
    )
    .await
    .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Process, "{}", told(&failure));
    assert!(
        failure
            .message
            .starts_with("the PowerShell server on 127.0.0.1 ended ("),
        "{}",
        told(&failure)
    );
}

#[tokio::test]
async fn a_server_that_falls_silent_is_lost_within_the_keep_alives_deadline() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let mut options = peer.options();
    options.ssh_options.extend([
        "ServerAliveInterval=1".into(),
        "ServerAliveCountMax=2".into(),
    ]);
    let mut connected = connect(&peer, &options, &Answers::none()).await.unwrap();
    let connection = &mut *connected.connection;
    let deadline = connection.keep_alive().unwrap();
    open(connection).await.unwrap();
    let frozen = peer.freeze();
    let start = Instant::now();
    let failure = lost(connection).await;
    let took = start.elapsed();
    drop(frozen);
    assert_eq!(failure.kind, FailureKind::Unreachable, "{}", told(&failure));
    assert!(
        told(&failure).contains("no longer answers keep-alives"),
        "{}",
        told(&failure)
    );
    assert!(
        took < deadline + Duration::from_secs(2),
        "{took:?} for {deadline:?}"
    );
}

#[tokio::test]
async fn the_banner_is_a_notice_and_cannot_reach_the_terminal() {
    let Some(peer) = Peer::ssh()
        .banner("Authorised use only\n\u{1b}[2J\n")
        .start()
    else {
        return;
    };
    let mut connected = connect(&peer, &peer.options(), &Answers::none())
        .await
        .unwrap();
    // OpenSSH makes control characters visible itself; whoever does, no escape is left.
    let Event::Notice(first) = connected.connection.event().await else {
        panic!("no notice")
    };
    let Event::Notice(second) = connected.connection.event().await else {
        panic!("no notice")
    };
    assert_eq!(first, "Authorised use only");
    assert!(!second.contains('\u{1b}'), "{second:?}");
}

#[tokio::test]
async fn a_compressed_wish_and_a_bad_option_are_told_apart() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let mut options = peer.options();
    options.ssh_options.push("Compression=yes".into());
    connect(&peer, &options, &Answers::none()).await.unwrap();
    options.ssh_options.push("Nonsense=yes".into());
    let failure = refused(&peer, &options, &Answers::none()).await;
    assert_eq!(failure.kind, FailureKind::Usage, "{}", told(&failure));
}
