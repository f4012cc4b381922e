//! The end of a pool: its open sessions are closed.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Entry, Inner, Pool};
use crate::session::{Report, Session, SessionState};
use crate::transport::{Failure, FailureKind};

/// How long connections whose opening was given up are waited for: their own limit, and a little.
const FAREWELL: Duration = Duration::from_secs(6);
/// How long what was told to hurry is waited for: it only writes down how far it came.
const HURRIED: Duration = Duration::from_secs(1);

impl Pool {
    /// Closes every open session, side by side, and waits at most `limit`. Gives up what is being opened or connected,
    /// what is begun meanwhile too, and waits for what that entails on the servers, and for what somebody leaves already,
    /// a few seconds at most. What may go on at its server all the same stays remembered, and is reported.
    pub async fn close_all(&self, limit: Duration) -> Vec<Report> {
        let never = CancellationToken::new();
        self.close_those(limit, &never, |_| true).await
    }

    /// The same for the sessions that were opened here; those that were only connected stay as they are. Cancelling ends
    /// the waiting: what was not answered by then is reported.
    pub async fn close_made(&self, limit: Duration, cancel: &CancellationToken) -> Vec<Report> {
        self.close_those(limit, cancel, |entry| entry.made).await
    }

    async fn close_those(
        &self,
        limit: Duration,
        cancel: &CancellationToken,
        meant: fn(&Entry) -> bool,
    ) -> Vec<Report> {
        self.inner.ending.send_replace(true);
        let (open, going_away): (Vec<Session>, Vec<Entry>) = {
            let entries = self.inner.entries();
            let meant = entries.values().filter(|entry| meant(entry));
            let live = meant.filter_map(|entry| entry.live.clone());
            let going = [SessionState::Opened, SessionState::Closing];
            let open = live.filter(|session| going.contains(&session.info().state));
            let going_away = entries.values().filter(|entry| {
                entry.is_being_connected()
                    || entry.info.borrow().state == SessionState::Disconnecting
            });
            (open.collect(), going_away.cloned().collect())
        };
        let closing = open.iter().map(|session| async {
            let unclosed = |kind, why: &str| {
                let why = Failure::new(kind, why);
                Err(Report::unclosed(&session.info(), &why))
            };
            let closed = tokio::select! {
                closed = session.close() => closed,
                () = tokio::time::sleep(limit) => {
                    unclosed(FailureKind::TimedOut, "the server did not answer the close in time")
                }
                () = cancel.cancelled() => {
                    unclosed(FailureKind::Cancelled, "its server was not waited for to answer the close")
                }
            };
            if let Err(report) = closed {
                self.inner.loose().insert(session.info().id, report);
            }
        });
        let farewells = &self.inner.farewells;
        farewells.close();
        let given_up = async {
            let leaving = going_away.iter().map(|entry| self.leave_entry(entry));
            futures_util::future::join_all(leaving).await;
            farewells.wait().await;
        };
        let parting = async {
            tokio::select! {
                () = given_up => {}
                () = tokio::time::sleep(FAREWELL) => {}
                () = cancel.cancelled() => {}
            }
            self.inner.hurry.cancel();
            let _ = tokio::time::timeout(HURRIED, farewells.wait()).await;
        };
        tokio::join!(futures_util::future::join_all(closing), parting);
        let ids: Vec<_> = self.inner.entries().keys().copied().collect();
        for id in ids {
            self.inner.settle(id).await;
        }
        self.inner.ending.send_replace(false);
        let loose = self.inner.loose();
        loose.values().cloned().collect()
    }
}

impl Inner {
    /// Waits until the program ends.
    pub(in crate::session) async fn ended(&self) {
        let _ = self.ending.subscribe().wait_for(|ends| *ends).await;
    }

    /// Has the end of the pool wait for this, as long as somebody waits for that; nothing if nobody did.
    pub(in crate::session) fn farewell<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<Option<T>> {
        let hurry = self.hurry.clone();
        self.farewells
            .spawn(async move { hurry.run_until_cancelled(work).await })
    }
}
