//! Which parameter set is meant.

use super::Binder;
use crate::cmdlets::Error;
use crate::cmdlets::metadata::Sets;

impl Binder {
    /// The place of the set: the default one if it is still possible, else the only one that lacks nothing, else the only
    /// one that lacks least (which is asked for).
    pub(super) fn resolve(&self) -> Result<usize, Error> {
        if let Some(default) = self.cmdlet.default.filter(|at| self.sets & 1 << at != 0) {
            return Ok(default);
        }
        let sets = (0..self.cmdlet.sets.len()).filter(|at| self.sets & 1 << at != 0);
        let mut sets: Vec<_> = sets.map(|at| (self.lacking(1 << at), at)).collect();
        sets.sort_unstable();
        match sets.as_slice() {
            [(_, only)] => Ok(*only),
            [(least, first), (more, _), ..] if least < more => Ok(*first),
            _ => Err(self.ambiguous()),
        }
    }

    /// How many mandatory parameters of a set have no value.
    fn lacking(&self, set: Sets) -> usize {
        let parameters = self.cmdlet.parameters.iter().enumerate();
        parameters
            .filter(|(at, parameter)| {
                self.value(*at).is_none() && parameter.in_sets(set).any(|place| place.mandatory)
            })
            .count()
    }

    fn ambiguous(&self) -> Error {
        let names = self.cmdlet.sets.iter().enumerate();
        let names = names
            .filter(|(at, _)| self.sets & 1 << at != 0)
            .map(|(_, name)| *name);
        let names: Vec<_> = names.collect();
        let message = format!(
            "The parameters fit more than one parameter set, and none of them is complete alone: {}.",
            names.join(", ")
        );
        Error::new("InvalidArgument", "AmbiguousParameterSet", message)
    }
}
