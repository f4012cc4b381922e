//! The objects of trees, by the numbers that references have.

use std::collections::HashMap;

use super::{Content, Object, RefId, Value};

/// The objects of some values that a [`Value::Ref`] in them may point to.
#[derive(Debug, Default)]
pub struct Objects<'v> {
    by_id: HashMap<RefId, &'v Object>,
}

impl<'v> Objects<'v> {
    /// The objects of these values, at any depth.
    pub fn of(values: impl IntoIterator<Item = &'v Value>) -> Self {
        let mut by_id = HashMap::new();
        let mut open: Vec<&Value> = values.into_iter().collect();
        while let Some(value) = open.pop() {
            let Some(object) = value.as_object() else {
                continue;
            };
            if let Some(id) = object.id {
                by_id.insert(id, object);
            }
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
        Self { by_id }
    }

    /// The object with this number.
    pub fn get(&self, id: RefId) -> Option<&'v Object> {
        self.by_id.get(&id).copied()
    }
}
