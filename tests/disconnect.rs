//! Sessions that are left and taken up again: by the same client, and by another.

use std::sync::Arc;
use std::time::Duration;

use psdeck::server::Demonstration;
use psdeck::session::{
    Availability, Demo, FieldReply, Interactive, InteractiveEvent, InteractiveEvents, OpenRequest,
    Pool, Prompt, PromptReply, Session, SessionId, SessionState, Size,
};
use psdeck::transport::{Leave, Nobody, Options, TargetAddress};
use tokio_util::sync::CancellationToken;

const WINDOW: Size = Size {
    columns: 80,
    rows: 24,
};

/// Two clients of the same servers.
fn demo_pools() -> (Pool, Pool) {
    let demonstration = Demonstration::new(4);
    let pool = || Pool::new(vec![Arc::new(Demo(demonstration.clone()))]);
    (pool(), pool())
}

fn demo_request() -> OpenRequest {
    OpenRequest {
        target: TargetAddress::Demo("Server03".to_owned()),
        name: Some("ITTask".to_owned()),
        options: Options::default(),
        window: Some(WINDOW),
        deadline: None,
    }
}

async fn open(pool: &Pool, request: &OpenRequest) -> Session {
    let opening = pool.open(request, Arc::new(Nobody), CancellationToken::new());
    opening.session().await.unwrap()
}

async fn leave(pool: &Pool, id: SessionId) -> Vec<String> {
    let left = pool.disconnect(id, Leave::default(), CancellationToken::new());
    left.await.unwrap().warnings
}

async fn connect(pool: &Pool, id: SessionId) -> Session {
    pool.connect(id, Arc::new(Nobody), CancellationToken::new())
        .await
        .unwrap()
}

/// Finds the one session that a server holds for this client, and takes it up.
async fn connect_found(pool: &Pool, request: &OpenRequest) -> Session {
    let found = pool
        .refresh(
            &request.target,
            &request.options,
            Arc::new(Nobody),
            CancellationToken::new(),
        )
        .await
        .unwrap();
    let [id] = found.as_slice() else {
        panic!("{found:?}")
    };
    connect(pool, *id).await
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

    /// The question of `Read-Host Name`.
    async fn asked(&mut self) -> u64 {
        let (_, event) = self
            .until(|event| matches!(event, InteractiveEvent::Prompt { .. }))
            .await;
        match event {
            InteractiveEvent::Prompt {
                id,
                prompt: Prompt::Fields { .. },
            } => id,
            other => panic!("{other:?}"),
        }
    }

    fn answer(&self, id: u64, text: &str) {
        let reply = PromptReply::Fields(vec![FieldReply::Text(text.to_owned())]);
        self.handle.answer(id, reply);
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

#[tokio::test]
async fn a_pane_in_mid_output_goes_on_in_the_same_client_and_in_another() {
    let (here, there) = demo_pools();
    let request = demo_request();
    let session = open(&here, &request).await;
    let id = session.info().id;
    let mut pane = Pane::enter(&session).await;
    let line = "1..9000 | ForEach-Object { \"line $_\" }";
    pane.handle.submit(line.to_owned());
    let mut lines = pane.lines(100).await;

    let warnings = leave(&here, id).await;
    assert!(warnings[0].contains("a command runs"), "{warnings:?}");
    lines.extend(pane.until_left().await);
    assert!(lines.len() < 9000, "it had ended before");
    pane.handle.submit("'typed meanwhile'".to_owned());
    connect(&here, id).await;
    let (more, back) = pane
        .until(|event| matches!(event, InteractiveEvent::Reconnected { .. }))
        .await;
    lines.extend(more);
    let InteractiveEvent::Reconnected { lines: kept } = back else {
        unreachable!()
    };
    assert_eq!(kept, ["'typed meanwhile'"]);

    lines.extend(pane.lines(100).await);
    leave(&here, id).await;
    lines.extend(pane.until_left().await);
    assert!(lines.len() < 9000, "it had ended before");
    let session = connect_found(&there, &request).await;
    let info = session.info();
    assert_eq!(info.availability, Availability::Busy);
    assert_eq!(info.running.as_deref(), Some(line));
    let mut pane = Pane::resume(&session);
    lines.extend(pane.until_ready().await);
    assert!(
        lines == numbered(9000),
        "{} lines, {:?}",
        lines.len(),
        lines.last()
    );
    assert_eq!(session.info().availability, Availability::Available);
    pane.handle.submit("'after'".to_owned());
    assert_eq!(pane.until_ready().await, ["after"]);
}

#[tokio::test]
async fn a_question_is_answered_by_the_client_that_was_asked_and_missed_by_another() {
    let (here, there) = demo_pools();
    let request = demo_request();
    let session = open(&here, &request).await;
    let id = session.info().id;
    let mut pane = Pane::enter(&session).await;
    let line = "Write-Host ('got ' + (Read-Host Name))";
    pane.handle.submit(line.to_owned());
    let asked = pane.asked().await;
    let warnings = leave(&here, id).await;
    assert!(
        warnings
            .iter()
            .any(|text| text.contains("waits for an answer")),
        "{warnings:?}"
    );
    pane.until_left().await;
    connect(&here, id).await;
    pane.answer(asked, "x");
    assert_eq!(pane.until_ready().await.last().unwrap(), "got x");

    pane.handle.submit(line.to_owned());
    pane.asked().await;
    leave(&here, id).await;
    let session = connect_found(&there, &request).await;
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
