//! `psdeck connect SESSION…`.

use std::io::{self, IsTerminal as _};

use futures_util::StreamExt as _;

use super::Deck;
use super::choice::{AT_ONCE, Choice};
use super::listing::Output;
use crate::cli::enter;
use crate::cli::status::{ExitStatus, Failed};
use crate::cli::{Context, block_on, opening, output};
use crate::session::{
    Availability, ExitCode, Interactive, Pool, Report, Session, SessionId, SessionInfo,
    SessionState,
};
use crate::transport::Leave;

/// Take up disconnected sessions: one, at a terminal, to work in it; several, to see that they can be had.
///
/// A session that was entered goes on with the command that runs in it; `exit` and Ctrl+D leave it on its server.
/// Several are left again, then shown: the app keeps them open.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: psdeck connect ITTask --on Server01")]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    choice: Choice,
    /// How to print several, or one without a terminal.
    #[arg(long, value_name = "FORMAT")]
    output: Option<Output>,
}

pub(in crate::cli) fn run(arguments: &Arguments, context: &Context) -> Result<ExitStatus, Failed> {
    let at_terminal = io::stdin().is_terminal() && arguments.output.is_none();
    block_on(async {
        let (mut deck, found) = arguments.choice.open(context).await?;
        if let ([one], true) = (found.as_slice(), at_terminal) {
            let taking = take_up(&deck, one);
            return match deck.wait(taking).await {
                Ok(session) => into(deck, session, context).await,
                Err(report) => {
                    deck.tell(report);
                    Ok(deck.end().await)
                }
            };
        }
        let pool = deck.pool.clone();
        let taken = found.iter().map(|info| {
            let (pool, taken) = (&pool, take_up(&deck, info));
            async move {
                taken.await?;
                opening::leave_again(pool, info.id, Leave::default()).await
            }
        });
        let taken = futures_util::stream::iter(taken.collect::<Vec<_>>()).buffered(AT_ONCE);
        let taken: Vec<_> = deck.wait(taken.collect()).await;
        let mut ids = Vec::new();
        for (info, left) in found.iter().zip(taken) {
            match left {
                Ok(left) => {
                    deck.warn(left);
                    ids.push(info.id);
                }
                Err(report) => deck.tell(report),
            }
        }
        let taken = deck.now(|id| ids.contains(&id));
        deck.print(&taken, arguments.output.unwrap_or(Output::Table))?;
        Ok(deck.end().await)
    })?
}

/// Connects one; says why it takes long, where it does.
pub(super) fn take_up(
    deck: &Deck,
    info: &SessionInfo,
) -> impl Future<Output = Result<Session, Report>> + use<> {
    let (pool, asker, cancel) = (deck.pool.clone(), deck.asker.clone(), deck.cancel.clone());
    let (colours, info) = (deck.colours, info.clone());
    async move {
        let told = async {
            let mut list = pool.sessions();
            let mut last = info.reason.clone();
            loop {
                let reason = pool.info(info.id).and_then(|info| info.reason);
                if reason != last
                    && let Some(why) = &reason
                {
                    output::warning(&format!("[{}] {why}", info.computer_name), colours);
                }
                last = reason;
                list.changed().await;
            }
        };
        let target = pool.target(info.id);
        let connected = tokio::select! {
            connected = pool.connect(info.id, asker.clone(), cancel) => connected,
            never = told => never,
        };
        if let Some((target, _)) = target {
            asker.told_in(target.computer(), is_inside(&pool, info.id, &connected));
        }
        connected
    }
}

/// Whether the computer of a session let us in, whatever became of the session.
pub(super) fn is_inside<T>(pool: &Pool, id: SessionId, done: &Result<T, Report>) -> bool {
    let is_busy = |info: SessionInfo| info.availability == Availability::Busy;
    match done {
        Ok(_) => true,
        Err(report) => report.code == ExitCode::NoSession || pool.info(id).is_some_and(is_busy),
    }
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
        match opening::leave_again(&deck.pool, id, Leave::default()).await {
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
