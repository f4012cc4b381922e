//! `psdeck remove SESSION…`.

use super::Deck;
use super::choice::Choice;
use crate::cli::status::{ExitStatus, Failed};
use crate::cli::tty::{Tty, Typed};
use crate::cli::{Context, block_on};
use crate::session::SessionInfo;

/// Close sessions on their servers, with what runs in them.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    choice: Choice,
    /// Do not ask before.
    #[arg(short, long)]
    yes: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments, context: &Context) -> Result<ExitStatus, Failed> {
    let choice = &arguments.choice;
    let config = choice.connection.config(context)?;
    let targets = choice.targets(&config)?;
    block_on(async {
        let mut deck = Deck::open(&config, &choice.connection, targets.len() == 1, context).await?;
        let found = choice.find(&mut deck, &targets).await?;
        if !found.is_empty() && !arguments.yes && !confirmed(&found).await? {
            return Ok(ExitStatus::CANCELLED);
        }
        let (pool, ask, cancel) = (deck.pool.clone(), deck.ask.clone(), deck.cancel.clone());
        let removals = found
            .iter()
            .map(|info| pool.remove(info.id, ask.clone(), cancel.clone()));
        let removals = futures_util::future::join_all(removals.collect::<Vec<_>>());
        for removed in deck.wait(removals).await {
            if let Err(report) = removed {
                deck.tell(&report);
            }
        }
        Ok(deck.status())
    })?
}

/// Asks whoever sits at the terminal; without one, nobody.
async fn confirmed(found: &[SessionInfo]) -> Result<bool, Failed> {
    let Some(mut tty) = Tty::open() else {
        return Ok(true);
    };
    let mut question = String::new();
    for info in found {
        let running = info.running.as_ref();
        let running = running.map_or_else(String::new, |text| format!(", runs: {text}"));
        question.push_str(&format!(
            "{:>4}  {} on {}{running}\n",
            info.id, info.name, info.computer_name
        ));
    }
    let count = match found.len() {
        1 => "this session".to_owned(),
        several => format!("these {several} sessions"),
    };
    question.push_str(&format!("Close {count}, and end what runs there? [y/N] "));
    let typed = tty
        .read(&crate::cli::output::printable(&question), true)
        .await?;
    Ok(matches!(&typed, Typed::Line(line) if line.trim().eq_ignore_ascii_case("y")))
}
