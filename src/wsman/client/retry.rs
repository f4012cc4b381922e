//! When something that was lost is tried again (MS-WSMV 3.2.2, 3.2.5.3, 3.2.7).

use std::time::{Duration, Instant};

/// No try begins later than this after the loss: servers keep answers for 195 s.
const LAST: Duration = Duration::from_mins(3);
/// Then the last try counts as failed too.
pub(super) const WINDOW: Duration = Duration::from_secs(185);
/// By then at the latest there is a try, however the dice fell.
const FORCED: [Duration; 3] = [
    Duration::from_secs(55),
    Duration::from_secs(115),
    Duration::from_secs(175),
];
/// The bound of the second pause; it doubles from then on.
const PAUSE: Duration = Duration::from_secs(15);
/// The bound of the first. The specification has the above from the start, but mostly only one connection has broken.
const FIRST: Duration = Duration::from_secs(1);
/// Attempts after trouble that is not the network's.
pub(super) const ATTEMPTS: u32 = 5;

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

    /// When to try next; none if it is too late.
    pub(super) fn next(&mut self, now: Instant, random: &mut Random) -> Option<Instant> {
        let bound = match self.tries {
            0 => FIRST,
            tries => PAUSE * 2_u32.saturating_pow((tries - 1).min(8)),
        };
        self.tries += 1;
        let chosen = now + random.below(bound);
        let forced = FORCED
            .iter()
            .map(|after| self.since + *after)
            .find(|at| *at > now);
        let at = forced.map_or(chosen, |forced| forced.min(chosen));
        (at <= self.since + LAST).then_some(at)
    }

    /// When there is no hope left.
    pub(super) fn end(&self) -> Instant {
        self.since + WINDOW
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
    fn below(&mut self, bound: Duration) -> Duration {
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
        let mut now = start;
        let mut tries = Vec::new();
        while let Some(at) = recovery.next(now, &mut random) {
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
            assert!(tries.contains(&175.0), "{tries:?}");
            assert!(tries.iter().all(|at| *at <= 180.0), "{tries:?}");
        }
        assert_ne!(tries(1), tries(2));
        assert_eq!(tries(1), tries(1));
    }
}
