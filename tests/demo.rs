//! The embedded demonstration, through sessions: prompts, lines, questions, stops, leaving and taking up, breaking.

use std::sync::Arc;
use std::time::Duration;

use psdeck::server::Demonstration;
use psdeck::session::{
    Availability, Demo, FieldReply, Interactive, InteractiveEvent, InteractiveEvents, OpenRequest,
    Pool, Prompt, PromptReply, Report, Session, SessionInfo, SessionState, Size,
};
use psdeck::transport::{Leave, Nobody, Options, Secret, TargetAddress};
use tokio_util::sync::CancellationToken;

const WINDOW: Size = Size {
    columns: 80,
    rows: 24,
};

fn pool() -> Pool {
    Pool::new(vec![Arc::new(Demo(Demonstration::new(4)))])
}

async fn open(pool: &Pool, computer: &str, name: Option<&str>) -> Result<Session, Report> {
    let request = OpenRequest {
        target: TargetAddress::Demo(computer.to_owned()),
        name: name.map(str::to_owned),
        options: Options::default(),
        window: Some(WINDOW),
        deadline: None,
        kept: false,
    };
    pool.open(&request, Arc::new(Nobody), CancellationToken::new())
        .await
        .session()
        .await
}

/// The rows of the list that servers alone hold.
async fn held(pool: &Pool, computer: &str) -> Vec<SessionInfo> {
    let target = TargetAddress::Demo(computer.to_owned());
    let (options, cancel) = (Options::default(), CancellationToken::new());
    let listed = pool.refresh(&target, &options, Arc::new(Nobody), cancel);
    listed.await.unwrap();
    let sessions = pool.sessions().now();
    let of_server = sessions
        .iter()
        .filter(|info| info.computer_name == computer);
    of_server
        .filter(|info| info.state == SessionState::Disconnected)
        .cloned()
        .collect()
}

struct Entered {
    handle: Interactive,
    events: InteractiveEvents,
}

impl Entered {
    async fn into(session: &Session) -> (Self, String) {
        let (handle, events) = Interactive::enter(session.clone(), WINDOW);
        let mut entered = Self { handle, events };
        let (lines, prompt) = entered.shown().await;
        assert_eq!(lines, Vec::<String>::new());
        (entered, prompt)
    }

    async fn next(&mut self) -> InteractiveEvent {
        let next = tokio::time::timeout(Duration::from_secs(20), self.events.next());
        next.await
            .expect("no event came")
            .expect("the session was left")
    }

    /// What is shown until the prompt, a line each; the prompt.
    async fn shown(&mut self) -> (Vec<String>, String) {
        let mut lines = Vec::new();
        loop {
            match self.next().await {
                InteractiveEvent::Ready(prompt) => return (lines, prompt),
                InteractiveEvent::Write(line) => lines.push(line.text),
                InteractiveEvent::Stream(kind, text) => lines.push(format!("{kind:?}: {text}")),
                InteractiveEvent::Error(record) => {
                    lines.push(format!("error record: {}", record.message));
                }
                other => lines.push(format!("{other:?}")),
            }
        }
    }

    async fn line(&mut self, line: &str) -> Vec<String> {
        self.handle.submit(line.to_owned());
        self.shown().await.0
    }

    async fn asked(&mut self) -> (u64, Prompt) {
        loop {
            match self.next().await {
                InteractiveEvent::Prompt { id, prompt } => return (id, prompt),
                InteractiveEvent::Notice(_) | InteractiveEvent::Stream(..) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_first_look_shows_a_prompt_and_runs_lines() {
    let pool = pool();
    let session = open(&pool, "Server01", Some("ITTask")).await.unwrap();
    let (mut entered, prompt) = Entered::into(&session).await;
    assert_eq!(prompt, "[Server01]: PS C:\\Users\\Administrator> ");
    assert_eq!(
        entered.line("1..3 | ForEach-Object { $_ * 2 }").await,
        ["2", "4", "6"]
    );
    assert_eq!(entered.line("$x = 41").await, Vec::<String>::new());
    assert_eq!(entered.line("$x + 1").await, ["42"]);
    assert_eq!(entered.line("if ($true) {\n'multi'\n}").await, ["multi"]);
    assert_eq!(
        entered.line("cd \\nowhere; Write-Warning careful").await,
        [
            "Error: Set-Location: Cannot find path 'C:\\nowhere' because it does not exist.",
            "Warning: careful"
        ]
    );
    let unknown = entered.line("Get-NoSuchThing").await;
    assert!(
        unknown[0].contains("The term 'Get-NoSuchThing' is not recognized"),
        "{unknown:?}"
    );
    entered.handle.submit("cd C:\\Windows".to_owned());
    assert_eq!(entered.shown().await.1, "[Server01]: PS C:\\Windows> ");
    let found = entered
        .handle
        .complete("Get-Proc".to_owned(), 8)
        .await
        .unwrap();
    assert_eq!(found.matches[0].text, "Get-Process");
    entered.handle.submit("exit".to_owned());
    assert!(matches!(
        entered.next().await,
        InteractiveEvent::Left { .. }
    ));
}

#[tokio::test]
async fn linux_servers_look_like_linux() {
    let pool = pool();
    let session = open(&pool, "LinuxServer02", None).await.unwrap();
    let (mut entered, prompt) = Entered::into(&session).await;
    assert_eq!(prompt, "[LinuxServer02]: PS /home/deploy> ");
    assert_eq!(
        entered.line("(ls).Name").await,
        ["releases", "scripts", "notes.txt"]
    );
}

#[tokio::test]
async fn the_remote_side_asks_and_is_answered() {
    let pool = pool();
    let session = open(&pool, "Server01", None).await.unwrap();
    let (mut entered, _) = Entered::into(&session).await;
    entered
        .handle
        .submit("$a = Read-Host 'Your name'; \"hello $a\"".to_owned());
    let (id, _) = entered.asked().await;
    entered.handle.answer(
        id,
        PromptReply::Fields(vec![FieldReply::Text("Seed".into())]),
    );
    assert_eq!(entered.shown().await.0, ["hello Seed"]);
    entered
        .handle
        .submit("(Read-Host Secret -AsSecureString).Length".to_owned());
    let (id, _) = entered.asked().await;
    entered.handle.answer(
        id,
        PromptReply::Fields(vec![FieldReply::Secure(Secret::new("s3crét".into()))]),
    );
    assert_eq!(entered.shown().await.0, ["6"]);
}

#[tokio::test]
async fn a_stop_ends_a_sleep_a_flood_and_a_question() {
    let pool = pool();
    let session = open(&pool, "Server01", None).await.unwrap();
    let (mut entered, _) = Entered::into(&session).await;
    for line in [
        "'begun'; Start-Sleep 600",
        "while ($true) { 'flood' }",
        "Read-Host Name",
    ] {
        entered.handle.submit(line.to_owned());
        loop {
            match entered.next().await {
                InteractiveEvent::Write(_) | InteractiveEvent::Prompt { .. } => break,
                _ => {}
            }
        }
        entered.handle.interrupt();
        entered.shown().await;
        assert_eq!(entered.line("'after'").await, ["after"], "{line}");
    }
}

#[tokio::test]
async fn a_stop_right_behind_a_line_stops_it() {
    let pool = pool();
    let session = open(&pool, "Server01", None).await.unwrap();
    let (mut entered, _) = Entered::into(&session).await;
    entered.handle.submit("Start-Sleep 600".to_owned());
    entered.handle.interrupt();
    entered.shown().await;
    assert_eq!(entered.line("'after'").await, ["after"]);
}

#[tokio::test]
async fn a_session_is_left_and_taken_up_again_with_what_it_knew() {
    let pool = pool();
    let session = open(&pool, "Server01", None).await.unwrap();
    let id = session.info().id;
    let (mut entered, _) = Entered::into(&session).await;
    entered.line("$kept = 'still here'").await;
    entered.handle.leave();
    pool.disconnect(id, Leave::default(), CancellationToken::new())
        .await
        .unwrap();
    assert_eq!(
        held(&pool, "Server01")
            .await
            .iter()
            .filter(|info| info.id == id)
            .count(),
        1
    );
    let session = pool
        .connect(id, Arc::new(Nobody), CancellationToken::new())
        .await
        .unwrap();
    let (mut entered, _) = Entered::into(&session).await;
    assert_eq!(entered.line("$kept").await, ["still here"]);
}

#[tokio::test]
async fn a_session_that_was_left_by_another_is_listed_and_connected() {
    let pool = pool();
    let listed = held(&pool, "Server02").await;
    let [backups] = listed.as_slice() else {
        panic!("{listed:?}")
    };
    assert_eq!(
        (backups.name.as_str(), backups.availability),
        ("Backups", Availability::None)
    );
    assert!(backups.expires.is_some());
    let session = pool
        .connect(backups.id, Arc::new(Nobody), CancellationToken::new())
        .await
        .unwrap();
    let (mut entered, prompt) = Entered::into(&session).await;
    assert_eq!(prompt, "[Server02]: PS C:\\Users\\Administrator> ");
    assert_eq!(entered.line("'taken up'").await, ["taken up"]);
}

#[tokio::test]
async fn a_busy_session_says_who_has_it() {
    let pool = pool();
    let listed = held(&pool, "Server01").await;
    let [report] = listed.as_slice() else {
        panic!("{listed:?}")
    };
    assert_eq!(
        (report.name.as_str(), report.availability),
        ("NightlyReport", Availability::Busy)
    );
    assert!(
        report
            .running
            .as_ref()
            .is_some_and(|text| text.contains("Get-Process"))
    );
    let refused = pool
        .connect(report.id, Arc::new(Nobody), CancellationToken::new())
        .await
        .unwrap_err();
    let text = format!("{refused:?}");
    assert!(
        text.contains("is connected to another client, CORP\\\\kim on ADMIN07"),
        "{text}"
    );
    assert_eq!(held(&pool, "Server01").await.len(), 1);
}

#[tokio::test]
async fn a_session_that_breaks_says_so() {
    let breaking = Demonstration::new(4).breaking("Migration", Duration::from_millis(300));
    let pool = Pool::new(vec![Arc::new(Demo(breaking))]);
    let session = open(&pool, "Server03", Some("Migration")).await.unwrap();
    let (mut entered, _) = Entered::into(&session).await;
    entered.handle.submit("Start-Sleep 600".to_owned());
    match entered.next().await {
        InteractiveEvent::Broken(report) => {
            let text = format!("{report:?}");
            assert!(
                text.contains("the connection to Server03 was lost"),
                "{text}"
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(session.info().state, SessionState::Broken);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let refused = open(&pool(), "Server99", None).await.unwrap_err();
    let text = format!("{refused:?}");
    assert!(
        text.contains("the demonstration has no server named Server99"),
        "{text}"
    );
}

#[tokio::test]
async fn more_servers_can_be_had() {
    let demonstration = Demonstration::new(200);
    assert_eq!(demonstration.servers().count(), 200);
    assert!(demonstration.servers().any(|name| name == "Server199"));
    assert_eq!(demonstration.start().len(), 199);
}
