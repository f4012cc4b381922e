//! Whoever looked at a command goes away while its session is left: whoever looks next misses nothing.

use std::sync::Arc;
use std::time::Duration;

use psdeck::session::{
    FieldReply, Interactive, InteractiveEvent, InteractiveEvents, Invoke, PipelineEvent,
    PipelineState, Prompt, PromptReply, Running, SessionState, Size,
};
use tokio::time::timeout;

use crate::disconnect::Clients;
use crate::support::peer::Peer;

const WINDOW: Size = Size {
    columns: 80,
    rows: 24,
};

async fn next(running: &mut Running) -> PipelineEvent {
    let next = timeout(Duration::from_secs(30), running.next());
    next.await.expect("nothing came").expect("it has ended")
}

async fn shown(events: &mut InteractiveEvents) -> InteractiveEvent {
    let next = timeout(Duration::from_secs(30), events.next());
    next.await.expect("nothing came").expect("it was left")
}

async fn asked(events: &mut InteractiveEvents) -> (u64, PromptReply) {
    loop {
        if let InteractiveEvent::Prompt { id, prompt } = shown(events).await {
            let text = "x".to_owned();
            let reply = match prompt {
                Prompt::Line => PromptReply::Line(text),
                _ => PromptReply::Fields(vec![FieldReply::Text(text)]),
            };
            return (id, reply);
        }
    }
}

#[tokio::test]
async fn output_that_nobody_pulled_is_for_whoever_receives_next() {
    nothing_is_lost(&Clients::of_demo()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn output_of_a_wsman_server_that_nobody_pulled_is_for_whoever_receives_next() {
    if let Some(clients) = Clients::of_wsman(Peer::wsman()) {
        nothing_is_lost(&clients).await;
    }
}

async fn nothing_is_lost(clients: &Clients) {
    let session = clients.open().await;
    let count = 9000;
    let script = format!("1..{count} | ForEach-Object {{ \"line $_\" }}");
    let mut running = session.invoke(&Invoke::objects(script));
    let mut lines = Vec::new();
    while lines.len() < 100 {
        if let PipelineEvent::Output(value) = next(&mut running).await {
            lines.push(value.as_str().unwrap().to_owned());
        }
    }
    clients.leave(&session).await;
    drop(running);
    clients.connect(&session).await;
    // It may well end before somebody asks for it.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut running = session.receive().expect("what is left of a command");
    assert!(session.receive().is_none(), "somebody reads it");
    loop {
        match next(&mut running).await {
            PipelineEvent::Output(value) => lines.push(value.as_str().unwrap().to_owned()),
            PipelineEvent::Finished(finished) => {
                assert_eq!(finished.state, PipelineState::Completed, "{finished:?}");
                break;
            }
            PipelineEvent::Disconnected | PipelineEvent::Reconnected => panic!("old news"),
            _ => {}
        }
    }
    let all: Vec<String> = (1..=count).map(|number| format!("line {number}")).collect();
    assert!(lines == all, "{} lines", lines.len());
}

#[tokio::test]
async fn a_viewer_that_stays_until_it_is_told_misses_nothing() {
    everything_is_shown(&Clients::of_demo()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_of_a_wsman_server_that_stays_until_it_is_told_misses_nothing() {
    if let Some(clients) = Clients::of_wsman(Peer::wsman()) {
        everything_is_shown(&clients).await;
    }
}

/// Three viewers, one after the other; the first two are left in mid-output.
async fn everything_is_shown(clients: &Clients) {
    let session = clients.open().await;
    let count = 9000;
    let script = format!("1..{count} | ForEach-Object {{ \"line $_\" }}");
    let begun = session.begin(&Invoke::objects(script));
    clients.leave(&session).await;
    drop(begun);
    let mut lines = Vec::new();
    for seen in [100, 3000] {
        clients.connect(&session).await;
        let mut events = Interactive::resume(session.clone(), WINDOW).1;
        let is_full = |lines: &[String]| lines.len() >= seen;
        assert!(!show(&mut events, &mut lines, is_full).await, "its end");
        clients.leave(&session).await;
        assert!(!show(&mut events, &mut lines, |_| false).await, "its end");
    }
    clients.connect(&session).await;
    let mut events = Interactive::resume(session.clone(), WINDOW).1;
    assert!(show(&mut events, &mut lines, |_| false).await);
    let all: Vec<String> = (1..=count).map(|number| format!("line {number}")).collect();
    assert!(lines == all, "{} lines", lines.len());
}

/// Notes lines until there are enough, or until it is left; whether it was until the prompt that follows them.
async fn show(
    events: &mut InteractiveEvents,
    lines: &mut Vec<String>,
    is_full: impl Fn(&[String]) -> bool,
) -> bool {
    loop {
        match shown(events).await {
            InteractiveEvent::Write(line) => lines.push(line.text),
            InteractiveEvent::Ready(_) if !lines.is_empty() => return true,
            InteractiveEvent::Disconnected { .. } => return false,
            InteractiveEvent::Error(error) => panic!("{error:?}"),
            _ => {}
        }
        if is_full(lines) {
            return false;
        }
    }
}

#[tokio::test]
async fn a_question_whose_viewer_went_away_is_asked_again() {
    let clients = Clients::of_demo();
    let session = clients.open().await;
    let (handle, mut events) = Interactive::enter(session.clone(), WINDOW);
    handle.submit("Write-Host ('got ' + (Read-Host Name))".to_owned());
    asked(&mut events).await;
    clients.leave(&session).await;
    drop((handle, events));
    clients.connect(&session).await;
    let (handle, mut events) = Interactive::resume(session.clone(), WINDOW);
    let (id, reply) = asked(&mut events).await;
    handle.answer(id, reply);
    loop {
        match shown(&mut events).await {
            InteractiveEvent::Write(line) if line.text == "got x" => break,
            InteractiveEvent::Ready(_) | InteractiveEvent::Error(_) => panic!("not answered"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn what_a_resumed_command_shows_comes_in_its_order() {
    let clients = Clients::of_demo();
    let session = clients.open().await;
    let script = "'begun'; Start-Sleep 1; 'a'; Write-Host b; 'c'";
    let mut running = session.invoke(&Invoke::objects(script));
    while !matches!(next(&mut running).await, PipelineEvent::Output(_)) {}
    clients.leave(&session).await;
    let session = clients.connect_there().await;
    let (_handle, mut events) = Interactive::resume(session, WINDOW);
    let mut lines = Vec::new();
    loop {
        match shown(&mut events).await {
            InteractiveEvent::Write(line) => lines.push(line.text),
            InteractiveEvent::Ready(_) => break,
            _ => {}
        }
    }
    assert_eq!(lines, ["a", "b", "c"]);
}

#[tokio::test]
async fn two_who_connect_a_session_both_have_it() {
    let clients = Clients::of_demo();
    let session = clients.open().await;
    let id = session.info().id;
    clients.leave(&session).await;
    let both = tokio::join!(
        clients.try_connect(&clients.here, id),
        clients.try_connect(&clients.here, id)
    );
    assert!(both.0.is_ok() && both.1.is_ok());
    assert_eq!(session.info().state, SessionState::Opened);

    // Over new connections.
    clients.leave(&session).await;
    let [id] = clients.found(&clients.there).await[..] else {
        panic!("one session")
    };
    let both = tokio::join!(
        clients.try_connect(&clients.there, id),
        clients.try_connect(&clients.there, id)
    );
    assert!(both.0.is_ok() && both.1.is_ok());
    let info = clients.there.info(id).unwrap();
    assert_eq!(info.state, SessionState::Opened);
    assert_eq!(Arc::strong_count(&clients.ask), 1, "both are done");
}
