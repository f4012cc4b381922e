//! Psdecks that are killed at a moment of a session's life, and what the next one finds.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use psdeck::clixml;
use psdeck::session::registry::Registry;
use psdeck::session::{HostEvent, Invoke, Limits, PipelineEvent, Pool, Running, SessionState};
use psdeck::transport::PasswordCommand;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::desk::Desk;
use super::link::Answers;
use super::wsman::{PASSWORD, WsmanPeer};

/// A command that puts out one marker after another for a while.
const MARKERS: &str = "1..3000 | ForEach-Object { \"marker $_\"; Start-Sleep -Milliseconds 20 }";

/// What was done before.
#[derive(Clone, Copy, Debug)]
pub enum Before {
    /// Nothing.
    Nothing,
    /// A session was made and left.
    New,
    /// A session was left with a command that puts out markers.
    Detached,
}

/// When the psdeck is killed.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// Its request of this operation is there, and is never carried out.
    Sent(&'static str),
    /// Its request of this operation was carried out, and is never answered.
    Done(&'static str),
    /// It has shown this.
    Shown(&'static str),
}

/// What the next psdeck finds.
#[derive(Clone, Copy, Debug)]
pub enum Found {
    /// A session that takes commands.
    Idle,
    /// A session whose command goes on.
    Output,
    /// No session, and nothing remembered.
    Nothing,
}

/// A moment in a session's life.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub name: &'static str,
    before: Before,
    /// What is killed.
    verb: &'static [&'static str],
    input: &'static str,
    when: When,
    found: Found,
}

const DETACH: &[&str] = &["invoke", "Server01", "--detach", "-c", MARKERS];
const NEW: &[&str] = &["new", "Server01"];
const ENTER: &[&str] = &["enter", "Server01"];
const CONNECT: &[&str] = &["connect", "1"];
const RECEIVE: &[&str] = &["receive", "1"];
const REMOVE: &[&str] = &["remove", "1", "--yes"];

/// Every transition of a session's states, before it and behind it.
pub const MOMENTS: &[Moment] = &[
    moment(
        "opening, not made",
        Before::Nothing,
        NEW,
        When::Sent("Create"),
        Found::Nothing,
    ),
    moment(
        "opening, made",
        Before::Nothing,
        NEW,
        When::Done("Create"),
        Found::Idle,
    ),
    moment(
        "opening, first exchange",
        Before::Nothing,
        NEW,
        When::Sent("Receive"),
        Found::Idle,
    ),
    moment(
        "disconnecting, not left",
        Before::Nothing,
        NEW,
        When::Sent("Disconnect"),
        Found::Idle,
    ),
    moment(
        "disconnecting, left",
        Before::Nothing,
        NEW,
        When::Done("Disconnect"),
        Found::Idle,
    ),
    Moment {
        input: "'re' + 'ady'\n",
        ..moment(
            "opened, idle",
            Before::Nothing,
            ENTER,
            When::Shown("ready\n"),
            Found::Idle,
        )
    },
    Moment {
        input: "1..3000 | ForEach-Object { \"marker $_\"; Start-Sleep -Milliseconds 20 }\n",
        ..moment(
            "opened, in mid-output",
            Before::Nothing,
            ENTER,
            When::Shown("marker 3\n"),
            Found::Output,
        )
    },
    moment(
        "command, not begun",
        Before::Nothing,
        DETACH,
        When::Sent("Command"),
        Found::Idle,
    ),
    moment(
        "command, begun",
        Before::Nothing,
        DETACH,
        When::Done("Command"),
        Found::Output,
    ),
    moment(
        "command, disconnecting",
        Before::Nothing,
        DETACH,
        When::Sent("Disconnect"),
        Found::Output,
    ),
    moment(
        "command, left",
        Before::Nothing,
        DETACH,
        When::Done("Disconnect"),
        Found::Output,
    ),
    moment(
        "connecting, not asked",
        Before::New,
        CONNECT,
        When::Sent("Enumerate"),
        Found::Idle,
    ),
    moment(
        "connecting, not connected",
        Before::New,
        CONNECT,
        When::Sent("Connect"),
        Found::Idle,
    ),
    moment(
        "connecting, connected",
        Before::New,
        CONNECT,
        When::Done("Connect"),
        Found::Idle,
    ),
    moment(
        "connected, not left",
        Before::New,
        CONNECT,
        When::Sent("Disconnect"),
        Found::Idle,
    ),
    moment(
        "connected, left",
        Before::New,
        CONNECT,
        When::Done("Disconnect"),
        Found::Idle,
    ),
    moment(
        "receiving, not connected",
        Before::Detached,
        RECEIVE,
        When::Sent("Connect"),
        Found::Output,
    ),
    moment(
        "receiving, connected",
        Before::Detached,
        RECEIVE,
        When::Done("Connect"),
        Found::Output,
    ),
    moment(
        "receiving, in mid-output",
        Before::Detached,
        RECEIVE,
        When::Shown("marker "),
        Found::Output,
    ),
    moment(
        "removing, not connected",
        Before::New,
        REMOVE,
        When::Sent("Connect"),
        Found::Idle,
    ),
    moment(
        "removing, not closed",
        Before::New,
        REMOVE,
        When::Sent("Delete"),
        Found::Idle,
    ),
    moment(
        "removing, closed",
        Before::New,
        REMOVE,
        When::Done("Delete"),
        Found::Nothing,
    ),
];

const fn moment(
    name: &'static str,
    before: Before,
    verb: &'static [&'static str],
    when: When,
    found: Found,
) -> Moment {
    Moment {
        name,
        before,
        verb,
        input: "",
        when,
        found,
    }
}

/// Kills a psdeck at that moment and lets the next one look; `None` where no peer can be had. The peer's own disconnect
/// comes after a second, or never. What the next one came to, in a line.
pub fn kill_at(moment: &Moment, never: bool) -> Option<String> {
    let peer = WsmanPeer::new()
        .set("clock", 60)
        .set("auto_disconnect", if never { 0 } else { 60 })
        .start()?;
    let desk = Desk::new(&peer);
    match moment.before {
        Before::Nothing => {}
        Before::New => drop(desk.run(NEW, 0)),
        Before::Detached => drop(desk.run(DETACH, 0)),
    }
    let hold = |kind: &str, operation: &str| {
        peer.rule(kind, json!({ "op": operation, "count": 0, "seconds": 600 }));
    };
    match moment.when {
        When::Sent(operation) => hold("hang", operation),
        When::Done(operation) => hold("delay_after", operation),
        When::Shown(_) => {}
    }
    let executed = |operation: &str, state: &Value| state["executed"][operation].as_u64();
    let state = peer.state();
    let mut victim = desk.psdeck(moment.verb).start();
    let input = victim.input.as_mut().expect("a pipe");
    input.write_all(moment.input.as_bytes()).expect("a reader");
    match moment.when {
        When::Shown(text) => drop(victim.wait_for(text)),
        When::Sent(_) => {
            peer.until(moment.name, |now| now["rules"][0]["applied"] == 1);
        }
        When::Done(operation) => {
            let before = executed(operation, &state);
            peer.until(moment.name, |now| executed(operation, now) > before);
        }
    }
    victim.kill();
    peer.heal();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let told = runtime.block_on(next(&peer, &desk, moment));
    assert_eq!(peer.state()["errors"], json!([]), "{}", moment.name);
    Some(told)
}

/// What the next psdeck of the same user finds and does.
async fn next(peer: &WsmanPeer, desk: &Desk, moment: &Moment) -> String {
    let name = moment.name;
    let registry = Registry::open(desk.sessions()).expect("a registry");
    let words = peer.password_command();
    let password = move |_: &str| PasswordCommand::try_from(words.clone()).ok();
    let limits = Limits {
        takeover_poll: Duration::from_millis(200),
        ..Limits::default()
    };
    let pool =
        Pool::with_limits(Vec::new(), limits).remembering(registry.clone(), None, password, |_| ());
    assert_eq!(pool.recall().await, Vec::<String>::new(), "{name}");
    let list = pool.sessions().now();
    assert_eq!(list.len(), 1, "{name}: {list:?}");
    let info = &list[0];
    assert_eq!(info.state, SessionState::Disconnected, "{name}");
    let reason = info.reason.clone().unwrap_or_default();
    let ask = Arc::new(Answers::password(PASSWORD));
    let connected = pool
        .connect(info.id, ask.clone(), CancellationToken::new())
        .await;
    let mut told = if reason.is_empty() {
        "left"
    } else {
        "abandoned"
    }
    .to_owned();
    let session = match (connected, moment.found) {
        (Err(gone), Found::Nothing) => {
            assert_eq!(gone.code as u8, 6, "{name}: {gone:?}");
            assert_eq!(pool.sessions().now().len(), 0, "{name}");
            assert_eq!(
                registry.records().expect("records").records.len(),
                0,
                "{name}"
            );
            return told + ", gone";
        }
        (connected, _) => connected.unwrap_or_else(|report| panic!("{name}: {report:?}")),
    };
    let running = if matches!(moment.found, Found::Output) {
        let running = session.receive();
        running.unwrap_or_else(|| panic!("{name}: nothing runs"))
    } else {
        session.invoke(&Invoke::objects("'marker ' + (6 * 7)"))
    };
    let _ = write!(told, ", then {}", marker(running, name).await);
    let id = session.info().id;
    let removed = pool.remove(id, ask, CancellationToken::new()).await;
    removed.unwrap_or_else(|report| panic!("{name}: {report:?}"));
    let records = registry.records().expect("records");
    assert_eq!(records.records.len(), 0, "{name}");
    assert_eq!(records.notes, Vec::<String>::new(), "{name}");
    told
}

/// The next marker that a command puts out, as an object or as text.
async fn marker(mut running: Running, name: &str) -> String {
    loop {
        let next = tokio::time::timeout(Duration::from_mins(1), running.next());
        let text = match next.await.expect("the command fell silent") {
            Some(PipelineEvent::Output(clixml::Value::String(text))) => {
                text.to_str_lossy().into_owned()
            }
            Some(PipelineEvent::Host(HostEvent::Write(line))) => line.text,
            Some(PipelineEvent::Finished(finished)) => panic!("{name}: no marker: {finished:?}"),
            None => panic!("{name}: no end"),
            Some(_) => continue,
        };
        if let Some(found) = text.lines().find(|line| line.starts_with("marker ")) {
            return found.to_owned();
        }
    }
}
