//! `psdeck remove SESSION…`.

use super::choice::Choice;
use super::connect::is_inside;
use crate::cli::status::{ExitStatus, Failed};
use crate::cli::tty::{Tty, Typed};
use crate::cli::{Context, block_on};
use crate::session::SessionInfo;

/// Close sessions on their servers, with what runs in them.
///
/// They are shown before, and it is asked, unless --yes is given or there is no terminal. They cannot be had again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: psdeck remove 'IT*' --on Server01")]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    choice: Choice,
    /// Forget them only, without asking their servers: what runs there goes on until they end it.
    #[arg(long, conflicts_with = "on")]
    forget: bool,
    /// Do not ask before.
    #[arg(short, long)]
    yes: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments, context: &Context) -> Result<ExitStatus, Failed> {
    block_on(async {
        let (mut deck, found) = arguments.choice.open(context).await?;
        if !found.is_empty() && !arguments.yes && !confirmed(arguments, &found).await? {
            return Ok(ExitStatus::CANCELLED);
        }
        let removals = found.iter().map(|info| {
            let (pool, asker, cancel) =
                (deck.pool.clone(), deck.asker.clone(), deck.cancel.clone());
            async move {
                if arguments.forget {
                    return pool.forget(info.id).await;
                }
                let target = pool.target(info.id);
                let removed = pool.remove(info.id, asker.clone(), cancel).await;
                if let Some((target, _)) = target {
                    asker.told_in(target.computer(), is_inside(&pool, info.id, &removed));
                }
                removed
            }
        });
        let removals = futures_util::future::join_all(removals.collect::<Vec<_>>());
        for removed in deck.wait(removals).await {
            if let Err(report) = removed {
                deck.tell(report);
            }
        }
        Ok(deck.end().await)
    })?
}

/// Asks whoever sits at the terminal; without one, nobody.
async fn confirmed(arguments: &Arguments, found: &[SessionInfo]) -> Result<bool, Failed> {
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
    question.push_str(&if arguments.forget {
        format!("Forget {count}, and leave what runs there to its server? [y/N] ")
    } else {
        format!("Close {count}, and end what runs there? [y/N] ")
    });
    let typed = tty
        .read(&crate::cli::output::printable(&question), true)
        .await?;
    Ok(matches!(&typed, Typed::Line(line) if line.trim().eq_ignore_ascii_case("y")))
}
