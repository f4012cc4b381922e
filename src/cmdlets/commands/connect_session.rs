//! `Connect-PSSession`.

use futures_util::StreamExt as _;
use futures_util::stream;

use super::throttle;
use crate::cmdlets::Error;
use crate::cmdlets::binding::Bound;
use crate::cmdlets::interpreter::{Impact, Out, Result, Run};
use crate::cmdlets::session_object::PSSession;
use crate::cmdlets::value::Value;
use crate::session::{Availability, ExitCode, SessionInfo, SessionState};

pub(super) async fn run(run: &mut Run<'_>, bound: Vec<Bound>, out: &mut Out) -> Result<()> {
    let mut chosen: Vec<(PSSession, Bound)> = Vec::new();
    let mut limit = 32;
    for bound in bound {
        limit = throttle(&bound);
        if let Some(Value::Option(option)) = bound.get("SessionOption")
            && option.options()?.idle_timeout.is_some()
        {
            run.warn("The idle time-out of a session is not changed by connecting to it; Disconnect-PSSession changes it.")?;
        }
        for session in run.meant(&bound).await? {
            let name = session.info().name;
            if run.should(&bound, "Connect", &name, Impact::Medium).await? {
                chosen.push((session, bound.clone()));
            }
        }
    }
    let connecting = chosen.into_iter().map(|(session, bound)| {
        let (pool, cancel, ask) = (
            run.console.pool.clone(),
            run.cancel.clone(),
            run.asker(&bound),
        );
        async move {
            let info = session.info();
            let done = match refused(&info) {
                Some(error) => Err(error),
                None if info.state == SessionState::Opened => Ok(()),
                None => match pool.connect(session.id(), ask, cancel).await {
                    Ok(_) => Ok(()),
                    Err(report) => Err(Error::of_report(report, "PSSessionConnectFailed")),
                },
            };
            (session, done)
        }
    });
    let connecting: Vec<_> = connecting.collect();
    let mut connected = stream::iter(connecting).buffered(limit);
    while let Some((session, done)) = connected.next().await {
        match done {
            Ok(()) => run.emit(out, Value::Session(session)),
            Err(error) => run.complain(error.target(session.info().name))?,
        }
    }
    Ok(())
}

/// Why a session cannot be connected; one that is open already needs nothing.
pub(super) fn refused(info: &SessionInfo) -> Option<Error> {
    let name = &info.name;
    let why = match (info.state, info.availability) {
        (SessionState::Disconnected, Availability::Busy) => {
            "another client is connected to it".to_owned()
        }
        (SessionState::Opened | SessionState::Disconnected, _) => return None,
        (state, _) => format!("it is {state}"),
    };
    let message = format!("The session {name} cannot be connected: {why}.");
    let mut error = Error::new("InvalidOperation", "PSSessionConnectFailed", message);
    error.code = ExitCode::Refused;
    if let Some(reason) = &info.reason {
        let mut report = crate::session::Report::new(ExitCode::Refused, "");
        report.reasons.push(reason.clone());
        error.report = Some(Box::new(report));
    }
    Some(error)
}
