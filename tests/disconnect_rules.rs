//! What cannot be left, connected or removed is refused, and nothing changes.

use std::sync::Arc;
use std::time::Duration;

use psdeck::session::{Availability, ExitCode, Report, SessionId, SessionState};
use psdeck::transport::Leave;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::disconnect::Clients;
use crate::support::link::Answers;
use crate::support::peer::Peer;
use crate::support::wsman::WsmanPeer;

/// The operations that the peer carried out and that change something.
fn changes(peer: &WsmanPeer) -> Vec<String> {
    let quiet = ["Receive", "Enumerate", "Pull", "Get"];
    let log = peer.log();
    let all = log.iter().map(|one| one["op"].as_str().unwrap().to_owned());
    all.filter(|one| !quiet.contains(&one.as_str())).collect()
}

fn refused(result: Result<impl std::fmt::Debug, Report>, id: &str, code: ExitCode, why: &str) {
    let report = result.unwrap_err();
    assert_eq!(report.error_id.as_deref(), Some(id), "{}", report.block());
    assert_eq!(report.code, code, "{}", report.block());
    assert!(report.block().contains(why), "{}", report.block());
    assert!(!report.hints.is_empty(), "{}", report.block());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_left_or_connected_is_refused_and_nothing_changes() {
    let peer = Peer::wsman().set("max_idle_timeout", 600);
    let Some(clients) = Clients::of_wsman(peer) else {
        return;
    };
    let session = clients.open().await;
    let id = session.info().id;
    let before = changes(clients.peer());
    for seconds in [59, 601] {
        let leave = Leave {
            idle_timeout: Some(Duration::from_secs(seconds)),
            ..Leave::default()
        };
        let left = clients.leave_as(&session, leave).await;
        let wrong = "CannotDisconnectSessionWithInvalidIdleTimeout";
        refused(
            left,
            wrong,
            ExitCode::Refused,
            "is not between 1m, the least, and 10m",
        );
    }
    assert_eq!(session.info().state, SessionState::Opened);
    // What is open is passed through.
    clients.connect(&session).await;
    assert_eq!(changes(clients.peer()), before);

    // Held by another client, as that one's list shows it.
    let found = clients.found(&clients.there).await;
    let info = clients.there.info(found[0]).unwrap();
    assert_eq!(
        (info.state, info.availability),
        (SessionState::Disconnected, Availability::Busy)
    );
    assert!(info.reason.unwrap().contains("127.0.0.1"));
    let taken = clients.try_connect(&clients.there, found[0]).await;
    let failed = "PSSessionConnectFailed";
    refused(
        taken,
        failed,
        ExitCode::Refused,
        "it is connected to another client, 127.0.0.1",
    );
    let removed =
        clients
            .there
            .remove(found[0], Arc::clone(&clients.ask), CancellationToken::new());
    refused(
        removed.await,
        failed,
        ExitCode::Refused,
        "it is connected to another client",
    );
    assert_eq!(changes(clients.peer()), before);

    // What is left is passed through, and what is gone is said to be.
    clients.leave(&session).await;
    clients.leave(&session).await;
    let before = changes(clients.peer());
    let shell = session.info().instance_id.to_string().to_uppercase();
    clients
        .peer()
        .control("/expire", &json!({ "shell": shell }));
    let gone = clients.try_connect(&clients.here, id).await;
    refused(
        gone,
        failed,
        ExitCode::NoSession,
        "does not have it any more",
    );
    let left = clients.leave_as(&session, Leave::default()).await;
    let wrong = "CannotDisconnectSessionWhenNotOpened";
    refused(left, wrong, ExitCode::Refused, "does not have it any more");
    let gone = clients.try_connect(&clients.there, found[0]).await;
    refused(
        gone,
        failed,
        ExitCode::NoSession,
        "does not have it any more",
    );
    let unknown = clients.try_connect(&clients.there, SessionId(99)).await;
    assert_eq!(unknown.unwrap_err().code, ExitCode::NoSession);
    assert_eq!(changes(clients.peer()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_users_session_is_not_to_be_had() {
    let Some(mut clients) = Clients::of_wsman(Peer::wsman()) else {
        return;
    };
    let ask = Arc::clone(&clients.ask);
    clients.ask = Arc::new(Answers::password("B0bs-secret"));
    let options = clients.request.options.clone();
    clients.request.options.user = Some("bob".to_owned());
    clients.request.options.password_command = None;
    let session = clients.open().await;
    clients.leave(&session).await;
    // An administrator sees it, and cannot connect it.
    (clients.ask, clients.request.options) = (ask, options);
    let before = changes(clients.peer());
    let found = clients.found(&clients.there).await;
    let taken = clients.try_connect(&clients.there, found[0]).await;
    refused(taken, "PSSessionConnectFailed", ExitCode::Refused, "user");
    assert_eq!(changes(clients.peer()), before);
    let info = clients.there.info(found[0]).unwrap();
    assert_eq!(info.state, SessionState::Disconnected);
    assert_eq!(session.info().state, SessionState::Disconnected);
    clients.ask = Arc::new(Answers::password("B0bs-secret"));
    clients.connect(&session).await;
}
