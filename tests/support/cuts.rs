//! A scripted session over WSMan through a network that fails at one message of it: what comes of it.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use psdeck::clixml::Value;
use psdeck::session::{
    Finished, Invoke, OpenRequest, PipelineEvent, PipelineState, Pool, Report, Running, Session,
    SessionId, SessionState,
};
use psdeck::transport::Leave;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::cutter::{Cutter, Harm, Plan};
use super::peer::Peer;
use super::wsman::WsmanPeer;

/// So many times as fast as real time go the server's clocks, and ours.
const CLOCK: u32 = 30;
/// All that a person waits for: four minutes.
const WINDOW: Duration = Duration::from_secs(240 / CLOCK as u64);
const HARMS: [Harm; 5] = [
    Harm::Cut,
    Harm::CutAfter,
    Harm::Delay,
    Harm::HalfClose,
    Harm::Drip,
];

/// How long the network fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    Second,
    Minute,
    /// Until the session counts as disconnected, or nothing is heard for long; then it is good again.
    Good,
}

/// One failure.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// At which message of the session, from 1.
    pub at: usize,
    pub harm: Harm,
    pub time: Time,
}

impl Case {
    /// All for a session of so many messages.
    pub fn all(messages: usize) -> Vec<Self> {
        let mut cases = Vec::new();
        for at in 1..=messages {
            for harm in HARMS {
                for time in [Time::Second, Time::Minute, Time::Good] {
                    cases.push(Self { at, harm, time });
                }
            }
        }
        cases
    }

    /// Whether nothing but silence tells of it: that takes minutes.
    pub fn is_long(&self) -> bool {
        self.time == Time::Good && !matches!(self.harm, Harm::Cut | Harm::CutAfter)
    }

    fn plan(&self) -> Plan {
        let clock = |seconds| Some(Duration::from_secs(seconds) / CLOCK);
        Plan {
            at: self.at,
            harm: self.harm,
            time: match self.time {
                Time::Second => clock(1),
                Time::Minute => clock(60),
                Time::Good => None,
            },
        }
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(if self.is_long() { 240 } else { 80 })
    }
}

/// What came of a case.
pub struct Outcome {
    pub case: Case,
    harmed: bool,
    interrupted: bool,
    resumed: usize,
    gap: bool,
    /// What the user was told instead of having everything.
    told: Vec<String>,
    /// What must not be.
    pub wrong: Vec<String>,
    took: Duration,
    counters: String,
}

/// How many messages an uncut session has.
pub async fn messages() -> Option<usize> {
    let peer = peer()?;
    let wire = Cutter::to(port(&peer), None).await;
    let mut life = Life::new(&peer, &wire, None);
    life.live().await;
    assert!(
        life.told.is_empty() && life.wrong.is_empty(),
        "{:?} {:?}",
        life.told,
        life.wrong
    );
    Some(wire.messages())
}

/// Runs cases, so many at once; in their order.
pub async fn run(cases: &[Case], at_once: usize) -> Option<Vec<Outcome>> {
    let mut peers = Vec::new();
    for _ in 0..at_once {
        peers.push(peer()?);
    }
    let next = Mutex::new(0..cases.len());
    let workers = peers.iter().map(|peer| async {
        let mut outcomes = Vec::new();
        loop {
            let Some(at) = next.lock().expect("nothing panics there").next() else {
                return outcomes;
            };
            outcomes.push((at, one(peer, cases[at]).await));
        }
    });
    let outcomes = futures_util::future::join_all(workers).await;
    let mut outcomes: Vec<_> = outcomes.into_iter().flatten().collect();
    outcomes.sort_by_key(|(at, _)| *at);
    Some(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

/// The outcomes as lines of a table, and their sums.
pub fn table(outcomes: &[Outcome]) -> String {
    let mut text = String::from("message  harm       for        s  outcome\n");
    let (mut whole, mut resumed, mut gaps, mut told, mut untouched) = (0, 0, 0, 0, 0);
    for outcome in outcomes {
        let words = match outcome {
            Outcome { harmed: false, .. } => {
                untouched += 1;
                "the session had no such message".to_owned()
            }
            Outcome { gap: true, .. } => {
                gaps += 1;
                format!("a gap that was told; {}", outcome.told.join("; "))
            }
            Outcome { told, .. } if !told.is_empty() => told.join("; "),
            Outcome { resumed: 1.., .. } => {
                resumed += 1;
                "disconnected, resumed, all of it".to_owned()
            }
            Outcome { interrupted, .. } => {
                whole += 1;
                let told = if *interrupted {
                    " after an interruption that was told"
                } else {
                    ""
                };
                format!("all of it{told}")
            }
        };
        told += usize::from(!outcome.told.is_empty() && !outcome.gap);
        let Case { at, harm, time } = outcome.case;
        let _ = writeln!(
            text,
            "{at:7}  {:9}  {:6}  {:5.1}  {words}{}  [{}]",
            format!("{harm:?}"),
            format!("{time:?}"),
            outcome.took.as_secs_f64(),
            outcome
                .wrong
                .iter()
                .map(|wrong| format!("  WRONG: {wrong}"))
                .collect::<String>(),
            outcome.counters,
        );
    }
    let wrong = outcomes.iter().filter(|one| !one.wrong.is_empty()).count();
    let _ = writeln!(
        text,
        "{} cuts: {whole} whole, {resumed} resumed to the same, {gaps} with a gap that was told, {told} told, \
         {untouched} without such a message, {wrong} wrong",
        outcomes.len()
    );
    text
}

fn peer() -> Option<Peer> {
    Peer::wsman().set("clock", CLOCK).start()
}

fn port(peer: &Peer) -> u16 {
    peer.as_wsman().expect("a WSMan peer").port("http")
}

async fn one(peer: &Peer, case: Case) -> Outcome {
    let wsman = peer.as_wsman().expect("a WSMan peer");
    wsman.control("/expire", &json!({}));
    wsman.reset();
    let wire = Cutter::to(port(peer), Some(case.plan())).await;
    let start = Instant::now();
    let mut life = Life::new(peer, &wire, Some(case));
    if tokio::time::timeout(case.limit(), life.live())
        .await
        .is_err()
    {
        let session = life.id.and_then(|id| life.pool.info(id));
        life.wrong.push(format!("it hung: {session:?}"));
    }
    let took = start.elapsed();
    let counters = life.judge();
    Outcome {
        case,
        harmed: wire.has_harmed(),
        interrupted: life.interrupted,
        resumed: life.resumed,
        gap: life.gap,
        told: life.told,
        wrong: life.wrong,
        took,
        counters,
    }
}

/// A session from its opening to its end.
struct Life<'a> {
    peer: &'a Peer,
    wsman: &'a WsmanPeer,
    wire: &'a Cutter,
    case: Option<Case>,
    pool: Pool,
    id: Option<SessionId>,
    opened: bool,
    interrupted: bool,
    resumed: usize,
    gap: bool,
    told: Vec<String>,
    wrong: Vec<String>,
}

impl<'a> Life<'a> {
    fn new(peer: &'a Peer, wire: &'a Cutter, case: Option<Case>) -> Self {
        Self {
            peer,
            wsman: peer.as_wsman().expect("a WSMan peer"),
            wire,
            case,
            pool: Pool::new(Vec::new()),
            id: None,
            opened: false,
            interrupted: false,
            resumed: 0,
            gap: false,
            told: Vec::new(),
            wrong: Vec::new(),
        }
    }

    async fn live(&mut self) {
        let mut options = self.peer.options();
        options.retry_window = Some(WINDOW);
        if self.case.is_some_and(|case| case.is_long()) {
            options.operation_timeout = Some(Duration::from_secs(20));
        }
        let request = OpenRequest {
            target: format!("http://127.0.0.1:{}/wsman", self.wire.port())
                .parse()
                .expect("a target"),
            name: None,
            options,
            window: None,
            deadline: None,
        };
        let ask = Arc::new(self.peer.answers());
        let opening = self
            .pool
            .open(&request, ask, CancellationToken::new())
            .await;
        let session = match opening.session().await {
            Ok(session) => session,
            Err(report) => return self.tell("open", &report),
        };
        self.opened = true;
        self.id = Some(session.info().id);
        let numbers: Vec<_> = (1..=300).map(Value::from).collect();
        let count = Invoke::objects("$global:n++; 1..300");
        self.runs(&session, "count", &count, &numbers).await;
        let mut upload =
            Invoke::objects("begin { $global:n++; $s = 0 } process { $s += $_.Length } end { $s }");
        upload.input = Some(Arc::new(|| {
            let chunks = (0..3u8).map(|n| Ok(Value::Bytes(vec![n; 300_000])));
            Box::pin(futures_util::stream::iter(chunks))
        }));
        self.runs(&session, "upload", &upload, &[Value::from(900_000)])
            .await;
        self.leave(&session).await;
        if self.connected(&session).await {
            let told = self.told.len();
            let (output, finished) = self.all(&session, &Invoke::objects("$global:n")).await;
            match output.first().and_then(|value| value.base().as_i64()) {
                Some(2) => {}
                Some(ran) if ran > 2 => self.wrong.push(format!("{ran} of 2 scripts ran")),
                // One that never got there was told.
                Some(_) if told > 0 => {}
                None if finished.lost.is_some() || self.gap => self.note("see", finished),
                _ => self.wrong.push(format!("see: {output:?}, {finished:?}")),
            }
        }
        session.close().await;
    }

    async fn leave(&mut self, session: &Session) {
        if !self.connected(session).await {
            return;
        }
        let id = session.info().id;
        let left = self
            .pool
            .disconnect(id, Leave::default(), CancellationToken::new());
        if let Err(report) = left.await {
            self.tell("leave", &report);
        }
        let state = session.info().state;
        if state != SessionState::Disconnected {
            self.told.push(format!("it is {state:?}, not left"));
        }
    }

    /// Sees to it that the session is open; false if it cannot be any more.
    async fn connected(&mut self, session: &Session) -> bool {
        let end = Instant::now() + WINDOW * 3;
        loop {
            let state = session.info().state;
            match state {
                SessionState::Opened => return true,
                SessionState::Disconnected if Instant::now() < end => {}
                _ => {
                    self.told.push(format!("the session is {state:?}"));
                    return false;
                }
            }
            let ask = Arc::new(self.peer.answers());
            let connected = self
                .pool
                .connect(session.info().id, ask, CancellationToken::new());
            if let Err(report) = connected.await {
                // It was cut again in the middle of this.
                self.wire.heal();
                eprintln!("{:?}: not connected: {}", self.case, report.block());
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }

    async fn runs(&mut self, session: &Session, what: &str, invoke: &Invoke, wanted: &[Value]) {
        if !self.connected(session).await {
            return;
        }
        let told = self.told.len();
        let (output, finished) = self.all(session, invoke).await;
        self.gap |= finished.gap;
        if finished.state != PipelineState::Completed {
            self.note(what, finished);
        } else if output != wanted && !finished.gap && self.told.len() == told {
            let count = output.len();
            self.wrong
                .push(format!("{what}: {count} of {} objects", wanted.len()));
        }
    }

    /// The objects that a pipeline gives, and its end; a session that is disconnected meanwhile is taken up again.
    async fn all(&mut self, session: &Session, invoke: &Invoke) -> (Vec<Value>, Finished) {
        let mut running: Running = session.invoke(invoke);
        let mut output = Vec::new();
        loop {
            match running.next().await {
                Some(PipelineEvent::Output(value)) => output.push(value),
                Some(PipelineEvent::Notice(text)) => {
                    self.interrupted |= text.contains("is interrupted");
                }
                Some(PipelineEvent::Disconnected) => {
                    self.wire.heal();
                    self.resumed += 1;
                    self.connected(session).await;
                }
                Some(PipelineEvent::StopPending) => running.force_close(),
                Some(PipelineEvent::Finished(finished)) => return (output, finished),
                Some(_) => {}
                None => panic!("the pipeline ended without its end"),
            }
        }
    }

    fn note(&mut self, what: &str, finished: Finished) {
        match finished.lost {
            Some(report) => self.tell(what, &report),
            None => self.told.push(format!("{what}: {finished:?}")),
        }
    }

    fn tell(&mut self, what: &str, report: &Report) {
        let block = report.block();
        let lines = block.lines().map(str::trim);
        let lines: Vec<_> = lines.filter(|line| !line.starts_with("hint: ")).collect();
        self.told.push(format!("{what}: {}", lines.join(" ")));
    }

    /// What must hold whatever was told; the counters.
    fn judge(&mut self) -> String {
        let state = self.wsman.state();
        let count =
            |counter: &str, operation: &str| state[counter][operation].as_u64().unwrap_or(0);
        if count("executed", "Create") > 1 {
            self.wrong.push("two shells were made".to_owned());
        }
        let log = self.wsman.log();
        let commands: Vec<_> = log.iter().filter(|one| one["op"] == "Command").collect();
        let mut ids: Vec<_> = commands
            .iter()
            .map(|one| one["command"].to_string())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        if commands.len() > 3 || ids.len() != commands.len() {
            self.wrong
                .push(format!("a command was run twice: {commands:?}"));
        }
        for list in ["violations", "errors"] {
            if state[list] != json!([]) {
                self.wrong.push(format!("{list}: {}", state[list]));
            }
        }
        let is_short = self.case.is_some_and(|case| case.time != Time::Good);
        // Before there is a session, nothing is tried again.
        if is_short && self.opened && (self.gap || !self.told.is_empty()) {
            self.wrong
                .push("the server keeps answers that long, and yet it was not whole".to_owned());
        }
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
