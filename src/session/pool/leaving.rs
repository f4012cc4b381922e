//! Leaving everything that can be left.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Pool;
use crate::session::{SessionId, SessionInfo, SessionState};
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

    /// Leaves them all, side by side, and waits for those that somebody leaves already; those that were left within
    /// `limit`. The others stay as they are.
    pub async fn leave_all(&self, limit: Duration) -> Vec<SessionId> {
        let going = [SessionState::Opened, SessionState::Disconnecting];
        let entries: Vec<_> = self.inner.entries().values().cloned().collect();
        let leaving = entries.into_iter().filter(|entry| {
            entry.connector.keeps_sessions() && going.contains(&entry.info.borrow().state)
        });
        let leaving = leaving.map(|entry| async move {
            let id = entry.info.borrow().id;
            let leaving = async {
                let mut info = entry.info.subscribe();
                let left = info.wait_for(|info| info.state != SessionState::Disconnecting);
                drop(left.await);
                self.disconnect(id, Leave::default(), CancellationToken::new())
                    .await
            };
            let left = tokio::time::timeout(limit, leaving).await;
            matches!(left, Ok(Ok(_))).then_some(id)
        });
        let left = futures_util::future::join_all(leaving).await;
        left.into_iter().flatten().collect()
    }
}
