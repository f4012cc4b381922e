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
use crate::session::{ExitCode, SessionInfo, SessionState};
use crate::transport::Leave;

/// The shortest idle time-out.
const SHORTEST: Duration = Duration::from_mins(1);

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
                chosen.push((session, leave));
            }
        }
    }
    let leaving = chosen.into_iter().map(|(session, leave)| {
        let (pool, cancel) = (run.console.pool.clone(), run.cancel.clone());
        async move {
            let info = session.info();
            let done = match refused(&info, &leave) {
                Some(error) => Err(error),
                None if info.state == SessionState::Disconnected => Ok(()),
                None => {
                    let left = pool.disconnect(session.id(), leave, cancel).await;
                    left.map_err(|report| Error::of_report(report, "PSSessionDisconnectFailed"))
                }
            };
            (session, done)
        }
    });
    let leaving: Vec<_> = leaving.collect();
    let mut left = stream::iter(leaving).buffered(limit);
    while let Some((session, done)) = left.next().await {
        match done {
            Ok(()) => run.emit(out, Value::Session(session)),
            Err(error) => run.complain(error.target(session.info().name))?,
        }
    }
    Ok(())
}

fn refused(info: &SessionInfo, leave: &Leave) -> Option<Error> {
    let name = &info.name;
    match info.state {
        SessionState::Disconnected => return None,
        SessionState::Opened => {}
        state => {
            let message = format!("The session {name} cannot be disconnected: it is {state}.");
            let id = "CannotDisconnectSessionWhenNotOpened";
            return Some(Error::new("InvalidOperation", id, message).code(ExitCode::Refused));
        }
    }
    let wanted = leave.idle_timeout?;
    let most = info.keeping.max_idle_timeout;
    if wanted >= SHORTEST && most.is_none_or(|most| wanted <= most) {
        return None;
    }
    let most = most.map_or("what the server allows".to_owned(), |most| {
        format!("{} seconds", most.as_secs())
    });
    let message = format!(
        "The session {name} stays connected: its idle time-out of {} seconds would not be between {} seconds and {most}.",
        wanted.as_secs(),
        SHORTEST.as_secs()
    );
    Some(Error::new(
        "InvalidArgument",
        "CannotDisconnectSessionWithInvalidIdleTimeout",
        message,
    ))
}
