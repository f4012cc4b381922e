//! Leaving everything that can be left.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::{Entry, Left, Pool};
use crate::session::{Report, SessionId, SessionInfo, SessionState};
use crate::transport::Leave;

impl Pool {
    /// The open sessions that their servers keep without a client.
    pub fn kept(&self) -> Vec<SessionInfo> {
        let entries = self.inner.entries();
        let keeping = entries
            .values()
            .filter(|entry| entry.connector.keeps_sessions());
        let all = keeping.map(|entry| entry.info.borrow().clone());
        all.filter(|info| info.state == SessionState::Opened)
            .collect()
    }

    /// The program ends: leaves them all, side by side, waits for those that somebody leaves already, and gives up what
    /// is being opened or connected; those that were left within `limit`. The others stay as they are. Until
    /// [`Self::close_all`] has come to its end, nothing is opened or connected any more.
    pub async fn leave_all(&self, limit: Duration) -> Vec<SessionId> {
        let end = Instant::now() + limit;
        self.inner.ending.send_replace(true);
        let going = [SessionState::Opened, SessionState::Disconnecting];
        let entries: Vec<_> = self.inner.entries().values().cloned().collect();
        let leaving = entries.into_iter().filter(|entry| {
            let is_going = going.contains(&entry.info.borrow().state);
            entry.connector.keeps_sessions() && (is_going || entry.is_being_connected())
        });
        let leaving = leaving.map(|entry| async move {
            let left = timeout_at(end, self.leave_entry(&entry)).await;
            matches!(left, Ok(Ok(_))).then(|| entry.info.borrow().id)
        });
        let left = futures_util::future::join_all(leaving).await;
        self.inner.farewells.close();
        let _ = timeout_at(end, self.inner.farewells.wait()).await;
        left.into_iter().flatten().collect()
    }

    /// Leaves a session once nobody connects or leaves it any more.
    pub(super) async fn leave_entry(&self, entry: &Entry) -> Result<Left, Report> {
        let never = CancellationToken::new();
        let _turn = entry.turn(&never).await?;
        let id = {
            let mut info = entry.info.subscribe();
            let left = info.wait_for(|info| info.state != SessionState::Disconnecting);
            drop(left.await);
            entry.info.borrow().id
        };
        self.disconnect(id, Leave::default(), never).await
    }
}
