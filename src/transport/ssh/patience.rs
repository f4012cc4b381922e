//! Deadlines that do not run while the user is asked.

use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::transport::{Answer, Ask, Question};

/// Asks through somebody else, and keeps account of the time that took.
pub(super) struct Patience<'a> {
    ask: &'a dyn Ask,
    batch: bool,
    asked: Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    total: Duration,
    since: Option<Instant>,
}

impl<'a> Patience<'a> {
    /// With `batch` nobody is asked.
    pub(super) fn new(ask: &'a dyn Ask, batch: bool) -> Self {
        Self {
            ask,
            batch,
            asked: Mutex::default(),
        }
    }

    /// The future's result, or `None` when it took longer than `limit`, questions not counted.
    pub(super) async fn within<T>(
        &self,
        limit: Duration,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        let mut future = pin!(future);
        let start = Instant::now();
        let before = self.asked_for();
        loop {
            let used = start
                .elapsed()
                .saturating_sub(self.asked_for().saturating_sub(before));
            let left = limit.checked_sub(used).filter(|left| !left.is_zero())?;
            tokio::select! {
                result = &mut future => return Some(result),
                () = sleep(left) => {}
            }
        }
    }

    fn asked_for(&self) -> Duration {
        let asked = self.lock();
        asked.total + asked.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ask for Patience<'_> {
    fn ask(&self, question: Question) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
        if self.batch {
            return Box::pin(async { Answer::Refuse });
        }
        Box::pin(async move {
            self.lock().since = Some(Instant::now());
            let answer = self.ask.ask(question).await;
            let mut asked = self.lock();
            let since = asked.since.take();
            asked.total += since.map_or(Duration::ZERO, |since| since.elapsed());
            drop(asked);
            answer
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Somebody who takes a minute.
    struct Slow;

    impl Ask for Slow {
        fn ask(&self, _: Question) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
            Box::pin(async {
                sleep(Duration::from_mins(1)).await;
                Answer::Accept
            })
        }
    }

    fn question() -> Question {
        Question::Passphrase { file: "key".into() }
    }

    #[tokio::test(start_paused = true)]
    async fn questions_do_not_use_up_the_time() {
        let patience = Patience::new(&Slow, false);
        let limit = Duration::from_secs(10);
        let asked = patience.within(limit, async {
            sleep(Duration::from_secs(4)).await;
            let answer = patience.ask(question()).await;
            sleep(Duration::from_secs(4)).await;
            answer
        });
        assert!(matches!(asked.await, Some(Answer::Accept)));
        let start = Instant::now();
        assert!(
            patience
                .within(limit, std::future::pending::<()>())
                .await
                .is_none()
        );
        assert_eq!(start.elapsed().as_secs(), 10);
    }

    #[tokio::test]
    async fn a_batch_asks_nobody() {
        assert!(matches!(
            Patience::new(&Slow, true).ask(question()).await,
            Answer::Refuse
        ));
    }
}
