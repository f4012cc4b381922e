//! `Enter-PSSession`.

use crate::cmdlets::Error;
use crate::cmdlets::binding::Bound;
use crate::cmdlets::host::Entered;
use crate::cmdlets::interpreter::{Result, Run, Stop};
use crate::cmdlets::reach::Reach;
use crate::cmdlets::select::unknown;
use crate::cmdlets::session_object::PSSession;
use crate::cmdlets::value::Value;
use crate::config::overlay;
use crate::session::{Availability, ExitCode, Session, SessionState};
use crate::transport::{Options, TargetAddress};

pub(super) async fn run(run: &mut Run<'_>, bound: Vec<Bound>) -> Result<()> {
    for bound in bound {
        let (session, ours) = match bound.set {
            "Session" | "Id" | "InstanceId" | "Name" => {
                let session = given(run, &bound)?;
                (opened(run, &bound, &session).await?, false)
            }
            _ => (made(run, &bound).await?, true),
        };
        run.end_shown();
        let id = session.info().id;
        let entered = run.console.host.enter(session).await;
        // What was opened to be entered ends with it.
        if ours && !matches!(entered, Ok(Entered::Elsewhere)) {
            let ask = run.console.host.ask();
            let _ = run
                .console
                .pool
                .remove(id, ask, tokio_util::sync::CancellationToken::new())
                .await;
        }
        entered.map_err(|report| Error::of_report(report, "EnterPSSessionFailed"))?;
    }
    Ok(())
}

/// The one known session that is named; a name is no pattern here.
fn given(run: &Run<'_>, bound: &Bound) -> Result<PSSession> {
    if let Some(Value::Session(session)) = bound.get("Session") {
        return Ok(session.clone());
    }
    let parameter = ["Id", "InstanceId", "Name"]
        .into_iter()
        .find(|name| bound.get(name).is_some());
    let Some((parameter, value)) = parameter.and_then(|name| Some((name, bound.get(name)?))) else {
        let message = "A session is to be named: -Session, -Id, -InstanceId or -Name.";
        return Err(Error::new("InvalidArgument", "MissingMandatoryParameter", message).into());
    };
    let text = value.text();
    let mut found = run.sessions();
    found.retain(|info| match parameter {
        "Id" => info.id.to_string() == text,
        "InstanceId" => info.instance_id.to_string() == text,
        _ => info.name.eq_ignore_ascii_case(&text),
    });
    match (found.len(), found.pop()) {
        (1, Some(info)) => Ok(run.object(info)),
        (0, _) => Err(unknown(parameter, &text).into()),
        (count, _) => {
            let message = format!("{count} sessions have the name '{text}'; give the id of one.");
            let error = Error::new(
                "InvalidArgument",
                "RemoteRunspaceHasMultipleMatchesForSpecifiedName",
                message,
            );
            Err(error.target(text).code(ExitCode::NoSession).into())
        }
    }
}

/// A session that there is, connected first if it has to be.
async fn opened(run: &mut Run<'_>, bound: &Bound, session: &PSSession) -> Result<Session> {
    let info = session.info();
    let name = info.name.clone();
    match info.state {
        SessionState::Opened => {}
        SessionState::Disconnected => {
            let connected = run.connecting(session.id(), bound).await;
            return Ok(connected.map_err(|mut report| {
                let busy = session.info().availability == Availability::Busy;
                let id = if busy {
                    "EnterPSSessionCannotConnectDisconnectedSession"
                } else {
                    "EnterPSSessionConnectSessionFailed"
                };
                report.error_id = Some(id.to_owned());
                Error::of_report(report, "").target(name)
            })?);
        }
        state => {
            let message = format!("The session {name} cannot be entered: it is {state}.");
            let error = Error::new("InvalidArgument", "PushedRunspaceMustBeOpen", message);
            return Err(error.target(name).code(ExitCode::Refused).into());
        }
    }
    if info.availability == Availability::Busy {
        run.warn(&format!(
            "The session {name} runs a command. It is entered when that ends; Ctrl+C gives up."
        ))?;
    }
    let Some(session) = run.console.pool.session(info.id) else {
        let message = format!("The session {name} is not open any more.");
        return Err(
            Error::new("InvalidArgument", "PushedRunspaceMustBeOpen", message)
                .target(name)
                .into(),
        );
    };
    Ok(session)
}

/// A new session on the one computer that is named; without a name, on this one.
async fn made(run: &mut Run<'_>, bound: &Bound) -> Result<Session> {
    let named = [
        "ComputerName",
        "ConnectionUri",
        "HostName",
        "VMId",
        "VMName",
        "ContainerId",
    ];
    let mut computers = if named.iter().any(|name| bound.get(name).is_some()) {
        run.computers(bound)?
    } else {
        vec![run.this_computer(bound)?]
    };
    let count = computers.len();
    let computer = match computers.pop() {
        Some(computer) if count == 1 => computer,
        Some(_) => {
            let message = format!("That names {count} computers, and one can be entered.");
            return Err(Error::new("InvalidArgument", "CannotConvertArgument", message).into());
        }
        // It was told why.
        None => return Err(Stop::Told),
    };
    let request = computer.request(None, run);
    let name = computer.name.clone();
    let (pool, cancel) = (run.console.pool.clone(), run.cancel.clone());
    let opened = computer.open(pool, request, cancel).await;
    Ok(opened.map_err(|mut report| {
        report.error_id = Some("CreateRemoteRunspaceFailed".to_owned());
        Error::of_report(report, "").target(name)
    })?)
}

impl Run<'_> {
    /// This computer: by a profile of that name, over WSMan on Windows, as a process elsewhere.
    pub(super) fn this_computer(&self, bound: &Bound) -> std::result::Result<Reach, Error> {
        const NAME: &str = "localhost";
        let options = self.connection(bound)?;
        let has_profile = self
            .console
            .config
            .computers
            .keys()
            .any(|name| name.eq_ignore_ascii_case(NAME));
        if has_profile || cfg!(windows) {
            let found = self.computer(NAME, "", options, bound)?.into_iter().next();
            return found.ok_or_else(|| nothing_named(NAME));
        }
        let named = Options {
            computer_name: Some(NAME.to_owned()),
            ..Options::default()
        };
        let options = overlay(named, options);
        Ok(self.at(NAME, TargetAddress::Local, options, bound))
    }
}

fn nothing_named(name: &str) -> Error {
    Error::new(
        "InvalidArgument",
        "PSSessionInvalidComputerName",
        format!("'{name}' names no computer."),
    )
}
