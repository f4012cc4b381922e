//! The cmdlets, one file each.

mod connect_session;
mod credential;
mod disconnect_session;
mod enter_session;
mod formats;
mod get_session;
mod idle;
mod invoke;
mod jobs;
mod new_session;
mod objects;
mod receive_session;
mod remove_session;
mod session_option;

use super::Error;
use super::binding::Bound;
use super::interpreter::{Out, Result, Run};
use super::metadata::Cmdlet;
use super::value::Value;
use crate::format::text::Shape;

/// Runs a cmdlet with its parameters for each object of the pipeline; once where there is no pipeline.
pub(super) async fn run(
    run: &mut Run<'_>,
    cmdlet: &Cmdlet,
    bound: Vec<Bound>,
    out: &mut Out,
) -> Result<()> {
    if let Some(first) = bound.first() {
        idle::tell(run, first)?;
    }
    if cmdlet.name.ends_with("-PSSession") {
        run.recall().await?;
    }
    match cmdlet.name {
        "New-PSSession" => new_session::run(run, bound, out).await,
        "Get-PSSession" => get_session::run(run, bound, out).await,
        "Enter-PSSession" => enter_session::run(run, bound).await,
        // Nothing is entered here: where a session is entered, its own line takes Exit-PSSession.
        "Exit-PSSession" | "Out-Null" => Ok(()),
        "Connect-PSSession" => connect_session::run(run, bound, out).await,
        "Disconnect-PSSession" => disconnect_session::run(run, bound, out).await,
        "Remove-PSSession" => remove_session::run(run, bound).await,
        "Receive-PSSession" => receive_session::run(run, bound, out).await,
        "Invoke-Command" => invoke::run(run, bound, out).await,
        "Get-Credential" => credential::run(run, bound, out).await,
        "Get-Job" => jobs::get(run, &bound, out),
        "Receive-Job" => jobs::receive(run, bound, out).await,
        "Wait-Job" => jobs::wait(run, bound, out).await,
        "Stop-Job" => jobs::stop(run, bound, out).await,
        "Remove-Job" => jobs::remove(run, bound).await,
        "Where-Object" => objects::filter(run, bound, out).await,
        "ForEach-Object" => objects::for_each(run, bound, out).await,
        "Select-Object" => objects::select(run, bound, out),
        "Sort-Object" => objects::sort(run, bound, out),
        "Format-Table" => formats::shaped(run, &bound, Some(Shape::Table), out),
        "Format-List" => formats::shaped(run, &bound, Some(Shape::List), out),
        "Out-String" => formats::shaped(run, &bound, None, out),
        "ConvertTo-Json" => formats::to_json(run, &bound, out),
        "Write-Output" | "Out-Default" => objects::write_output(run, &bound, out),
        "New-PSSessionOption" => session_option::run(run, bound, out),
        name => Err(Error::unsupported(&format!("{name} yet")).into()),
    }
}

/// What came through the pipeline, or as `-InputObject`.
fn input(bound: &[Bound]) -> impl Iterator<Item = &Value> {
    bound.iter().filter_map(|bound| bound.get("InputObject"))
}

/// How many things a command does at a time: `-ThrottleLimit`, 32 where it says nothing or nothing sensible.
pub(super) fn throttle(bound: &Bound) -> usize {
    let limit = bound
        .number("ThrottleLimit")
        .and_then(|limit| usize::try_from(limit).ok());
    limit.filter(|limit| *limit > 0).unwrap_or(32)
}
