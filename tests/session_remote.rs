//! Sessions on remote servers: foreign peers behind a real `sshd` and behind WSMan.

use std::sync::Arc;
use std::time::Duration;

use psdeck::clixml::Value;
use psdeck::session::{
    ExitCode, Interactive, InteractiveEvent, Invoke, InvokeRequest, OpeningEvent, OperationKind,
    PipelineEvent, PipelineState, SessionState, Size, TransportKind,
};
use psdeck::transport::{Ask, Stage};
use tokio_util::sync::CancellationToken;

use crate::session::{all, objects, open, pool, request};
use crate::session_flow::twenty_megabytes_go_each_way;
use crate::support::peer::{Builder, Kind, Peer};
use crate::support::servers::on_servers_async;

on_servers_async!(
    [ssh, wsman],
    [
        a_session_opens_in_stages_and_says_who_is_in,
        the_prompt_names_the_computer,
        a_flood_can_be_stopped_unread,
        twenty_megabytes_go_each_way,
        one_script_runs_on_several_targets_and_each_ends_once,
    ]
);

async fn a_session_opens_in_stages_and_says_who_is_in(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let pool = pool();
    let ask = Arc::new(peer.answers());
    let mut opening = pool
        .open(&request(&peer), ask, CancellationToken::new())
        .await;
    let mut stages = Vec::new();
    let session = loop {
        match opening.next().await {
            Some(OpeningEvent::Stage(stage)) => stages.push(stage),
            Some(OpeningEvent::Opened(session)) => break session,
            Some(OpeningEvent::Queued) => {}
            other => panic!("{other:?}"),
        }
    };
    let info = session.info();
    let mut wanted = vec![
        Stage::Resolve,
        Stage::Connect,
        Stage::Handshake,
        Stage::Authenticate,
        Stage::Start,
        Stage::Open,
    ];
    if peer.kind() == Kind::Wsman {
        // Clear HTTP shakes no hands.
        wanted.remove(2);
        assert_eq!(info.transport, TransportKind::WSMan);
        assert_eq!(info.authentication.as_deref(), Some("Negotiate (NTLM)"));
    } else {
        assert_eq!(info.transport, TransportKind::Ssh);
        assert_eq!(info.authentication.as_deref(), Some("publickey"));
    }
    assert_eq!(stages, wanted);
    assert_eq!(info.user.as_deref(), Some(peer.text("user")));
    assert_eq!(objects(&session, "'a' + 'b'").await, [Value::from("ab")]);
    let _ = session.close().await;
    if peer.kind() == Kind::Ssh {
        let received = peer.statistics()["received"].clone();
        // After authentication: one exchange opens, two run a command.
        assert_eq!(
            (&received["Data"], &received["Command"]),
            (&2.into(), &1.into()),
            "{received}"
        );
    }
    assert_eq!(peer.violations(), Vec::<String>::new());
}

async fn the_prompt_names_the_computer(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let window = Size {
        columns: 80,
        rows: 24,
    };
    let (_handle, mut events) = Interactive::enter(session, window);
    match events.next().await {
        Some(InteractiveEvent::Ready(prompt)) => {
            assert!(prompt.starts_with(&peer.prompt()), "{prompt}");
        }
        other => panic!("{other:?}"),
    }
}

async fn a_flood_can_be_stopped_unread(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let mut running = session.invoke(&Invoke::objects("Invoke-PeerFault endless"));
    running.next().await;
    running.stop();
    let mut changes = session.changes();
    let free = changes.wait_for(|info| info.running.is_none());
    tokio::time::timeout(Duration::from_secs(20), free)
        .await
        .expect("the session stayed busy")
        .unwrap();
    assert_eq!(all(running).await.1.state, PipelineState::Stopped);
    assert_eq!(objects(&session, "1").await, [Value::from(1)]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_that_falls_silent_is_lost_within_the_keep_alive() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let pool = pool();
    let mut request = request(&peer);
    request.options.ssh_options.extend([
        "ServerAliveInterval=1".to_owned(),
        "ServerAliveCountMax=2".to_owned(),
    ]);
    let ask = Arc::new(peer.answers());
    let session = pool
        .open(&request, ask, CancellationToken::new())
        .await
        .session()
        .await
        .unwrap();
    let frozen = peer.freeze();
    let mut changes = session.changes();
    let lost = tokio::time::timeout(
        Duration::from_secs(20),
        changes.wait_for(|info| info.state == SessionState::Broken),
    )
    .await;
    drop(frozen);
    let reason = lost.expect("not lost in time").unwrap().reason.clone();
    assert!(reason.is_some_and(|reason| !reason.is_empty()));
}

async fn one_script_runs_on_several_targets_and_each_ends_once(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let pool = pool();
    let good = request(&peer);
    let mut bad = request(&peer);
    bad.target = peer.nowhere().parse().unwrap();
    let ask: Arc<dyn Ask> = Arc::new(peer.answers());
    let mut operation = pool.invoke(
        InvokeRequest {
            targets: vec![good.clone(), bad, good],
            invoke: Invoke::objects("20 + 22; exit 3"),
            timeout: Some(Duration::from_mins(1)),
        },
        &ask,
        &CancellationToken::new(),
    );
    let mut outputs = [0; 3];
    let mut ends = [const { Vec::new() }; 3];
    while let Some(event) = operation.next().await {
        match event.kind {
            OperationKind::Pipeline(PipelineEvent::Output(value)) => {
                assert_eq!(value, Value::from(42));
                outputs[event.target] += 1;
            }
            OperationKind::Finished(finished) => {
                ends[event.target].push(format!("{:?}", finished.exit_code));
            }
            OperationKind::Failed(report) => {
                ends[event.target].push(format!("{:?}", report.code));
            }
            _ => {}
        }
    }
    assert_eq!(outputs, [1, 0, 1]);
    assert_eq!(ends, [["Some(3)"], ["Unreachable"], ["Some(3)"]]);
    let mut list = pool.sessions();
    let empty = list.wait_for(<[_]>::is_empty);
    assert!(
        tokio::time::timeout(Duration::from_secs(10), empty)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn an_operation_ends_at_its_timeout_and_when_it_is_cancelled() {
    let Some(peer) = Peer::local().start() else {
        return;
    };
    for (timeout, cancelled, code) in [
        (Some(Duration::from_secs(3)), false, ExitCode::TimedOut),
        (None, true, ExitCode::Cancelled),
    ] {
        let pool = pool();
        let cancel = CancellationToken::new();
        let ask: Arc<dyn Ask> = Arc::new(peer.answers());
        let mut operation = pool.invoke(
            InvokeRequest {
                targets: vec![request(&peer)],
                invoke: Invoke::objects("'begun'; Start-Sleep 60"),
                timeout,
            },
            &ask,
            &cancel,
        );
        let mut last = None;
        while let Some(event) = operation.next().await {
            if matches!(event.kind, OperationKind::Pipeline(_)) && cancelled {
                cancel.cancel();
            }
            last = Some(event.kind);
        }
        match last {
            Some(OperationKind::Failed(report)) => assert_eq!(report.code, code),
            other => panic!("{other:?}"),
        }
    }
}
