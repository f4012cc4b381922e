//! `Remove-PSSession`.

use futures_util::future::join_all;

use crate::cmdlets::Error;
use crate::cmdlets::binding::Bound;
use crate::cmdlets::interpreter::{Impact, Result, Run, like};
use crate::cmdlets::select::unknown;
use crate::cmdlets::session_object::PSSession;

pub(super) async fn run(run: &mut Run<'_>, bound: Vec<Bound>) -> Result<()> {
    let mut chosen: Vec<(PSSession, Bound)> = Vec::new();
    for bound in bound {
        if matches!(bound.set, "VMId" | "VMName" | "ContainerId") {
            let what = "sessions with virtual machines and containers yet";
            return Err(Error::unsupported(what).into());
        }
        let mut sessions = run.known(&bound)?;
        for computer in bound.texts("ComputerName") {
            let all = run.sessions().into_iter();
            let found: Vec<_> = all
                .filter(|info| like(&info.computer_name, &computer))
                .collect();
            if found.is_empty() {
                run.complain(unknown("ComputerName", &computer))?;
            }
            sessions.extend(found.into_iter().map(|info| run.object(info)));
        }
        for session in sessions {
            let info = session.info();
            let (target, impact) = if run.console.pool.had(info.id) {
                (info.name, Impact::Medium)
            } else {
                // Somebody may count on it.
                let (name, computer) = (&info.name, &info.computer_name);
                let target =
                    format!("{name} on {computer}, neither opened nor connected by this psdeck");
                let attended = run.console.host.is_attended();
                (
                    target,
                    if attended {
                        Impact::High
                    } else {
                        Impact::Medium
                    },
                )
            };
            if run.should(&bound, "Remove", &target, impact).await? {
                if let Some(lost) = session.info().interrupted() {
                    run.warn(&lost)?;
                }
                chosen.push((session, bound.clone()));
            }
        }
    }
    let removing = chosen.into_iter().map(|(session, bound)| {
        let (pool, cancel, ask) = (
            run.console.pool.clone(),
            run.cancel.clone(),
            run.asker(&bound),
        );
        async move {
            let done = pool.remove(session.id(), ask, cancel).await;
            (session, done)
        }
    });
    for (session, done) in join_all(removing).await {
        if let Err(report) = done {
            let error = Error::of_report(report, "PSSessionRemoveFailed");
            run.complain(error.target(session.info().name))?;
        }
    }
    Ok(())
}
