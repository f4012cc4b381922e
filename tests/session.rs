//! Sessions against foreign peers: states, streams, results.

use std::sync::Arc;
use std::time::Duration;

use psdeck::clixml::Value;
use psdeck::session::{
    Availability, Display, Finished, HostEvent, Invoke, Limits, OpenRequest, PipelineEvent,
    PipelineState, Pool, Report, Running, Session, SessionState, Size, StreamKind,
};
use tokio_util::sync::CancellationToken;

use crate::support::peer::{Builder, Kind, Peer};
use crate::support::servers::on_servers_async;

on_servers_async!(
    [local, wsman],
    [
        a_session_opens_runs_scripts_and_closes,
        a_session_is_busy_while_it_runs_something,
        every_stream_arrives_as_records_beside_objects,
        text_is_formatted_by_the_server_for_the_window,
        arguments_and_input_reach_the_script,
        a_terminating_error_is_the_reason_of_the_end,
        a_server_that_dies_breaks_the_session_with_its_last_words,
        an_opening_that_fails_leaves_the_list,
    ]
);

/// A pool with deadlines that tests can wait for.
pub fn pool() -> Pool {
    Pool::with_limits(Vec::new(), limits())
}

/// Short deadlines.
pub fn limits() -> Limits {
    Limits {
        acknowledge: Duration::from_secs(5),
        stop: Duration::from_secs(2),
        close: Duration::from_secs(5),
        ..Limits::default()
    }
}

/// What opens a session on a peer.
pub fn request(peer: &Peer) -> OpenRequest {
    OpenRequest {
        target: peer.address(),
        name: None,
        options: peer.options(),
        window: Some(Size {
            columns: 80,
            rows: 24,
        }),
        deadline: Some(Duration::from_mins(1)),
        kept: false,
    }
}

/// Opens a session.
pub async fn open(pool: &Pool, peer: &Peer) -> Result<Session, Report> {
    let ask = Arc::new(peer.answers());
    pool.open(&request(peer), ask, CancellationToken::new())
        .await
        .session()
        .await
}

/// Everything that a pipeline puts out, and how it ended.
pub async fn all(mut running: Running) -> (Vec<PipelineEvent>, Finished) {
    let mut events = Vec::new();
    loop {
        let next = tokio::time::timeout(Duration::from_mins(1), running.next());
        match next.await.expect("the pipeline fell silent") {
            Some(PipelineEvent::Finished(finished)) => return (events, finished),
            Some(event) => events.push(event),
            None => panic!("the pipeline ended without its end: {events:?}"),
        }
    }
}

/// The objects that a script gives.
pub async fn objects(session: &Session, script: &str) -> Vec<Value> {
    let (events, finished) = all(session.invoke(&Invoke::objects(script))).await;
    assert_eq!(finished.state, PipelineState::Completed, "{finished:?}");
    let output = events.into_iter().filter_map(|event| match event {
        PipelineEvent::Output(value) => Some(value),
        _ => None,
    });
    output.collect()
}

async fn a_session_opens_runs_scripts_and_closes(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let info = session.info();
    assert_eq!((info.id.0, &*info.name), (1, "Runspace1"));
    assert_eq!(
        (info.state, info.availability),
        (SessionState::Opened, Availability::Available)
    );
    assert_eq!(info.protocol.as_deref(), Some("2.3"));
    assert!(info.ps_version.is_some(), "{info:?}");
    assert_eq!(
        objects(&session, "1..3 | ForEach-Object { $_ * 2 }").await,
        [2, 4, 6].map(Value::from)
    );
    assert_eq!(objects(&session, "'a' + 'b'").await, [Value::from("ab")]);
    session.close().await.unwrap();
    assert_eq!(session.info().state, SessionState::Closed);
    assert_eq!(peer.violations(), Vec::<String>::new());
    if peer.kind() == Kind::Local {
        assert_eq!(peer.statistics()["received"]["Close"], 3);
    }
}

async fn a_session_is_busy_while_it_runs_something(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let mut list = pool.sessions();
    let running = session.invoke(&Invoke::objects("Start-Sleep 30\n'never'"));
    let busy = list
        .wait_for(|list| list[0].availability == Availability::Busy)
        .await[0]
        .clone();
    assert_eq!(busy.running.as_deref(), Some("Start-Sleep 30"));
    running.stop();
    let (_, finished) = all(running).await;
    assert_eq!(finished.state, PipelineState::Stopped);
    list.wait_for(|list| list[0].availability == Availability::Available)
        .await;
    pool.remove(
        session.info().id,
        Arc::new(peer.answers()),
        CancellationToken::new(),
    )
    .await
    .unwrap();
    list.wait_for(<[_]>::is_empty).await;
    assert_eq!(peer.violations(), Vec::<String>::new());
}

async fn every_stream_arrives_as_records_beside_objects(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let script = "$VerbosePreference='Continue'; $DebugPreference='Continue'; 1; Write-Error e1; Write-Warning w1; \
                  Write-Verbose v1; Write-Debug d1; Write-Information i1; Write-Progress -Activity p1; Write-Host h1";
    let (events, finished) = all(session.invoke(&Invoke::objects(script))).await;
    assert_eq!(finished.state, PipelineState::Completed, "{finished:?}");
    let told: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            PipelineEvent::Output(value) => Some(format!("output {value:?}")),
            PipelineEvent::Error(record) => Some(format!("error {}", record.message)),
            PipelineEvent::Warning(record) => Some(format!("warning {}", record.message)),
            PipelineEvent::Verbose(record) => Some(format!("verbose {}", record.message)),
            PipelineEvent::Debug(record) => Some(format!("debug {}", record.message)),
            PipelineEvent::Information(record) => {
                Some(format!("information {}", record.display_text()))
            }
            PipelineEvent::Progress(record) => Some(format!("progress {}", record.activity)),
            _ => None,
        })
        .collect();
    assert_eq!(
        told,
        [
            "output Int32(1)",
            "error e1",
            "warning w1",
            "verbose v1",
            "debug d1",
            "information i1",
            "progress p1",
            "information h1"
        ]
    );
}

async fn text_is_formatted_by_the_server_for_the_window(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let script = "'x' * 100; Write-Warning careful; Write-Error wrong; 'end'; exit 3";
    let invoke = Invoke::text(
        script,
        Size {
            columns: 40,
            rows: 10,
        },
    );
    let (events, finished) = all(session.invoke(&invoke)).await;
    assert_eq!(finished.exit_code, Some(3));
    let mut lines = Vec::new();
    let mut streams = Vec::new();
    for event in events {
        match event {
            PipelineEvent::Host(HostEvent::Write(line)) => lines.push(line.text),
            PipelineEvent::Host(HostEvent::Stream(kind, text)) => streams.push((kind, text)),
            PipelineEvent::Output(value) => panic!("{value:?} was not formatted"),
            _ => {}
        }
    }
    assert!(lines.iter().all(|line| line.len() <= 40), "{lines:?}");
    assert_eq!(lines.concat(), "x".repeat(100) + "end");
    assert_eq!(streams[0], (StreamKind::Warning, "careful".to_owned()));
    assert!(
        streams[1].0 == StreamKind::Error && streams[1].1.contains("wrong"),
        "{streams:?}"
    );
}

async fn arguments_and_input_reach_the_script(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let mut invoke = Invoke::objects("param($A, $B) \"$A-$B\"; $input | ForEach-Object { $_ + 1 }");
    invoke.args = vec![Value::from("one")];
    invoke.params = vec![("B".to_owned(), Value::from("two"))];
    invoke.input = Some(Arc::new(|| {
        Box::pin(futures_util::stream::iter(
            (1..=3).map(|n| Ok(Value::from(n))),
        ))
    }));
    assert_eq!(invoke.display, Display::Objects);
    let (events, finished) = all(session.invoke(&invoke)).await;
    assert_eq!(finished.state, PipelineState::Completed, "{finished:?}");
    let output: Vec<Value> = events
        .into_iter()
        .filter_map(|event| match event {
            PipelineEvent::Output(value) => Some(value),
            _ => None,
        })
        .collect();
    assert_eq!(
        output,
        [
            Value::from("one-two"),
            Value::from(2),
            Value::from(3),
            Value::from(4)
        ]
    );
    assert_eq!(peer.violations(), Vec::<String>::new());
}

async fn a_terminating_error_is_the_reason_of_the_end(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let (_, finished) = all(session.invoke(&Invoke::objects("throw 'bad'"))).await;
    assert_eq!(finished.state, PipelineState::Failed);
    assert_eq!(finished.reason.unwrap().message, "bad");
    assert_eq!(session.info().availability, Availability::Available);
}

async fn a_server_that_dies_breaks_the_session_with_its_last_words(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let pool = pool();
    let session = open(&pool, &peer).await.unwrap();
    let script = "1; [Environment]::FailFast('out of luck')";
    let (_, finished) = all(session.invoke(&Invoke::objects(script))).await;
    assert_eq!(finished.state, PipelineState::Failed);
    let lost = finished.lost.unwrap();
    // WSMan does not carry what a process says on its standard error.
    let says = |text: &str| peer.kind() == Kind::Wsman || text.contains("out of luck");
    assert!(says(&lost.block()), "{}", lost.block());
    let info = session.info();
    assert_eq!(
        (info.state, info.availability),
        (SessionState::Broken, Availability::None)
    );
    assert!(info.reason.is_some());
    // What comes afterwards says why, at once.
    let (_, finished) = all(session.invoke(&Invoke::objects("1"))).await;
    assert!(says(&finished.lost.unwrap().block()));
    assert_eq!(pool.sessions().now().len(), 1);
}

async fn an_opening_that_fails_leaves_the_list(server: Builder) {
    let Some(peer) = server.faults("broken-on-open").start() else {
        return;
    };
    let pool = pool();
    let report = open(&pool, &peer).await.unwrap_err();
    assert_eq!(report.what, "cannot open a session");
    assert!(pool.sessions().now().is_empty());
}
