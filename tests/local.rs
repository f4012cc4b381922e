//! The `local` target: a PowerShell child of this computer.

use std::time::Duration;

use psdeck::transport::{Command, Event, FailureKind, Options, Stage, process};
use uuid::Uuid;

use crate::support::link::{close, lost, open, run, told};
use crate::support::peer::{Peer, write_program};

#[tokio::test]
async fn a_program_that_is_not_there_is_named_with_what_to_do() {
    let options = Options {
        program: Some("/nowhere/pwsh".into()),
        ..Options::default()
    };
    let failure = process::connect(&options, |_| ()).err().unwrap();
    assert_eq!(
        (failure.kind, failure.stage),
        (FailureKind::Process, Some(Stage::Connect))
    );
    assert_eq!(
        failure.message,
        "/nowhere/pwsh was not found on this computer"
    );
    assert!(
        failure.hints[0].contains("install PowerShell"),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a_program_that_ends_at_once_is_reported_with_its_last_words() {
    let Some(peer) = Peer::local().faults("die-on-open").start() else {
        return;
    };
    let mut connection = process::connect(&peer.options(), |_| ()).unwrap();
    let failure = open(&mut *connection).await.unwrap_err();
    let told = told(&failure);
    assert_eq!(
        (failure.kind, failure.stage),
        (FailureKind::Process, Some(Stage::Open)),
        "{told}"
    );
    assert!(
        told.contains("ended (exit status 1) before it served a session"),
        "{told}"
    );
    assert!(
        told.contains("standard error: The configuration could not be loaded."),
        "{told}"
    );
}

#[tokio::test]
async fn a_program_without_server_mode_is_reported_with_what_it_printed() {
    let Some(peer) = Peer::local().start() else {
        return;
    };
    write_program(
        peer.folder(),
        "printf 'PowerShell 7.6.5\\nPS /> '\ncat >/dev/null\n",
    );
    let options = Options {
        connect_timeout: Some(Duration::from_millis(300)),
        ..peer.options()
    };
    let mut connection = process::connect(&options, |_| ()).unwrap();
    let failure = open(&mut *connection).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::TimedOut);
    assert_eq!(
        failure.details,
        ["output: PowerShell 7.6.5", "output: PS />"]
    );
}

#[tokio::test]
async fn a_process_that_dies_is_reported_with_signal_and_last_words() {
    let Some(peer) = Peer::local().start() else {
        return;
    };
    let mut connection = process::connect(&peer.options(), |_| ()).unwrap();
    open(&mut *connection).await.unwrap();
    let failure = run(
        &mut *connection,
        "[Environment]::FailFast('the disk is gone')",
    )
    .await
    .unwrap_err();
    let told = told(&failure);
    assert!(told.contains("ended (signal 6)"), "{told}");
    assert!(told.contains("standard error: the disk is gone"), "{told}");
}

#[tokio::test]
async fn a_process_that_dies_is_reported_although_its_own_child_holds_the_output() {
    let folder = tempfile::tempdir().unwrap();
    let program = write_program(
        folder.path(),
        "echo \"<DataAck PSGuid='00000000-0000-0000-0000-000000000000' />\"\nsleep 30 &\nexit 3\n",
    );
    let options = Options {
        program: Some(program),
        ..Options::default()
    };
    let mut connection = process::connect(&options, |_| ()).unwrap();
    let start = std::time::Instant::now();
    let failure = lost(&mut *connection).await;
    assert!(start.elapsed() < Duration::from_secs(15));
    let told = told(&failure);
    assert!(told.contains("ended (exit status 3)"), "{told}");
}

#[tokio::test]
async fn the_child_ends_when_the_connection_is_dropped() {
    let Some(peer) = Peer::local().start() else {
        return;
    };
    let mut connection = process::connect(&peer.options(), |_| ()).unwrap();
    open(&mut *connection).await.unwrap();
    let output = run(&mut *connection, "$PID").await.unwrap();
    let pid: u32 = output
        .split("<I32>")
        .nth(1)
        .and_then(|rest| rest.split('<').next())
        .unwrap()
        .parse()
        .unwrap();
    let process = format!("/proc/{pid}");
    assert!(std::path::Path::new(&process).exists() || !cfg!(target_os = "linux"));
    drop(connection);
    let gone = async {
        while std::path::Path::new(&process).exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone)
        .await
        .unwrap();
}

#[tokio::test]
async fn text_before_the_first_packet_is_a_notice() {
    let Some(peer) = Peer::local().faults("banner=Profile loaded").start() else {
        return;
    };
    let mut connection = process::connect(&peer.options(), |_| ()).unwrap();
    connection.submit(Command::Open {
        id: Uuid::nil(),
        name: String::new(),
        opening: crate::support::link::opening(),
    });
    let event = connection.event().await;
    assert!(
        matches!(&event, Event::Notice(text) if text == "Profile loaded"),
        "{event:?}"
    );
    close(&mut *connection).await;
}

#[tokio::test]
async fn garbage_after_packets_ends_the_session_with_the_line() {
    let Some(peer) = Peer::local().faults("garbage-after=6").start() else {
        return;
    };
    let mut connection = process::connect(&peer.options(), |_| ()).unwrap();
    let failure = match open(&mut *connection).await {
        Err(failure) => failure,
        Ok(()) => match run(&mut *connection, "1..100").await {
            Err(failure) => failure,
            Ok(_) => lost(&mut *connection).await,
        },
    };
    assert_eq!(failure.kind, FailureKind::Protocol, "{}", told(&failure));
    assert!(
        failure.details[0].contains("a line that is no packet"),
        "{}",
        told(&failure)
    );
}
