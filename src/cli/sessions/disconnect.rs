//! `psdeck disconnect SESSION…`.

use super::choice::Choice;
use super::connect::take_up;
use super::listing::Output;
use crate::cli::status::{ExitStatus, Failed};
use crate::cli::{Context, block_on};
use crate::session::{Availability, ExitCode, Report, SessionInfo};
use crate::transport::Leave;

/// Leave sessions to their servers: those whose psdeck ended without doing so.
///
/// What runs in them goes on, and anybody of yours can connect them at once. What another psdeck holds stays with it, and
/// is refused; what is Disconnected already stays as it is. --idle-timeout says how long the server keeps a session that
/// is left now.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: psdeck disconnect 3 --idle-timeout 15h")]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    choice: Choice,
    /// How to print them.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Output,
}

pub(in crate::cli) fn run(arguments: &Arguments, context: &Context) -> Result<ExitStatus, Failed> {
    let leave = Leave {
        idle_timeout: arguments.choice.connection.idle_timeout(),
        buffering: None,
    };
    block_on(async {
        let (mut deck, found) = arguments.choice.open(context).await?;
        for info in &found {
            let pool = deck.pool.clone();
            if pool.is_abandoned(info.id) {
                let taking = take_up(&deck, info);
                match deck.wait(taking).await {
                    Ok(_) => deck.leave(info.id, leave).await,
                    Err(report) => deck.tell(report),
                }
                continue;
            }
            let (ask, cancel) = (deck.ask(), deck.cancel.clone());
            if let Err(report) = deck.wait(pool.ask_about(info.id, &ask, &cancel)).await {
                deck.tell(report);
            } else if let Some(info) = pool.info(info.id)
                && info.availability == Availability::Busy
            {
                deck.tell(not_ours(&info));
            }
        }
        let all = deck.now(|id| found.iter().any(|one| one.id == id));
        deck.print(&all, arguments.output)?;
        Ok(deck.end().await)
    })?
}

fn not_ours(info: &SessionInfo) -> Report {
    let mut report = Report::new(ExitCode::Refused, "the session cannot be disconnected")
        .hint("disconnect it there: whoever holds a session leaves it");
    report.computer = Some(info.computer_name.clone());
    report.reasons.extend(info.reason.clone());
    report.error_id = Some("CannotDisconnectSessionWhenNotOpened".to_owned());
    report
}
