//! `Get-PSSession`.

use crate::cmdlets::binding::Bound;
use crate::cmdlets::interpreter::{Out, Result, Run};
use crate::cmdlets::value::Value;
use crate::session::SessionState;

pub(super) async fn run(run: &mut Run<'_>, bound: Vec<Bound>, out: &mut Out) -> Result<()> {
    for bound in bound {
        let named = ["Name", "Id", "InstanceId"]
            .iter()
            .any(|name| bound.get(name).is_some());
        let sessions = match bound.set {
            "Name" | "Id" | "InstanceId" if named => run.known(&bound)?,
            "Name" | "Id" | "InstanceId" => {
                let all = run.sessions().into_iter();
                all.map(|info| run.object(info)).collect()
            }
            _ => run.held(&bound).await?,
        };
        let wanted = match bound.text("State").as_deref() {
            Some("Opened") => Some(SessionState::Opened),
            Some("Disconnected") => Some(SessionState::Disconnected),
            Some("Closed") => Some(SessionState::Closed),
            Some("Broken") => Some(SessionState::Broken),
            _ => None,
        };
        for session in sessions {
            if wanted.is_none_or(|state| session.info().state == state) {
                run.emit(out, Value::Session(session))?;
            }
        }
    }
    Ok(())
}
