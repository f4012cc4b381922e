//! Sessions that parameters name: by object, id, instance id or name, and on servers.

use futures_util::{StreamExt as _, stream};
use uuid::Uuid;

use super::Error;
use super::binding::Bound;
use super::commands::throttle;
use super::interpreter::{Result, Run, like};
use super::session_object::PSSession;
use super::value::Value;
use crate::clixml;
use crate::language::WildcardPattern;
use crate::session::{ExitCode, SessionInfo};

impl Run<'_> {
    /// Every session that this console knows.
    pub(super) fn sessions(&self) -> Vec<SessionInfo> {
        self.console.pool.sessions().now().to_vec()
    }

    /// Learns of the sessions of this user's other psdecks. What is to be told of their files is told once.
    pub(super) async fn recall(&mut self) -> Result<()> {
        for told in self.console.pool.recall().await {
            if self.console.told.insert(told.clone()) {
                self.warn(&told)?;
            }
        }
        Ok(())
    }

    pub(super) fn object(&self, info: SessionInfo) -> PSSession {
        PSSession::new(&self.console.pool, info)
    }

    /// The known sessions that `-Session`, `-Id`, `-InstanceId` or `-Name` means, each once; a name may have wildcards.
    /// What means none is told.
    pub(super) fn known(&mut self, bound: &Bound) -> Result<Vec<PSSession>> {
        let all = self.sessions();
        let mut found: Vec<PSSession> = Vec::new();
        for value in bound.all("Session") {
            if let Value::Session(session) = value {
                add(&mut found, session);
            }
        }
        for parameter in ["Id", "InstanceId", "Name"] {
            for value in bound.all(parameter) {
                let text = value.text();
                let fits = |info: &&SessionInfo| match parameter {
                    "Id" => value.as_i64() == Some(info.id.0.into()),
                    "InstanceId" => guid(&value) == Some(info.instance_id),
                    _ => like(&info.name, &text),
                };
                let fitting: Vec<_> = all.iter().filter(fits).collect();
                if fitting.is_empty() && !(parameter == "Name" && WildcardPattern::is_in(&text)) {
                    self.complain(unknown(parameter, &text))?;
                }
                for info in fitting {
                    add(&mut found, self.object(info.clone()));
                }
            }
        }
        Ok(found)
    }

    /// The sessions that the servers of `-ComputerName` or `-ConnectionUri` hold, those that `-Name`, `-InstanceId` and
    /// `-ConfigurationName` mean. A server that cannot be asked is told.
    pub(super) async fn held(&mut self, bound: &Bound) -> Result<Vec<PSSession>> {
        let query = match bound.cmdlet() {
            "Receive-PSSession" => "ReceivePSSessionQueryForSessionFailed",
            _ => "RemotePSSessionQueryFailed",
        };
        // A question about a server without sessions has its answer; to do something with one of them fails.
        let asks = bound.cmdlet() == "Get-PSSession";
        let mut found = Vec::new();
        let computers = self.computers(bound)?;
        let asked = computers.into_iter().map(|computer| {
            let (pool, cancel) = (self.console.pool.clone(), self.cancel.clone());
            async move { (computer.name.clone(), computer.list(pool, cancel).await) }
        });
        let asked: Vec<_> = asked.collect();
        let mut asked = stream::iter(asked).buffered(throttle(bound));
        while let Some((computer, listed)) = asked.next().await {
            let ids = match listed {
                Ok(ids) => ids,
                Err(report) => {
                    let error = Error::of_report(report, query);
                    self.complain(error.target(computer))?;
                    continue;
                }
            };
            let held: Vec<_> = ids
                .iter()
                .filter_map(|id| self.console.pool.info(*id))
                .collect();
            let configuration = bound.text("ConfigurationName");
            let wanted = |info: &&SessionInfo| {
                configuration
                    .as_deref()
                    .is_none_or(|name| info.has_configuration(name))
            };
            let wanted: Vec<_> = held.iter().filter(wanted).collect();
            let mut fitting: Vec<&SessionInfo> = Vec::new();
            let (names, ids) = (bound.texts("Name"), bound.all("InstanceId"));
            if names.is_empty() && ids.is_empty() {
                fitting = wanted.clone();
            }
            for name in &names {
                let some: Vec<_> = wanted
                    .iter()
                    .filter(|info| like(&info.name, name))
                    .collect();
                if some.is_empty() && !(held.is_empty() && (asks || WildcardPattern::is_in(name))) {
                    let message =
                        format!("No session on {computer} has a name that fits '{name}'.");
                    let error = Error::new("InvalidArgument", "PSSessionNameMatchFail", message);
                    self.complain(error.target(name).code(ExitCode::NoSession))?;
                }
                fitting.extend(some);
            }
            for id in &ids {
                let some = wanted
                    .iter()
                    .find(|info| guid(id) == Some(info.instance_id));
                if some.is_none() && !(held.is_empty() && asks) {
                    let id = id.text();
                    let message = format!("No session on {computer} has the instance id {id}.");
                    let error = Error::new("InvalidArgument", "PSSessionIdMatchFail", message);
                    self.complain(error.target(id).code(ExitCode::NoSession))?;
                }
                fitting.extend(some);
            }
            for info in fitting {
                add(&mut found, self.object(info.clone()));
            }
        }
        Ok(found)
    }

    /// The sessions of any of the sets: known ones or those of servers.
    pub(super) async fn meant(&mut self, bound: &Bound) -> Result<Vec<PSSession>> {
        if bound.set.starts_with("Computer") || bound.set.starts_with("ConnectionUri") {
            self.held(bound).await
        } else {
            self.known(bound)
        }
    }
}

/// No session is known by that.
pub(super) fn unknown(parameter: &str, text: &str) -> Error {
    let (id, what) = match parameter {
        "Id" => ("RemoteRunspaceNotAvailableForSpecifiedSessionId", "id"),
        "InstanceId" => (
            "RemoteRunspaceNotAvailableForSpecifiedRunspaceId",
            "instance id",
        ),
        "ComputerName" => ("RemoteRunspaceNotAvailableForSpecifiedComputer", "computer"),
        _ => ("RemoteRunspaceNotAvailableForSpecifiedName", "name"),
    };
    let message = format!("There is no session with the {what} '{text}' here.");
    let error = Error::new("InvalidArgument", id, message);
    error.target(text).code(ExitCode::NoSession)
}

fn add(found: &mut Vec<PSSession>, session: PSSession) {
    if found.iter().all(|other| other.id() != session.id()) {
        found.push(session);
    }
}

fn guid(value: &Value) -> Option<Uuid> {
    match value {
        Value::Plain(clixml::Value::Guid(guid)) => Some(*guid),
        _ => None,
    }
}
