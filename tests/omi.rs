//! The connection seam fits a transport that is polled and that disconnects: a session is driven by what a real WSMan
//! server (OMI in front of PowerShell 7.6) answered.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::pending;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use psdeck::clixml::Value;
use psdeck::psrp::Target;
use psdeck::session::{
    Availability, BoxFuture, Connected, Connector, Description, Invoke, OpenRequest, PipelineEvent,
    PipelineState, Pool, SessionState, Stages, TransportKind,
};
use psdeck::transport::{
    Ask, Capabilities, Command, Connection, Event, Failure, FailureKind, Leave, Options,
    TargetAddress,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::session::{all, limits};
use crate::support::link::Answers;

/// What a client did, by the last part of the SOAP action.
type Done = Arc<Mutex<Vec<String>>>;

/// One request and its answer.
struct Exchange {
    action: String,
    command: Option<Uuid>,
    answer: String,
}

/// A connection whose server is a recording. Requests must come in the recorded order, per action and target; what a
/// target has to say is fetched one poll at a time, and only while it has credit.
struct Polled {
    exchanges: VecDeque<Exchange>,
    /// Recorded ids and ours: the shell is the pool, a command is a pipeline.
    ids: Vec<(Uuid, Uuid)>,
    credit: BTreeMap<Target, usize>,
    finished: BTreeSet<Target>,
    away: bool,
    events: VecDeque<Event>,
    done: Done,
}

impl Polled {
    fn of(recording: &str, done: Done) -> Self {
        let lines: Vec<serde_json::Value> = recording
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let body = |line: &serde_json::Value| line["body"].as_str().unwrap().to_owned();
        let answers: BTreeMap<String, String> = lines
            .iter()
            .filter(|line| line["dir"] == "s")
            .map(|line| (inside(&body(line), "RelatesTo>", "<").unwrap(), body(line)))
            .collect();
        let mut ids = Vec::new();
        let mut exchanges = VecDeque::new();
        for line in lines.iter().filter(|line| line["dir"] == "c") {
            let body = body(line);
            let command = inside(&body, "CommandId=\"", "\"");
            let action = inside(&body, "Action", "</").unwrap();
            if let (Some(shell), true) = (inside(&body, "ShellId=\"", "\""), ids.is_empty()) {
                ids.push((shell.parse().unwrap(), Uuid::nil()));
            }
            exchanges.push_back(Exchange {
                action: action.rsplit('/').next().unwrap().to_owned(),
                command: command.map(|id| id.parse().unwrap()),
                answer: answers[&inside(&body, "MessageID>", "<").unwrap()].clone(),
            });
        }
        Self {
            exchanges,
            ids,
            credit: BTreeMap::new(),
            finished: BTreeSet::new(),
            away: false,
            events: VecDeque::new(),
            done,
        }
    }

    /// The recorded answer to this request. What lies before it must be of no importance: polls that found nothing, and a
    /// second disconnect.
    fn exchange(&mut self, action: &str, target: Target) -> String {
        loop {
            let next = self.exchanges.pop_front();
            let next = next.unwrap_or_else(|| panic!("nothing is recorded for {action}"));
            if next.action == action && self.target(&next) == Some(target) {
                self.done.lock().unwrap().push(action.to_owned());
                return next.answer;
            }
            let idle = next.action == "Receive" && streams(&next.answer).is_empty();
            let again = self.away && next.action == "Disconnect";
            assert!(
                idle || again,
                "{} was recorded before {action}",
                next.action
            );
        }
    }

    fn target(&self, exchange: &Exchange) -> Option<Target> {
        match exchange.command {
            None => Some(Target::Pool),
            Some(command) => {
                let known = self.ids.iter().find(|(theirs, _)| *theirs == command);
                known.map(|(_, ours)| Target::Pipeline(*ours))
            }
        }
    }

    /// One poll of the target whose turn it is, if it has credit.
    fn poll(&mut self) -> Option<Event> {
        let next = self.exchanges.front()?;
        let target = self.target(next)?;
        let credit = self.credit.get(&target).copied().unwrap_or(0);
        if next.action != "Receive" || self.away || self.finished.contains(&target) || credit == 0 {
            return None;
        }
        let answer = self.exchange("Receive", target);
        if answer.contains("CommandState/Done") {
            self.finished.insert(target);
        }
        let data: Vec<u8> = streams(&answer).concat();
        if data.is_empty() {
            return self.poll();
        }
        let left = credit
            .checked_sub(data.len())
            .expect("read more than the credit");
        self.credit.insert(target, left);
        Some(Event::Data {
            target,
            data: self.ours(data),
        })
    }

    /// The bytes with our ids in place of the recorded ones.
    fn ours(&self, mut data: Vec<u8>) -> Bytes {
        for (theirs, ours) in &self.ids {
            let (theirs, ours) = (theirs.to_bytes_le(), ours.to_bytes_le());
            while let Some(at) = data.windows(16).position(|part| *part == theirs) {
                data[at..at + 16].copy_from_slice(&ours);
            }
        }
        data.into()
    }
}

impl Connection for Polled {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            disconnect: true,
            list: false,
            several_pipelines: true,
            credit_per_target: true,
            encrypted: false,
            answers_beside: false,
            own_deadlines: None,
            retry_window: std::time::Duration::ZERO,
            fragment_size: 32 << 10,
        }
    }

    fn submit(&mut self, command: Command) {
        match command {
            Command::Open { id, opening, .. } => {
                self.ids[0].1 = id;
                assert_eq!(messages(&opening), [0x0001_0002, 0x0001_0004]);
                self.exchange("Create", Target::Pool);
                self.events.push_back(Event::Opened);
            }
            Command::CreatePipeline { id, first } => {
                assert_eq!(messages(&first), [0x0002_1006]);
                let next = self.exchanges.iter().find(|next| next.action == "Command");
                let command = next.and_then(|next| next.command).unwrap();
                self.ids.push((command, id));
                let target = Target::Pipeline(id);
                self.exchange("Command", target);
                self.events.push_back(Event::Acknowledged(target));
            }
            Command::Read { target, credit } => *self.credit.entry(target).or_default() += credit,
            Command::ClosePipeline(id) => {
                self.exchange("Signal", Target::Pipeline(id));
                self.events.push_back(Event::PipelineClosed(id));
            }
            Command::Disconnect(_) => {
                self.exchange("Disconnect", Target::Pool);
                self.away = true;
                self.events.push_back(Event::Disconnected(None));
            }
            Command::Reconnect => {
                self.exchange("Reconnect", Target::Pool);
                self.away = false;
                self.events.push_back(Event::Reconnected);
            }
            Command::Close => {
                self.exchange("Delete", Target::Pool);
                self.events.push_back(Event::Closed(None));
            }
            other => panic!("{other:?} was not recorded"),
        }
    }

    fn event(&mut self) -> Pin<Box<dyn Future<Output = Event> + Send + '_>> {
        Box::pin(async move {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            tokio::task::yield_now().await;
            match self.poll() {
                Some(event) => event,
                None => pending().await,
            }
        })
    }
}

/// Reaches the recording, once.
struct Recorded(Mutex<Option<Polled>>);

impl Connector for Recorded {
    fn describe(&self, target: &TargetAddress, _: &Options) -> Option<Description> {
        Some(Description {
            transport: TransportKind::WSMan,
            computer_name: target.computer().to_owned(),
            computer_type: "RemoteMachine",
            configuration_name: "Microsoft.PowerShell".to_owned(),
            user: None,
        })
    }

    fn connect(
        &self,
        _: TargetAddress,
        _: Options,
        _: Uuid,
        _: Arc<dyn Ask>,
        _: Stages,
    ) -> BoxFuture<'static, Result<Connected, Failure>> {
        let connection = self.0.lock().unwrap().take();
        Box::pin(async move {
            let gone = || Failure::new(FailureKind::Unreachable, "the recording is used up");
            Ok(Connected {
                connection: Box::new(connection.ok_or_else(gone)?),
                user: None,
                authentication: Some("basic".to_owned()),
            })
        })
    }
}

fn pool(recording: &str) -> (Pool, OpenRequest, Done) {
    let done = Done::default();
    let polled = Polled::of(recording, Arc::clone(&done));
    let connector = Recorded(Mutex::new(Some(polled)));
    let request = OpenRequest {
        target: TargetAddress::Demo("omi".to_owned()),
        name: None,
        options: Options::default(),
        window: None,
        deadline: None,
        kept: false,
    };
    let pool = Pool::with_limits(vec![Arc::new(connector)], limits());
    (pool, request, done)
}

#[tokio::test]
async fn a_recorded_wsman_server_is_polled_through_the_seam() {
    let (pool, request, done) = pool(include_str!("recordings/omi-wsman/basic.jsonl"));
    let ask: Arc<dyn Ask> = Arc::new(Answers::none());
    let session = pool
        .open(&request, Arc::clone(&ask), CancellationToken::new())
        .await
        .session()
        .await
        .unwrap();
    assert_eq!(session.info().ps_version.as_deref(), Some("7.6.5"));
    let (events, finished) = all(session.invoke(&Invoke::objects("recorded"))).await;
    assert_eq!(finished.state, PipelineState::Completed);
    let output: Vec<Value> = events.into_iter().filter_map(output).collect();
    assert_eq!(
        output,
        [
            Value::from(1),
            Value::from("two"),
            Value::from("7.6.5"),
            Value::from("omitest")
        ]
    );
    session.close().await.unwrap();
    assert_eq!(session.info().state, SessionState::Closed);
    let done = done.lock().unwrap().clone();
    let mut kinds = done.clone();
    kinds.dedup();
    assert_eq!(
        kinds,
        [
            "Create", "Receive", "Command", "Receive", "Signal", "Delete"
        ],
        "{done:?}"
    );
}

#[tokio::test]
async fn a_session_is_left_and_taken_up_again_while_its_command_runs_on() {
    let (pool, request, done) = pool(include_str!("recordings/omi-wsman/disconnect.jsonl"));
    let ask: Arc<dyn Ask> = Arc::new(Answers::none());
    let session = pool
        .open(&request, Arc::clone(&ask), CancellationToken::new())
        .await
        .session()
        .await
        .unwrap();
    let id = session.info().id;
    let mut running = session.invoke(&Invoke::objects("recorded"));
    let first = running.next().await.and_then(output);
    assert_eq!(first, Some(Value::from(1)));

    pool.disconnect(id, Leave::default(), CancellationToken::new())
        .await
        .unwrap();
    let info = session.info();
    assert_eq!(
        (info.state, info.availability),
        (SessionState::Disconnected, Availability::None)
    );
    assert!(pool.session(id).is_none());
    // It takes nothing meanwhile, and says why.
    let (_, refused) = all(session.invoke(&Invoke::objects("1"))).await;
    assert!(refused.lost.unwrap().what.contains("Disconnected"));

    let session = pool
        .connect(id, Arc::clone(&ask), CancellationToken::new())
        .await
        .unwrap();
    assert_eq!(session.info().availability, Availability::Busy);
    let (events, finished) = all(running).await;
    let rest: Vec<Value> = events.into_iter().filter_map(output).collect();
    assert_eq!(rest, [2, 3, 4].map(Value::from));
    assert_eq!(finished.state, PipelineState::Completed);

    let (events, _) = all(session.invoke(&Invoke::objects("recorded"))).await;
    let after: Vec<Value> = events.into_iter().filter_map(output).collect();
    assert_eq!(after, [Value::from("after reconnect")]);
    pool.remove(id, ask, CancellationToken::new())
        .await
        .unwrap();
    assert!(pool.sessions().now().is_empty());
    let done = done.lock().unwrap();
    assert_eq!(done.last().unwrap(), "Delete", "{done:?}");
}

fn output(event: PipelineEvent) -> Option<Value> {
    match event {
        PipelineEvent::Output(value) => Some(value),
        _ => None,
    }
}

/// What stands after the first `from`, behind the end of that tag, up to `to`.
fn inside(text: &str, from: &str, to: &str) -> Option<String> {
    let rest = &text[text.find(from)? + from.len()..];
    let rest = if from.ends_with(['>', '"']) {
        rest
    } else {
        &rest[rest.find('>')? + 1..]
    };
    Some(rest[..rest.find(to)?].to_owned())
}

/// The bytes of each `Stream` element.
fn streams(body: &str) -> Vec<Vec<u8>> {
    body.split(":Stream ")
        .skip(1)
        .filter_map(|part| {
            let text = inside(part, "Name", "<")?;
            STANDARD.decode(text).ok()
        })
        .collect()
}

/// The types of the messages that whole fragments begin.
fn messages(mut fragments: &[u8]) -> Vec<u32> {
    let mut types = Vec::new();
    while fragments.len() > 21 {
        let length = u32::from_be_bytes(fragments[17..21].try_into().unwrap()) as usize;
        if fragments[16] & 1 == 1 {
            types.push(u32::from_le_bytes(fragments[25..29].try_into().unwrap()));
        }
        fragments = &fragments[21 + length..];
    }
    types
}
