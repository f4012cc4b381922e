//! Whether this computer slept: the clock on the wall has gone on then, and the one that counts has not.

use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

/// How often it is looked at, once for all sessions.
const EVERY: Duration = Duration::from_secs(15);
/// Sooner no connection has come to harm.
const SHORT: Duration = Duration::from_secs(20);

/// Told each time for how long.
pub(super) fn watch() -> watch::Receiver<Duration> {
    static TELLER: OnceLock<watch::Sender<Duration>> = OnceLock::new();
    let teller = TELLER.get_or_init(|| {
        let (teller, _) = watch::channel(Duration::ZERO);
        let told = teller.clone();
        // Without the thread connections still tell by themselves, later.
        let _ = thread::Builder::new()
            .name("psdeck-sleep".into())
            .spawn(move || {
                loop {
                    let (counted, wall) = (Instant::now(), SystemTime::now());
                    thread::sleep(EVERY);
                    let wall = wall.elapsed().unwrap_or_default();
                    if let Some(time) = slept(counted.elapsed(), wall) {
                        told.send_replace(time);
                    }
                }
            });
        teller
    });
    teller.subscribe()
}

fn slept(counted: Duration, wall: Duration) -> Option<Duration> {
    wall.checked_sub(counted).filter(|time| *time >= SHORT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_wall_that_went_ahead_tells_of_sleep() {
        let seconds = Duration::from_secs;
        assert_eq!(slept(seconds(15), seconds(16)), None);
        assert_eq!(slept(seconds(15), seconds(3)), None);
        assert_eq!(slept(seconds(15), seconds(615)), Some(seconds(600)));
    }
}
