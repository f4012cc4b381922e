//! Faults at each request of a session over WSMan, before and after the server acted, with a server that keeps lost
//! answers (as Windows) and one that does not: what comes of each.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use psdeck::clixml::Value;
use psdeck::session::{
    Finished, Invoke, OpenRequest, PipelineEvent, PipelineState, Pool, Running, Session,
    SessionState,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::peer::{Peer, spread};
use super::wsman::WsmanPeer;

/// The requests of a session.
pub const PLACES: [Place; 9] = [
    Place::Create,
    Place::ReceiveOfPool,
    Place::Command,
    Place::ReceiveOfCommand,
    Place::Send,
    Place::Stop,
    Place::Terminate,
    Place::Delete,
    Place::Parked,
];

/// Where a fault comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Create,
    ReceiveOfPool,
    Command,
    ReceiveOfCommand,
    Send,
    Stop,
    Terminate,
    Delete,
    /// Between two commands, while the pool's Receive waits.
    Parked,
}

/// What comes there, once.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub name: &'static str,
    /// The peer's switch and its arguments.
    switch: &'static str,
    arguments: &'static str,
    /// The server has acted by then.
    pub after: bool,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// What networks and busy servers do.
    Network,
    /// The same, and only a deadline shows it.
    Silence,
    /// What only somebody in between does: the session ends and says so.
    Forgery,
}

const fn fault(
    name: &'static str,
    switch: &'static str,
    arguments: &'static str,
    after: bool,
    kind: Kind,
) -> Fault {
    Fault {
        name,
        switch,
        arguments,
        after,
        kind,
    }
}

/// All of them, those before the server acted first.
pub const FAULTS: [Fault; 21] = [
    fault(
        "closed",
        "drop_before",
        r#"{"how":"fin"}"#,
        false,
        Kind::Network,
    ),
    fault(
        "reset",
        "drop_before",
        r#"{"how":"rst"}"#,
        false,
        Kind::Network,
    ),
    fault("503", "status", r#"{"code":503}"#, false, Kind::Network),
    fault(
        "503, closed",
        "status",
        r#"{"code":503,"close":true}"#,
        false,
        Kind::Network,
    ),
    fault("401", "reauth", "{}", false, Kind::Network),
    fault(
        "401, closed",
        "reauth",
        r#"{"close":true}"#,
        false,
        Kind::Network,
    ),
    fault(
        "400, context lost",
        "lose_context",
        "{}",
        false,
        Kind::Network,
    ),
    fault(
        "half closed",
        "half_close",
        r#"{"seconds":3}"#,
        false,
        Kind::Network,
    ),
    fault("late", "delay", r#"{"seconds":2}"#, false, Kind::Network),
    fault("never", "hang", "{}", false, Kind::Silence),
    fault(
        "closed",
        "drop_after",
        r#"{"how":"fin"}"#,
        true,
        Kind::Network,
    ),
    fault(
        "reset",
        "drop_after",
        r#"{"how":"rst"}"#,
        true,
        Kind::Network,
    ),
    fault(
        "half an answer, closed",
        "truncated",
        r#"{"how":"fin"}"#,
        true,
        Kind::Network,
    ),
    fault(
        "half an answer, reset",
        "truncated",
        r#"{"how":"rst"}"#,
        true,
        Kind::Network,
    ),
    fault(
        "an answer by drops",
        "slow_drip",
        r#"{"bytes":512,"interval":0.01}"#,
        true,
        Kind::Network,
    ),
    fault("chunked", "chunked", "{}", true, Kind::Network),
    fault("garbage", "garbage_body", "{}", true, Kind::Network),
    fault("empty", "empty_body", "{}", true, Kind::Network),
    fault(
        "late",
        "delay_after",
        r#"{"seconds":2}"#,
        true,
        Kind::Network,
    ),
    fault(
        "a wrong type",
        "wrong_content_type",
        "{}",
        true,
        Kind::Forgery,
    ),
    fault(
        "a wrong signature",
        "wrong_multipart",
        r#"{"variant":"bad_signature"}"#,
        true,
        Kind::Forgery,
    ),
];

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub place: Place,
    pub fault: Fault,
    /// Whether the server keeps answers that were lost.
    pub cache: bool,
}

impl Case {
    /// All of them.
    pub fn all() -> Vec<Self> {
        let mut cases = Vec::new();
        for place in PLACES {
            for cache in [true, false] {
                // Of what is parked only the connection can break.
                let faults = FAULTS.iter().filter(|fault| {
                    place != Place::Parked
                        || (fault.switch == "drop_before" && fault.name == "reset")
                });
                cases.extend(faults.map(|fault| Self {
                    place,
                    fault: *fault,
                    cache,
                }));
            }
        }
        cases
    }

    /// Whether it takes more than seconds.
    pub fn is_long(&self) -> bool {
        self.fault.kind == Kind::Silence
    }

    fn limit(&self) -> Duration {
        let patience = if self.is_long() { 100 } else { 0 };
        Duration::from_secs(50 + patience)
    }
}

/// What came of a case.
pub struct Outcome {
    pub case: Case,
    /// What the user had: everything, or what was said.
    told: Vec<String>,
    /// Whether it was told that the network is away for a while.
    interrupted: bool,
    /// What must not be.
    pub wrong: Vec<String>,
    took: Duration,
    counters: String,
}

/// Runs cases, so many at once; in their order.
pub async fn run(cases: &[Case], at_once: usize) -> Option<Vec<Outcome>> {
    let peers: Option<Vec<_>> = (0..at_once).map(|_| Peer::wsman().start()).collect();
    Some(spread(cases, &peers?, one).await)
}

/// The outcomes as lines of a table.
pub fn table(outcomes: &[Outcome]) -> String {
    let mut text =
        String::from("request            server  fault                    keeps    s  outcome\n");
    for outcome in outcomes {
        let Case {
            place,
            fault,
            cache,
        } = outcome.case;
        let _ = writeln!(
            text,
            "{:18} {:7} {:24} {:5} {:5.1}  {}{}  [{}]",
            format!("{place:?}"),
            if fault.after { "acted" } else { "did not" },
            fault.name,
            if cache { "yes" } else { "no" },
            outcome.took.as_secs_f64(),
            match (&outcome.told[..], outcome.interrupted) {
                ([], false) => "all of it".to_owned(),
                ([], true) => "all of it, after an interruption that was told".to_owned(),
                (told, _) => told.join("; "),
            },
            outcome
                .wrong
                .iter()
                .map(|wrong| format!("  WRONG: {wrong}"))
                .collect::<String>(),
            outcome.counters,
        );
    }
    text
}

async fn one(peer: &Peer, case: Case) -> Outcome {
    let wsman = peer.as_wsman().expect("a WSMan peer");
    wsman.control("/expire", &json!({}));
    wsman.reset();
    wsman.set(
        "operation_cache",
        if case.cache { "windows" } else { "off" },
    );
    let start = Instant::now();
    let mut life = Life {
        case,
        wsman,
        told: Vec::new(),
        interrupted: false,
        wrong: Vec::new(),
    };
    if tokio::time::timeout(case.limit(), life.live(peer))
        .await
        .is_err()
    {
        life.wrong.push("it hung".into());
    }
    let took = start.elapsed();
    let counters = life.judge();
    let Life {
        told,
        interrupted,
        wrong,
        ..
    } = life;
    Outcome {
        case,
        told,
        interrupted,
        wrong,
        took,
        counters,
    }
}

/// A session from its opening to its end, with the fault in it.
struct Life<'a> {
    case: Case,
    wsman: &'a WsmanPeer,
    told: Vec<String>,
    interrupted: bool,
    wrong: Vec<String>,
}

impl Life<'_> {
    /// Sets the fault, if this is its place.
    fn at(&self, place: Place) {
        if self.case.place != place {
            return;
        }
        let (op, target) = match place {
            Place::Create => ("Create", "*"),
            Place::ReceiveOfPool => ("Receive", "pool"),
            Place::Command => ("Command", "*"),
            Place::ReceiveOfCommand => ("Receive", "command"),
            Place::Send => ("Send", "*"),
            Place::Stop | Place::Terminate => ("Signal", "*"),
            Place::Delete => ("Delete", "*"),
            Place::Parked => return self.wsman.cut(),
        };
        let Ok(mut arguments) =
            serde_json::from_str::<serde_json::Value>(self.case.fault.arguments)
        else {
            panic!("{}", self.case.fault.arguments)
        };
        arguments["op"] = op.into();
        arguments["target"] = target.into();
        // Only what comes for the first time.
        arguments["retransmission"] = false.into();
        self.wsman.rule(self.case.fault.switch, arguments);
    }

    async fn live(&mut self, peer: &Peer) {
        self.at(Place::Create);
        self.at(Place::ReceiveOfPool);
        let pool = Pool::new(Vec::new());
        let mut options = peer.options();
        if self.case.is_long() {
            // A Receive may be silent for longer than this; so its silence shows after less than a minute.
            options.operation_timeout = Some(Duration::from_secs(20));
        }
        let request = OpenRequest {
            target: peer.address(),
            name: None,
            options,
            window: None,
            deadline: None,
            kept: false,
        };
        let opening = pool
            .open(&request, Arc::new(peer.answers()), CancellationToken::new())
            .await;
        let session = match opening.session().await {
            Ok(session) => session,
            Err(report) => return self.tell("open", &report.block()),
        };
        self.at(Place::Command);
        self.at(Place::ReceiveOfCommand);
        self.at(Place::Terminate);
        let numbers: Vec<_> = (1..=300).map(Value::from).collect();
        self.runs(
            &session,
            "count",
            Invoke::objects("$global:n++; 1..300"),
            &numbers,
        )
        .await;
        // The goodbye to that command is under way while the next one begins.
        self.at(Place::Parked);
        self.at(Place::Send);
        let mut upload =
            Invoke::objects("begin { $global:n++; $s = 0 } process { $s += $_.Length } end { $s }");
        upload.input = Some(Arc::new(|| {
            let chunks = (0..3u8).map(|n| Ok(Value::Bytes(vec![n; 300_000])));
            Box::pin(futures_util::stream::iter(chunks))
        }));
        self.runs(&session, "upload", upload, &[Value::from(900_000)])
            .await;
        self.stop(&session).await;
        if session.info().state != SessionState::Broken {
            let told = self.told.len();
            let script = Invoke::objects("$global:n");
            let (output, finished) = self.all("see", session.invoke(&script)).await;
            let ran = output.first().and_then(|value| value.base().as_i64());
            match ran {
                Some(3) => {}
                Some(ran) if ran > 3 => self.wrong.push(format!("{ran} of 3 scripts ran")),
                // One that never got there was told.
                Some(_) if told > 0 => {}
                None if finished.lost.is_some() => {
                    let lost = finished.lost.map(|lost| lost.block());
                    self.tell("see", &lost.unwrap_or_default());
                }
                _ => self.wrong.push(format!("{output:?}, {finished:?}")),
            }
        }
        if let Some(reason) = session.info().reason.clone() {
            self.tell("session", &reason);
        }
        self.at(Place::Delete);
        let _ = session.close().await;
    }

    async fn runs(&mut self, session: &Session, what: &str, invoke: Invoke, wanted: &[Value]) {
        if session.info().state == SessionState::Broken {
            return;
        }
        let told = self.told.len();
        let (output, finished) = self.all(what, session.invoke(&invoke)).await;
        if let Some(lost) = &finished.lost {
            self.tell(what, &lost.block());
        } else if finished.state != PipelineState::Completed {
            self.tell(what, &format!("{finished:?}"));
        } else if output != wanted && self.told.len() == told {
            let count = output.len();
            self.wrong
                .push(format!("{what}: {count} of {} objects", wanted.len()));
        }
    }

    async fn stop(&mut self, session: &Session) {
        if session.info().state == SessionState::Broken {
            return;
        }
        let mut running = session.invoke(&Invoke::objects("$global:n++; 'begun'; Start-Sleep 60"));
        loop {
            match running.next().await {
                Some(PipelineEvent::Output(_)) => break,
                Some(PipelineEvent::Notice(text)) => self.note("stop", &text),
                Some(PipelineEvent::Finished(finished)) => {
                    return self.tell("stop", &format!("{finished:?}"));
                }
                Some(_) => {}
                None => return self.wrong.push("the pipeline has no end".into()),
            }
        }
        self.at(Place::Stop);
        running.stop();
        let (_, finished) = self.all("stop", running).await;
        if let Some(lost) = &finished.lost {
            self.tell("stop", &lost.block());
        } else if finished.state != PipelineState::Stopped {
            self.tell("stop", &format!("{finished:?}"));
        }
    }

    /// The objects that a pipeline gives, and its end.
    async fn all(&mut self, step: &str, mut running: Running) -> (Vec<Value>, Finished) {
        let mut output = Vec::new();
        loop {
            match running.next().await {
                Some(PipelineEvent::Output(value)) => output.push(value),
                Some(PipelineEvent::Notice(text)) => self.note(step, &text),
                Some(PipelineEvent::Finished(finished)) => return (output, finished),
                Some(PipelineEvent::StopPending) => running.force_close(),
                Some(_) => {}
                None => panic!("the pipeline ended without its end"),
            }
        }
    }

    /// A network that is away for a while is told, and costs nothing.
    fn note(&mut self, step: &str, text: &str) {
        if text.contains("is interrupted") {
            self.interrupted = true;
        } else if !text.ends_with("answers again") {
            self.tell(step, text);
        }
    }

    fn tell(&mut self, step: &str, report: &str) {
        let lines = report.lines().map(str::trim);
        let lines: Vec<_> = lines.filter(|line| !line.starts_with("hint: ")).collect();
        self.told.push(format!("{step}: {}", lines.join(" ")));
    }

    /// What must hold whatever was told; the counters.
    fn judge(&mut self) -> String {
        self.wsman.heal();
        let state = self.wsman.state();
        let count =
            |counter: &str, operation: &str| state[counter][operation].as_u64().unwrap_or(0);
        let mut wrong = Vec::new();
        if count("executed", "Create") > 1 {
            wrong.push("two shells were made".to_owned());
        }
        // Of this shell: the one before may still be saying goodbye.
        let mut commands: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for one in self.wsman.log().iter().filter(|one| one["op"] == "Command") {
            let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
            commands
                .entry(text("shell"))
                .or_default()
                .push(text("command"));
        }
        if commands.values().any(|commands| commands.len() > 4) {
            wrong.push(format!("a command was run twice: {commands:?}"));
        }
        for list in ["violations", "errors"] {
            if state[list] != json!([]) {
                wrong.push(format!("{list}: {}", state[list]));
            }
        }
        let is_forged = self.case.fault.kind == Kind::Forgery;
        let is_quiet = self.case.fault.kind == Kind::Silence;
        if self.case.cache && !is_forged && !is_quiet && !self.told.is_empty() {
            wrong.push("the server keeps answers, and yet it was not whole".to_owned());
        }
        if is_forged && self.told.is_empty() && self.case.place != Place::Delete {
            wrong.push("a forged answer was taken".to_owned());
        }
        self.wrong.extend(wrong);
        let sum = |counter: &str| {
            let all = state[counter].as_object().into_iter().flatten();
            all.filter_map(|(_, count)| count.as_u64()).sum::<u64>()
        };
        format!(
            "{} executed, {} retransmitted, {} bytes lost",
            sum("executed"),
            sum("retransmitted"),
            sum("output_lost")
        )
    }
}
