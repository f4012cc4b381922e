//! `Receive-PSSession`.

use crate::cmdlets::Error;
use crate::cmdlets::binding::Bound;
use crate::cmdlets::interpreter::{Impact, Out, Result, Run};
use crate::cmdlets::remote::{Origin, Script};
use crate::cmdlets::value::Value;
use crate::session::{ExitCode, SessionState};

pub(super) async fn run(run: &mut Run<'_>, bound: Vec<Bound>, out: &mut Out) -> Result<()> {
    for bound in bound {
        let sessions = run.meant(&bound).await?;
        // As PowerShell: of several that a pattern fits, the first.
        let Some(session) = sessions.into_iter().next() else {
            continue;
        };
        let info = session.info();
        if !run
            .should(&bound, "Receive", &info.name, Impact::Low)
            .await?
        {
            continue;
        }
        let live = match info.state {
            SessionState::Opened => run.console.pool.session(info.id),
            SessionState::Disconnected => match run.connecting(info.id, &bound).await {
                Ok(session) => Some(session),
                Err(mut report) => {
                    report.error_id = Some("ReceivePSSessionCannotConnectSession".to_owned());
                    run.complain(Error::of_report(report, "").target(info.name))?;
                    continue;
                }
            },
            state => {
                let message = format!(
                    "Nothing can be received from the session {}: it is {state}.",
                    info.name
                );
                let error = Error::new(
                    "InvalidOperation",
                    "ReceivePSSessionCannotConnectSession",
                    message,
                );
                run.complain(error.target(info.name).code(ExitCode::Refused))?;
                continue;
            }
        };
        // Without a running command there is nothing to say.
        let Some((session, running)) = live.and_then(|session| {
            let running = session.receive()?;
            Some((session, running))
        }) else {
            continue;
        };
        if session.waits() {
            run.warn("The command is silent and may wait for input that its former client was asked for. Ctrl+C stops it.")?;
        }
        let info = session.info();
        let script = Script::new(Origin::of(&info, false), move || running);
        let to = bound.text("OutTarget");
        let jobs = run.console.jobs.all();
        let job = jobs.iter().find(|job| job.left_behind(info.instance_id));
        match (to.as_deref(), job) {
            (Some("Job"), None) => {
                let (command, name) = (info.running.unwrap_or_default(), bound.text("JobName"));
                let job = run.start_job(vec![script], 1, &command, name, Vec::new());
                run.emit(out, Value::Job(job))?;
            }
            // A job of this console goes on, unless it is not wanted.
            (None | Some("Default" | "Job"), Some(job)) => {
                job.resume(script);
                run.emit(out, Value::Job(job.clone()))?;
            }
            _ => run.drain(vec![script], 1, out).await?,
        }
    }
    Ok(())
}
