//! `Invoke-Command`.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;

use super::{input, throttle};
use crate::clixml;
use crate::cmdlets::Error;
use crate::cmdlets::binding::Bound;
use crate::cmdlets::interpreter::{Out, Result, Run, USING};
use crate::cmdlets::job;
use crate::cmdlets::remote::{Origin, Script};
use crate::cmdlets::value::Value;
use crate::config::text_of;
use crate::session::{ExitCode, InputSource, Invoke, Report, Session, SessionId};
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
            Report::new(ExitCode::Usage, "")
                .hint("name one with -Session, -ComputerName or -HostName"),
        ));
        return Err(error.into());
    }
    let detached = first.switch("InDisconnectedSession");
    let as_job = first.switch("AsJob") || first.get("JobName").is_some();
    let unfit = match (detached, as_job, first.get("SessionName")) {
        (true, true, _) => Some(
            "A job cannot be made of what is left to its server: -AsJob or -InDisconnectedSession.",
        ),
        (false, _, Some(_)) => Some("-SessionName goes with -InDisconnectedSession."),
        _ => None,
    };
    if let Some(message) = unfit {
        return Err(Error::new(
            "InvalidOperation",
            "System.InvalidOperationException",
            message,
        )
        .into());
    }
    let input = input(&bound).map(Value::sent).collect();
    let mut invoke = invoke(run, &first, input).await?;
    if let Some(values) = run.using(&invoke.script).await? {
        invoke.params.push((USING.to_owned(), values));
    }
    let invoke = Arc::new(invoke);
    let given = first.get("Session").is_some();
    let sessions = if given {
        sessions(run, &first)?
    } else {
        opened(run, &first).await?
    };
    let hidden = first.switch("HideComputerName");
    let mut scripts = Vec::new();
    let mut ids: Vec<SessionId> = Vec::new();
    for session in sessions {
        let info = session.info();
        ids.push(info.id);
        let invoke = Arc::clone(&invoke);
        let script = Script::new(Origin::of(&info, hidden), move || {
            if detached {
                session.begin(&invoke)
            } else {
                session.invoke(&invoke)
            }
        });
        scripts.push(script.for_once(!given));
    }
    let limit = throttle(&first);
    if detached {
        return leave(run, scripts, &ids, out).await;
    }
    if as_job {
        let made = if given { Vec::new() } else { ids };
        let job = run.start_job(scripts, limit, &invoke.script, first.text("JobName"), made);
        run.emit(out, Value::Job(job))?;
        return Ok(());
    }
    let done = run.drain(scripts, limit, out).await;
    if !given {
        job::close(&run.console.pool, &run.console.host.ask(), ids).await;
    }
    done
}

/// The script, its arguments and its input.
async fn invoke(run: &mut Run<'_>, bound: &Bound, input: Vec<clixml::Value>) -> Result<Invoke> {
    let script = match (bound.get("ScriptBlock"), bound.text("FilePath")) {
        (Some(Value::Script(text)), _) => text.to_string(),
        (_, Some(file)) => read(run, file).await?,
        _ => {
            return Err(Error::new(
                "InvalidArgument",
                "MissingMandatoryParameter",
                "A script is missing: -ScriptBlock or -FilePath.",
            )
            .into());
        }
    };
    let input = (!input.is_empty()).then(|| {
        let source: InputSource =
            Arc::new(move || Box::pin(stream::iter(input.clone().into_iter().map(Ok))));
        source
    });
    Ok(Invoke {
        args: bound.all("ArgumentList").iter().map(Value::sent).collect(),
        input,
        ..Invoke::objects(script)
    })
}

/// The text of `-FilePath`.
async fn read(run: &mut Run<'_>, file: String) -> Result<String> {
    let unreadable = |why: &str| {
        let message = format!("The script '{file}' cannot be read: {why}.");
        Error::new("ObjectNotFound", "ScriptFileNotReadable", message).target(file.clone())
    };
    let path = file.clone();
    let reading = tokio::task::spawn_blocking(move || std::fs::read(path));
    let bytes = run.wait(reading).await?.map_err(Into::into).flatten();
    let bytes = bytes.map_err(|error| unreadable(&error.to_string()))?;
    let text = text_of(&bytes);
    Ok(text.ok_or_else(|| unreadable("it is neither UTF-8 nor UTF-16 with a byte order mark"))?)
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
        .map(|computer| {
            let mut request = computer.request(names.next(), run);
            request.kept = bound.switch("InDisconnectedSession");
            (request, computer)
        })
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
            job::close(&run.console.pool, &run.console.host.ask(), ids).await;
            Err(stop)
        }
    }
}

/// `-InDisconnectedSession`: the commands go on without us.
async fn leave(
    run: &mut Run<'_>,
    scripts: Vec<Script>,
    ids: &[SessionId],
    out: &mut Out,
) -> Result<()> {
    let begun: Vec<_> = scripts.into_iter().map(Script::begin).collect();
    // Leaving waits until what was sent has arrived.
    for (id, mut source) in ids.iter().zip(begun) {
        let left = run
            .console
            .pool
            .disconnect(*id, Leave::default(), run.cancel.clone())
            .await;
        match (left, source.running.refused()) {
            (Ok(_), Some(report)) => {
                // The session was made for it.
                let ask = run.console.host.ask();
                let removed = run.console.pool.remove(*id, ask, run.cancel.clone());
                let removed = removed.await.err();
                for report in [report].into_iter().chain(removed) {
                    run.complain(Error::of_report(report, "PSSessionStateBroken"))?;
                }
            }
            (Ok(left), None) => {
                for warning in left.warnings {
                    run.warn(&warning)?;
                }
                if let Some(info) = run.console.pool.info(*id) {
                    let session = run.object(info);
                    run.emit(out, Value::Session(session))?;
                }
            }
            (Err(report), _) => {
                run.complain(Error::of_report(report, "PSSessionDisconnectFailed"))?
            }
        }
    }
    Ok(())
}
