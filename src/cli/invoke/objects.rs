//! `--output clixml`: the objects as they come, in one document.

use std::io;

use super::array::beside;
use super::sink::Sink;
use super::tally::Fared;
use crate::cli::output::Colours;
use crate::cli::screen::Screen;
use crate::cli::stdout::Stdout;
use crate::clixml::{Content, Object, ObjsWriter, Property, Value};
use crate::session::{Finished, PipelineEvent, Report};

pub(super) struct Clixml {
    /// Where there are several, each object says which it comes from.
    names: Option<Vec<String>>,
    document: ObjsWriter,
    out: Stdout,
    screen: Screen,
}

impl Clixml {
    pub(super) fn new(names: &[String], colours: Colours) -> Self {
        Self {
            names: (names.len() > 1).then(|| names.to_vec()),
            document: ObjsWriter::default(),
            out: Stdout::default(),
            screen: Screen::new(colours),
        }
    }
}

impl Sink for Clixml {
    fn event(&mut self, target: usize, event: &PipelineEvent) -> io::Result<()> {
        let PipelineEvent::Output(value) = event else {
            self.flush()?;
            return beside(&mut self.screen, event);
        };
        match self.names.as_ref().and_then(|names| names.get(target)) {
            Some(name) => self
                .document
                .push(&mut self.out.text, &from(value.clone(), name)),
            None => self.document.push(&mut self.out.text, value),
        }
        self.out.settle()
    }

    fn finished(&mut self, _target: usize, finished: &Finished, _fared: Fared) -> io::Result<()> {
        self.screen.finished(finished)
    }

    fn failed(&mut self, _target: usize, report: &Report, _fared: Fared) -> io::Result<()> {
        self.screen.failed(report)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn before_prompt(&mut self) -> io::Result<()> {
        self.flush()?;
        self.screen.before_prompt()
    }

    fn end(&mut self) -> io::Result<()> {
        std::mem::take(&mut self.document).end(&mut self.out.text);
        self.out.text.push('\n');
        self.flush()
    }
}

/// A value with the note that `Invoke-Command` gives it.
fn from(value: Value, computer: &str) -> Value {
    let mut object = match value {
        Value::Object(object) => *object,
        Value::Null => return Value::Null,
        other => Object {
            content: Content::Value(other),
            ..Object::default()
        },
    };
    object
        .extended
        .push(Property::new("PSComputerName", computer.into()));
    object.into()
}
