//! What is known by `RefId`.

use std::collections::HashMap;

/// Things by their number. Nearly all writers count from 0 in order, so that a vector holds them; others cost a map.
pub(super) struct Ids<T> {
    dense: Vec<T>,
    sparse: HashMap<u32, T>,
}

impl<T> Default for Ids<T> {
    fn default() -> Self {
        Self {
            dense: Vec::new(),
            sparse: HashMap::new(),
        }
    }
}

impl<T> Ids<T> {
    /// Remembers a thing; a later one with the same number replaces it.
    pub(super) fn insert(&mut self, id: u32, thing: T) {
        let index = usize::try_from(id).unwrap_or(usize::MAX);
        if let Some(slot) = self.dense.get_mut(index) {
            *slot = thing;
        } else if index == self.dense.len() {
            self.dense.push(thing);
        } else {
            self.sparse.insert(id, thing);
        }
    }

    pub(super) fn get(&self, id: u32) -> Option<&T> {
        let index = usize::try_from(id).unwrap_or(usize::MAX);
        self.dense.get(index).or_else(|| self.sparse.get(&id))
    }
}
