//! Parameters that PowerShell has and that change nothing here: using one is told, once a console.

use crate::cmdlets::binding::Bound;
use crate::cmdlets::interpreter::{Result, Run};
use crate::cmdlets::value::Value;

/// Parameters, and why each changes nothing.
const IDLE: &[(&str, &str)] = &[
    ("AllowRedirection", NO_REDIRECTION),
    (
        "ApplicationArguments",
        "$PSSenderInfo has none of them on the server",
    ),
    (
        "CancelTimeout",
        "a script that does not stop is forced shut after ten seconds, if Ctrl+C is pressed",
    ),
    (
        "EnableNetworkAccess",
        "this computer is reached as any other is",
    ),
    (
        "IncludePortInSPN",
        "the server's name is asked for without a port",
    ),
    (
        "MaxConnectionRetryCount",
        "a lost network is tried again for a time: [retry] window in the configuration",
    ),
    ("MaximumReceivedDataSizePerCommand", OWN_BOUNDS),
    ("MaximumReceivedObjectSize", OWN_BOUNDS),
    ("MaximumRedirection", NO_REDIRECTION),
    ("ProxyAuthentication", NO_PROXY),
    ("ProxyCredential", NO_PROXY),
    ("RemoteDebug", "there is no debugger"),
    (
        "UseUTF16",
        "messages are sent as UTF-8, which every server reads",
    ),
];

const NO_REDIRECTION: &str =
    "no redirection is followed; the error names the address that the server gives";
const NO_PROXY: &str = "no proxy is used";
const OWN_BOUNDS: &str = "output is taken as it is pulled, within psdeck's own bounds";

/// Tells of those that a command was given.
pub(super) fn tell(run: &mut Run<'_>, bound: &Bound) -> Result<()> {
    for (parameter, why) in IDLE {
        let used = bound.get(parameter).is_some_and(Value::truth);
        let told = || format!("-{parameter} changes nothing here: {why}.");
        if used && run.console.told.insert(told()) {
            run.warn(&told())?;
        }
    }
    let waits = ["Wait-Job", "Receive-Job"].contains(&bound.cmdlet());
    if waits && bound.switch("Force") {
        run.warn("-Force changes nothing here: a job whose session was left is over.")?;
    }
    Ok(())
}
