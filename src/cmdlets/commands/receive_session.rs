//! `Receive-PSSession`.

use crate::cmdlets::Error;
use crate::cmdlets::binding::Bound;
use crate::cmdlets::interpreter::{Impact, Out, Result, Run};
use crate::cmdlets::remote::{Origin, Source};
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
        let source = Source {
            running,
            origin: Origin::of(&session.info(), false),
        };
        if bound.text("OutTarget").as_deref() == Some("Job") {
            let command = session.info().running.unwrap_or_default();
            let job = run.start_job(vec![source], &command, bound.text("JobName"), Vec::new());
            run.emit(out, Value::Job(job));
        } else {
            run.drain(vec![source], out).await?;
        }
    }
    Ok(())
}
