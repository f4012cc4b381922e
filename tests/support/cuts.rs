//! A scripted session over WSMan through a network that fails at one message of it: what comes of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
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
use super::peer::{Peer, spread};
use super::wsman::WsmanPeer;

/// So many times as fast as real time go the server's clocks, and ours.
const CLOCK: u32 = 15;
/// For so long a lost network is tried again: four minutes.
const WINDOW: Duration = Duration::from_secs(240 / CLOCK as u64);
/// So long an operation may take where nothing else is said: three minutes.
const OPERATION: Duration = Duration::from_secs(180 / CLOCK as u64);
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

impl std::fmt::Display for Case {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { at, harm, time } = self;
        write!(out, "{at} {harm:?} {time:?}")
    }
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

/// What the user may be told instead of having everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    /// There never was a session.
    NotOpened,
    /// A command has not run, and never will by itself: it was run again, to its end.
    NotRun,
    /// Some output may be missing, as the server keeps no answer for longer than its retention.
    Gap,
    /// Input whose answer was lost for longer than that: nothing shows whether the server has it, so its command failed.
    Undecided,
    /// Whatever is never right.
    Other,
}

/// What came of a case.
pub struct Outcome {
    pub case: Case,
    harmed: bool,
    interrupted: bool,
    resumed: usize,
    told: Vec<(Told, String)>,
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
    let peers: Option<Vec<_>> = (0..at_once).map(|_| peer()).collect();
    Some(spread(cases, &peers?, one).await)
}

/// The outcomes as lines of a table, and their sums.
pub fn table(outcomes: &[Outcome]) -> String {
    let mut text = String::from("message  harm       for        s  outcome\n");
    let mut sums: BTreeMap<&str, usize> = BTreeMap::new();
    for outcome in outcomes {
        let words = outcome.words();
        *sums.entry(words).or_default() += 1;
        let Case { at, harm, time } = outcome.case;
        let told = outcome.told.iter().map(|(_, told)| format!("; {told}"));
        let wrong = outcome.wrong.iter().map(|one| format!("  WRONG: {one}"));
        let _ = writeln!(
            text,
            "{at:7}  {:9}  {:6}  {:5.1}  {words}{}{}  [{}]",
            format!("{harm:?}"),
            format!("{time:?}"),
            outcome.took.as_secs_f64(),
            told.collect::<String>(),
            wrong.collect::<String>(),
            outcome.counters,
        );
    }
    let _ = writeln!(text, "{} cuts:", outcomes.len());
    for (words, sum) in sums {
        let _ = writeln!(text, "{sum:7}  {words}");
    }
    text
}

impl Outcome {
    /// The worst that is true of it.
    fn words(&self) -> &'static str {
        if !self.wrong.is_empty() {
            return "WRONG";
        }
        match self.told.iter().map(|(told, _)| *told).max() {
            Some(Told::Other) => "WRONG",
            Some(Told::Undecided) => "told: nobody knows whether input arrived, its command failed",
            Some(Told::Gap) => "told: output is missing, past the retention",
            Some(Told::NotRun) => "told: a command has not run; run again, all of it",
            Some(Told::NotOpened) => "told: never opened",
            None if !self.harmed => "the session had no such message",
            None if self.resumed > 0 => "disconnected, resumed, all of it",
            None if self.interrupted => "all of it, after an interruption that was told",
            None => "all of it",
        }
    }
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
    interrupted: bool,
    resumed: usize,
    /// It was left on purpose.
    left: bool,
    told: Vec<(Told, String)>,
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
            interrupted: false,
            resumed: 0,
            left: false,
            told: Vec::new(),
            wrong: Vec::new(),
        }
    }

    async fn live(&mut self) {
        let mut options = self.peer.options();
        options.retry_window = Some(WINDOW);
        options.operation_timeout = Some(OPERATION);
        let request = OpenRequest {
            target: format!("http://127.0.0.1:{}/wsman", self.wire.port())
                .parse()
                .expect("a target"),
            name: None,
            options,
            window: None,
            deadline: None,
            kept: false,
        };
        let ask = Arc::new(self.peer.answers());
        let opening = self
            .pool
            .open(&request, ask, CancellationToken::new())
            .await;
        let session = match opening.session().await {
            Ok(session) => session,
            Err(report) => return self.tell(Told::NotOpened, "open", &report),
        };
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
            let see = Invoke::objects("$global:n");
            let output = self.all(&session, "see", &see).await;
            let ran = output.first().and_then(|value| value.base().as_i64());
            let undecided = self.told.iter().any(|(told, _)| *told == Told::Undecided);
            match ran {
                Some(2) => {}
                // The input of the second may have been lost before it was whole.
                Some(1) if undecided => {}
                None if self.told.iter().any(|(_, text)| text.starts_with("see")) => {}
                _ => self.wrong.push(format!("{ran:?} of 2 scripts ran")),
            }
        }
        let _ = session.close().await;
    }

    async fn leave(&mut self, session: &Session) {
        if !self.connected(session).await {
            return;
        }
        let id = session.info().id;
        self.left = true;
        let left = self
            .pool
            .disconnect(id, Leave::default(), CancellationToken::new());
        if let Err(report) = left.await {
            self.tell(Told::Other, "leave", &report);
        }
        let state = session.info().state;
        if state != SessionState::Disconnected {
            self.wrong.push(format!("it is {state:?}, not left"));
        }
    }

    /// Sees to it that the session is open; false if it cannot be any more.
    async fn connected(&mut self, session: &Session) -> bool {
        let end = Instant::now() + WINDOW * 3;
        let left = std::mem::take(&mut self.left);
        let mut lost = false;
        loop {
            let state = session.info().state;
            match state {
                SessionState::Opened => return true,
                SessionState::Disconnected if Instant::now() < end => {}
                _ => {
                    self.wrong.push(format!("the session is {state:?}"));
                    return false;
                }
            }
            if !left && !lost {
                // Nobody asked for that: the network was lost for too long.
                lost = true;
                self.resumed += 1;
                self.wire.heal();
            }
            let ask = Arc::new(self.peer.answers());
            let connected = self
                .pool
                .connect(session.info().id, ask, CancellationToken::new());
            if let Err(report) = connected.await {
                // It was cut in the middle of this.
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
        let output = self.all(session, what, invoke).await;
        let excused = self.told[told..]
            .iter()
            .any(|(told, _)| *told != Told::NotRun);
        if output != wanted && !excused {
            let count = output.len();
            self.wrong
                .push(format!("{what}: {count} of {} objects", wanted.len()));
        }
    }

    /// The objects that a pipeline gives; a session that is disconnected meanwhile is taken up again, and what has not
    /// run is run again.
    async fn all(&mut self, session: &Session, what: &str, invoke: &Invoke) -> Vec<Value> {
        loop {
            let (output, finished) = self.once(session, invoke).await;
            if finished.gap {
                self.told.push((Told::Gap, format!("{what}: a gap")));
            }
            let Some(report) = &finished.lost else {
                if finished.state != PipelineState::Completed {
                    self.wrong.push(format!("{what}: {finished:?}"));
                }
                return output;
            };
            let text = report.block();
            let told = match () {
                () if finished.gap => Told::Gap,
                () if text.contains("it has not run") || text.contains("it takes no command") => {
                    Told::NotRun
                }
                () if text.contains("the answer to Send was lost") => Told::Undecided,
                () => Told::Other,
            };
            self.tell(told, what, report);
            if told != Told::NotRun || !self.connected(session).await {
                return output;
            }
        }
    }

    async fn once(&mut self, session: &Session, invoke: &Invoke) -> (Vec<Value>, Finished) {
        let mut running: Running = session.invoke(invoke);
        let mut output = Vec::new();
        loop {
            match running.next().await {
                Some(PipelineEvent::Output(value)) => output.push(value),
                Some(PipelineEvent::Notice(text)) => {
                    self.interrupted |= text.contains("is interrupted");
                }
                Some(PipelineEvent::Disconnected) => {
                    self.connected(session).await;
                }
                Some(PipelineEvent::StopPending) => running.force_close(),
                Some(PipelineEvent::Finished(finished)) => return (output, finished),
                Some(_) => {}
                None => panic!("the pipeline ended without its end"),
            }
        }
    }

    fn tell(&mut self, told: Told, what: &str, report: &Report) {
        let block = report.block();
        let lines = block.lines().map(str::trim);
        let lines: Vec<_> = lines.filter(|line| !line.starts_with("hint: ")).collect();
        self.told
            .push((told, format!("{what}: {}", lines.join(" "))));
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
        // The server keeps answers for less long than that only.
        let is_late = self.case.is_some_and(|case| case.time == Time::Good);
        for (told, text) in &self.told {
            let is_right = match told {
                // Before a session is asked for, nothing is tried again.
                Told::NotOpened => is_late || count("executed", "Create") == 0,
                Told::NotRun | Told::Gap | Told::Undecided => is_late,
                Told::Other => false,
            };
            if !is_right {
                self.wrong
                    .push(format!("{text}, whatever the server keeps"));
            }
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
