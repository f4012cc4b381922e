//! Our client in its process: the operations that the app and the verbs call.

use std::io::{Write as _, stdin, stdout};
use std::sync::Arc;
use std::time::Instant;

use psdeck::clixml::Value;
use psdeck::session::{Invoke, OpenRequest, PipelineEvent, PipelineState, Pool, Session};
use psdeck::transport::{Answer, Options, Secret};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::link::Answers;

const OPENINGS: usize = 5;
const INVOKES: usize = 100;
const TEXT: usize = 256 << 10;
const TEXTS: usize = 80;

/// Does the work: URL, user, password, file of authorities.
pub fn serve(arguments: &[String]) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(work(arguments));
}

async fn work(arguments: &[String]) {
    let request = OpenRequest {
        target: arguments[0].parse().unwrap(),
        name: None,
        options: Options {
            user: Some(arguments[1].clone()),
            ca: Some(arguments[3].clone().into()),
            trust_host: Some(true),
            ..Options::default()
        },
        window: None,
        deadline: None,
        kept: false,
    };
    let pool = Pool::new(Vec::new());
    let mut openings = Vec::new();
    let mut session = None;
    for _ in 0..OPENINGS {
        if let Some(session) = Option::take(&mut session) {
            let session: Session = session;
            let _ = session.close().await;
        }
        let start = Instant::now();
        let password = Answer::Secret(Secret::new(arguments[2].clone()));
        let opening = pool.open(
            &request,
            Arc::new(Answers::of([password])),
            CancellationToken::new(),
        );
        let opened = opening.await.session().await;
        session = Some(opened.unwrap_or_else(|report| panic!("{}", report.block())));
        openings.push(milliseconds(start));
    }
    let session = session.unwrap();
    told(json!({ "opening": percentile(openings, 50) }));

    assert_eq!(invoke(&session, "1").await, 1);
    let mut invokes = Vec::new();
    for _ in 0..INVOKES {
        let start = Instant::now();
        assert_eq!(invoke(&session, "1").await, 1);
        invokes.push(milliseconds(start));
    }
    told(json!({
        "warm invoke, p50": percentile(invokes.clone(), 50),
        "warm invoke, p95": percentile(invokes, 95),
    }));

    let start = Instant::now();
    assert_eq!(invoke(&session, "1..100000").await, 100_000);
    told(json!({ "100,000 objects": milliseconds(start) }));

    let start = Instant::now();
    let mut upload = Invoke::objects("begin { $n = 0 } process { $n += $_.Length } end { $n }");
    upload.input = Some(Arc::new(|| {
        let text = Value::from("x".repeat(TEXT));
        let texts = std::iter::repeat_n(text, TEXTS).map(Ok);
        Box::pin(futures_util::stream::iter(texts))
    }));
    assert_eq!(run(&session, &upload).await, 1);
    told(json!({ "20 MB up": milliseconds(start) }));

    let start = Instant::now();
    let script = format!("$x = 'x' * {TEXT}; 1..{TEXTS} | ForEach-Object {{ $x }}");
    assert_eq!(invoke(&session, &script).await, TEXTS);
    told(json!({ "20 MB down": milliseconds(start) }));
    let _ = session.close().await;
}

async fn invoke(session: &Session, script: &str) -> usize {
    run(session, &Invoke::objects(script)).await
}

/// Runs it to its end; how many objects came.
async fn run(session: &Session, invoke: &Invoke) -> usize {
    let mut running = session.invoke(invoke);
    let mut objects = 0;
    loop {
        match running.next().await {
            Some(PipelineEvent::Output(_)) => objects += 1,
            Some(PipelineEvent::Finished(finished)) => {
                assert_eq!(finished.state, PipelineState::Completed, "{finished:?}");
                return objects;
            }
            Some(_) => {}
            None => panic!("no end"),
        }
    }
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

fn percentile(mut values: Vec<f64>, percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() * percent).div_ceil(100) - 1]
}

/// Says what a part took, and waits to go on.
fn told(milliseconds: serde_json::Value) {
    println!("{}", json!({ "milliseconds": milliseconds }));
    stdout().flush().unwrap();
    stdin().read_line(&mut String::new()).unwrap();
}
