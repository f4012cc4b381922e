//! `New-PSSession`.

use futures_util::StreamExt as _;
use futures_util::stream;

use super::throttle;
use crate::cmdlets::Error;
use crate::cmdlets::binding::Bound;
use crate::cmdlets::interpreter::{Out, Result, Run};
use crate::cmdlets::reach::Reach;
use crate::cmdlets::value::Value;

pub(super) async fn run(run: &mut Run<'_>, bound: Vec<Bound>, out: &mut Out) -> Result<()> {
    for bound in bound {
        let computers = match bound.set {
            "Session" => again(run, &bound),
            "UseWindowsPowerShellParameterSet" => {
                return Err(
                    Error::unsupported("Windows PowerShell as a process of this computer").into(),
                );
            }
            // Without a name: this computer.
            "ComputerName" if bound.get("ComputerName").is_none() => {
                vec![run.this_computer(&bound)?]
            }
            _ => run.computers(&bound)?,
        };
        let mut names = bound.texts("Name").into_iter();
        let requests: Vec<_> = computers
            .into_iter()
            .map(|computer| (computer.request(names.next(), run), computer))
            .collect();
        let pool = run.console.pool.clone();
        let cancel = run.cancel.clone();
        let opening = requests.into_iter().map(|(request, computer)| {
            let (pool, cancel) = (pool.clone(), cancel.clone());
            computer.open(pool, request, cancel)
        });
        let mut opened = stream::iter(opening).buffered(throttle(&bound));
        while let Some(opened) = opened.next().await {
            match opened {
                Ok(session) => {
                    let session = run.object(session.info());
                    run.emit(out, Value::Session(session))?;
                }
                Err(report) => run.complain(Error::of_report(report, "PSSessionOpenFailed"))?,
            }
        }
    }
    Ok(())
}

/// The computers of sessions that there are, with their options.
fn again(run: &Run<'_>, bound: &Bound) -> Vec<Reach> {
    let sessions = bound.all("Session").into_iter();
    let found = sessions.filter_map(|session| match session {
        Value::Session(session) => {
            let (target, options) = run.console.pool.target(session.id())?;
            let name = session.info().computer_name;
            Some(run.at(&name, target, options, bound))
        }
        _ => None,
    });
    found.collect()
}
