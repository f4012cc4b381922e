//! Servers that mean harm, or are broken, seen by a session and by the program.

use std::time::{Duration, Instant};

use psdeck::clixml::Value;
use psdeck::session::{Invoke, PipelineEvent, PipelineState, SessionState};

use crate::session::{all, open, pool, request};
use crate::support::link::Answers;
use crate::support::peer::Peer;
use crate::support::psdeck::Psdeck;

/// What a session on a peer with these faults says when a script fails, and how long that took.
async fn failure_of(faults: &str, script: &str) -> Option<(String, Duration)> {
    let peer = Peer::local().faults(faults).start()?;
    let pool = pool();
    let mut request = request(&peer);
    request.deadline = Some(Duration::from_secs(10));
    let start = Instant::now();
    let ask = std::sync::Arc::new(Answers::none());
    let cancel = tokio_util::sync::CancellationToken::new();
    let report = match pool.open(&request, ask, cancel).await.session().await {
        Err(report) => report.block(),
        Ok(session) => {
            let (_, finished) = all(session.invoke(&Invoke::objects(script))).await;
            let took = start.elapsed();
            let _ = tokio::time::timeout(Duration::from_secs(15), session.close())
                .await
                .expect("closing takes too long");
            let state = session.info().state;
            assert!(
                matches!(state, SessionState::Broken | SessionState::Closed),
                "{faults} {script}: {state:?}"
            );
            assert_eq!(finished.state, PipelineState::Failed, "{faults} {script}");
            let lost = finished
                .lost
                .unwrap_or_else(|| panic!("{faults} {script}: {:?}", finished.reason));
            return Some((lost.block(), took));
        }
    };
    Some((report, start.elapsed()))
}

#[tokio::test]
async fn what_breaks_the_protocol_is_named() {
    for (faults, script, says) in [
        (
            "",
            "Invoke-PeerFault rawdeep 100000",
            "nested deeper than the limit of 50",
        ),
        ("", "Invoke-PeerFault badxml", "not well-formed XML"),
        (
            "",
            "Invoke-PeerFault entities",
            "a document type (DTD) is not allowed",
        ),
        (
            "",
            "Invoke-PeerFault huge 60000000",
            "larger than the 10485760 bytes allowed for one object",
        ),
        (
            "lie-length=3",
            "1..5",
            "larger than the 10485760 bytes allowed for one object",
        ),
        (
            "lie-length=5",
            "1..5",
            "larger than the 10485760 bytes allowed for one object",
        ),
        (
            "bad-xml-after=1",
            "1..5",
            "the body of APPLICATION_PRIVATE_DATA cannot be read",
        ),
        (
            "bad-xml-after=3",
            "1..5",
            "the body of PIPELINE_OUTPUT cannot be read",
        ),
        ("garbage-after=6", "1..500", "a line that is no packet"),
        ("broken-on-open", "1..5", "start-up script failed"),
    ] {
        let Some((report, took)) = failure_of(faults, script).await else {
            return;
        };
        assert!(report.contains(says), "{faults} {script}: {report}");
        assert!(
            took < Duration::from_secs(10),
            "{faults} {script}: {took:?}"
        );
    }
}

#[tokio::test]
async fn silence_at_every_stage_is_a_passed_deadline() {
    for (faults, says) in [
        ("delay=60", "the time allowed for it has passed"),
        ("unknown-type-after=2", "the time allowed for it has passed"),
        ("no-command-ack", "did not acknowledge the command in time"),
    ] {
        let Some((report, took)) = failure_of(faults, "1..5").await else {
            return;
        };
        assert!(report.contains(says), "{faults}: {report}");
        assert!(took < Duration::from_secs(15), "{faults}: {took:?}");
    }
    // The pipeline is whole; only the goodbye is silent.
    let Some(peer) = Peer::local().faults("no-close-ack").start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let (_, finished) = all(session.invoke(&Invoke::objects("1"))).await;
    assert_eq!(finished.state, PipelineState::Completed);
    let _ = tokio::time::timeout(Duration::from_secs(15), session.close())
        .await
        .expect("closing takes too long");
}

#[tokio::test]
async fn strange_values_are_read_and_the_session_goes_on() {
    let Some(peer) = Peer::local().start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    for (script, count) in [
        ("deep 49", 1),
        ("wide 100000", 1),
        ("cycle", 1),
        ("escapes", 14),
    ] {
        let (events, finished) =
            all(session.invoke(&Invoke::objects(format!("Invoke-PeerFault {script}")))).await;
        assert_eq!(
            finished.state,
            PipelineState::Completed,
            "{script}: {finished:?}"
        );
        let values = events
            .iter()
            .filter(|event| matches!(event, PipelineEvent::Output(_)))
            .count();
        assert_eq!(values, count, "{script}");
    }
    let (events, _) = all(session.invoke(&Invoke::objects("'still here'"))).await;
    assert!(
        matches!(&events[..], [PipelineEvent::Output(value)] if *value == Value::from("still here"))
    );
    let _ = session.close().await;
}

#[test]
fn escape_sequences_of_a_server_do_not_reach_the_terminal() {
    for script in [
        "Invoke-PeerFault escapes",
        "Invoke-PeerFault escapeshost",
        "Write-Error \"a`e]0;owned`ab\"",
        "throw \"a`e[2Jb\"",
    ] {
        let Some(peer) = Peer::local().start() else {
            return;
        };
        let ran = Psdeck::new()
            .args(["invoke", "local", "-c", script])
            .args(peer.arguments())
            .run();
        let shown = ran.out.clone() + &ran.err;
        for bad in [
            "\u{1b}]",
            "\u{1b}P",
            "\u{1b}[2J",
            "\u{1b}[?1049",
            "\u{1b}[6n",
            "\u{1b}c",
            "\u{9b}",
            "\u{7}",
            "\u{8}",
        ] {
            assert!(
                !shown.contains(bad),
                "{script} let {bad:?} through: {shown:?}"
            );
        }
    }
}
