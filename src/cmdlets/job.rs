//! Jobs that `-AsJob` and `-OutTarget Job` make.

use crate::clixml::Object;

/// The jobs of a console.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    all: Vec<Job>,
}

/// A job; clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct Job {
    name: String,
}

impl Job {
    pub(super) fn object(&self) -> Object {
        Object::bag([("Name", self.name.as_str().into())])
    }
}
