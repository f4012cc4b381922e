//! Text as the remote side formats it: of one computer as it is, of several each line behind a name.

use std::io;

use super::sink::Sink;
use super::tally::Fared;
use crate::cli::output::{self, Colours};
use crate::cli::screen::Screen;
use crate::cli::stdout::Stdout;
use crate::format::error_text;
use crate::remote_text::{Parser, Style};
use crate::session::{Finished, HostEvent, Line, PipelineEvent, Report, StreamKind};

/// A line of several computers longer than this is cut in two.
const LONGEST: usize = 64 * 1024;

pub(super) fn sink(names: &[String], colours: Colours) -> Box<dyn Sink> {
    match names {
        [_] => Box::new(One {
            screen: Screen::new(colours),
        }),
        names => Box::new(Several::new(names, colours)),
    }
}

struct One {
    screen: Screen,
}

impl Sink for One {
    fn event(&mut self, _target: usize, event: &PipelineEvent) -> io::Result<()> {
        match event {
            PipelineEvent::Host(HostEvent::Write(line)) => self.screen.write(line),
            PipelineEvent::Host(HostEvent::Progress { source, record }) => {
                self.screen.progress(*source, record)
            }
            PipelineEvent::Progress(record) => self.screen.progress(0, record),
            event => match aside(event) {
                Some((kind, text)) => self.screen.stream(kind, &text),
                None => Ok(()),
            },
        }
    }

    fn finished(&mut self, _target: usize, finished: &Finished, _fared: Fared) -> io::Result<()> {
        self.screen.finished(finished)
    }

    fn failed(&mut self, _target: usize, report: &Report, _fared: Fared) -> io::Result<()> {
        self.screen.failed(report)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.screen.flush()
    }

    fn before_prompt(&mut self) -> io::Result<()> {
        self.screen.before_prompt()
    }

    fn end(&mut self) -> io::Result<()> {
        self.screen.done()
    }
}

/// What is a line on standard error, where the remote side shows things itself: its host's streams, and the errors that
/// it left to us. Warnings and the like come as records too, which would be the same once more.
fn aside(event: &PipelineEvent) -> Option<(StreamKind, String)> {
    match event {
        PipelineEvent::Error(record) => Some((StreamKind::Error, error_text(record))),
        PipelineEvent::Host(HostEvent::Stream(kind, text)) => Some((*kind, text.clone())),
        PipelineEvent::Notice(text) => Some((StreamKind::Warning, text.clone())),
        _ => None,
    }
}

struct Several {
    computers: Vec<Computer>,
    out: Stdout,
    colours: Colours,
}

struct Computer {
    name: String,
    parser: Parser,
    /// The line that has no end yet.
    line: String,
}

impl Several {
    fn new(names: &[String], colours: Colours) -> Self {
        let computers = names.iter().map(|name| Computer {
            name: format!("[{name}] "),
            parser: Parser::new(),
            line: String::new(),
        });
        Self {
            computers: computers.collect(),
            out: Stdout::default(),
            colours,
        }
    }

    fn write(&mut self, target: usize, line: &Line) -> io::Result<()> {
        let Some(computer) = self.computers.get_mut(target) else {
            return Ok(());
        };
        output::remote(
            &mut computer.line,
            &mut computer.parser,
            &line.text,
            Style::default(),
            self.colours.out,
        );
        if line.newline {
            computer.line.push('\n');
        }
        while let Some((whole, rest)) = computer.line.split_once('\n') {
            self.out.text.push_str(&computer.name);
            self.out.text.push_str(whole);
            self.out.text.push('\n');
            computer.line = rest.to_owned();
        }
        if computer.line.len() > LONGEST {
            self.rest(target);
        }
        self.out.settle()
    }

    fn rest(&mut self, target: usize) {
        if let Some(computer) = self
            .computers
            .get_mut(target)
            .filter(|computer| !computer.line.is_empty())
        {
            self.out.text.push_str(&computer.name);
            self.out.text.push_str(&computer.line);
            self.out.text.push('\n');
            computer.line.clear();
        }
    }

    fn aside(&mut self, target: usize, kind: StreamKind, text: &str) -> io::Result<()> {
        self.flush()?;
        let label = match kind {
            StreamKind::Error => "",
            StreamKind::Warning => "WARNING: ",
            StreamKind::Verbose => "VERBOSE: ",
            StreamKind::Debug => "DEBUG: ",
        };
        let name = self
            .computers
            .get(target)
            .map_or("", |computer| computer.name.as_str());
        let lines = text.lines().map(|line| format!("{name}{label}{line}\n"));
        output::message(&lines.collect::<String>(), self.colours);
        Ok(())
    }
}

impl Sink for Several {
    fn event(&mut self, target: usize, event: &PipelineEvent) -> io::Result<()> {
        match event {
            PipelineEvent::Host(HostEvent::Write(line)) => self.write(target, line),
            event => match aside(event) {
                Some((kind, text)) => self.aside(target, kind, &text),
                None => Ok(()),
            },
        }
    }

    fn finished(&mut self, target: usize, finished: &Finished, _fared: Fared) -> io::Result<()> {
        self.rest(target);
        if let Some(reason) = &finished.reason {
            self.aside(target, StreamKind::Error, &error_text(reason))?;
        }
        if let Some(report) = &finished.lost {
            output::error(report, self.colours);
        }
        Ok(())
    }

    fn failed(&mut self, target: usize, report: &Report, _fared: Fared) -> io::Result<()> {
        self.rest(target);
        self.flush()?;
        output::error(report, self.colours);
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
