//! `Connect-PSSession`.

use futures_util::StreamExt as _;
use futures_util::stream;

use super::throttle;
use crate::cmdlets::Error;
use crate::cmdlets::binding::Bound;
use crate::cmdlets::interpreter::{Impact, Out, Result, Run};
use crate::cmdlets::session_object::PSSession;
use crate::cmdlets::value::Value;
use crate::session::SessionState;

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
        let connecting = run.connecting(session.id(), &bound);
        async move {
            // One that is open already is passed on.
            let done = if session.info().state == SessionState::Opened {
                Ok(())
            } else {
                let connected = connecting.await;
                connected
                    .map(drop)
                    .map_err(|report| Error::of_report(report, "PSSessionConnectFailed"))
            };
            (session, done)
        }
    });
    let connecting: Vec<_> = connecting.collect();
    let mut connected = stream::iter(connecting).buffered(limit);
    while let Some((session, done)) = connected.next().await {
        match done {
            Ok(()) => run.emit(out, Value::Session(session))?,
            Err(error) => run.complain(error.target(session.info().name))?,
        }
    }
    Ok(())
}
