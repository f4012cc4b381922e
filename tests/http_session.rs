//! What a session over WSMan does with its connections while it lives, seen from a foreign server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use psdeck::clixml::Value;
use psdeck::session::{HostEvent, Invoke, PipelineEvent, PipelineState, PromptReply, Size};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::session::{all, objects, open, pool, request};
use crate::support::peer::Peer;
use crate::support::wsman::WsmanPeer;

fn wsman(peer: &Peer) -> &WsmanPeer {
    peer.as_wsman().expect("a WSMan peer")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_a_prompt_passes_input_that_is_under_way() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let pool = pool();
    let mut request = request(&peer);
    request.window = Some(Size {
        columns: 80,
        rows: 24,
    });
    let opening = pool
        .open(&request, Arc::new(peer.answers()), CancellationToken::new())
        .await;
    let session = opening.session().await.unwrap();
    let held = Duration::from_secs(8);
    wsman(&peer).rule("delay", json!({ "op": "Send", "seconds": held.as_secs() }));
    let mut invoke = Invoke::objects("$Host.UI.ReadLine(); $input");
    invoke.window = request.window.unwrap();
    invoke.input = Some(Arc::new(|| {
        Box::pin(futures_util::stream::iter([Ok(Value::from("input"))]))
    }));
    let start = Instant::now();
    let mut running = session.invoke(&invoke);
    let mut told = Vec::new();
    while told.is_empty() {
        match running.next().await.expect("an event") {
            PipelineEvent::Host(HostEvent::Prompt { id, .. }) => {
                // The input is on its way by then, and held.
                wsman(&peer).until("a Send", |state| {
                    state["stats"]["requests"].as_u64() > Some(0)
                });
                running.answer(id, PromptReply::Line("alice".into()));
            }
            PipelineEvent::Output(value) => told.push(value),
            PipelineEvent::Finished(finished) => panic!("{finished:?}"),
            _ => {}
        }
    }
    assert_eq!(told, [Value::from("alice")]);
    assert!(start.elapsed() < held, "{:?}", start.elapsed());
    let (_, finished) = all(running).await;
    assert_eq!(finished.state, PipelineState::Completed, "{finished:?}");
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_the_server_drops_are_made_anew_unnoticed() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    assert_eq!(objects(&session, "1").await, [Value::from(1)]);
    // All at once, parked Receives among them.
    wsman(&peer).cut();
    // And as servers do it after two minutes.
    wsman(&peer).set("http_idle", 2);
    assert_eq!(objects(&session, "2").await, [Value::from(2)]);
    // But for that of the parked Receive.
    wsman(&peer).until("its idle connections closed", |state| {
        state["open_connections"] == 1 && state["stats"]["idle connections closed"] != json!(null)
    });
    wsman(&peer).set("http_idle", 120);
    assert_eq!(objects(&session, "3").await, [Value::from(3)]);
    assert_eq!(wsman(&peer).count("executed", "Create"), 1);
    assert_eq!(wsman(&peer).count("executed", "Command"), 3);
    assert_eq!(peer.violations(), Vec::<String>::new());
}

/// Whatever is asked first once the network is back: if that is a Receive, it is parked for minutes without a word.
#[tokio::test(flavor = "multi_thread")]
async fn all_that_waited_for_the_network_is_asked_as_soon_as_it_is_back() {
    let Some(peer) = Peer::wsman().set("operation_cache", "off").start() else {
        return;
    };
    let pool = pool();
    let mut request = request(&peer);
    request.options.retry_window = Some(Duration::from_secs(16));
    let opening = pool
        .open(&request, Arc::new(peer.answers()), CancellationToken::new())
        .await;
    let session = opening.session().await.unwrap();
    // By then something else would bring it about.
    let late = Duration::from_secs(12);
    for round in 1..=8 {
        wsman(&peer).cut_for(Duration::from_millis(200), "refuse");
        let answered = objects(&session, "1");
        let answered = tokio::time::timeout(late, answered).await;
        assert_eq!(answered, Ok(vec![Value::from(1)]), "round {round}");
    }
    assert_eq!(wsman(&peer).count("executed", "Command"), 8);
}

/// Windows disconnects a shell that nothing was asked of for a minute, a second here.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_outlives_an_interruption_that_disconnects_its_shell() {
    for cache in ["off", "windows"] {
        let builder = Peer::wsman().set("clock", 60).set("operation_cache", cache);
        let Some(peer) = builder.start() else {
            return;
        };
        let pool = pool();
        let session = open(&pool, &peer).await.unwrap();
        assert_eq!(objects(&session, "1").await, [Value::from(1)]);
        wsman(&peer).cut_for(Duration::from_secs(6), "refuse");
        wsman(&peer).until("a shell without its client", |state| {
            state["stats"]["auto disconnects"] == 1
        });
        assert_eq!(objects(&session, "2").await, [Value::from(2)], "{cache}");
        assert!(wsman(&peer).count("executed", "Reconnect") > 0, "{cache}");
        assert_eq!(wsman(&peer).count("executed", "Create"), 1);
        assert_eq!(peer.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_context_that_the_server_has_lost_is_made_anew_unnoticed() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    for kind in ["reauth", "lose_context"] {
        wsman(&peer).rule(kind, json!({ "op": "Command" }));
        wsman(&peer).rule(kind, json!({ "op": "Receive", "target": "command" }));
        assert_eq!(objects(&session, "1").await, [Value::from(1)]);
    }
    assert_eq!(wsman(&peer).count("executed", "Command"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_opening_is_cancelled_leaves_no_shell() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    wsman(&peer).rule("hang", json!({ "op": "Receive" }));
    let cancel = CancellationToken::new();
    let pool = pool();
    let opening = pool
        .open(&request(&peer), Arc::new(peer.answers()), cancel.clone())
        .await;
    wsman(&peer).until("a shell", |state| state["executed"]["Create"] == 1);
    cancel.cancel();
    assert!(opening.session().await.is_err());
    wsman(&peer).until("no shell", |state| {
        state["shells"].as_array().is_some_and(Vec::is_empty)
    });
    assert_eq!(wsman(&peer).count("executed", "Delete"), 1);
}

#[tokio::test]
async fn an_answer_in_the_clear_or_altered_ends_the_session_and_says_so() {
    for (kind, argument, word) in [
        ("unsealed_answer", json!({}), "not sealed"),
        (
            "wrong_multipart",
            json!({ "variant": "bad_signature" }),
            "altered",
        ),
        (
            "wrong_multipart",
            json!({ "variant": "bad_cipher" }),
            "altered",
        ),
        (
            "wrong_multipart",
            json!({ "variant": "bad_length" }),
            "altered",
        ),
    ] {
        let Some(peer) = Peer::wsman().start() else {
            return;
        };
        let pool = pool();
        let session = open(&pool, &peer).await.unwrap();
        let mut argument = argument;
        argument["op"] = "Receive".into();
        argument["target"] = "command".into();
        wsman(&peer).rule(kind, argument);
        let (_, finished) = all(session.invoke(&Invoke::objects("1"))).await;
        assert_eq!(
            finished.state,
            PipelineState::Failed,
            "{kind}: {finished:?}"
        );
        let report = finished.lost.expect("a report").block();
        assert!(report.contains(word), "{kind}: {report}");
        assert!(report.contains("--use-ssl"), "{kind}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_taken_no_more_fails_no_session_whose_connections_stand() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let server = wsman(&peer);
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    assert_eq!(objects(&session, "1").await, [Value::from(1)]);
    let password = |password: &str| {
        let account = format!("PSDECK\\{}:{password}:admin", crate::support::wsman::USER);
        server.set("users", json!([account]));
    };
    // One connection is lost, and no other can be made.
    password("Another1!");
    server.rule("reauth", json!({ "op": "Command" }));
    let running = session.invoke(&Invoke::objects("2"));
    let denied = |state: &serde_json::Value| state["auth"]["denied"].as_u64();
    server.until("a refusal", |state| denied(state) > Some(0));
    tokio::time::sleep(Duration::from_secs(3)).await;
    // An account is locked for a few: of the request, and of a spare connection.
    assert!(denied(&server.state()) <= Some(2), "{}", server.state());
    password(crate::support::wsman::PASSWORD);
    let (_, finished) = all(running).await;
    assert_eq!(finished.state, PipelineState::Completed, "{finished:?}");
    assert_eq!(server.count("executed", "Create"), 1);
}
