//! What a pipeline brings.

use super::{Binder, Bound, convert};
use crate::cmdlets::Error;
use crate::cmdlets::metadata::{Place, Sets};
use crate::cmdlets::value::Value;

impl Binder {
    /// The parameters with one object of the pipeline: by its value, then by its properties, each first as it is and then
    /// converted.
    pub(in crate::cmdlets) fn with(&self, input: &Value) -> Result<Bound, Error> {
        let mut binder = self.clone();
        let mut taken = false;
        for coerce in [false, true] {
            taken |= binder.take(coerce, |place| place.by_value, |_| Some(input.clone()));
            taken |= binder.take(
                coerce,
                |place| place.by_name,
                |names| {
                    names
                        .iter()
                        .find_map(|name| input.member(name))
                        .filter(|value| !value.is_null())
                },
            );
        }
        if !taken {
            let message = format!("No parameter takes '{}' from the pipeline.", input.text());
            return Err(
                Error::new("InvalidArgument", "InputObjectNotBound", message).target(input.text()),
            );
        }
        binder.finish()
    }

    fn take(
        &mut self,
        coerce: bool,
        from: impl Fn(&Place) -> bool,
        find: impl Fn(&[&str]) -> Option<Value>,
    ) -> bool {
        let mut taken = false;
        let default: Sets = self.cmdlet.default.map_or(0, |at| 1 << at);
        for only in [default, Sets::MAX] {
            for at in 0..self.cmdlet.parameters.len() {
                let Some(parameter) = self.cmdlet.parameters.get(at) else {
                    continue;
                };
                let open = parameter
                    .in_sets(self.sets & only)
                    .any(|place| from(&place));
                if !open || self.value(at).is_some() {
                    continue;
                }
                let mut names = vec![parameter.name];
                names.extend(&parameter.aliases);
                let found =
                    find(&names).and_then(|value| convert::fitting(parameter, &value, coerce));
                if let Some(value) = found {
                    self.put(at, value);
                    taken = true;
                }
            }
        }
        taken
    }
}
