//! Sessions over WSMan that are left, listed and taken up, seen from a foreign server.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use psdeck::session::{
    Availability, Invoke, PipelineEvent, PipelineState, Pool, Session, SessionState,
};
use psdeck::transport::{Buffering, Leave, http};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::session::{objects, open, pool};
use crate::support::cutter::Cutter;
use crate::support::peer::Peer;
use crate::support::wsman::WsmanPeer;

fn wsman(peer: &Peer) -> &WsmanPeer {
    peer.as_wsman().expect("a WSMan peer")
}

fn kept(seconds: u64, buffering: Buffering) -> Leave {
    Leave {
        idle_timeout: Some(Duration::from_secs(seconds)),
        buffering: Some(buffering),
    }
}

/// The only shell of the peer.
fn shell(peer: &Peer) -> Value {
    let state = wsman(peer).state();
    let shells = state["shells"].as_array().expect("a list");
    assert_eq!(shells.len(), 1, "{shells:#?}");
    shells[0].clone()
}

async fn leave(pool: &Pool, session: &Session, leave: Leave) {
    let id = session.info().id;
    let left = pool.disconnect(id, leave, CancellationToken::new()).await;
    left.unwrap_or_else(|report| panic!("{}", report.block()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_kept_as_it_is_opened_and_as_it_is_left() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let pool = pool();
    let mut request = crate::session::request(&peer);
    request.options.idle_timeout = Some(Duration::from_secs(90));
    request.options.buffering = Some(Buffering::Drop);
    let opening = pool
        .open(&request, Arc::new(peer.answers()), CancellationToken::new())
        .await;
    let session = opening.session().await.unwrap();
    let keeping = session.info().keeping;
    assert_eq!(keeping.idle_timeout, Some(Duration::from_secs(90)));
    assert_eq!(keeping.buffering, Some(Buffering::Drop));
    let most = Duration::from_millis(2_147_483_647);
    assert_eq!(keeping.max_idle_timeout, Some(most));
    leave(&pool, &session, kept(120, Buffering::Block)).await;
    let shell = shell(&peer);
    assert_eq!(
        (
            &shell["state"],
            &shell["idle_timeout"],
            &shell["buffer_mode"]
        ),
        (&json!("Disconnected"), &json!(120.0), &json!("Block")),
        "{shell:#}"
    );
    let info = session.info();
    assert_eq!(info.state, SessionState::Disconnected);
    assert_eq!(info.keeping.idle_timeout, Some(Duration::from_mins(2)));
    assert_eq!(info.keeping.buffering, Some(Buffering::Block));
    assert_eq!(info.keeping.max_idle_timeout, Some(most));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_lists_what_it_holds_and_what_runs_there() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let pool = pool();
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(open(&pool, &peer).await.unwrap());
    }
    let running = sessions[0].invoke(&Invoke::objects("Start-Sleep 100"));
    wsman(&peer).until("a command", |state| {
        let shells = state["shells"].as_array().expect("a list");
        shells
            .iter()
            .any(|one| one["commands"] != json!([]) && one["commands"] != json!({}))
    });
    leave(&pool, &sessions[0], kept(600, Buffering::Block)).await;
    leave(&pool, &sessions[1], Leave::default()).await;
    let before = SystemTime::now();
    // A wire of its own, so that nothing else counts.
    let wire = Cutter::to(wsman(&peer).port("http"), None).await;
    let address = format!("http://127.0.0.1:{}/wsman", wire.port());
    let (address, options) = (address.parse().unwrap(), peer.options());
    let found = http::list(&address, &options, &peer.answers()).await;
    let found = found.unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(found.len(), 3);
    assert_eq!(wsman(&peer).count("received", "Enumerate"), 4);
    // One connection: who we are is said once. Each request has its answer.
    let messages = wire.messages();
    assert!(messages <= 2 * (4 + 3), "{messages} messages");
    let ask = Arc::new(peer.answers());
    let other = crate::session::pool();
    let (target, options) = (peer.address(), peer.options());
    let ids = other.refresh(&target, &options, ask, CancellationToken::new());
    let ids = ids
        .await
        .unwrap_or_else(|report| panic!("{}", report.block()));
    assert_eq!(ids.len(), 3);
    let rows = other.sessions().now();
    let row = |at: usize| {
        let id = sessions[at].info().instance_id;
        rows.iter().find(|row| row.instance_id == id).unwrap()
    };
    assert!(
        rows.iter()
            .all(|row| row.state == SessionState::Disconnected)
    );
    let availability = [row(0), row(1), row(2)].map(|row| row.availability);
    assert_eq!(
        availability,
        [Availability::None, Availability::None, Availability::Busy]
    );
    assert_eq!(row(0).keeping.idle_timeout, Some(Duration::from_mins(10)));
    let (left, ends) = (row(0).disconnected.unwrap(), row(0).expires.unwrap());
    assert_eq!(ends.duration_since(left).unwrap(), Duration::from_mins(10));
    assert!(left <= SystemTime::now() && left + Duration::from_mins(1) > before);
    assert_eq!(row(2).expires, None);
    drop(running);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_in_many_parts_is_read_to_its_end() {
    let Some(peer) = Peer::wsman().set("max_batch_items", 5).start() else {
        return;
    };
    let pool = pool();
    let mut sessions = Vec::new();
    for _ in 0..12 {
        sessions.push(open(&pool, &peer).await.unwrap());
    }
    let found = http::list(&peer.address(), &peer.options(), &peer.answers()).await;
    assert_eq!(found.unwrap().len(), 12);
    assert_eq!(wsman(&peer).count("executed", "Pull"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn output_on_its_way_is_not_lost_when_a_session_is_left() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    assert_eq!(objects(&session, "1..3").await.len(), 3);
    let before = wsman(&peer).count("answered", "Receive");
    // For seconds one answer is on its way.
    let drip = json!({"op": "Receive", "target": "command", "bytes": 4096, "interval": 0.05});
    wsman(&peer).rule("slow_drip", drip);
    let mut running = session.invoke(&Invoke::objects("1..3000"));
    wsman(&peer).until("an answer on its way", |state| {
        state["rules"][0]["applied"] == 1 && state["answered"]["Receive"].as_u64() > Some(before)
    });
    leave(&pool, &session, Leave::default()).await;
    let mut output = Vec::new();
    let finished = loop {
        match running.next().await.expect("an event") {
            PipelineEvent::Output(value) => output.push(value),
            PipelineEvent::Disconnected => {
                assert!(!output.is_empty() && output.len() < 3000);
                let ask = Arc::new(peer.answers());
                let id = session.info().id;
                let back = pool.connect(id, ask, CancellationToken::new()).await;
                back.unwrap_or_else(|report| panic!("{}", report.block()));
            }
            PipelineEvent::Finished(finished) => break finished,
            _ => {}
        }
    };
    assert!(
        !finished.gap && finished.state == PipelineState::Completed,
        "{finished:?}"
    );
    let numbers: Vec<_> = (1..=3000).map(psdeck::clixml::Value::from).collect();
    assert!(output == numbers, "{} objects", output.len());
    assert_eq!(wsman(&peer).state()["output_lost"], json!({}));
    assert_eq!(peer.violations(), Vec::<String>::new());
}

/// Windows may want each command taken up by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_running_command_goes_on_where_the_server_wants_it_taken_up_too() {
    for strict in [true, false] {
        let builder = Peer::wsman().set("strict_command_reconnect", strict);
        let Some(peer) = builder.start() else {
            return;
        };
        let pool = pool();
        let session = open(&pool, &peer).await.unwrap();
        let mut running = session.invoke(&Invoke::objects("1; Start-Sleep 7; 2"));
        let mut output = Vec::new();
        let finished = loop {
            match running.next().await.expect("an event") {
                PipelineEvent::Output(value) => {
                    output.push(value);
                    if output.len() == 1 {
                        leave(&pool, &session, Leave::default()).await;
                    }
                }
                PipelineEvent::Disconnected => {
                    let ask = Arc::new(peer.answers());
                    let id = session.info().id;
                    let back = pool.connect(id, ask, CancellationToken::new()).await;
                    assert!(back.is_ok(), "{strict}");
                }
                PipelineEvent::Finished(finished) => break finished,
                _ => {}
            }
        };
        assert_eq!(finished.state, PipelineState::Completed, "{finished:?}");
        assert_eq!(output, [1, 2].map(psdeck::clixml::Value::from), "{strict}");
        let reconnects = wsman(&peer).count("executed", "Reconnect");
        assert_eq!(reconnects, if strict { 2 } else { 1 });
        assert_eq!(peer.violations(), Vec::<String>::new());
    }
}
