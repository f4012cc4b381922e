//! The verbs of sessions that outlive a run: `list`, `new`, `connect`, `disconnect`, `receive`, `remove`.

mod choice;
pub(super) mod connect;
pub(super) mod disconnect;
pub(super) mod list;
pub(super) mod listing;
pub(super) mod new;
pub(super) mod receive;
pub(super) mod remove;

use std::io;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::ask::Asker;
use super::connection::Connection;
use super::signals::{self, Interrupts};
use super::status::{ExitStatus, Failed};
use super::{Context, enter, opening, output};
use crate::config::Config;
use crate::session::{Left, Pool, Report, SessionId, SessionInfo};
use crate::transport::{Ask, Leave};
use listing::Output;

/// What these verbs work with.
pub(super) struct Deck {
    pool: Pool,
    asker: Arc<Asker>,
    cancel: CancellationToken,
    interrupts: Interrupts,
    colours: output::Colours,
    /// What was told to have failed so far.
    told: Vec<Report>,
}

impl Deck {
    /// The remembered sessions, read. `alone`: one server is asked for at most.
    pub(super) async fn open(
        config: &Config,
        connection: &Connection,
        alone: bool,
        context: &Context,
    ) -> Result<Self, Failed> {
        let (asker, cancel, interrupts) = opening::asker(connection, alone)?;
        let pool = opening::remembering(config, opening::warn(context.colours))?;
        signals::leave_at_end(pool.clone());
        let deck = Self {
            pool,
            asker,
            cancel,
            interrupts,
            colours: context.colours,
            told: Vec::new(),
        };
        for note in deck.pool.recall().await {
            output::warning(&note, deck.colours);
        }
        Ok(deck)
    }

    /// Whoever answers the questions of getting in.
    fn ask(&self) -> Arc<dyn Ask> {
        Arc::clone(&self.asker) as Arc<dyn Ask>
    }

    /// Waits for something; Ctrl+C cancels it.
    async fn wait<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        tokio::select! {
            done = &mut work => return done,
            () = self.interrupts.next() => self.cancel.cancel(),
        }
        work.await
    }

    /// Tells of a failure, and goes on.
    fn tell(&mut self, report: Report) {
        output::error(&report, self.colours);
        self.told.push(report);
    }

    /// Prints sessions, and as data what was told to have failed.
    pub(super) fn print(&self, sessions: &[SessionInfo], output: Output) -> io::Result<()> {
        listing::print(sessions, &self.told, output)
    }

    /// Leaves a session that was there before on its server again.
    async fn leave(&mut self, id: SessionId, leave: Leave) {
        match opening::leave_again(&self.pool, id, leave).await {
            Ok(left) => self.warn(left),
            Err(report) => self.tell(report),
        }
    }

    /// What whoever left a session should know.
    fn warn(&self, left: Left) {
        for warning in left.warnings {
            output::warning(&warning, self.colours);
        }
    }

    /// Those of the listed sessions, as they are now.
    fn now(&self, meant: impl Fn(SessionId) -> bool) -> Vec<SessionInfo> {
        let all = self.pool.sessions().now();
        let meant = all.iter().filter(|info| meant(info.id));
        meant.cloned().collect()
    }

    /// Ends the verb: what was being opened or connected when it was given up is taken away or left, and what cannot be
    /// taken away is told.
    pub(super) async fn end(mut self) -> ExitStatus {
        for loose in opening::goodbye(&self.pool, enter::GOODBYE, &mut self.interrupts).await {
            self.tell(loose);
        }
        self.status()
    }

    /// How the verb ends when all was tried.
    fn status(&self) -> ExitStatus {
        let worst = self.told.iter().map(|report| report.code).max();
        worst.map_or(ExitStatus::DONE, ExitStatus::from)
    }
}
