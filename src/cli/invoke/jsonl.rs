//! A line of JSON an event, as it comes.

use std::io;
use std::time::Instant;

use serde_json::{Map, Value as Json};

use super::sink::Sink;
use super::tally::Fared;
use crate::cli::output::{self, Colours};
use crate::cli::records;
use crate::cli::stdout::Stdout;
use crate::cli::values;
use crate::session::{Finished, PipelineEvent, Report};

pub(super) struct Lines {
    names: Vec<String>,
    begun: Instant,
    out: Stdout,
    colours: Colours,
    types: bool,
}

impl Lines {
    pub(super) fn new(names: &[String], colours: Colours, types: bool) -> Self {
        Self {
            names: names.to_vec(),
            begun: Instant::now(),
            out: Stdout::default(),
            colours,
            types,
        }
    }

    /// A line with the computer, the stream, and these members, which are JSON already.
    fn line(&mut self, target: usize, stream: &str, members: &[(&str, &str)]) -> io::Result<()> {
        let name = self.names.get(target).map_or("", String::as_str);
        self.out.text.push_str("{\"computer\":");
        self.out.text.push_str(&Json::from(name).to_string());
        self.out.text.push_str(",\"stream\":\"");
        self.out.text.push_str(stream);
        self.out.text.push('"');
        for (member, json) in members {
            self.out.text.push_str(",\"");
            self.out.text.push_str(member);
            self.out.text.push_str("\":");
            self.out.text.push_str(json);
        }
        self.out.text.push_str("}\n");
        self.out.settle()
    }

    fn members(
        &mut self,
        target: usize,
        stream: &str,
        members: &Map<String, Json>,
    ) -> io::Result<()> {
        let written: Vec<_> = members
            .iter()
            .map(|(name, json)| (name.as_str(), json.to_string()))
            .collect();
        let members: Vec<_> = written
            .iter()
            .map(|(name, json)| (*name, json.as_str()))
            .collect();
        self.line(target, stream, &members)
    }

    fn message(&mut self, target: usize, stream: &str, message: &str) -> io::Result<()> {
        self.line(
            target,
            stream,
            &[("message", &Json::from(message).to_string())],
        )
    }

    fn over(&mut self, target: usize, state: &str, fared: Fared) -> io::Result<()> {
        let milliseconds = self.begun.elapsed().as_millis().to_string();
        let state = Json::from(state).to_string();
        let code = fared.exit_code().to_string();
        self.line(
            target,
            "end",
            &[
                ("state", &state),
                ("exitCode", &code),
                ("ms", &milliseconds),
            ],
        )
    }
}

impl Sink for Lines {
    fn event(&mut self, target: usize, event: &PipelineEvent) -> io::Result<()> {
        match event {
            PipelineEvent::Output(value) => {
                let value = values::json(value, self.types);
                self.line(target, "output", &[("value", &value)])
            }
            PipelineEvent::Error(record) => self.members(target, "error", &records::error(record)),
            PipelineEvent::Warning(record) => self.message(target, "warning", &record.message),
            PipelineEvent::Notice(text) => self.message(target, "warning", text),
            PipelineEvent::Verbose(record) => self.message(target, "verbose", &record.message),
            PipelineEvent::Debug(record) => self.message(target, "debug", &record.message),
            PipelineEvent::Information(record) => {
                self.message(target, "information", &record.display_text())
            }
            PipelineEvent::Progress(record) => {
                self.members(target, "progress", &records::progress(record))
            }
            // What the host shows comes as records too, where objects were asked for.
            PipelineEvent::Host(_)
            | PipelineEvent::StopPending
            | PipelineEvent::Disconnected
            | PipelineEvent::Reconnected
            | PipelineEvent::Finished(_) => Ok(()),
        }
    }

    fn finished(&mut self, target: usize, finished: &Finished, fared: Fared) -> io::Result<()> {
        if let Some(reason) = &finished.reason {
            self.members(target, "error", &records::error(reason))?;
        }
        if let Some(lost) = &finished.lost {
            self.members(target, "error", &records::report(lost))?;
            self.flush()?;
            output::error(lost, self.colours);
        }
        self.over(target, records::state(finished), fared)
    }

    fn failed(&mut self, target: usize, failed: &Report, fared: Fared) -> io::Result<()> {
        self.members(target, "error", &records::report(failed))?;
        self.over(target, "Failed", fared)?;
        self.flush()?;
        output::error(failed, self.colours);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn before_prompt(&mut self) -> io::Result<()> {
        self.flush()
    }

    fn end(&mut self) -> io::Result<()> {
        self.flush()
    }
}
