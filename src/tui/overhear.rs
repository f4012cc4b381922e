//! What comes up beside the user's doing: other psdecks, and what cannot be remembered.

use tokio::sync::{mpsc, watch};

use crate::session::Pool;
use crate::tui::update::Message;

/// Takes into the list what other psdecks make of their sessions, until the loop has ended.
pub(super) async fn recall(pool: Pool, messages: mpsc::Sender<Message>) {
    let Some(mut changes) = pool.overhear() else {
        return;
    };
    loop {
        tokio::select! {
            () = messages.closed() => return,
            () = changes.changed() => {}
        }
        for note in pool.recall().await {
            let _ = messages.send(Message::Note(note)).await;
        }
    }
}

/// Tells what comes up.
pub(super) async fn warn(
    mut warnings: watch::Receiver<Option<String>>,
    messages: mpsc::Sender<Message>,
) {
    while warnings.changed().await.is_ok() {
        let text = warnings.borrow_and_update().clone();
        if let Some(text) = text {
            let _ = messages.send(Message::Note(text)).await;
        }
    }
}
