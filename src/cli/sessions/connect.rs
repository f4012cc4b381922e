//! `psdeck connect SESSION…`.

use std::io::{self, IsTerminal as _};

use super::Deck;
use super::choice::Choice;
use super::listing::{self, Output};
use crate::cli::enter;
use crate::cli::status::{ExitStatus, Failed};
use crate::cli::{Context, block_on, output};
use tokio_util::sync::CancellationToken;

use crate::session::{Interactive, Session, SessionInfo, SessionState};
use crate::transport::Leave;

/// Take up disconnected sessions: one, at a terminal, to work in it; several, to see that they can be had.
///
/// A session that was entered goes on with the command that runs in it; `exit` and Ctrl+D leave it on its server.
/// Several are shown, then left again: the app keeps them open.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    choice: Choice,
    /// How to print several, or one without a terminal.
    #[arg(long, value_name = "FORMAT")]
    output: Option<Output>,
}

pub(in crate::cli) fn run(arguments: &Arguments, context: &Context) -> Result<ExitStatus, Failed> {
    let choice = &arguments.choice;
    let config = choice.connection.config(context)?;
    let targets = choice.targets(&config)?;
    let at_terminal = io::stdin().is_terminal() && arguments.output.is_none();
    block_on(async {
        let mut deck = Deck::open(&config, &choice.connection, targets.len() == 1, context).await?;
        let found = choice.find(&mut deck, &targets).await?;
        if let ([one], true) = (found.as_slice(), at_terminal) {
            let session = take_up(&mut deck, one).await?;
            return into(deck, session, context).await;
        }
        let mut ids = Vec::new();
        let mut failed = None;
        for info in &found {
            match take_up(&mut deck, info).await {
                Ok(_) => ids.push(info.id),
                Err(Failed::Report(report)) => deck.tell(&report),
                Err(other) => {
                    failed = Some(other);
                    break;
                }
            }
        }
        let all = deck.pool.sessions().now();
        let taken: Vec<_> = all
            .iter()
            .filter(|info| ids.contains(&info.id))
            .cloned()
            .collect();
        let printed = listing::print(&taken, arguments.output.unwrap_or(Output::Table));
        for id in ids {
            // Ctrl+C has ended the connecting, and is not to end this.
            let (pool, cancel) = (deck.pool.clone(), CancellationToken::new());
            let left = deck
                .wait(pool.disconnect(id, Leave::default(), cancel))
                .await;
            if let Err(report) = left {
                deck.tell(&report);
            }
        }
        failed.map_or(Ok(()), Err)?;
        printed?;
        Ok(deck.status())
    })?
}

/// Connects one; says why it takes long, where it does.
pub(super) async fn take_up(deck: &mut Deck, info: &SessionInfo) -> Result<Session, Failed> {
    let (pool, ask, cancel) = (deck.pool.clone(), deck.ask.clone(), deck.cancel.clone());
    let colours = deck.colours;
    let told = async {
        let mut list = pool.sessions();
        let mut last = info.reason.clone();
        loop {
            let now = list.now();
            let reason = now.iter().find(|one| one.id == info.id);
            let reason = reason.and_then(|one| one.reason.clone());
            if reason != last
                && let Some(why) = &reason
            {
                output::warning(&format!("[{}] {why}", info.computer_name), colours);
            }
            last = reason;
            list.changed().await;
        }
    };
    let connected = async {
        tokio::select! {
            connected = pool.connect(info.id, ask, cancel) => connected,
            never = told => never,
        }
    };
    Ok(deck.wait(connected).await?)
}

/// Works in it at this terminal. It was there before, and stays when it is left.
async fn into(deck: Deck, session: Session, context: &Context) -> Result<ExitStatus, Failed> {
    let (interactive, events) = Interactive::resume(session.clone(), enter::window());
    let id = session.info().id;
    let entered = enter::Entered {
        pool: deck.pool.clone(),
        interactive,
        events,
        interrupts: deck.interrupts,
    };
    let done = enter::within(entered, false, context).await;
    if session.info().state == SessionState::Opened {
        let left = deck
            .pool
            .disconnect(id, Leave::default(), CancellationToken::new())
            .await;
        match left {
            Ok(left) => {
                for warning in left.warnings {
                    output::warning(&warning, context.colours);
                }
                output::message(
                    &format!("Left: psdeck connect {id} goes on, psdeck remove {id} ends it."),
                    context.colours,
                );
            }
            Err(report) => output::error(&report, context.colours),
        }
    }
    enter::as_ssh(done, context)
}
