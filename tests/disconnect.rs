//! Sessions that are left and taken up again: by the same client, by another, and by a foreign one.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use psdeck::clixml::Value;
use psdeck::server::Demonstration;
use psdeck::session::{
    Availability, Demo, ExitCode, FieldReply, Finished, Interactive, InteractiveEvent,
    InteractiveEvents, Invoke, InvokeRequest, OpenRequest, OperationKind, PipelineEvent,
    PipelineState, Pool, Prompt, PromptReply, Report, Running, Session, SessionId, SessionState,
    Size,
};
use psdeck::transport::{Ask, Buffering, Leave, Nobody, Options, TargetAddress};
use tokio_util::sync::CancellationToken;

use crate::support::peer::{Builder, Peer};
use crate::support::python::{peers, python};
use crate::support::wsman::{PASSWORD, USER, WsmanPeer};

const WINDOW: Size = Size {
    columns: 80,
    rows: 24,
};

/// Two clients of the same server.
pub struct Clients {
    pub here: Pool,
    pub there: Pool,
    pub request: OpenRequest,
    pub ask: Arc<dyn Ask>,
    pub peer: Option<Peer>,
}

impl Clients {
    pub fn of_demo() -> Self {
        let demonstration = Demonstration::new(4);
        let pool = || Pool::new(vec![Arc::new(Demo(demonstration.clone()))]);
        Self {
            here: pool(),
            there: pool(),
            request: OpenRequest {
                target: TargetAddress::Demo("Server03".to_owned()),
                name: Some("ITTask".to_owned()),
                options: Options::default(),
                window: Some(WINDOW),
                deadline: None,
                kept: false,
            },
            ask: Arc::new(Nobody),
            peer: None,
        }
    }

    pub fn of_wsman(peer: Builder) -> Option<Self> {
        let peer = peer.start()?;
        Some(Self {
            here: Pool::new(Vec::new()),
            there: Pool::new(Vec::new()),
            request: OpenRequest {
                name: Some("ITTask".to_owned()),
                ..crate::session::request(&peer)
            },
            ask: Arc::new(peer.answers()),
            peer: Some(peer),
        })
    }

    pub fn peer(&self) -> &WsmanPeer {
        let peer = self.peer.as_ref().and_then(Peer::as_wsman);
        peer.expect("a WSMan peer")
    }

    pub async fn open(&self) -> Session {
        let cancel = CancellationToken::new();
        let opening = self.here.open(&self.request, Arc::clone(&self.ask), cancel);
        let session = opening.await.session().await;
        session.unwrap_or_else(|report| panic!("{}", report.block()))
    }

    pub async fn leave(&self, session: &Session) -> Vec<String> {
        self.leave_as(session, Leave::default()).await.unwrap()
    }

    pub async fn leave_as(&self, session: &Session, leave: Leave) -> Result<Vec<String>, Report> {
        let id = session.info().id;
        let left = self.here.disconnect(id, leave, CancellationToken::new());
        left.await.map(|left| left.warnings)
    }

    pub async fn try_connect(&self, pool: &Pool, id: SessionId) -> Result<Session, Report> {
        let connecting = pool.connect(id, Arc::clone(&self.ask), CancellationToken::new());
        connecting.await
    }

    pub async fn connect(&self, session: &Session) -> Session {
        let connected = self.try_connect(&self.here, session.info().id).await;
        connected.unwrap_or_else(|report| panic!("{}", report.block()))
    }

    /// What the server lists for a client.
    pub async fn found(&self, pool: &Pool) -> Vec<SessionId> {
        let OpenRequest {
            target, options, ..
        } = &self.request;
        let cancel = CancellationToken::new();
        let listed = pool.refresh(target, options, Arc::clone(&self.ask), cancel);
        listed.await.unwrap()
    }

    /// The other client finds the one session that the server holds, and takes it up.
    pub async fn connect_there(&self) -> Session {
        let found = self.found(&self.there).await;
        let [id] = found.as_slice() else {
            panic!("{found:?}")
        };
        let connected = self.try_connect(&self.there, *id).await;
        connected.unwrap_or_else(|report| panic!("{}", report.block()))
    }
}

/// A session that somebody looks at.
struct Pane {
    handle: Interactive,
    events: InteractiveEvents,
}

impl Pane {
    async fn enter(session: &Session) -> Self {
        let (handle, events) = Interactive::enter(session.clone(), WINDOW);
        let mut pane = Self { handle, events };
        assert_eq!(pane.until_ready().await, Vec::<String>::new());
        pane
    }

    fn resume(session: &Session) -> Self {
        let (handle, events) = Interactive::resume(session.clone(), WINDOW);
        Self { handle, events }
    }

    async fn next(&mut self) -> InteractiveEvent {
        tokio::time::timeout(Duration::from_secs(30), self.events.next())
            .await
            .expect("no event came")
            .expect("the session was left")
    }

    /// What is shown until an event that `ends`, a line each; that event.
    async fn until(
        &mut self,
        ends: impl Fn(&InteractiveEvent) -> bool,
    ) -> (Vec<String>, InteractiveEvent) {
        let mut lines = Vec::new();
        loop {
            match self.next().await {
                event if ends(&event) => return (lines, event),
                InteractiveEvent::Write(line) => lines.push(line.text),
                other => lines.push(format!("{other:?}")),
            }
        }
    }

    async fn until_ready(&mut self) -> Vec<String> {
        self.until(|event| matches!(event, InteractiveEvent::Ready(_)))
            .await
            .0
    }

    async fn until_left(&mut self) -> Vec<String> {
        self.until(|event| matches!(event, InteractiveEvent::Disconnected { .. }))
            .await
            .0
    }

    /// The question of `Read-Host`.
    async fn asked(&mut self) -> (u64, Prompt) {
        let (_, event) = self
            .until(|event| matches!(event, InteractiveEvent::Prompt { .. }))
            .await;
        match event {
            InteractiveEvent::Prompt { id, prompt } => (id, prompt),
            other => panic!("{other:?}"),
        }
    }

    fn answer(&self, (id, prompt): (u64, Prompt), text: &str) {
        let text = text.to_owned();
        self.handle.answer(
            id,
            match prompt {
                Prompt::Line => PromptReply::Line(text),
                _ => PromptReply::Fields(vec![FieldReply::Text(text)]),
            },
        );
    }

    /// So many lines of the running command.
    async fn lines(&mut self, count: usize) -> Vec<String> {
        let mut lines = Vec::new();
        while lines.len() < count {
            match self.next().await {
                InteractiveEvent::Write(line) => lines.push(line.text),
                other => panic!("{other:?}"),
            }
        }
        lines
    }
}

fn numbered(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("line {number}")).collect()
}

/// A pipeline's strings, from an event that `begins` on; the notices; how it ended.
async fn strings(running: &mut Running) -> (Vec<String>, Vec<String>, Finished) {
    let (mut strings, mut notices) = (Vec::new(), Vec::new());
    loop {
        let next = tokio::time::timeout(Duration::from_mins(1), running.next());
        match next.await.expect("nothing came") {
            Some(PipelineEvent::Output(value)) => strings.push(text(&value)),
            Some(PipelineEvent::Notice(text)) => notices.push(text),
            Some(PipelineEvent::Finished(finished)) => return (strings, notices, finished),
            Some(_) => {}
            None => panic!("no end"),
        }
    }
}

/// The strings that are here already, of a pipeline whose session was left.
async fn rest(running: &mut Running) -> Vec<String> {
    let mut strings = Vec::new();
    loop {
        match running.next().await {
            Some(PipelineEvent::Output(value)) => strings.push(text(&value)),
            Some(PipelineEvent::Disconnected) => return strings,
            Some(PipelineEvent::Finished(finished)) => panic!("{finished:?}"),
            _ => {}
        }
    }
}

async fn first(running: &mut Running, count: usize) -> Vec<String> {
    let mut strings = Vec::new();
    while strings.len() < count {
        let next = tokio::time::timeout(Duration::from_mins(1), running.next());
        match next.await.expect("nothing came") {
            Some(PipelineEvent::Output(value)) => strings.push(text(&value)),
            other => panic!("{other:?}"),
        }
    }
    strings
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

#[tokio::test]
async fn a_pane_of_the_demonstration_goes_on_in_the_same_client_and_in_another() {
    a_pane_goes_on(&Clients::of_demo(), 9000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pane_of_a_wsman_server_goes_on_in_the_same_client_and_in_another() {
    if let Some(clients) = Clients::of_wsman(Peer::wsman()) {
        a_pane_goes_on(&clients, 9000).await;
        assert_eq!(clients.peer().violations(), Vec::<String>::new());
    }
}

async fn a_pane_goes_on(clients: &Clients, count: usize) {
    let session = clients.open().await;
    let mut pane = Pane::enter(&session).await;
    let line = format!("1..{count} | ForEach-Object {{ \"line $_\" }}");
    pane.handle.submit(line.clone());
    let mut lines = pane.lines(100).await;

    let warnings = clients.leave(&session).await;
    assert!(warnings[0].contains("a command runs"), "{warnings:?}");
    lines.extend(pane.until_left().await);
    assert!(lines.len() < count, "it had ended before");
    pane.handle.submit("'typed meanwhile'".to_owned());
    clients.connect(&session).await;
    let (more, back) = pane
        .until(|event| matches!(event, InteractiveEvent::Reconnected { .. }))
        .await;
    lines.extend(more);
    let InteractiveEvent::Reconnected { lines: kept } = back else {
        unreachable!()
    };
    assert_eq!(kept, ["'typed meanwhile'"]);

    lines.extend(pane.lines(100).await);
    clients.leave(&session).await;
    lines.extend(pane.until_left().await);
    assert!(lines.len() < count, "it had ended before");
    let session = clients.connect_there().await;
    let info = session.info();
    assert_eq!(info.availability, Availability::Busy);
    assert!(info.running.is_some());
    let mut pane = Pane::resume(&session);
    lines.extend(pane.until_ready().await);
    assert!(
        lines == numbered(count),
        "{} lines, {:?}",
        lines.len(),
        lines.last()
    );
    let mut info = session.changes();
    let available = info.wait_for(|info| info.availability == Availability::Available);
    drop(available.await.unwrap());
    pane.handle.submit("'after'".to_owned());
    assert_eq!(pane.until_ready().await, ["after"]);
}

#[tokio::test]
async fn a_question_of_the_demonstration_is_for_the_client_that_was_asked() {
    a_question_is_for_the_client_that_was_asked(&Clients::of_demo()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_of_a_wsman_server_is_for_the_client_that_was_asked() {
    if let Some(clients) = Clients::of_wsman(Peer::wsman()) {
        a_question_is_for_the_client_that_was_asked(&clients).await;
        assert_eq!(clients.peer().violations(), Vec::<String>::new());
    }
}

async fn a_question_is_for_the_client_that_was_asked(clients: &Clients) {
    let session = clients.open().await;
    let mut pane = Pane::enter(&session).await;
    let line = "Write-Host ('got ' + (Read-Host Name))";
    pane.handle.submit(line.to_owned());
    let asked = pane.asked().await;
    let warnings = clients.leave(&session).await;
    assert!(
        warnings
            .iter()
            .any(|text| text.contains("waits for an answer")),
        "{warnings:?}"
    );
    pane.until_left().await;
    clients.connect(&session).await;
    pane.answer(asked, "x");
    assert_eq!(pane.until_ready().await.last().unwrap(), "got x");

    // Asked while nobody was there: whoever comes next gets the question.
    pane.handle
        .submit(format!("'begun'; Start-Sleep 1; {line}"));
    assert_eq!(pane.lines(1).await, ["begun"]);
    clients.leave(&session).await;
    let session = clients.connect_there().await;
    let mut pane = Pane::resume(&session);
    let asked = pane.asked().await;
    pane.answer(asked, "y");
    assert_eq!(pane.until_ready().await.last().unwrap(), "got y");

    // Asked of one client, then connected by another.
    pane.handle.submit(line.to_owned());
    pane.asked().await;
    let id = session.info().id;
    clients
        .there
        .disconnect(id, Leave::default(), CancellationToken::new())
        .await
        .unwrap();
    let [id] = clients.found(&clients.here).await[..] else {
        panic!("one session")
    };
    let session = clients.try_connect(&clients.here, id).await.unwrap();
    let mut pane = Pane::resume(&session);
    let (_, notice) = pane
        .until(|event| matches!(event, InteractiveEvent::Notice(_)))
        .await;
    assert!(format!("{notice:?}").contains("given to the former client"));
    assert!(session.waits());
    pane.handle.interrupt();
    pane.until_ready().await;
    assert!(!session.waits());
    assert_eq!(session.info().state, SessionState::Opened);
    pane.handle.submit("'after'".to_owned());
    assert_eq!(pane.until_ready().await, ["after"]);
}

/// Twenty megabytes.
const FLOOD: &str = "1..1000 | ForEach-Object { \"$_ \" + ('x' * 20000) }";

fn number(text: &str) -> usize {
    assert!(text.len() > 20_000, "{} bytes", text.len());
    text.split(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_megabytes_pass_from_client_to_client_whole() {
    let Some(clients) = Clients::of_wsman(Peer::wsman()) else {
        return;
    };
    let session = clients.open().await;
    let mut running = session.invoke(&Invoke::objects(FLOOD));
    let mut all = first(&mut running, 50).await;
    for _ in 0..2 {
        let block = Leave {
            buffering: Some(Buffering::Block),
            ..Leave::default()
        };
        clients.leave_as(&session, block).await.unwrap();
        all.extend(rest(&mut running).await);
        clients.connect(&session).await;
        let reconnected = running.next().await;
        assert!(matches!(reconnected, Some(PipelineEvent::Reconnected)));
        all.extend(first(&mut running, 100).await);
    }
    clients.leave(&session).await;
    all.extend(rest(&mut running).await);
    let session = clients.connect_there().await;
    let mut running = session.receive().expect("a running command");
    assert!(session.receive().is_none(), "somebody reads it");
    let (more, notices, finished) = strings(&mut running).await;
    all.extend(more);
    assert_eq!(finished.state, PipelineState::Completed, "{finished:?}");
    let numbers: Vec<usize> = all.iter().map(|text| number(text)).collect();
    assert_eq!(numbers, (1..=1000).collect::<Vec<_>>());
    assert_eq!((notices, finished.gap), (Vec::new(), false));
    assert!(session.receive().is_none(), "nothing runs");
    assert_eq!(clients.peer().violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_drops_is_reported_and_the_rest_is_whole() {
    for same in [true, false] {
        let Some(clients) = Clients::of_wsman(Peer::wsman()) else {
            return;
        };
        let session = clients.open().await;
        let mut running = session.invoke(&Invoke::objects(FLOOD));
        let mut all = first(&mut running, 20).await;
        let drop = Leave {
            buffering: Some(Buffering::Drop),
            ..Leave::default()
        };
        clients.leave_as(&session, drop).await.unwrap();
        all.extend(rest(&mut running).await);
        clients.peer().until("dropped output", |state| {
            state["shells"][0]["commands"]
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one["dropped"].as_u64() > Some(0)))
        });
        let session = if same {
            clients.connect(&session).await;
            session
        } else {
            let session = clients.connect_there().await;
            running = session.receive().expect("a running command");
            session
        };
        let (more, notices, finished) = strings(&mut running).await;
        all.extend(more);
        assert_eq!(finished.state, PipelineState::Completed, "{finished:?}");
        assert!(
            finished.gap,
            "the loss was passed over, same client: {same}"
        );
        assert_eq!(notices.len(), 1, "{notices:?}");
        assert!(notices[0].contains("output is missing"), "{notices:?}");
        let numbers: Vec<usize> = all.iter().map(|text| number(text)).collect();
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
        assert!(numbers.len() < 1000 && numbers[..20] == (1..=20).collect::<Vec<_>>());
        assert_eq!(session.info().state, SessionState::Opened);
    }
}

/// Lets pypsrp do something.
fn pypsrp(peer: &WsmanPeer, arguments: &[&str]) -> String {
    let output = Command::new(python().unwrap())
        .arg(peers().join("pypsrp_client.py"))
        .args([&peer.http_url(), USER, PASSWORD])
        .args(arguments)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_passes_from_pypsrp_to_us_and_back() {
    let Some(clients) = Clients::of_wsman(Peer::wsman()) else {
        return;
    };
    let script = "'begun'; Start-Sleep 2; 1..3000 | ForEach-Object { \"line $_\" }";
    let id = pypsrp(clients.peer(), &["leave", "ITTask", script]);
    let session = clients.connect_there().await;
    let info = session.info();
    assert_eq!(info.instance_id.to_string(), id.trim().to_lowercase());
    assert_eq!(
        (info.name.as_str(), info.availability),
        ("ITTask", Availability::Busy)
    );
    let mut pane = Pane::resume(&session);
    let shown = pane.until_ready().await;
    let wanted: Vec<_> = std::iter::once("begun".to_owned())
        .chain(numbered(3000))
        .collect();
    assert!(shown == wanted, "{} lines", shown.len());

    let mut running = session.invoke(&Invoke::objects(script));
    let begun = first(&mut running, 1).await;
    assert_eq!(begun, ["begun"]);
    let id = session.info().id;
    clients
        .there
        .disconnect(id, Leave::default(), CancellationToken::new())
        .await
        .unwrap();
    let id = session.info().instance_id.to_string();
    let taken = pypsrp(clients.peer(), &["take", &id]);
    assert!(taken.lines().eq(numbered(3000)), "{taken}");

    // And what it left is ours again, over another connection, with the handle of before.
    pane.until_left().await;
    pane.handle.submit("'after'".to_owned());
    let id = session.info().id;
    let again = clients.try_connect(&clients.there, id).await;
    again.unwrap_or_else(|report| panic!("{}", report.block()));
    let (_, _, finished) = strings(&mut running).await;
    assert_eq!(finished.state, PipelineState::Failed);
    let lost = finished.lost.expect("a report");
    assert!(lost.block().contains("another client"), "{}", lost.block());
    let (_, back) = pane
        .until(|event| matches!(event, InteractiveEvent::Reconnected { .. }))
        .await;
    let InteractiveEvent::Reconnected { lines } = back else {
        unreachable!()
    };
    assert_eq!(lines, ["'after'"]);
    assert_eq!(pane.until_ready().await, Vec::<String>::new());
    pane.handle.submit("'after'".to_owned());
    assert_eq!(pane.until_ready().await, ["after"]);
    assert_eq!(clients.peer().violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_script_whose_session_is_left_ends_as_disconnected_and_can_be_received() {
    let clients = Clients::of_demo();
    let request = InvokeRequest {
        targets: vec![clients.request.clone()],
        invoke: Invoke::objects("'begun'; Start-Sleep 1; 'done'"),
        timeout: None,
    };
    let mut running = clients
        .here
        .invoke(request, &clients.ask, &CancellationToken::new());
    let mut session = None;
    let finished = loop {
        let event = tokio::time::timeout(Duration::from_secs(30), running.next());
        match event.await.expect("nothing came").expect("an end").kind {
            OperationKind::Opened(info) => session = clients.here.session(info.id),
            OperationKind::Pipeline(PipelineEvent::Output(_)) => {
                clients.leave(session.as_ref().unwrap()).await;
            }
            OperationKind::Finished(finished) => break finished,
            OperationKind::Failed(report) => panic!("{}", report.block()),
            _ => {}
        }
    };
    assert_eq!(finished.state, PipelineState::Disconnected);
    let lost = finished.lost.expect("a report");
    assert_eq!(lost.code, ExitCode::Unreachable);
    assert!(
        lost.block().contains("psdeck receive 1"),
        "{}",
        lost.block()
    );
    let session = clients.connect(&session.unwrap()).await;
    let mut running = session.receive().expect("it runs");
    let (strings, _, finished) = strings(&mut running).await;
    assert_eq!(strings, ["done"]);
    assert_eq!(finished.state, PipelineState::Completed);
}
