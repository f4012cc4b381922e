//! What a pipeline or a variable collects of what comes, bounded: a server may put out more than fits here.

use crate::cmdlets::Error;
use crate::cmdlets::value::Value;
use crate::session::Report;

#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) values: Vec<Value>,
    bytes: usize,
}

impl Collected {
    /// Keeps one more, unless all of it would be more than `most` bytes.
    pub(super) fn push(&mut self, value: Value, most: usize) -> Result<(), Error> {
        self.bytes = self.bytes.saturating_add(value.weight());
        if self.bytes > most {
            return Err(too_much(most));
        }
        self.values.push(value);
        Ok(())
    }
}

fn too_much(most: usize) -> Error {
    let message = format!(
        "More than {} MiB would have to be kept here before anything is done with it.",
        most >> 20
    );
    let mut error = Error::new("LimitsExceeded", "CollectedOutputTooLarge", message);
    let report = Report::new(error.code, "")
        .hint("choose on the server: Invoke-Command { … | Select-Object -First 10 }")
        .hint("what no variable and no pipe takes is shown as it comes");
    error.report = Some(Box::new(report));
    error
}
