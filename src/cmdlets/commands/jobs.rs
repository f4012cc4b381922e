//! `Get-Job`, `Receive-Job`, `Wait-Job`, `Stop-Job`, `Remove-Job`.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::cmdlets::Error;
use crate::cmdlets::binding::Bound;
use crate::cmdlets::interpreter::{Impact, Out, Result, Run, Stop, like};
use crate::cmdlets::job::Job;
use crate::cmdlets::remote::Origin;
use crate::cmdlets::value::Value;
use crate::language::WildcardPattern;
use crate::session::ExitCode;

pub(super) fn get(run: &mut Run<'_>, bound: &[Bound], out: &mut Out) -> Result<()> {
    for bound in bound {
        for job in chosen(run, bound)? {
            run.emit(out, Value::Job(job))?;
        }
    }
    Ok(())
}

pub(super) async fn receive(run: &mut Run<'_>, bound: Vec<Bound>, out: &mut Out) -> Result<()> {
    for bound in bound {
        let waits = bound.switch("Wait");
        for parameter in ["AutoRemoveJob", "WriteEvents", "WriteJobInResults", "Force"] {
            if bound.switch(parameter) && !waits {
                let message = format!("-{parameter} goes with -Wait.");
                return Err(Error::new("InvalidOperation", "InvalidOperation", message).into());
            }
        }
        let keep = bound.switch("Keep");
        let from = places(&bound);
        for job in chosen(run, &bound)? {
            if bound.switch("WriteJobInResults") {
                run.emit(out, Value::Job(job.clone()))?;
            }
            // What its scripts put out is their parts', not the job's own.
            if bound.switch("NoRecurse") {
                continue;
            }
            loop {
                if waits {
                    run.wait(job.settled()).await?;
                }
                let is_over = job.is_over();
                let less = run.receive_job(&job, keep, &from, out)?;
                if is_over || !waits {
                    break;
                }
                // It may have filled up again while this was put out.
                if !less && job.is_blocked() {
                    run.complain(blocked(&job))?;
                    break;
                }
            }
            if bound.switch("AutoRemoveJob") && job.is_over() {
                run.console.jobs.remove(&job);
            }
        }
    }
    Ok(())
}

pub(super) async fn wait(run: &mut Run<'_>, bound: Vec<Bound>, out: &mut Out) -> Result<()> {
    let Some(first) = bound.first().cloned() else {
        return Ok(());
    };
    let mut waiting = FuturesUnordered::new();
    for bound in bound {
        for job in chosen(run, &bound)? {
            waiting.push(async move {
                job.settled().await;
                job
            });
        }
    }
    let limit = first
        .number("Timeout")
        .and_then(|limit| u64::try_from(limit).ok());
    let late = async {
        match limit {
            Some(limit) => tokio::time::sleep(Duration::from_secs(limit)).await,
            None => std::future::pending().await,
        }
    };
    let mut late = std::pin::pin!(late);
    loop {
        let cancel = run.cancel.clone();
        let job = tokio::select! {
            job = waiting.next() => job,
            () = &mut late => None,
            () = cancel.cancelled() => return Err(Stop::Cancelled),
        };
        let Some(job) = job else { return Ok(()) };
        if job.is_blocked() {
            run.complain(blocked(&job))?;
            continue;
        }
        run.emit(out, Value::Job(job))?;
        if first.switch("Any") {
            return Ok(());
        }
    }
}

pub(super) async fn stop(run: &mut Run<'_>, bound: Vec<Bound>, out: &mut Out) -> Result<()> {
    for bound in bound {
        for job in chosen(run, &bound)? {
            if !run
                .should(&bound, "Stop", &job.name(), Impact::Medium)
                .await?
            {
                continue;
            }
            job.stop();
            run.wait(job.over()).await?;
            if bound.switch("PassThru") {
                run.emit(out, Value::Job(job))?;
            }
        }
    }
    Ok(())
}

pub(super) async fn remove(run: &mut Run<'_>, bound: Vec<Bound>) -> Result<()> {
    for bound in bound {
        for job in chosen(run, &bound)? {
            if !run
                .should(&bound, "Remove", &job.name(), Impact::Medium)
                .await?
            {
                continue;
            }
            if !job.is_over() {
                if !bound.switch("Force") {
                    let message = format!(
                        "The job {} is not over: stop it, or use -Force.",
                        job.name()
                    );
                    let error = Error::new(
                        "InvalidOperation",
                        "JobObjectNotFinishedCannotBeRemoved",
                        message,
                    );
                    run.complain(error.target(job.name()))?;
                    continue;
                }
                job.stop();
                run.wait(job.over()).await?;
            }
            run.console.jobs.remove(&job);
        }
    }
    Ok(())
}

/// Whether something came from where `-Location`, `-ComputerName` or `-Session` says.
fn places(bound: &Bound) -> impl Fn(&Origin) -> bool + use<> {
    let computers = [bound.texts("Location"), bound.texts("ComputerName")].concat();
    let sessions = bound.all("Session").into_iter();
    let sessions = sessions.filter_map(|session| match session {
        Value::Session(session) => Some(session.info().instance_id),
        _ => None,
    });
    let sessions: Vec<_> = sessions.collect();
    move |origin: &Origin| {
        let is_at = |name: &String| like(&origin.computer, name);
        (computers.is_empty() && sessions.is_empty())
            || computers.iter().any(is_at)
            || sessions.contains(&origin.session)
    }
}

/// A job whose end cannot be waited for.
fn blocked(job: &Job) -> Error {
    let message = format!(
        "The job {} has kept as much as it may, and its servers wait: Receive-Job makes room.",
        job.name()
    );
    Error::new(
        "DeadlockDetected",
        "BlockedJobsDeadlockWithWaitJob",
        message,
    )
    .target(job.name())
    .code(ExitCode::Refused)
}

/// The jobs that the parameters mean; all where they mean none in particular.
fn chosen(run: &mut Run<'_>, bound: &Bound) -> Result<Vec<Job>> {
    let all = run.console.jobs.all();
    let mut found: Vec<Job> = Vec::new();
    let mut named = false;
    for value in bound.all("Job") {
        named = true;
        if let Value::Job(job) = value {
            found.push(job);
        }
    }
    for (parameter, id) in [
        ("Id", "JobWithSpecifiedSessionIdNotFound"),
        ("InstanceId", "JobWithSpecifiedInstanceIdNotFound"),
        ("Name", "JobWithSpecifiedNameNotFound"),
        ("State", ""),
        ("Command", ""),
    ] {
        for value in bound.all(parameter) {
            named = true;
            let text = value.text();
            let fits = |job: &&Job| match parameter {
                "Id" => job.id().to_string() == text,
                "InstanceId" => job.instance_id().to_string() == text,
                "Name" => like(&job.name(), &text),
                "State" => job.state().eq_ignore_ascii_case(&text),
                _ => like(&job.command(), &text),
            };
            let fitting: Vec<_> = all.iter().filter(fits).cloned().collect();
            if fitting.is_empty() && !id.is_empty() && !WildcardPattern::is_in(&text) {
                let message = format!("There is no job with the {parameter} '{text}'.");
                let error = Error::new("ObjectNotFound", id, message);
                run.complain(error.target(text).code(ExitCode::NoSession))?;
            }
            found.extend(fitting);
        }
    }
    for parameter in [
        "Filter",
        "IncludeChildJob",
        "ChildJobState",
        "Before",
        "After",
    ] {
        if bound.get(parameter).is_some() {
            return Err(Error::unsupported(&format!("-{parameter} of {}", bound.cmdlet())).into());
        }
    }
    let mut found = if named { found } else { all };
    if let Some(more) = bound.get("HasMoreData") {
        found.retain(|job| job.has_more_data() == more.truth());
    }
    if let Some(newest) = bound
        .number("Newest")
        .and_then(|count| usize::try_from(count).ok())
    {
        let first = found.len().saturating_sub(newest);
        found.drain(..first);
    }
    Ok(found)
}
