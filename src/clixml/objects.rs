//! The objects of trees, by the numbers that references have.

use std::collections::HashMap;

use super::{Content, Object, RefId, Value};

/// The objects of some values that a [`Value::Ref`] in them may point to.
#[derive(Debug, Default)]
pub struct Objects<'v> {
    by_id: HashMap<RefId, &'v Object>,
    beside: Option<&'v HashMap<RefId, Object>>,
}

impl<'v> Objects<'v> {
    /// The objects of these values, at any depth.
    pub fn of(values: impl IntoIterator<Item = &'v Value>) -> Self {
        let mut by_id = HashMap::new();
        walk(values, |value| {
            if let Some(object) = value.as_object()
                && let Some(id) = object.id
            {
                by_id.insert(id, object);
            }
        });
        let beside = None;
        Self { by_id, beside }
    }

    /// With these objects, which come from elsewhere.
    pub(super) fn beside(mut self, others: &'v HashMap<RefId, Object>) -> Self {
        self.beside = Some(others);
        self
    }

    /// The object with this number.
    pub fn get(&self, id: RefId) -> Option<&'v Object> {
        let own = self.by_id.get(&id).copied();
        own.or_else(|| self.beside?.get(&id))
    }

    /// The numbers of the values' own objects, in no order.
    pub(super) fn ids(&self) -> impl Iterator<Item = RefId> {
        self.by_id.keys().copied()
    }
}

/// Goes through values and what is in them.
pub(super) fn walk<'v>(
    values: impl IntoIterator<Item = &'v Value>,
    mut visit: impl FnMut(&'v Value),
) {
    let mut open: Vec<&Value> = values.into_iter().collect();
    while let Some(value) = open.pop() {
        visit(value);
        let Some(object) = value.as_object() else {
            continue;
        };
        match &object.content {
            Content::None => {}
            Content::Value(value) => open.push(value),
            Content::List(_, items) => open.extend(items),
            Content::Dictionary(entries) => {
                open.extend(entries.iter().flat_map(|(key, value)| [key, value]));
            }
        }
        let members = object.adapted.iter().chain(&object.extended);
        open.extend(members.map(|member| &member.value));
    }
}
