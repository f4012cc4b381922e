//! Arguments without a name: each position in turn takes one, by what it fits.

use super::{Binder, convert};
use crate::cmdlets::Error;
use crate::cmdlets::metadata::Sets;
use crate::cmdlets::value::Value;
use crate::language::Span;

impl Binder {
    pub(super) fn positional(&mut self, arguments: Vec<(Value, Span)>) -> Result<(), Error> {
        let mut arguments = arguments.into_iter().peekable();
        // As documented: an address is where to connect to, whatever the parameter's position.
        if let Some((at, _)) = self.cmdlet.parameter("ConnectionUri")
            && self.is_open(at)
            && let Some((value, _)) = arguments.next_if(|(value, _)| is_uri(value))
        {
            self.supply(at, value)?;
        }
        let mut left = None;
        let mut next = 0;
        while arguments.peek().is_some() {
            let Some(position) = self.position(next) else {
                left = left.or_else(|| arguments.next());
                break;
            };
            next = position + 1;
            let Some((value, span)) = arguments.next() else {
                break;
            };
            if !self.place(position, &value) {
                left = left.or(Some((value, span)));
            }
        }
        match left {
            None => Ok(()),
            Some((value, span)) => {
                let text = value.text();
                let message = format!("No parameter takes '{text}' at its position.");
                let error = Error::new("InvalidArgument", "PositionalParameterNotFound", message);
                Err(error.target(text).at(span))
            }
        }
    }

    /// The first position from `from` on that a parameter still has.
    fn position(&self, from: u8) -> Option<u8> {
        let parameters = self.cmdlet.parameters.iter().enumerate();
        let open = parameters.filter(|(at, _)| self.value(*at).is_none());
        let positions = open.flat_map(|(_, parameter)| {
            parameter
                .in_sets(self.sets)
                .filter_map(|place| place.position)
        });
        positions.filter(|position| *position >= from).min()
    }

    /// Binds a value at a position: as it is before converted, in the default set before the others.
    fn place(&mut self, position: u8, value: &Value) -> bool {
        let default: Sets = self.cmdlet.default.map_or(0, |at| 1 << at) & self.sets;
        for (sets, coerce) in [
            (default, false),
            (self.sets, false),
            (default, true),
            (self.sets, true),
        ] {
            let found = self
                .cmdlet
                .parameters
                .iter()
                .enumerate()
                .find_map(|(at, parameter)| {
                    let here = parameter
                        .in_sets(sets)
                        .any(|place| place.position == Some(position));
                    if !here || self.value(at).is_some() {
                        return None;
                    }
                    convert::fitting(parameter, value, coerce).map(|value| (at, value))
                });
            if let Some((at, value)) = found {
                self.put(at, value);
                return true;
            }
        }
        false
    }

    /// Whether a parameter can still be bound.
    fn is_open(&self, at: usize) -> bool {
        let parameter = self.cmdlet.parameters.get(at);
        self.value(at).is_none()
            && parameter.is_some_and(|parameter| parameter.sets() & self.sets != 0)
    }
}

fn is_uri(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    ["http://", "https://"].iter().any(|scheme| {
        text.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}
