//! The cmdlets, one file each.

mod connect_session;
mod disconnect_session;
mod enter_session;
mod get_session;
mod new_session;
mod remove_session;
mod session_option;

use super::Error;
use super::binding::Bound;
use super::interpreter::{Out, Result, Run};
use super::metadata::Cmdlet;

/// Runs a cmdlet with its parameters for each object of the pipeline; once where there is no pipeline.
pub(super) async fn run(
    run: &mut Run<'_>,
    cmdlet: &Cmdlet,
    bound: Vec<Bound>,
    out: &mut Out,
) -> Result<()> {
    match cmdlet.name {
        "New-PSSession" => new_session::run(run, bound, out).await,
        "Get-PSSession" => get_session::run(run, bound, out).await,
        "Enter-PSSession" => enter_session::run(run, bound).await,
        // Nothing is entered here: where a session is entered, its own line takes this.
        "Exit-PSSession" | "Out-Null" => Ok(()),
        "Connect-PSSession" => connect_session::run(run, bound, out).await,
        "Disconnect-PSSession" => disconnect_session::run(run, bound, out).await,
        "Remove-PSSession" => remove_session::run(run, bound).await,
        "New-PSSessionOption" => session_option::run(run, bound, out),
        name => Err(Error::unsupported(&format!("{name} yet")).into()),
    }
}

/// How many things a command does at a time: `-ThrottleLimit`, 32 where it says nothing or nothing sensible.
fn throttle(bound: &Bound) -> usize {
    let limit = bound
        .number("ThrottleLimit")
        .and_then(|limit| usize::try_from(limit).ok());
    limit.filter(|limit| *limit > 0).unwrap_or(32)
}
