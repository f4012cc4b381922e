//! Floods, stops, silence: what slow readers and bad servers do to a session.

use std::sync::Arc;
use std::time::Duration;

use psdeck::clixml::Value;
use psdeck::psrp::Secret;
use psdeck::session::{
    Availability, ExitCode, Invoke, PipelineEvent, PipelineState, Session, SessionState,
};
use tokio_util::sync::CancellationToken;

use crate::session::{all, limits, objects, open, pool, request};
use crate::support::peer::{Builder, Peer};
use crate::support::servers::on_servers_async;

on_servers_async!(
    [local, wsman],
    [
        a_flood_that_nobody_reads_is_held_back_and_can_be_stopped,
        a_pipeline_that_nobody_watches_runs_to_its_end,
        a_hundred_thousand_objects_arrive_in_order,
        a_command_whose_arguments_hold_secrets_begins_when_the_key_is_there,
        #[cfg(unix)]
        a_server_that_does_not_stop_is_closed_by_force,
        #[cfg(unix)]
        a_command_that_does_not_stop_costs_nobodys_session_unasked,
        hostile_output_ends_in_an_error_and_costs_one_pipeline_at_most,
    ]
);

/// What one object of an upload holds.
const CHUNK: usize = 256 << 10;

async fn available(session: &Session) {
    let mut changes = session.changes();
    let free = changes.wait_for(|info| info.availability == Availability::Available);
    tokio::time::timeout(Duration::from_secs(20), free)
        .await
        .expect("the session stayed busy")
        .unwrap();
}

async fn a_flood_that_nobody_reads_is_held_back_and_can_be_stopped(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let mut running = session.invoke(&Invoke::objects("Invoke-PeerFault endless"));
    assert!(matches!(
        running.next().await,
        Some(PipelineEvent::Output(_))
    ));
    running.stop();
    // Nobody pulls, and yet the session gets free.
    available(&session).await;
    let (events, finished) = all(running).await;
    assert_eq!(finished.state, PipelineState::Stopped);
    // Each line is 120 characters, more on the wire.
    assert!(
        events.len() * 120 < 2 * limits().window,
        "{} events were kept",
        events.len()
    );
    assert_eq!(objects(&session, "1").await, [Value::from(1)]);
}

async fn a_pipeline_that_nobody_watches_runs_to_its_end(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let script = "1..20000; try { Read-Host } catch { $global:refused = 'yes' }";
    drop(session.invoke(&Invoke::objects(script)));
    assert_eq!(
        objects(&session, "$global:refused").await,
        [Value::from("yes")]
    );
    assert_eq!(peer.violations(), Vec::<String>::new());
}

async fn a_hundred_thousand_objects_arrive_in_order(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let mut running = session.invoke(&Invoke::objects("1..100000"));
    let mut next = 1;
    loop {
        match running.next().await {
            Some(PipelineEvent::Output(value)) => {
                assert_eq!(value, Value::from(next));
                next += 1;
            }
            Some(PipelineEvent::Finished(finished)) => {
                assert_eq!(finished.state, PipelineState::Completed);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(next, 100_001);
}

/// A command that cannot be sent before the session key is there.
fn secretive() -> Invoke {
    Invoke {
        args: vec![Secret::new("s3cr\u{e9}t").to_value()],
        ..Invoke::objects(
            "param($s) (New-Object PSCredential 'u', $s).GetNetworkCredential().Password",
        )
    }
}

async fn a_command_whose_arguments_hold_secrets_begins_when_the_key_is_there(server: Builder) {
    let Some(peer) = server.protocol("2.3").start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let (events, finished) = all(session.invoke(&secretive())).await;
    assert_eq!(finished.state, PipelineState::Completed);
    assert!(
        matches!(&events[..], [PipelineEvent::Output(value)] if *value == Value::from("s3cr\u{e9}t")),
        "{events:?}"
    );
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn twenty_megabytes_go_each_way_locally() {
    twenty_megabytes_go_each_way(Peer::local()).await;
}

pub async fn twenty_megabytes_go_each_way(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let mut invoke = Invoke::objects("process { ,$_ }");
    invoke.input = Some(Arc::new(|| {
        let chunks = (0..80u8).map(|n| Ok(Value::Bytes(vec![n; CHUNK])));
        Box::pin(futures_util::stream::iter(chunks))
    }));
    let mut running = session.invoke(&invoke);
    let mut came = 0u8;
    loop {
        match running.next().await {
            Some(PipelineEvent::Output(value)) => {
                let Value::Bytes(bytes) = value.base() else {
                    panic!("{value:?}")
                };
                assert_eq!(bytes.len(), CHUNK);
                assert!(bytes.iter().all(|byte| *byte == came));
                came += 1;
            }
            Some(PipelineEvent::Finished(finished)) => {
                assert_eq!(finished.state, PipelineState::Completed, "{finished:?}");
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(came, 80);
    assert_eq!(peer.violations(), Vec::<String>::new());
}

/// Begins a command and stops its server from doing anything.
#[cfg(unix)]
async fn frozen(session: &Session) -> (psdeck::session::Running, String) {
    let mut running = session.invoke(&Invoke::objects("$PID; Start-Sleep 60"));
    let Some(PipelineEvent::Output(pid)) = running.next().await else {
        panic!("no process id")
    };
    let pid = pid.base().as_i64().unwrap().to_string();
    signal("-STOP", &pid);
    (running, pid)
}

#[cfg(unix)]
fn signal(name: &str, pid: &str) {
    let sent = std::process::Command::new("kill")
        .args([name, pid])
        .status();
    assert!(sent.unwrap().success());
}

#[cfg(unix)]
async fn a_command_that_does_not_stop_costs_nobodys_session_unasked(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let (running, pid) = frozen(&session).await;
    running.stop();
    drop(running);
    let mut info = session.changes();
    // Longer than a stop and an end are waited for.
    let changed = info.wait_for(|info| info.availability != Availability::Busy);
    let changed = tokio::time::timeout(4 * limits().stop, changed)
        .await
        .is_ok();
    assert!(!changed, "{:?}", session.info());
    signal("-CONT", &pid);
    let let_go = info.wait_for(|info| info.availability != Availability::Busy);
    assert_eq!(let_go.await.unwrap().state, SessionState::Opened);
}

#[cfg(unix)]
async fn a_server_that_does_not_stop_is_closed_by_force(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let (mut running, _) = frozen(&session).await;
    running.stop();
    assert!(matches!(
        running.next().await,
        Some(PipelineEvent::StopPending)
    ));
    running.force_close();
    let (_, finished) = all(running).await;
    let lost = finished.lost.expect("the session is lost");
    assert_eq!(lost.code, ExitCode::TimedOut, "{}", lost.block());
    assert_eq!(session.info().state, SessionState::Broken);
}

#[tokio::test]
async fn a_server_that_acknowledges_nothing_is_named_within_the_deadline() {
    for fault in ["no-command-ack", "no-data-ack"] {
        let Some(peer) = Peer::local().faults(fault).start() else {
            return;
        };
        let pool = pool();
        let report = match open(&pool, &peer).await {
            Err(report) => report,
            Ok(session) => {
                let (_, finished) = all(session.invoke(&Invoke::objects("Start-Sleep 60"))).await;
                *finished.lost.expect(fault)
            }
        };
        assert_eq!(
            report.code,
            ExitCode::TimedOut,
            "{fault}: {}",
            report.block()
        );
    }
}

#[tokio::test]
async fn a_server_that_never_sends_its_key_is_named_within_the_deadline() {
    let peer = Peer::local().protocol("2.3").faults("no-session-key");
    let Some(peer) = peer.start() else {
        return;
    };
    let pool = pool();
    let comes = Invoke::objects("ConvertTo-SecureString 'x' -AsPlainText -Force");
    for command in [comes, secretive()] {
        let session = open(&pool, &peer).await.unwrap();
        let (_, finished) = all(session.invoke(&command)).await;
        let lost = finished.lost.expect("the session is lost").block();
        assert!(lost.contains("did not send the key"), "{lost}");
        assert_eq!(session.info().state, SessionState::Broken);
    }
}

#[tokio::test]
async fn a_command_that_waits_for_the_key_is_stopped_without_the_server() {
    let peer = Peer::local().protocol("2.3").faults("no-session-key");
    let Some(peer) = peer.start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let running = session.invoke(&secretive());
    running.stop();
    let (_, finished) = all(running).await;
    assert_eq!(finished.state, PipelineState::Stopped);
    assert_eq!(objects(&session, "1").await, [Value::from(1)]);
}

#[tokio::test]
async fn closing_does_not_wait_for_a_server_that_does_not_answer() {
    let Some(peer) = Peer::local().faults("no-close-ack").start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let closing = tokio::time::timeout(Duration::from_secs(15), session.close());
    assert!(closing.await.is_ok());
    assert_eq!(session.info().state, SessionState::Closed);
}

#[tokio::test]
async fn an_opening_is_cancelled_at_once_and_leaves_nothing() {
    let Some(peer) = Peer::local().env("PSRP_PEER_START_DELAY", "60").start() else {
        return;
    };
    let pool = pool();
    let cancel = CancellationToken::new();
    let ask = Arc::new(peer.answers());
    let opening = pool.open(&request(&peer), ask, cancel.clone()).await;
    assert_eq!(pool.sessions().now().len(), 1);
    cancel.cancel();
    let report = opening.session().await.unwrap_err();
    assert_eq!(report.code, ExitCode::Cancelled);
    assert!(pool.sessions().now().is_empty());
}

#[tokio::test]
async fn an_opening_ends_at_its_deadline() {
    let Some(peer) = Peer::local().env("PSRP_PEER_START_DELAY", "60").start() else {
        return;
    };
    let pool = pool();
    let mut request = request(&peer);
    request.deadline = Some(Duration::from_secs(1));
    let ask = Arc::new(peer.answers());
    let opening = pool.open(&request, ask, CancellationToken::new()).await;
    let report = opening.session().await.unwrap_err();
    assert_eq!(report.code, ExitCode::TimedOut);
    assert!(pool.sessions().now().is_empty());
}

async fn hostile_output_ends_in_an_error_and_costs_one_pipeline_at_most(server: Builder) {
    for fault in ["rawdeep", "badxml", "entities"] {
        let Some(peer) = server.clone().start() else {
            return;
        };
        let pool = pool();
        let session = open(&pool, &peer).await.unwrap();
        let script = format!("Invoke-PeerFault {fault}; Start-Sleep 60");
        let (_, finished) = all(session.invoke(&Invoke::objects(script))).await;
        let lost = finished.lost.expect(fault);
        assert!(lost.block().contains("protocol"), "{}", lost.block());
        assert_eq!(objects(&session, "1").await, [Value::from(1)], "{fault}");
    }
}
