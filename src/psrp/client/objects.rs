//! Which objects of a target came, so that those that did not are known.
//!
//! A server numbers what it sends, through all targets of a pool (\[MS-PSRP\] 2.2.4). Where it drops what finds no room,
//! the numbers that are missing are all there is to see of that.

use super::Client;
use crate::psrp::Target;

/// The most holes that are told apart; more are one.
const MOST: usize = 256;

/// The numbers of the objects that came from one target.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    /// The first and the last of each row without a hole, ascending.
    rows: Vec<(u64, u64)>,
}

impl Objects {
    pub(super) fn came(&mut self, object: u64) {
        let is_full = self.rows.len() >= MOST;
        match self.rows.last_mut() {
            Some((_, last)) if object <= *last => {}
            Some((_, last)) if is_full || object == last.saturating_add(1) => *last = object,
            _ => self.rows.push((object, object)),
        }
    }

    /// What is missing between those that came.
    fn holes(&self) -> impl Iterator<Item = u64> + '_ {
        self.rows.windows(2).flat_map(|rows| match rows {
            [(_, before), (after, _)] => before.saturating_add(1)..*after,
            _ => 0..0,
        })
    }

    fn holds(&self, object: u64) -> bool {
        let row = self.rows.partition_point(|(_, last)| *last < object);
        self.rows
            .get(row)
            .is_some_and(|(first, _)| *first <= object)
    }
}

impl Client {
    /// Whether objects of a pipeline are missing that no other target got.
    pub(super) fn misses(&self, pipeline: uuid::Uuid) -> bool {
        let target = Target::Pipeline(pipeline);
        let Some(channel) = self.channels.get(&target) else {
            return false;
        };
        let others = || self.channels.iter().filter(|(other, _)| **other != target);
        // Two hundred are more than the others can still have under way.
        let mut holes = channel.objects.holes().take(200);
        holes.any(|hole| !others().any(|(_, other)| other.objects.holds(hole)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_was_left_out_is_a_hole() {
        let mut objects = Objects::default();
        for object in [5, 6, 7, 7, 9, 10, 14] {
            objects.came(object);
        }
        assert_eq!(objects.holes().collect::<Vec<_>>(), [8, 11, 12, 13]);
        assert!(objects.holds(5) && objects.holds(10) && objects.holds(14));
        assert!(!objects.holds(4) && !objects.holds(8) && !objects.holds(15));
    }

    #[test]
    fn holes_are_bounded() {
        let mut objects = Objects::default();
        for object in 0..100_000 {
            objects.came(2 * object);
        }
        assert_eq!(objects.rows.len(), MOST);
    }
}
