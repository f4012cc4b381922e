//! The verbs of sessions that outlive a run: `list`, `new`, `connect`, `disconnect`, `receive`, `remove`.

mod choice;
pub(super) mod connect;
pub(super) mod disconnect;
pub(super) mod list;
pub(super) mod listing;
pub(super) mod new;
pub(super) mod receive;
pub(super) mod remove;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::ask::Asker;
use super::connection::Connection;
use super::signals::{self, Interrupts};
use super::status::{ExitStatus, Failed};
use super::{Context, opening, output};
use crate::config::Config;
use crate::session::{ExitCode, Pool, Report};
use crate::transport::Ask;

/// What these verbs work with.
struct Deck {
    pool: Pool,
    ask: Arc<dyn Ask>,
    cancel: CancellationToken,
    interrupts: Interrupts,
    colours: output::Colours,
    /// The worst that happened so far.
    worst: Option<ExitCode>,
}

impl Deck {
    /// The remembered sessions, read. `alone`: one server is asked for at most.
    async fn open(
        config: &Config,
        connection: &Connection,
        alone: bool,
        context: &Context,
    ) -> Result<Self, Failed> {
        let interrupts = Interrupts::listen();
        let cancel = CancellationToken::new();
        let asker = Asker::new(opening::given(connection)?, alone, cancel.clone());
        let pool = opening::remembering(config)?;
        signals::leave_at_end(pool.clone());
        let deck = Self {
            pool,
            ask: Arc::new(asker),
            cancel,
            interrupts,
            colours: context.colours,
            worst: None,
        };
        for note in deck.pool.recall().await {
            output::warning(&note, deck.colours);
        }
        Ok(deck)
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
    fn tell(&mut self, report: &Report) {
        output::error(report, self.colours);
        self.worst = self.worst.max(Some(report.code));
    }

    /// How the verb ends when all was tried.
    fn status(&self) -> ExitStatus {
        self.worst.map_or(ExitStatus::DONE, ExitStatus::from)
    }
}
