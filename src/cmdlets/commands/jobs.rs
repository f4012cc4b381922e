//! `Get-Job`, `Receive-Job`, `Wait-Job`, `Stop-Job`, `Remove-Job`.

use std::time::Duration;

use crate::cmdlets::Error;
use crate::cmdlets::binding::Bound;
use crate::cmdlets::interpreter::{Impact, Out, Result, Run, like};
use crate::cmdlets::job::Job;
use crate::cmdlets::value::Value;
use crate::language::WildcardPattern;
use crate::session::ExitCode;

pub(super) fn get(run: &mut Run<'_>, bound: &[Bound], out: &mut Out) -> Result<()> {
    for bound in bound {
        for job in chosen(run, bound)? {
            run.emit(out, Value::Job(job));
        }
    }
    Ok(())
}

pub(super) async fn receive(run: &mut Run<'_>, bound: Vec<Bound>, out: &mut Out) -> Result<()> {
    for bound in bound {
        for job in chosen(run, &bound)? {
            if bound.switch("Wait") {
                run.wait_for(&job, None).await?;
            }
            run.receive_job(&job, bound.switch("Keep"), out)?;
            if bound.switch("AutoRemoveJob") && job.is_over() {
                run.console.jobs.remove(&job);
            }
        }
    }
    Ok(())
}

pub(super) async fn wait(run: &mut Run<'_>, bound: Vec<Bound>, out: &mut Out) -> Result<()> {
    for bound in bound {
        let limit = bound
            .number("Timeout")
            .and_then(|limit| u64::try_from(limit).ok());
        let limit = limit.map(Duration::from_secs);
        let jobs = chosen(run, &bound)?;
        for job in jobs {
            if run.wait_for(&job, limit).await? {
                run.emit(out, Value::Job(job));
            }
        }
    }
    Ok(())
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
            run.wait_for(&job, None).await?;
            if bound.switch("PassThru") {
                run.emit(out, Value::Job(job));
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
                run.wait_for(&job, None).await?;
            }
            run.console.jobs.remove(&job);
        }
    }
    Ok(())
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
    for parameter in ["Filter", "ChildJobState", "HasMoreData", "Before", "After"] {
        if bound.get(parameter).is_some() {
            return Err(Error::unsupported(&format!("-{parameter} of {}", bound.cmdlet())).into());
        }
    }
    let mut found = if named { found } else { all };
    if let Some(newest) = bound
        .number("Newest")
        .and_then(|count| usize::try_from(count).ok())
    {
        let first = found.len().saturating_sub(newest);
        found.drain(..first);
    }
    Ok(found)
}
