//! How much of a target may still be read.

use std::mem;

/// The books of one target: bytes granted and not yet here, and bytes of events that nobody has pulled yet.
///
/// Bytes of a message that is not yet whole are in neither: they cannot be pulled, so they must not stop the reading
/// that completes them. The message's own limit bounds them.
#[derive(Debug)]
pub(super) struct Flow {
    window: usize,
    granted: usize,
    held: usize,
    /// Bytes that no event accounts for yet.
    carry: usize,
}

impl Flow {
    pub(super) fn new(window: usize) -> Self {
        Self {
            window,
            granted: 0,
            held: 0,
            carry: 0,
        }
    }

    /// From now on so much may wait.
    pub(super) fn widen(&mut self, window: usize) {
        self.window = window;
    }

    /// How many bytes to grant now. `open`: whatever waits, because nobody waits for it.
    pub(super) fn grant(&mut self, open: bool) -> Option<usize> {
        let held = if open { 0 } else { self.held };
        let more = self.window.saturating_sub(self.granted + held);
        // Small grants would be many commands.
        (more > self.window / 2).then(|| {
            self.granted += more;
            more
        })
    }

    pub(super) fn received(&mut self, bytes: usize) {
        self.granted = self.granted.saturating_sub(bytes);
        self.carry += bytes;
    }

    /// The cost of an event that is handed on now.
    pub(super) fn hold(&mut self) -> usize {
        // An event weighs something even when its bytes came with another's.
        let cost = mem::take(&mut self.carry).max(64);
        self.held += cost;
        cost
    }

    /// Forgets what came, when no event is handed on for it.
    pub(super) fn discard(&mut self) {
        self.carry = 0;
    }

    pub(super) fn pulled(&mut self, cost: usize) {
        self.held = self.held.saturating_sub(cost);
    }

    /// Whether more waits than the window holds.
    pub(super) fn full(&self) -> bool {
        self.held >= self.window
    }

    /// Whether nothing more can come until somebody pulls.
    pub(super) fn starved(&self) -> bool {
        self.granted == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_stops_at_the_window_and_goes_on_when_events_are_pulled() {
        let mut flow = Flow::new(1000);
        assert_eq!(flow.grant(false), Some(1000));
        assert_eq!(flow.grant(false), None);
        flow.received(1000);
        let cost = flow.hold();
        assert_eq!((cost, flow.grant(false)), (1000, None));
        assert!(flow.starved() && flow.full());
        flow.pulled(cost);
        assert_eq!(flow.grant(false), Some(1000));
    }

    #[test]
    fn a_message_larger_than_the_window_is_read_to_its_end() {
        let mut flow = Flow::new(1000);
        for _ in 0..10 {
            assert_eq!(flow.grant(false), Some(1000));
            flow.received(1000);
        }
        assert_eq!(flow.hold(), 10_000);
        assert_eq!(flow.grant(false), None);
    }

    #[test]
    fn a_stopped_pipeline_is_read_whatever_waits() {
        let mut flow = Flow::new(1000);
        flow.grant(false);
        flow.received(1000);
        flow.hold();
        assert_eq!(flow.grant(false), None);
        assert_eq!(flow.grant(true), Some(1000));
    }
}
