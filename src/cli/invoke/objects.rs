//! `--output clixml`: the objects as they come, in one document.

use std::io::{self, Write as _};

use super::array::beside;
use super::sink::Sink;
use super::tally::Fared;
use crate::cli::output::{self, Colours};
use crate::cli::screen::Screen;
use crate::clixml::{Content, Object, ObjsWriter, Property, Value};
use crate::format::error_text;
use crate::session::{Finished, PipelineEvent, Report, StreamKind};

pub(super) struct Clixml {
    /// Where there are several, each object says which it comes from.
    names: Option<Vec<String>>,
    document: ObjsWriter,
    out: String,
    screen: Screen,
    colours: Colours,
}

impl Clixml {
    pub(super) fn new(names: &[String], colours: Colours) -> Self {
        Self {
            names: (names.len() > 1).then(|| names.to_vec()),
            document: ObjsWriter::default(),
            out: String::new(),
            screen: Screen::new(colours),
            colours,
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
                .push(&mut self.out, &from(value.clone(), name)),
            None => self.document.push(&mut self.out, value),
        }
        if self.out.len() > 64 * 1024 {
            self.flush()
        } else {
            Ok(())
        }
    }

    fn finished(&mut self, _target: usize, finished: &Finished, _fared: Fared) -> io::Result<()> {
        self.screen.done()?;
        if let Some(reason) = &finished.reason {
            self.screen.stream(StreamKind::Error, &error_text(reason))?;
        }
        if let Some(report) = &finished.lost {
            output::error(report, self.colours);
        }
        Ok(())
    }

    fn failed(&mut self, _target: usize, report: &Report, _fared: Fared) -> io::Result<()> {
        self.screen.done()?;
        output::error(report, self.colours);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        let written = stdout
            .write_all(self.out.as_bytes())
            .and_then(|()| stdout.flush());
        self.out.clear();
        written
    }

    fn before_prompt(&mut self) -> io::Result<()> {
        self.flush()?;
        self.screen.before_prompt()
    }

    fn end(&mut self) -> io::Result<()> {
        std::mem::take(&mut self.document).end(&mut self.out);
        self.out.push('\n');
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
