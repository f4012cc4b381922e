//! Where a run's events go.

use std::io;

use super::tally::Fared;
use super::{Output, array, jsonl, objects, text};
use crate::cli::output::Colours;
use crate::session::{Finished, PipelineEvent, Report};

/// One format of output. Targets are named by their places.
pub(super) trait Sink {
    /// What a script put out; host prompts, the end and stop notices never come here.
    fn event(&mut self, target: usize, event: &PipelineEvent) -> io::Result<()>;

    /// A computer's script has ended.
    fn finished(&mut self, target: usize, finished: &Finished, fared: Fared) -> io::Result<()>;

    /// A computer was not reached, or was late.
    fn failed(&mut self, target: usize, report: &Report, fared: Fared) -> io::Result<()>;

    /// Nothing more is there at once: what was gathered is written.
    fn flush(&mut self) -> io::Result<()>;

    /// Something is about to be asked at the terminal.
    fn before_prompt(&mut self) -> io::Result<()>;

    /// All computers are done.
    fn end(&mut self) -> io::Result<()>;
}

/// Writes one format for computers of these names; `types`: JSON has the type names of objects.
pub(super) fn of(output: Output, names: &[String], colours: Colours, types: bool) -> Box<dyn Sink> {
    match output {
        Output::Text => text::sink(names, colours),
        Output::Json => array::sink(names, colours, types),
        Output::Jsonl => Box::new(jsonl::Lines::new(names, colours, types)),
        Output::Clixml => Box::new(objects::Clixml::new(names, colours)),
    }
}
