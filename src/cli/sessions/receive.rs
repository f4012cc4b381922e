//! `psdeck receive SESSION…`.

use clap::ValueEnum;
use tokio_util::sync::CancellationToken;

use super::Deck;
use super::choice::Choice;
use super::connect::take_up;
use crate::cli::invoke::{Fared, Printer};
use crate::cli::status::{ExitStatus, Failed};
use crate::cli::{Context, block_on, output};
use crate::session::{
    Finished, HostEvent, PipelineEvent, PipelineState, PromptReply, Report, Session, SessionInfo,
};
use crate::transport::Leave;

/// Print what the commands of sessions have put out, to their end, and leave the sessions on their servers.
///
/// What is printed is delivered once: the next receive goes on from there. Ctrl+C stops printing; the command runs on.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    choice: Choice,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Text, objects as PowerShell shows them.
    Text,
    /// A line an event, as it comes.
    Jsonl,
}

pub(in crate::cli) fn run(arguments: &Arguments, context: &Context) -> Result<ExitStatus, Failed> {
    let choice = &arguments.choice;
    let config = choice.connection.config(context)?;
    let targets = choice.targets(&config)?;
    block_on(async {
        let mut deck = Deck::open(&config, &choice.connection, targets.len() == 1, context).await?;
        let found = choice.find(&mut deck, &targets).await?;
        let names: Vec<_> = found
            .iter()
            .map(|info| info.computer_name.clone())
            .collect();
        let mut printer = match arguments.output {
            Output::Text => Printer::text(&names, context.colours),
            Output::Jsonl => Printer::jsonl(&names, context.colours),
        };
        let mut worst = ExitStatus::DONE;
        for (at, info) in found.iter().enumerate() {
            if deck.cancel.is_cancelled() {
                break;
            }
            let mut fared = Fared::default();
            match take_up(&mut deck, info).await {
                Ok(session) => {
                    let ended = print(&mut deck, at, &session, &mut printer, &mut fared).await;
                    leave(&mut deck, info).await;
                    ended?;
                }
                Err(Failed::Report(report)) => {
                    fared.failed(&report);
                    printer.failed(at, &report, fared)?;
                }
                Err(other) => return Err(other),
            }
            worst = worst.worse(fared.status());
        }
        printer.end()?;
        if deck.cancel.is_cancelled() {
            return Ok(ExitStatus::CANCELLED);
        }
        Ok(worst.worse(deck.status()))
    })?
}

/// Prints what comes until the command ends. Ctrl+C leaves the session, and what is on its way then is printed too: it
/// does not come again.
async fn print(
    deck: &mut Deck,
    at: usize,
    session: &Session,
    printer: &mut Printer,
    fared: &mut Fared,
) -> Result<(), Failed> {
    let Some(mut running) = session.receive() else {
        // As Receive-PSSession: a session that runs nothing has nothing to tell.
        return Ok(());
    };
    let (pool, id) = (deck.pool.clone(), session.info().id);
    let mut wanted = false;
    let mut leaving =
        std::pin::pin!(pool.disconnect(id, Leave::default(), CancellationToken::new()));
    let mut left = None;
    loop {
        let event = tokio::select! {
            biased;
            () = deck.interrupts.next() => {
                deck.cancel.cancel();
                if wanted {
                    return Ok(());
                }
                wanted = true;
                continue;
            }
            done = &mut leaving, if wanted && left.is_none() => {
                match done {
                    Ok(done) => left = Some(done),
                    // Whoever leaves it at last says why it cannot be.
                    Err(_) => return Ok(()),
                }
                continue;
            }
            event = running.next() => event,
        };
        match event {
            None => return Ok(()),
            Some(PipelineEvent::Disconnected) => {
                for warning in left.into_iter().flat_map(|left| left.warnings) {
                    output::warning(&warning, deck.colours);
                }
                let finished = Finished {
                    state: PipelineState::Disconnected,
                    lost: (!wanted).then(|| Box::new(Report::left_behind(&session.info()))),
                    ..Finished::default()
                };
                if !wanted {
                    fared.finished(&finished);
                }
                printer.finished(at, &finished, *fared)?;
                return Ok(());
            }
            Some(PipelineEvent::Finished(finished)) => {
                fared.finished(&finished);
                printer.finished(at, &finished, *fared)?;
                return Ok(());
            }
            Some(PipelineEvent::Host(HostEvent::Prompt { id, .. })) => {
                // Nobody is asked by a verb that only reads: the command gets the error answer.
                running.answer(id, PromptReply::Refuse);
            }
            Some(event) => {
                fared.note(&event);
                printer.event(at, &event)?;
            }
        }
    }
}

/// Leaves the session on its server again.
async fn leave(deck: &mut Deck, info: &SessionInfo) {
    // Ctrl+C has ended the printing, and is not to end this.
    let cancel = CancellationToken::new();
    let left = deck
        .pool
        .disconnect(info.id, Leave::default(), cancel)
        .await;
    match left {
        Ok(left) => {
            for warning in left.warnings {
                output::warning(&warning, deck.colours);
            }
        }
        Err(report) => deck.tell(&report),
    }
}
