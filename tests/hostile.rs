//! Peers that mean harm, or are broken: each ends in a named error within its deadline.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use psdeck::psrp::Target;
use psdeck::transport::{
    Command, Connection, Event, Failure, FailureKind, Options, Stage, process, ssh,
};
use uuid::Uuid;

use crate::support::link::{Answers, POOL, create, lost, open, opening, run, told};
use crate::support::peer::{Peer, write_program};

/// The deadline of a stage in these tests, and how much later its error may come on a busy machine.
const DEADLINE: Duration = Duration::from_millis(700);
const GRACE: Duration = Duration::from_secs(5);

/// A port where each connection gets this treatment.
fn listener(treat: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(treat));
    port
}

/// Reads until the other side hangs up.
fn until_hung_up(mut stream: TcpStream) {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
}

fn options() -> Options {
    Options {
        ssh_config: Some("none".into()),
        connect_timeout: Some(DEADLINE),
        user: Some("alice".into()),
        ..Options::default()
    }
}

async fn failure_of(port: u16) -> Failure {
    let start = Instant::now();
    let connected = ssh::connect(
        "127.0.0.1",
        None,
        Some(port),
        &options(),
        &Answers::none(),
        |_| (),
    )
    .await;
    let failure = connected.err().expect("nobody gets in here");
    assert!(
        start.elapsed() < DEADLINE + GRACE,
        "{:?}: {}",
        start.elapsed(),
        told(&failure)
    );
    assert!(!told(&failure).contains('\u{1b}'), "{}", told(&failure));
    failure
}

#[tokio::test]
async fn a_port_that_never_speaks_is_a_passed_deadline() {
    let failure = failure_of(listener(until_hung_up)).await;
    assert_eq!(
        (failure.kind, failure.stage),
        (FailureKind::TimedOut, Some(Stage::Handshake)),
        "{}",
        told(&failure)
    );
    assert!(
        failure
            .message
            .contains("did not finish the handshake within 0.7 s"),
        "{}",
        told(&failure)
    );
}

#[tokio::test]
async fn a_port_that_hangs_up_is_said() {
    let failure = failure_of(listener(drop)).await;
    assert_eq!(
        (failure.kind, failure.stage),
        (FailureKind::Unreachable, Some(Stage::Handshake)),
        "{}",
        told(&failure)
    );
}

#[tokio::test]
async fn what_is_no_ssh_server_is_said() {
    let answers: [&[u8]; 5] = [
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
        b"SSH-1.5-old\r\n",
        b"SSH-2.0-x\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"SSH-2.0-\x1b[2J\x1b]0;owned\x07\r\nthen something that is no packet at all, and goes on for a while",
        b"\x1b[2J\0\0\0\0\r\n",
    ];
    for answer in answers {
        let port = listener(move |mut stream| {
            let _ = stream.write_all(answer);
            until_hung_up(stream);
        });
        let failure = failure_of(port).await;
        assert_eq!(failure.stage, Some(Stage::Handshake), "{}", told(&failure));
        assert!(
            matches!(
                failure.kind,
                FailureKind::Protocol | FailureKind::TimedOut | FailureKind::Unreachable
            ),
            "{}",
            told(&failure)
        );
    }
}

#[tokio::test]
async fn junk_without_end_before_the_handshake_ends() {
    for junk in ["x".repeat(64 << 10), "Welcome\r\n".repeat(8 << 10)] {
        let port = listener(move |mut stream| while stream.write_all(junk.as_bytes()).is_ok() {});
        let failure = failure_of(port).await;
        assert_eq!(failure.stage, Some(Stage::Handshake), "{}", told(&failure));
    }
}

#[tokio::test]
async fn a_connection_nobody_waits_for_any_more_is_hung_up() {
    for greeting in ["", "SSH-2.0-OpenSSH_9.2\r\n"] {
        let (gone, hung_up) = std::sync::mpsc::channel();
        let port = listener(move |mut stream| {
            let _ = stream.write_all(greeting.as_bytes());
            until_hung_up(stream);
            let _ = gone.send(());
        });
        let options = Options {
            connect_timeout: None,
            ..options()
        };
        let answers = Answers::none();
        let connecting = ssh::connect("127.0.0.1", None, Some(port), &options, &answers, |_| ());
        assert!(
            tokio::time::timeout(Duration::from_millis(200), connecting)
                .await
                .is_err()
        );
        hung_up
            .recv_timeout(GRACE)
            .expect("the connection stays open");
    }
}

/// A `local` target whose program is this shell script.
fn program(script: &str) -> Option<(tempfile::TempDir, Box<dyn Connection>)> {
    if !cfg!(unix) {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = Some(write_program(folder.path(), script));
    let options = Options {
        program,
        connect_timeout: Some(DEADLINE),
        ..Options::default()
    };
    let connection = process::connect(&options, |_| ()).unwrap();
    Some((folder, connection))
}

/// How opening a session with that program fails.
async fn opening_fails(script: &str) -> Option<Failure> {
    let (_folder, mut connection) = program(script)?;
    let start = Instant::now();
    let failure = match open(&mut *connection).await {
        Err(failure) => failure,
        Ok(()) => lost(&mut *connection).await,
    };
    assert!(
        start.elapsed() < DEADLINE + GRACE,
        "{script}: {:?}",
        start.elapsed()
    );
    assert!(!told(&failure).contains('\u{1b}'), "{}", told(&failure));
    Some(failure)
}

const ACK: &str = "<DataAck PSGuid=\"00000000-0000-0000-0000-000000000000\" />";

#[tokio::test]
async fn hostile_packets_end_in_a_named_error() {
    let zeros = "00000000-0000-0000-0000-000000000000";
    for (script, kind, says) in [
        ("yes Welcome".to_owned(), FailureKind::Protocol, "more than 65536 bytes of text before the first packet"),
        ("yes Welcome | tr -d '\\n'".into(), FailureKind::Protocol, "more than 65536 bytes of text"),
        ("yes '<Data Stream=' | tr -d '\\n'".into(), FailureKind::Protocol, "a line of more than 33554432 bytes"),
        ("yes '\u{1b}]0;owned\u{7}' >&2".into(), FailureKind::TimedOut, "served no session within"),
        ("cat >/dev/null".into(), FailureKind::TimedOut, "served no session within"),
        ("printf '\\n\\n\\n'; cat >/dev/null".into(), FailureKind::TimedOut, "served no session within"),
        ("exit 3".into(), FailureKind::Process, "exit status 3"),
        ("kill -9 $$".into(), FailureKind::Process, "signal 9"),
        (format!("echo '{ACK}'; exit 0"), FailureKind::Process, "ended (exit status 0)"),
        (format!("echo '{ACK}'; echo nonsense; cat >/dev/null"), FailureKind::Protocol, "no packet"),
        (format!("echo '{ACK}'; echo '<Signal PSGuid=\"{zeros}\" />'; cat >/dev/null"), FailureKind::Protocol, "Signal"),
        (format!("echo '{ACK}'; echo '<Data PSGuid=\"{zeros}\">!!</Data>'; cat >/dev/null"), FailureKind::Protocol, "base64"),
        (format!("echo '{ACK}'; echo '<Data PSGuid=\"{zeros}\">'; cat >/dev/null"), FailureKind::Protocol, "has no end"),
        (format!("echo '{ACK}'; echo '__NamedPipeError__:no more'; cat >/dev/null"), FailureKind::Protocol, "no more"),
        // Acknowledges what was not sent, and never what was.
        ("echo '<DataAck PSGuid=\"00000000-0000-0000-0000-000000000001\" />'; cat >/dev/null".into(), FailureKind::TimedOut, "took no session within"),
        // Floods with data of pipelines that do not exist.
        (
            "yes '<Data Stream=\"Default\" PSGuid=\"00000000-0000-0000-0000-000000000001\">AAAAAAAA</Data>'".into(),
            FailureKind::TimedOut,
            "took no session within",
        ),
    ] {
        let Some(failure) = opening_fails(&script).await else { return };
        let told = told(&failure);
        assert!(failure.kind == kind && told.contains(says), "{script}: {told}");
    }
}

#[tokio::test]
async fn a_flood_stays_within_its_credit() {
    // 24 kB of data a line, as fast as the machine can.
    let data = "A".repeat(32 << 10);
    let script = format!(
        "echo '{ACK}'; yes '<Data PSGuid=\"00000000-0000-0000-0000-000000000000\">{data}</Data>'"
    );
    let Some((_folder, mut connection)) = program(&script) else {
        return;
    };
    connection.submit(Command::Open {
        id: POOL,
        name: String::new(),
        opening: opening(),
    });
    let (mut read, mut allowed) = (0, 0);
    for credit in [1 << 20, 10 << 20, 200 << 20] {
        allowed += credit;
        connection.submit(Command::Read {
            target: Target::Pool,
            credit,
        });
        while read < allowed {
            match tokio::time::timeout(GRACE, connection.event())
                .await
                .expect("the flood stopped")
            {
                Event::Data { data, .. } => read += data.len(),
                Event::Lost(failure) => panic!("{}", told(&failure)),
                _ => {}
            }
        }
        let late = tokio::time::timeout(Duration::from_millis(100), connection.event()).await;
        let Ok(Event::Data { data, .. }) = late else {
            continue;
        };
        read += data.len();
        assert!(
            read < allowed + (1 << 20),
            "{} bytes beyond the credit",
            read - allowed
        );
    }
}

#[tokio::test]
async fn a_flood_over_ssh_stays_within_its_credit_and_lets_a_stop_through() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let made = ssh::connect(
        "127.0.0.1",
        None,
        Some(peer.port()),
        &peer.options(),
        &Answers::none(),
        |_| (),
    )
    .await;
    let mut connection = made
        .unwrap_or_else(|failure| panic!("{}", told(&failure)))
        .connection;
    open(&mut *connection).await.unwrap();
    let id = Uuid::new_v4();
    let target = Target::Pipeline(id);
    connection.submit(Command::CreatePipeline {
        id,
        first: create(id, "while ($true) { 'x' * 10000 }"),
    });
    connection.submit(Command::Read {
        target,
        credit: 1 << 20,
    });
    let mut read = 0;
    while let Ok(event) = tokio::time::timeout(Duration::from_secs(2), connection.event()).await {
        match event {
            Event::Data { data, .. } => read += data.len(),
            Event::Lost(failure) => panic!("{}", told(&failure)),
            _ => {}
        }
    }
    assert!(
        (1 << 20..2 << 20).contains(&read),
        "{read} bytes with credit for 1 MiB"
    );
    connection.submit(Command::Stop(id));
    loop {
        match tokio::time::timeout(Duration::from_secs(20), connection.event())
            .await
            .expect("the stop is not taken")
        {
            Event::StopAcknowledged(_) => return,
            Event::Lost(failure) => panic!("{}", told(&failure)),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_server_that_dies_at_any_message_is_reported() {
    for faults in [
        "die-on-open",
        "die-after=1",
        "die-after=2",
        "die-after=3",
        "die-after=5",
        "die-after=6",
        "broken-on-open",
    ] {
        let Some(peer) = Peer::ssh().faults(faults).start() else {
            return;
        };
        let start = Instant::now();
        let made = ssh::connect(
            "127.0.0.1",
            None,
            Some(peer.port()),
            &peer.options(),
            &Answers::none(),
            |_| (),
        )
        .await;
        let mut connection = made
            .unwrap_or_else(|failure| panic!("{}", told(&failure)))
            .connection;
        let fared = match open(&mut *connection).await {
            Ok(()) => run(&mut *connection, "1; 2; 3; 4; 5; 6").await,
            Err(failure) => Err(failure),
        };
        if faults == "broken-on-open" {
            // The session layer reads that state; here the pipeline simply never answers, or fails.
            continue;
        }
        let failure = fared.expect_err(faults);
        assert_eq!(
            failure.kind,
            FailureKind::Process,
            "{faults}: {}",
            told(&failure)
        );
        assert!(start.elapsed() < Duration::from_secs(20), "{faults}");
    }
}

#[tokio::test]
async fn a_server_that_takes_nothing_is_a_passed_deadline() {
    let Some(peer) = Peer::ssh().faults("no-data-ack").start() else {
        return;
    };
    // The deadline holds for each stage, so it must leave a slow machine time for the handshake.
    let options = Options {
        connect_timeout: Some(Duration::from_secs(4)),
        ..peer.options()
    };
    let made = ssh::connect(
        "127.0.0.1",
        None,
        Some(peer.port()),
        &options,
        &Answers::none(),
        |_| (),
    )
    .await;
    let mut connection = made
        .unwrap_or_else(|failure| panic!("{}", told(&failure)))
        .connection;
    let failure = open(&mut *connection).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.stage),
        (FailureKind::TimedOut, Some(Stage::Open)),
        "{}",
        told(&failure)
    );
    assert!(
        failure.message.contains("took no session within 4.0 s"),
        "{}",
        told(&failure)
    );
}
