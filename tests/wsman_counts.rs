//! What a session over WSMan costs, counted where it is paid: at the peer, and on the wire to it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use psdeck::clixml::Value;
use psdeck::session::{
    Interactive, InteractiveEvent, Invoke, PipelineEvent, PipelineState, Pool, Running, Session,
    Size,
};
use psdeck::transport::{Authentication, Options};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::session::{all, objects, open, pool, request};
use crate::support::peer::Peer;
use crate::support::relay::Relay;
use crate::support::wsman::WsmanPeer;

/// A session that has run something, with every connection that it wants.
async fn warm(peer: &Peer) -> (Pool, Session) {
    let pool = pool();
    let session = open(&pool, peer).await.unwrap();
    assert_eq!(objects(&session, "1").await, [Value::from(1)]);
    settled(wsman(peer)).await;
    (pool, session)
}

/// Waits until no connection is made any more, nothing is closed any more, and only the pool's Receive is parked.
async fn settled(peer: &WsmanPeer) {
    settled_with(1, peer).await;
}

/// The same, with that many Receives parked.
async fn settled_with(receives: u64, peer: &WsmanPeer) {
    let seen = || {
        let state = peer.state();
        let waiting = parked(&state);
        (
            state["stats"]["requests"].clone(),
            connections(&state),
            waiting,
        )
    };
    let (mut last, mut since) = (seen(), Instant::now());
    let end = Instant::now() + Duration::from_secs(20);
    while since.elapsed() < Duration::from_millis(700) || last.2 != receives {
        assert!(Instant::now() < end, "the connections never settled");
        tokio::time::sleep(Duration::from_millis(20)).await;
        let now = seen();
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
}

fn wsman(peer: &Peer) -> &WsmanPeer {
    peer.as_wsman().expect("a WSMan peer")
}

/// How many connections were ever made.
fn connections(state: &serde_json::Value) -> u64 {
    state["stats"]["connections"].as_u64().unwrap_or(0)
}

/// The requests that wait at the shells.
fn parked(state: &serde_json::Value) -> u64 {
    let shells = state["shells"].as_array().expect("shells").iter();
    shells
        .filter_map(|shell| shell["outstanding"].as_u64())
        .sum()
}

/// A session through a relay to the peer's HTTP listener.
async fn through(relay: &Relay, pool: &Pool, peer: &Peer, options: Options) -> Session {
    let mut request = request(peer);
    request.options = options;
    request.target = format!("http://127.0.0.1:{}/wsman", relay.port())
        .parse()
        .unwrap();
    let opening = pool
        .open(&request, Arc::new(peer.answers()), CancellationToken::new())
        .await;
    opening.session().await.unwrap()
}

async fn output(running: &mut Running) -> Value {
    loop {
        let next = tokio::time::timeout(Duration::from_secs(30), running.next());
        match next.await.expect("nothing came") {
            Some(PipelineEvent::Output(value)) => return value,
            Some(PipelineEvent::Finished(finished)) => panic!("{finished:?}"),
            Some(_) => {}
            None => panic!("the pipeline ended without its end"),
        }
    }
}

#[tokio::test]
async fn opening_is_one_create_and_no_receive_without_an_answer() {
    let Some(peer) = Peer::wsman().traced().start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    settled(wsman(&peer)).await;
    let state = wsman(&peer).state();
    assert_eq!(state["received"]["Create"], 1, "{state:#}");
    let kinds: Vec<_> = state["received"].as_object().unwrap().keys().collect();
    assert_eq!(kinds, ["Create", "Receive"]);
    let trace = wsman(&peer).trace();
    let answered: Vec<_> = trace.iter().filter(|one| one["op"] == "Receive").collect();
    for receive in &answered {
        let text = receive["response"].as_str().unwrap();
        assert!(text.contains(":Stream "), "an answer with nothing: {text}");
    }
    // And the one that waits.
    assert_eq!(state["received"]["Receive"], answered.len() + 1);
    session.close().await.unwrap();
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_warm_invoke_takes_two_round_trips_and_opens_no_connection() {
    const DELAY: Duration = Duration::from_millis(400);
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let (_pool, session) = warm(&peer).await;
    let before = wsman(&peer).state();
    assert_eq!(objects(&session, "1").await, [Value::from(1)]);
    settled(wsman(&peer)).await;
    let after = wsman(&peer).state();
    let more = |counters: &str, name: &str| {
        let count = |state: &serde_json::Value| state[counters][name].as_u64().unwrap_or(0);
        count(&after) - count(&before)
    };
    for operation in ["Command", "Receive"] {
        assert_eq!(more("received", operation), 1, "{operation}: {after:#}");
    }
    // What tells the server that the command may be forgotten holds nobody up.
    assert_eq!(more("stats", "requests"), 3, "{after:#}");
    assert_eq!(more("stats", "connections"), 0, "{after:#}");

    let seconds = DELAY.as_secs_f64();
    wsman(&peer).rule("delay", json!({ "count": 0, "seconds": seconds }));
    let start = Instant::now();
    assert_eq!(objects(&session, "1").await, [Value::from(1)]);
    let took = start.elapsed();
    assert!((DELAY * 2..DELAY * 3).contains(&took), "{took:?}");
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_prompt_adds_no_request() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let window = Size {
        columns: 80,
        rows: 24,
    };
    let (handle, mut events) = Interactive::enter(session, window);
    for count in 0..=10 {
        loop {
            match events.next().await {
                Some(InteractiveEvent::Ready(_)) => break,
                Some(_) => {}
                None => panic!("left"),
            }
        }
        if count < 10 {
            handle.submit("'a'".to_owned());
        }
    }
    settled(wsman(&peer)).await;
    let state = wsman(&peer).state();
    // The check, the first prompt, ten lines: nothing of the other prompts.
    for operation in ["Command", "Signal"] {
        assert_eq!(state["received"][operation], 12, "{state:#}");
    }
    // A line with all that goes with it fits into its Command.
    assert_eq!(state["received"].get("Send"), None, "{state:#}");
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_leaves_at_once_although_both_receives_are_parked() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let relay = Relay::to(wsman(&peer).port("http"), Duration::ZERO);
    let pool = pool();
    let session = through(&relay, &pool, &peer, peer.options()).await;
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let mut running = session.invoke(&Invoke::objects("'begun'; Start-Sleep 60"));
        output(&mut running).await;
        // Spare connections are made meanwhile; they too are bytes.
        settled_with(2, wsman(&peer)).await;
        let (start, before) = (Instant::now(), relay.seen());
        running.stop();
        let (_, finished) = all(running).await;
        assert_eq!(finished.state, PipelineState::Stopped, "{finished:?}");
        // The next spare connection is made at the same time: what counts is what goes over those that stood.
        let seen = relay.seen();
        let first = seen.pieces[before.pieces.len()..]
            .iter()
            .find(|piece| piece.up && piece.connection <= before.connections)
            .expect("the Signal goes over a connection that stood");
        best = best.min(first.at.saturating_duration_since(start));
        settled(wsman(&peer)).await;
    }
    assert!(best < Duration::from_millis(50), "{best:?}");
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn twenty_megabytes_up_fill_their_envelopes() {
    let Some(peer) = Peer::wsman().traced().start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let mut invoke = Invoke::objects("begin { $n = 0 } process { $n += $_.Length } end { $n }");
    invoke.input = Some(Arc::new(|| {
        let chunks = (0..80u8).map(|n| Ok(Value::Bytes(vec![n; 256 << 10])));
        Box::pin(futures_util::stream::iter(chunks))
    }));
    let (events, finished) = all(session.invoke(&invoke)).await;
    assert_eq!(finished.state, PipelineState::Completed, "{finished:?}");
    let bytes = Value::from(20 << 20);
    let is_told = |event: &_| matches!(event, PipelineEvent::Output(value) if *value == bytes);
    assert!(events.iter().any(is_told), "{events:?}");
    session.close().await.unwrap();
    let trace = wsman(&peer).trace();
    let mut sends: Vec<_> = trace
        .iter()
        .filter(|one| one["op"] == "Send")
        .map(|one| {
            let text = one["request"].as_str().unwrap();
            let at = text.find("MaxEnvelopeSize").unwrap();
            let limit = text[at..].split(['>', '<']).nth(1).unwrap();
            (text.len(), limit.parse::<usize>().unwrap())
        })
        .collect();
    sends.pop();
    let used: usize = sends.iter().map(|(length, _)| length).sum();
    let room: usize = sends.iter().map(|(_, limit)| limit).sum();
    println!("{} Sends, {used} of {room} bytes", sends.len());
    assert!(sends.iter().all(|(length, limit)| length <= limit));
    assert!(sends.iter().all(|(_, limit)| *limit >= 500 << 10));
    assert!(used * 100 >= room * 95, "{used} of {room}");
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_receive_leaves_before_the_last_answer_is_read() {
    // With what belongs to each, 50 MB.
    const OBJECTS: usize = 80_000;
    // Without seals, which have to be opened before anything is known of an answer.
    let builder = Peer::wsman().traced().set("basic_over_http", true);
    let Some(peer) = builder.set("allow_unencrypted", true).start() else {
        return;
    };
    let relay = Relay::to(wsman(&peer).port("http"), Duration::ZERO);
    let pool = pool();
    let mut clear = peer.options();
    (clear.auth, clear.no_encryption) = (Some(Authentication::Basic), Some(true));
    let session = through(&relay, &pool, &peer, clear).await;
    let script = format!("$line = 'x' * 500; 1..{OBJECTS} | ForEach-Object {{ $line }}");
    let before = relay.seen().pieces.len();
    let mut running = session.invoke(&Invoke::objects(script));
    let mut arrived = Vec::new();
    loop {
        match running.next().await {
            Some(PipelineEvent::Output(_)) => arrived.push(Instant::now()),
            Some(PipelineEvent::Finished(finished)) => {
                assert_eq!(finished.state, PipelineState::Completed, "{finished:?}");
                break;
            }
            Some(_) => {}
            None => panic!("no end"),
        }
    }
    assert_eq!(arrived.len(), OBJECTS);
    // When the last byte of a long answer came, and when the next request left, wherever it did.
    let mut turns = Vec::new();
    let mut down = 0;
    for pair in relay.seen().pieces[before..].windows(2) {
        down = if pair[0].up { 0 } else { down + pair[0].bytes };
        if pair[1].up && down > 50_000 {
            turns.push((pair[0].at, pair[1].at));
            down = 0;
        }
    }
    // The objects of each answer: a fragment each.
    let trace = wsman(&peer).trace();
    let of_command = |one: &&serde_json::Value| {
        one["op"] == "Receive" && one["request"].as_str().unwrap().contains("CommandId")
    };
    let (mut next, mut ahead) = (0, 0);
    let mut turn = turns.iter();
    for answer in trace.iter().filter(of_command) {
        let text = answer["response"].as_str().unwrap();
        let first = next;
        next += text.matches(":Stream ").count();
        if text.len() > 50_000 {
            let (came, left) = turn.next().expect("as many on the wire");
            assert!(arrived[first] > *came);
            ahead += usize::from(*left < arrived[(next - 1).min(OBJECTS - 1)]);
        }
    }
    assert!(turns.len() > 100, "{} long answers", turns.len());
    println!(
        "{ahead} of {} Receives left before the answer was read",
        turns.len()
    );
    assert!(ahead * 10 > turns.len() * 9, "{ahead} of {}", turns.len());
}
