//! What a job keeps for whoever receives it, within bounds.

use std::collections::VecDeque;

use super::remote::Origin;
use crate::clixml;
use crate::clixml::records::ErrorRecord;
use crate::session::{Report, StreamKind, weight};

/// How many things a job keeps for whoever receives it, and how many bytes they may have; beyond that its servers are held
/// back, and the job is `Blocked`.
const MOST: usize = 10_000;
const MOST_BYTES: usize = 64 << 20;

/// What is kept, with the bytes of each.
#[derive(Debug, Default)]
pub(super) struct Store {
    items: VecDeque<(Origin, Kept, usize)>,
    bytes: usize,
}

impl Store {
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn has_room(&self) -> bool {
        self.items.len() < MOST && self.bytes < MOST_BYTES
    }

    pub(super) fn push(&mut self, origin: &Origin, kept: Kept) {
        let bytes = kept.bytes();
        self.bytes += bytes;
        self.items.push_back((origin.clone(), kept, bytes));
    }

    /// What came from these places, in order; it stays where it is to be kept.
    pub(super) fn take(
        &mut self,
        keep: bool,
        wanted: impl Fn(&Origin) -> bool,
    ) -> Vec<(Origin, Kept)> {
        let is_wanted = |item: &(Origin, Kept, usize)| wanted(&item.0);
        if keep {
            let items = self.items.iter().filter(|item| is_wanted(item)).cloned();
            return items.map(|(origin, kept, _)| (origin, kept)).collect();
        }
        let (taken, left) = self.items.drain(..).partition::<VecDeque<_>, _>(is_wanted);
        self.items = left;
        self.bytes = self.items.iter().map(|(_, _, bytes)| bytes).sum();
        taken
            .into_iter()
            .map(|(origin, kept, _)| (origin, kept))
            .collect()
    }
}

/// What a script put out.
#[derive(Clone, Debug)]
pub(super) enum Kept {
    Output(clixml::Value),
    Error(Box<ErrorRecord>),
    Lost(Box<Report>),
    Stream(StreamKind, String),
    Text(String),
}

impl Kept {
    fn bytes(&self) -> usize {
        match self {
            Self::Output(value) => weight(value),
            Self::Error(record) => weight(&record.to_value()),
            Self::Lost(_) => 0,
            Self::Stream(_, text) | Self::Text(text) => text.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_kept_is_bounded_by_its_bytes() {
        let origin = Origin {
            computer: "Server01".to_owned(),
            session: Uuid::nil(),
            hidden: false,
        };
        let mut store = Store::default();
        let large: clixml::Value = "x".repeat(MOST_BYTES / 2).into();
        store.push(&origin, Kept::Output(large.clone()));
        assert!(store.has_room());
        store.push(&origin, Kept::Output(large));
        assert!(!store.has_room());
        assert_eq!(store.take(true, |_| true).len(), 2);
        assert!(!store.has_room());
        assert_eq!(
            store.take(false, |from| from.computer == "Server02").len(),
            0
        );
        assert!(!store.has_room());
        assert_eq!(store.take(false, |_| true).len(), 2);
        assert!(store.has_room());
        assert_eq!(store.bytes, 0);
    }
}
