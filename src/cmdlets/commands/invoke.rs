//! `Invoke-Command`.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio_util::sync::CancellationToken;

use super::throttle;
use crate::clixml;
use crate::cmdlets::Error;
use crate::cmdlets::binding::Bound;
use crate::cmdlets::interpreter::{Out, Result, Run};
use crate::cmdlets::job::runs_on;
use crate::cmdlets::remote::{Origin, Source};
use crate::cmdlets::value::Value;
use crate::session::{ExitCode, InputSource, Invoke, Session, SessionId};
use crate::transport::Leave;

pub(super) async fn run(run: &mut Run<'_>, bound: Vec<Bound>, out: &mut Out) -> Result<()> {
    let Some(first) = bound.first().cloned() else {
        return Ok(());
    };
    if first.set == "InProcess" {
        let mut error = Error::unsupported(
            "scripts without a session: there is no PowerShell here to run them",
        );
        error.report = Some(Box::new(
            crate::session::Report::new(ExitCode::Usage, "")
                .hint("name one with -Session, -ComputerName or -HostName"),
        ));
        return Err(error.into());
    }
    let input: Vec<_> = bound
        .iter()
        .filter_map(|bound| Some(bound.get("InputObject")?.plain()))
        .collect();
    let invoke = invoke(&first, input)?;
    let given = first.get("Session").is_some();
    let sessions = if given {
        sessions(run, &first)?
    } else {
        opened(run, &first).await?
    };
    let hidden = first.switch("HideComputerName");
    let detached = first.switch("InDisconnectedSession");
    let mut sources = Vec::new();
    let mut ids: Vec<SessionId> = Vec::new();
    for session in sessions {
        let info = session.info();
        ids.push(info.id);
        sources.push(Source {
            running: session.invoke(&invoke),
            origin: Origin::of(&info, hidden),
        });
    }
    if detached {
        return leave(run, sources, &ids, out).await;
    }
    if first.switch("AsJob") || first.get("JobName").is_some() {
        let made = if given { Vec::new() } else { ids };
        let job = run.start_job(sources, &invoke.script, first.text("JobName"), made);
        run.emit(out, Value::Job(job));
        return Ok(());
    }
    let done = run.drain(sources, out).await;
    if !given {
        close(run, ids).await;
    }
    done
}

/// The script, its arguments and its input.
fn invoke(bound: &Bound, input: Vec<clixml::Value>) -> std::result::Result<Invoke, Error> {
    let script = match (bound.get("ScriptBlock"), bound.text("FilePath")) {
        (Some(Value::Script(text)), _) => text.to_string(),
        (_, Some(file)) => {
            let bytes = std::fs::read(&file).map_err(|error| {
                let message = format!("The script '{file}' cannot be read: {error}.");
                Error::new("ObjectNotFound", "ScriptFileNotReadable", message).target(file)
            })?;
            let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
            String::from_utf8_lossy(text).into_owned()
        }
        _ => {
            return Err(Error::new(
                "InvalidArgument",
                "MissingMandatoryParameter",
                "A script is missing: -ScriptBlock or -FilePath.",
            ));
        }
    };
    let input = (!input.is_empty()).then(|| {
        let source: InputSource =
            Arc::new(move || Box::pin(stream::iter(input.clone().into_iter().map(Ok))));
        source
    });
    Ok(Invoke {
        args: bound.all("ArgumentList").iter().map(Value::plain).collect(),
        input,
        ..Invoke::objects(script)
    })
}

/// The sessions of `-Session`; one that is not open is told.
fn sessions(run: &mut Run<'_>, bound: &Bound) -> Result<Vec<Session>> {
    let mut found = Vec::new();
    for value in bound.all("Session") {
        let Value::Session(session) = value else {
            continue;
        };
        if let Some(session) = run.console.pool.session(session.id()) {
            found.push(session);
            continue;
        }
        let info = session.info();
        let message = format!(
            "No command can run in the session {}: it is {}.",
            info.name, info.state
        );
        let error = Error::new("InvalidOperation", "InvalidRunspaceState", message);
        run.complain(error.target(info.name).code(ExitCode::Refused))?;
    }
    Ok(found)
}

/// Sessions that are opened for the command.
async fn opened(run: &mut Run<'_>, bound: &Bound) -> Result<Vec<Session>> {
    let computers = run.computers(bound)?;
    let mut names = bound.texts("SessionName").into_iter();
    let requests: Vec<_> = computers
        .into_iter()
        .map(|computer| (computer.request(names.next(), run), computer))
        .collect();
    let opening = requests.into_iter().map(|(request, computer)| {
        computer.open(run.console.pool.clone(), request, run.cancel.clone())
    });
    let opening: Vec<_> = opening.collect();
    let mut opening = stream::iter(opening).buffered(throttle(bound));
    let mut found: Vec<Session> = Vec::new();
    let mut stop = None;
    while let Some(opened) = opening.next().await {
        match opened {
            Ok(session) => found.push(session),
            Err(report) => {
                let told = run.complain(Error::of_report(report, "PSSessionStateBroken"));
                stop = stop.or(told.err());
            }
        }
    }
    match stop {
        None => Ok(found),
        Some(stop) => {
            let ids = found.iter().map(|session| session.info().id).collect();
            close(run, ids).await;
            Err(stop)
        }
    }
}

/// `-InDisconnectedSession`: the commands go on without us.
async fn leave(
    run: &mut Run<'_>,
    sources: Vec<Source>,
    ids: &[SessionId],
    out: &mut Out,
) -> Result<()> {
    // Leaving waits until what was sent has arrived.
    for id in ids {
        let left = run
            .console
            .pool
            .disconnect(*id, Leave::default(), run.cancel.clone())
            .await;
        match left {
            Ok(left) => {
                for warning in left.warnings {
                    run.warn(&warning)?;
                }
                if let Some(info) = run.console.pool.info(*id) {
                    let session = run.object(info);
                    run.emit(out, Value::Session(session));
                }
            }
            Err(report) => run.complain(Error::of_report(report, "PSSessionDisconnectFailed"))?,
        }
    }
    drop(sources);
    Ok(())
}

/// Closes the sessions that were opened for the command, but for those that go on without us.
async fn close(run: &mut Run<'_>, ids: Vec<SessionId>) {
    let ours = ids
        .into_iter()
        .filter(|id| !runs_on(&run.console.pool, *id));
    let removing = ours.map(|id| {
        let (pool, ask) = (run.console.pool.clone(), run.console.host.ask());
        async move { pool.remove(id, ask, CancellationToken::new()).await }
    });
    let removing: Vec<_> = removing.collect();
    let _ = futures_util::future::join_all(removing).await;
}
