//! `Disconnect-PSSession`.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;

use super::throttle;
use crate::cmdlets::Error;
use crate::cmdlets::binding::Bound;
use crate::cmdlets::interpreter::{Impact, Out, Result, Run};
use crate::cmdlets::session_object::PSSession;
use crate::cmdlets::value::Value;
use crate::session::ExitCode;
use crate::transport::Leave;

pub(super) async fn run(run: &mut Run<'_>, bound: Vec<Bound>, out: &mut Out) -> Result<()> {
    let mut chosen: Vec<(PSSession, Leave)> = Vec::new();
    let mut limit = 32;
    for bound in bound {
        limit = throttle(&bound);
        let seconds = bound
            .number("IdleTimeoutSec")
            .and_then(|time| u64::try_from(time).ok());
        let leave = Leave {
            idle_timeout: seconds.map(Duration::from_secs),
            buffering: bound
                .text("OutputBufferingMode")
                .and_then(|mode| mode.parse().ok()),
        };
        for session in run.known(&bound)? {
            let name = session.info().name;
            if run
                .should(&bound, "Disconnect", &name, Impact::Medium)
                .await?
            {
                if let Some(lost) = session.info().interrupted() {
                    run.warn(&lost)?;
                }
                chosen.push((session, leave));
            }
        }
    }
    let leaving = chosen.into_iter().map(|(session, leave)| {
        let (pool, cancel) = (run.console.pool.clone(), run.cancel.clone());
        async move {
            let done = pool.disconnect(session.id(), leave, cancel).await;
            (session, done)
        }
    });
    let leaving: Vec<_> = leaving.collect();
    let mut left = stream::iter(leaving).buffered(limit);
    while let Some((session, done)) = left.next().await {
        match done {
            Ok(left) => {
                for warning in left.warnings {
                    run.warn(&warning)?;
                }
                run.emit(out, Value::Session(session))?;
            }
            Err(report) => {
                let id = match report.code {
                    ExitCode::NoSession => "CannotDisconnectSessionWhenNotOpened",
                    _ => "PSSessionDisconnectFailed",
                };
                let error = Error::of_report(report, id);
                run.complain(error.target(session.info().name))?;
            }
        }
    }
    Ok(())
}
