//! What commands put out that were begun elsewhere, as `invoke` prints it; text is made of their objects here.

use std::io;

use super::Output;
use super::sink::{self, Sink};
use super::tally::Fared;
use crate::cli::output::Colours;
use crate::clixml::Objects;
use crate::format::text::Formatter;
use crate::session::{Finished, HostEvent, Line, PipelineEvent, Report};

/// Prints events of several sessions, one after another.
pub(in crate::cli) struct Printer {
    sink: Box<dyn Sink>,
    /// Shows objects, where text is wanted.
    formatter: Option<Formatter>,
}

impl Printer {
    /// `types`: JSON has the type names of objects.
    pub(in crate::cli) fn new(
        output: Output,
        names: &[String],
        colours: Colours,
        types: bool,
    ) -> Self {
        let width = usize::from(crate::cli::enter::window().columns);
        Self {
            sink: sink::of(output, names, colours, types),
            formatter: (output == Output::Text).then(|| Formatter::new(width)),
        }
    }

    /// What a command put out.
    pub(in crate::cli) fn event(&mut self, target: usize, event: &PipelineEvent) -> io::Result<()> {
        match (event, &mut self.formatter) {
            (PipelineEvent::Output(value), Some(formatter)) => {
                formatter.value(value, &Objects::of([value]));
                self.shown(target)
            }
            (event, _) => {
                self.table_ends(target)?;
                self.sink.event(target, event)
            }
        }?;
        self.sink.flush()
    }

    /// It has ended, or is left.
    pub(in crate::cli) fn finished(
        &mut self,
        target: usize,
        finished: &Finished,
        fared: Fared,
    ) -> io::Result<()> {
        self.table_ends(target)?;
        self.sink.finished(target, finished, fared)
    }

    /// It was not reached.
    pub(in crate::cli) fn failed(
        &mut self,
        target: usize,
        report: &Report,
        fared: Fared,
    ) -> io::Result<()> {
        self.sink.failed(target, report, fared)
    }

    /// Something is about to be asked at the terminal.
    pub(in crate::cli) fn before_prompt(&mut self, target: usize) -> io::Result<()> {
        self.table_ends(target)?;
        self.sink.before_prompt()
    }

    /// All are done.
    pub(in crate::cli) fn end(&mut self) -> io::Result<()> {
        self.sink.end()
    }

    fn table_ends(&mut self, target: usize) -> io::Result<()> {
        if let Some(formatter) = &mut self.formatter {
            formatter.end();
        }
        self.shown(target)
    }

    /// Hands on what the formatter has.
    fn shown(&mut self, target: usize) -> io::Result<()> {
        let text = self.formatter.as_mut().map(Formatter::take);
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return Ok(());
        };
        let line = Line {
            text,
            newline: false,
            foreground: None,
            background: None,
        };
        let event = PipelineEvent::Host(HostEvent::Write(line));
        self.sink.event(target, &event)
    }
}
