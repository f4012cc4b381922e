//! `--output json`: the objects of one computer as an array, written as they come; of several, an array of results.

use std::io;

use serde_json::{Map, Value as Json};

use super::sink::Sink;
use super::tally::Fared;
use crate::cli::output::{self, Colours};
use crate::cli::records;
use crate::cli::screen::Screen;
use crate::cli::stdout::Stdout;
use crate::cli::values;
use crate::format::error_text;
use crate::session::{Finished, HostEvent, PipelineEvent, Report, StreamKind};

pub(super) fn sink(names: &[String], colours: Colours, types: bool) -> Box<dyn Sink> {
    match names {
        [_] => Box::new(One {
            out: Stdout::default(),
            begun: false,
            screen: Screen::new(colours),
            types,
        }),
        names => {
            let results = names.iter().map(|name| Computer {
                name: name.clone(),
                ..Computer::default()
            });
            Box::new(Several {
                results: results.collect(),
                written: 0,
                out: Stdout::default(),
                screen: Screen::new(colours),
                colours,
                types,
            })
        }
    }
}

struct One {
    out: Stdout,
    begun: bool,
    screen: Screen,
    types: bool,
}

/// What goes to standard error beside objects: the records. What the host shows is the same once more, but for progress.
pub(super) fn beside(screen: &mut Screen, event: &PipelineEvent) -> io::Result<()> {
    match event {
        PipelineEvent::Error(record) => screen.stream(StreamKind::Error, &error_text(record)),
        PipelineEvent::Warning(record) => screen.stream(StreamKind::Warning, &record.message),
        PipelineEvent::Notice(text) => screen.stream(StreamKind::Warning, text),
        PipelineEvent::Verbose(record) => screen.stream(StreamKind::Verbose, &record.message),
        PipelineEvent::Debug(record) => screen.stream(StreamKind::Debug, &record.message),
        PipelineEvent::Information(record) => screen.plain(&record.display_text()),
        PipelineEvent::Progress(record) => screen.progress(0, record),
        PipelineEvent::Host(HostEvent::Progress { source, record }) => {
            screen.progress(*source, record)
        }
        _ => Ok(()),
    }
}

impl Sink for One {
    fn event(&mut self, _target: usize, event: &PipelineEvent) -> io::Result<()> {
        let PipelineEvent::Output(value) = event else {
            self.flush()?;
            return beside(&mut self.screen, event);
        };
        self.out
            .text
            .push_str(if self.begun { ",\n" } else { "[\n" });
        self.begun = true;
        self.out.text.push_str(&values::json(value, self.types));
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
        self.out
            .text
            .push_str(if self.begun { "\n]\n" } else { "[]\n" });
        self.flush()
    }
}

/// Results in the order of the command line, each written when those before it are.
struct Several {
    results: Vec<Computer>,
    written: usize,
    out: Stdout,
    screen: Screen,
    colours: Colours,
    types: bool,
}

#[derive(Default)]
struct Computer {
    name: String,
    /// The objects, as JSON with commas between them.
    output: String,
    errors: Vec<Json>,
    state: Option<String>,
}

impl Several {
    /// Writes the results that are whole and whose turn it is.
    fn write_whole(&mut self) -> io::Result<()> {
        let out = &mut self.out.text;
        while let Some(result) = self.results.get_mut(self.written) {
            let Some(state) = result.state.take() else {
                break;
            };
            out.push_str(if self.written == 0 { "[\n" } else { ",\n" });
            self.written += 1;
            out.push_str("{\"computer\":");
            out.push_str(&Json::from(result.name.as_str()).to_string());
            out.push_str(",\"output\":[");
            out.push_str(&std::mem::take(&mut result.output));
            out.push_str("],\"errors\":");
            out.push_str(&Json::from(std::mem::take(&mut result.errors)).to_string());
            out.push_str(",\"state\":");
            out.push_str(&Json::from(state).to_string());
            out.push('}');
        }
        self.out.flush()
    }

    fn over(
        &mut self,
        target: usize,
        state: &str,
        error: Option<Map<String, Json>>,
    ) -> io::Result<()> {
        if let Some(result) = self.results.get_mut(target) {
            result.errors.extend(error.map(Json::from));
            result.state = Some(state.to_owned());
        }
        self.write_whole()
    }
}

impl Sink for Several {
    fn event(&mut self, target: usize, event: &PipelineEvent) -> io::Result<()> {
        let Some(result) = self.results.get_mut(target) else {
            return Ok(());
        };
        match event {
            PipelineEvent::Output(value) => {
                if !result.output.is_empty() {
                    result.output.push(',');
                }
                result.output.push_str(&values::json(value, self.types));
                Ok(())
            }
            PipelineEvent::Error(record) => {
                result.errors.push(records::error(record).into());
                Ok(())
            }
            event => beside(&mut self.screen, event),
        }
    }

    fn finished(&mut self, target: usize, finished: &Finished, _fared: Fared) -> io::Result<()> {
        self.screen.done()?;
        if let Some(lost) = &finished.lost {
            output::error(lost, self.colours);
        }
        let error = match (&finished.reason, &finished.lost) {
            (Some(reason), _) => Some(records::error(reason)),
            (None, Some(lost)) => Some(records::report(lost)),
            (None, None) => None,
        };
        self.over(target, records::state(finished), error)
    }

    fn failed(&mut self, target: usize, report: &Report, _fared: Fared) -> io::Result<()> {
        self.screen.failed(report)?;
        self.over(target, "Failed", Some(records::report(report)))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn before_prompt(&mut self) -> io::Result<()> {
        self.screen.before_prompt()
    }

    fn end(&mut self) -> io::Result<()> {
        self.write_whole()?;
        let end = if self.written == 0 { "[]\n" } else { "\n]\n" };
        self.out.text.push_str(end);
        self.out.flush()
    }
}
