//! When something that was lost is tried again (MS-WSMV 3.2.2, 3.2.5.3, 3.2.7).

use std::time::{Duration, Instant};

/// How long a lost network is tried again as a rule: as long as PowerShell does.
pub(super) const WINDOW: Duration = Duration::from_mins(4);
/// No request is sent again later than this after the loss: servers keep answers for 195 s.
const LAST: Duration = Duration::from_mins(3);
/// Then its last try counts as failed too.
const OVER: Duration = Duration::from_secs(185);
/// What was sent so long ago the server may have forgotten when it is asked again.
const KEPT: Duration = Duration::from_secs(170);
/// After an interruption so long the shell is taken up before anything is received.
const APART: Duration = Duration::from_secs(50);
/// By then at the latest there is a try, however the dice fell.
const FORCED: [Duration; 3] = [
    Duration::from_secs(55),
    Duration::from_secs(115),
    Duration::from_secs(175),
];
/// The bound of a pause. The specification has it doubled each time; but people wait.
const PAUSE: Duration = Duration::from_secs(15);
/// The bound of the first: mostly only one connection has broken.
const FIRST: Duration = Duration::from_secs(1);
/// Attempts after trouble that is not the network's.
pub(super) const ATTEMPTS: u32 = 5;

/// How long a loss is borne. All times follow a window that is shorter than [`WINDOW`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    /// From the loss to the end of all tries.
    pub(super) window: Duration,
}

impl Schedule {
    fn scaled(self, time: Duration) -> Duration {
        if self.window < WINDOW {
            time.mul_f64(self.window.as_secs_f64() / WINDOW.as_secs_f64())
        } else {
            time
        }
    }

    /// No request is sent again later.
    pub(super) fn last(self) -> Duration {
        self.scaled(LAST)
    }

    /// No answer is waited for longer.
    pub(super) fn over(self) -> Duration {
        self.scaled(OVER)
    }

    /// Whether the server may have forgotten by `last` what was sent at `first`.
    pub(super) fn is_forgotten(self, first: Instant, last: Instant) -> bool {
        last.saturating_duration_since(first) > self.scaled(KEPT)
    }

    /// Whether the server may have disconnected the shell by now.
    pub(super) fn is_apart(self, since: Instant, now: Instant) -> bool {
        now.saturating_duration_since(since) >= self.scaled(APART)
    }
}

/// What has been tried since a loss.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recovery {
    /// When the network was lost, or a little earlier.
    pub(super) since: Instant,
    tries: u32,
}

impl Recovery {
    pub(super) fn new(since: Instant) -> Self {
        Self { since, tries: 0 }
    }

    /// When to try next, up to `most` after the loss; none if it is too late.
    pub(super) fn next(
        &mut self,
        now: Instant,
        most: Duration,
        schedule: Schedule,
        random: &mut Random,
    ) -> Option<Instant> {
        let bound = if self.tries == 0 { FIRST } else { PAUSE };
        self.tries += 1;
        let chosen = now + random.below(schedule.scaled(bound));
        let end = self.since + most;
        let forced = FORCED
            .iter()
            .map(|after| self.since + schedule.scaled(*after));
        let forced = forced.chain([end]).find(|at| *at > now)?;
        Some(forced.min(chosen).min(end))
    }
}

/// How long to wait before attempt `number`, from 1, after trouble that is not the network's.
pub(super) fn pause(number: u32) -> Duration {
    Duration::from_secs(1) * 2_u32.saturating_pow((number - 1).min(4))
}

/// A generator of numbers that are no secret (splitmix64).
#[derive(Clone, Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let parts = u32::try_from(mixed >> 32).unwrap_or_default();
        bound.mul_f64(f64::from(parts) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tries of one loss after which each attempt fails at once, in seconds.
    fn tries(seed: u64) -> Vec<f64> {
        let start = Instant::now();
        let (mut recovery, mut random) = (Recovery::new(start), Random(seed));
        let schedule = Schedule { window: WINDOW };
        let mut now = start;
        let mut tries = Vec::new();
        while let Some(at) = recovery.next(now, LAST, schedule, &mut random) {
            assert!(at >= now);
            now = at;
            tries.push(now.duration_since(start).as_secs_f64());
        }
        tries
    }

    #[test]
    fn pauses_grow_and_some_tries_are_certain() {
        for seed in 0..200 {
            let tries = tries(seed);
            assert!(tries[0] <= 1.0 && tries[1] <= 16.0, "{tries:?}");
            for (from, to) in [(0.0, 55.0), (55.0, 115.0), (115.0, 175.0)] {
                assert!(tries.iter().any(|at| *at > from && *at <= to), "{tries:?}");
            }
            assert!(
                tries.contains(&175.0) && tries.contains(&180.0),
                "{tries:?}"
            );
            assert!(tries.iter().all(|at| *at <= 180.0), "{tries:?}");
        }
        assert_ne!(tries(1), tries(2));
        assert_eq!(tries(1), tries(1));
    }

    #[test]
    fn a_shorter_window_shortens_everything() {
        let schedule = |seconds| Schedule {
            window: Duration::from_secs(seconds),
        };
        assert_eq!(schedule(240).last(), LAST);
        assert_eq!(schedule(600).last(), LAST);
        assert_eq!(schedule(24).last(), LAST / 10);
        let start = Instant::now();
        let mut recovery = Recovery::new(start);
        let mut now = start;
        let mut tries = 0;
        let window = Duration::from_secs(4);
        while let Some(at) = recovery.next(now, window, schedule(4), &mut Random(3)) {
            now = at;
            tries += 1;
        }
        assert_eq!(now, start + window);
        assert!(tries > 10, "{tries}");
    }
}
