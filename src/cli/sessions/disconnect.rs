//! `psdeck disconnect SESSION…`.

use super::Deck;
use super::choice::Choice;
use super::listing::{self, Output};
use crate::cli::status::{ExitStatus, Failed};
use crate::cli::{Context, block_on, output};
use crate::session::{Availability, ExitCode, Report, SessionInfo};
use crate::transport::Leave;

/// Leave sessions to their servers: those whose psdeck ended without doing so.
///
/// What another psdeck holds is left there; what is Disconnected already stays as it is. --idle-timeout says how long
/// the server keeps a session that is left now.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    choice: Choice,
    /// How to print them.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Output,
}

pub(in crate::cli) fn run(arguments: &Arguments, context: &Context) -> Result<ExitStatus, Failed> {
    let choice = &arguments.choice;
    let config = choice.connection.config(context)?;
    let targets = choice.targets(&config)?;
    let leave = Leave {
        idle_timeout: choice.connection.idle_timeout(),
        buffering: None,
    };
    block_on(async {
        let mut deck = Deck::open(&config, &choice.connection, targets.len() == 1, context).await?;
        let found = choice.find(&mut deck, &targets).await?;
        for info in &found {
            let pool = deck.pool.clone();
            if pool.is_abandoned(info.id) {
                let (ask, cancel) = (deck.ask.clone(), deck.cancel.clone());
                let left = async {
                    pool.connect(info.id, ask, cancel.clone()).await?;
                    pool.disconnect(info.id, leave, cancel).await
                };
                match deck.wait(left).await {
                    Ok(left) => {
                        for warning in left.warnings {
                            output::warning(&warning, deck.colours);
                        }
                    }
                    Err(report) => deck.tell(&report),
                }
                continue;
            }
            let (ask, cancel) = (deck.ask.clone(), deck.cancel.clone());
            if let Err(report) = deck.wait(pool.ask_about(info.id, &ask, &cancel)).await {
                deck.tell(&report);
            } else if let Some(info) = pool.info(info.id)
                && info.availability == Availability::Busy
            {
                deck.tell(&not_ours(&info));
            }
        }
        let all = deck.pool.sessions().now();
        let all = all
            .iter()
            .filter(|info| found.iter().any(|one| one.id == info.id));
        listing::print(&all.cloned().collect::<Vec<_>>(), arguments.output)?;
        Ok(deck.status())
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
