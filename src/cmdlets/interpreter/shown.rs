//! Output that nothing keeps: as text, on the host.

use super::{Out, Result, Run};
use crate::clixml::{self, Objects};
use crate::cmdlets::value::Value;
use crate::format::text::Formatter;

/// What was shown so far, and the table that may go on.
pub(in crate::cmdlets) struct Shown(Formatter);

impl Shown {
    pub(in crate::cmdlets) fn new(width: u16) -> Self {
        Self(Formatter::new(width.into()))
    }
}

impl Run<'_> {
    /// Puts a value out.
    pub(in crate::cmdlets) fn emit(&mut self, out: &mut Out, value: Value) -> Result<()> {
        let most = self.console.most_collected;
        if let Some(copy) = &mut out.copy {
            copy.push(value.clone(), most)?;
        }
        match &mut out.kept {
            Some(kept) => kept.push(value, most)?,
            None => self.show(&value),
        }
        Ok(())
    }

    fn show(&mut self, value: &Value) {
        if let Value::Array(items) = value {
            items.iter().for_each(|item| self.show(item));
            return;
        }
        if let (Some(sessions), Value::Session(_)) = (&mut self.console.put_off, value) {
            sessions.push(value.clone());
            return;
        }
        let value = match value.plain() {
            // An enumeration of ours is its name; a server's has notes that say where it came from.
            clixml::Value::Object(object) if object.is_enum() && object.extended.is_empty() => {
                value.text().into()
            }
            plain => plain,
        };
        let width = self.console.host.window().columns;
        let shown = self.console.shown.get_or_insert_with(|| Shown::new(width));
        shown.0.value(&value, &Objects::of([&value]));
        let text = shown.0.take();
        self.console.write(&text);
    }

    /// Ends the table that is being shown.
    pub(in crate::cmdlets) fn end_shown(&mut self) {
        self.console.end_shown();
    }
}

impl Shown {
    /// What is left of it.
    pub(in crate::cmdlets) fn end(mut self) -> String {
        self.0.end();
        self.0.take()
    }
}
