//! The life of one connection: dialed, lent to one exchange after the other, let go.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::dial::Dialer;
use super::lane::{Lane, Loss};
use crate::transport::Failure;
use crate::wsman::client::{ExchangeId, Transmit};

/// A connection without work is let go after this: servers drop theirs at two minutes, and one that is dropped while a
/// request is under way loses it.
const IDLE: Duration = Duration::from_secs(100);

/// That parts of an answer come is told so often.
const ARRIVING: Duration = Duration::from_secs(1);

/// Tells connections apart.
pub(super) type LaneId = u64;

/// What a connection tells the driver.
pub(super) enum News {
    /// It stands, is authenticated and waits for work.
    Ready,
    /// It could not be made. The last news.
    NotMade(Box<Failure>),
    /// Parts of an envelope come.
    Arriving(ExchangeId),
    /// An envelope of an answer.
    Envelope(ExchangeId, String),
    /// The answer has ended; the connection waits for work.
    Finished(ExchangeId),
    /// The answer will not come. The last news.
    Lost {
        exchange: ExchangeId,
        loss: Loss,
        /// The server had answered on this connection before.
        proven: bool,
    },
    /// The connection had ended before the request left. The last news.
    Unsent(Box<Transmit>),
    /// It ended without work. The last news.
    Closed,
}

/// The driver's end of a connection. Dropping it lets go of the connection at once.
pub(super) struct Worker {
    work: mpsc::Sender<Box<Transmit>>,
    task: JoinHandle<()>,
}

impl Worker {
    /// Starts to make a connection; or takes one that stands already, which is told as any other.
    pub(super) fn start(
        id: LaneId,
        dialer: Arc<Dialer>,
        lane: Option<Lane>,
        news: mpsc::Sender<(LaneId, News)>,
    ) -> Self {
        let (work, jobs) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            let lane = match lane {
                Some(lane) => Ok(lane),
                None => dialer.dial(&|_| {}).await,
            };
            let last = match lane {
                Ok(lane) => {
                    if news.send((id, News::Ready)).await.is_err() {
                        return;
                    }
                    serve(lane, jobs, id, &news).await
                }
                Err(failure) => News::NotMade(Box::new(failure)),
            };
            // The driver is gone: nobody is left to tell.
            let _ = news.send((id, last)).await;
        });
        Self { work, task }
    }

    /// Gives it a request. It has to be waiting for work.
    pub(super) fn lend(&self, transmit: Transmit) -> Result<(), Box<Transmit>> {
        self.work
            .try_send(Box::new(transmit))
            .map_err(mpsc::error::TrySendError::into_inner)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One exchange after the other; gives the last news.
async fn serve(
    mut lane: Lane,
    mut jobs: mpsc::Receiver<Box<Transmit>>,
    id: LaneId,
    news: &mpsc::Sender<(LaneId, News)>,
) -> News {
    loop {
        let transmit = tokio::select! {
            biased;
            job = jobs.recv() => match job {
                Some(transmit) => transmit,
                None => return News::Closed,
            },
            () = lane.wire.closed() => return retire(jobs).await,
            () = tokio::time::sleep(IDLE) => return retire(jobs).await,
        };
        let exchange = transmit.exchange;
        let proven = lane.proven;
        let answered = carry(&mut lane, &transmit, id, news).await;
        match answered {
            Ok(()) => {
                if news.send((id, News::Finished(exchange))).await.is_err() {
                    return News::Closed;
                }
            }
            Err(loss) if loss.unsent => return News::Unsent(transmit),
            Err(loss) => {
                return News::Lost {
                    exchange,
                    loss,
                    proven,
                };
            }
        }
    }
}

/// Takes no more work; what was lent at the last moment goes back.
async fn retire(mut jobs: mpsc::Receiver<Box<Transmit>>) -> News {
    jobs.close();
    match jobs.recv().await {
        Some(transmit) => News::Unsent(transmit),
        None => News::Closed,
    }
}

/// One exchange, its envelopes told as they come.
async fn carry(
    lane: &mut Lane,
    transmit: &Transmit,
    id: LaneId,
    news: &mpsc::Sender<(LaneId, News)>,
) -> Result<(), Loss> {
    let mut answer = lane.send(&transmit.envelope, transmit.patience).await?;
    let mut told = None;
    let mut arriving = || {
        let now = Instant::now();
        if told.is_none_or(|at| now.duration_since(at) >= ARRIVING) {
            told = Some(now);
            // Without room the driver is busy with what has come.
            let _ = news.try_send((id, News::Arriving(transmit.exchange)));
        }
    };
    while let Some(envelope) = answer.next(&mut arriving).await? {
        // Without a driver this task is ended too.
        let _ = news
            .send((id, News::Envelope(transmit.exchange, envelope)))
            .await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wsman::client::{Client, Settings};

    #[tokio::test]
    async fn a_request_that_was_lent_as_the_connection_ended_goes_back() {
        let mut client = Client::new(Settings::new(String::new(), String::new()));
        client.open(uuid::Uuid::nil(), "", bytes::Bytes::new());
        let transmit = client.poll_transmit(std::time::Instant::now()).unwrap();
        let exchange = transmit.exchange;
        let (work, jobs) = mpsc::channel(1);
        work.try_send(Box::new(transmit)).unwrap();
        match retire(jobs).await {
            News::Unsent(transmit) => assert_eq!(transmit.exchange, exchange),
            _ => panic!("it is gone"),
        }
        assert!(work.is_closed());
        let (work, jobs) = mpsc::channel::<Box<Transmit>>(1);
        // Somebody who is just about to lend gets to know, too.
        let permit = work.clone().try_reserve_owned().unwrap();
        let last = tokio::spawn(retire(jobs));
        while !work.is_closed() {
            tokio::task::yield_now().await;
        }
        let transmit = client.poll_transmit(std::time::Instant::now());
        assert!(transmit.is_none());
        drop(permit);
        assert!(matches!(last.await.unwrap(), News::Closed));
    }
}
