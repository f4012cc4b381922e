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

    /// Leaves them all, side by side; those that were left within `limit`. The others stay as they are.
    pub async fn leave_all(&self, limit: Duration) -> Vec<SessionId> {
        let leaving = self.kept().into_iter().map(|info| async move {
            let leaving = self.disconnect(info.id, Leave::default(), CancellationToken::new());
            let left = tokio::time::timeout(limit, leaving).await;
            matches!(left, Ok(Ok(_))).then_some(info.id)
        });
        let left = futures_util::future::join_all(leaving).await;
        left.into_iter().flatten().collect()
    }
}
