//! What is known of one target.

use std::time::Instant;

use super::ExchangeId;

/// How much may come beyond the credit while something urgent is under way: some servers answer a signal only once their
/// output is taken.
const OVERRUN: i64 = 64 << 20;
/// Answers without output in a row, each of them at once, after which the next one is asked for a little later.
const EMPTY: u32 = 8;

/// The pool, or one command.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not a state"
)]
#[derive(Debug, Default)]
pub(super) struct Channel {
    /// Bytes that may still be read, by what is known of answers that were not read yet.
    pub(super) credit: i64,
    /// The Receive that is outstanding.
    pub(super) receiving: Option<ExchangeId>,
    /// The server has it.
    pub(super) standing: bool,
    /// The fragments of its creation were handed over to the last one.
    pub(super) complete: bool,
    /// They have arrived: there can be output.
    pub(super) whole: bool,
    /// There is no more output.
    pub(super) done: bool,
    pub(super) stop: Step,
    pub(super) terminate: Step,
    /// Its end was told: its data goes nowhere.
    pub(super) closed: bool,
    /// It ended for us, and that is told when the server has let go of it.
    pub(super) owed: bool,
    /// How much was tried since the server refused a Receive because the shell is disconnected: the shell was taken up
    /// again, then the command.
    pub(super) resumed: u8,
    pub(super) empty: u32,
    /// No Receive before.
    pub(super) pause: Option<Instant>,
}

/// How far a signal has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Step {
    #[default]
    No,
    Wanted,
    Sent,
}

impl Channel {
    /// Whether a Receive is to be parked on it. `urgent`: something else must get through that lies behind output.
    pub(super) fn wants_receive(&self, urgent: bool, now: Instant) -> bool {
        let floor = if urgent { -OVERRUN } else { 0 };
        self.standing
            && self.whole
            && !self.done
            && self.receiving.is_none()
            && self.credit > floor
            && (!self.closed || urgent)
            && self.pause.is_none_or(|until| until <= now)
    }

    /// An answer had no output. A server that answers so at once again and again is not asked without pause.
    pub(super) fn was_empty(&mut self, asked: Option<Instant>, now: Instant) {
        let quick = asked.is_some_and(|asked| now.duration_since(asked).as_millis() < 500);
        self.empty = if quick { self.empty + 1 } else { 0 };
        self.pause = (self.empty > EMPTY).then(|| now + std::time::Duration::from_millis(500));
    }

    pub(super) fn had_output(&mut self) {
        self.empty = 0;
        self.pause = None;
    }
}

/// A count of bytes for the books.
pub(super) fn count(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Where to cut fragments so that no more than `room` bytes come before: behind the last whole one that fits, or inside
/// the first if that does not.
pub(super) fn cut(fragments: &[u8], room: usize) -> usize {
    if fragments.len() <= room {
        return fragments.len();
    }
    let mut end = 0;
    while let Some(next) = fragment(fragments, end).map(|(next, _)| next)
        && next <= room
    {
        end = next;
    }
    if end == 0 { room.max(1) } else { end }
}

/// Whether the last of these fragments ends its object.
pub(super) fn ends_object(fragments: &[u8]) -> bool {
    let mut at = 0;
    let mut ends = true;
    while let Some((next, end)) = fragment(fragments, at) {
        (at, ends) = (next, end);
    }
    ends
}

/// Where the fragment that begins there ends, and whether it is its object's last ([MS-PSRP] 2.2.4).
fn fragment(fragments: &[u8], at: usize) -> Option<(usize, bool)> {
    let rest = fragments.get(at..)?;
    let flags = rest.get(16)?;
    let (length, _) = rest.get(17..)?.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let next = at.checked_add(21)?.checked_add(length)?;
    (next <= fragments.len()).then_some((next, flags & 2 == 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragments(lengths: &[(u8, u8)]) -> Vec<u8> {
        let mut all = Vec::new();
        for (flags, length) in lengths {
            all.extend([0; 16]);
            all.extend([*flags, 0, 0, 0, *length]);
            all.extend(vec![7; usize::from(*length)]);
        }
        all
    }

    #[test]
    fn fragments_are_cut_between_them_where_that_is_possible() {
        let all = fragments(&[(1, 9), (0, 9), (2, 9)]);
        assert_eq!(
            [30, 59, 60, 89, 90, 99].map(|room| cut(&all, room)),
            [30, 30, 60, 60, 90, 90]
        );
        assert_eq!(cut(&all, 20), 20);
        assert_eq!(cut(b"no fragment at all", 5), 5);
    }

    #[test]
    fn an_objects_end_is_found() {
        assert!(ends_object(&fragments(&[(1, 9), (2, 0)])));
        assert!(ends_object(&fragments(&[(3, 9)])));
        assert!(!ends_object(&fragments(&[(3, 9), (1, 9)])));
    }
}
