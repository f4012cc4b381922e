//! What a session displays, on our standard output and standard error.

use std::io::{self, IsTerminal as _, Write as _};

use super::output::{self, Colours};
use super::progress::Progress;
use super::stdout::Stdout;
use crate::clixml::records::ProgressRecord;
use crate::format::error_text;
use crate::remote_text::{Colour, Parser, Style};
use crate::session::{Finished, Line, Report, StreamKind};

/// Where a session's text goes: what it writes to standard output, its streams to standard error.
pub(super) struct Screen {
    colours: Colours,
    parser: Parser,
    out: Stdout,
    mid_line: bool,
    progress: Progress,
}

impl Screen {
    pub(super) fn new(colours: Colours) -> Self {
        Self {
            colours,
            parser: Parser::new(),
            out: Stdout::default(),
            mid_line: false,
            progress: Progress::new(),
        }
    }

    /// Text of the remote host.
    pub(super) fn write(&mut self, line: &Line) -> io::Result<()> {
        let base = Style {
            foreground: line.foreground.and_then(|colour| Colour::console(colour.0)),
            background: line.background.and_then(|colour| Colour::console(colour.0)),
            ..Style::default()
        };
        output::remote(
            &mut self.out.text,
            &mut self.parser,
            &line.text,
            base,
            self.colours.out,
        );
        if line.newline {
            self.out.text.push('\n');
        }
        if !line.text.is_empty() || line.newline {
            self.mid_line = !line.newline && !line.text.ends_with('\n');
        }
        if self.out.is_full() {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// A line of a stream.
    pub(super) fn stream(&mut self, kind: StreamKind, text: &str) -> io::Result<()> {
        let (label, colour) = match kind {
            StreamKind::Error => ("", 31),
            StreamKind::Warning => ("WARNING: ", 33),
            StreamKind::Verbose => ("VERBOSE: ", 36),
            StreamKind::Debug => ("DEBUG: ", 36),
        };
        self.aside(
            &format!("{label}{}", text.trim_end_matches(['\r', '\n'])),
            colour,
        )
    }

    /// A line beside the output, without a label.
    pub(super) fn plain(&mut self, text: &str) -> io::Result<()> {
        self.aside(text, 0)
    }

    /// A line of ours, dim.
    pub(super) fn notice(&mut self, text: &str) -> io::Result<()> {
        self.aside(text, 2)
    }

    pub(super) fn progress(&mut self, source: i64, record: &ProgressRecord) -> io::Result<()> {
        self.flush()?;
        self.progress.update(source, record);
        Ok(())
    }

    /// The command is over: its progress is too.
    pub(super) fn done(&mut self) -> io::Result<()> {
        self.progress.clear();
        self.flush()
    }

    /// A script has ended: why, where it did not complete.
    pub(super) fn finished(&mut self, finished: &Finished) -> io::Result<()> {
        self.done()?;
        if let Some(reason) = &finished.reason {
            self.stream(StreamKind::Error, &error_text(reason))?;
        }
        if let Some(report) = &finished.lost {
            output::error(report, self.colours);
        }
        Ok(())
    }

    /// An error of ours.
    pub(super) fn failed(&mut self, report: &Report) -> io::Result<()> {
        self.done()?;
        output::error(report, self.colours);
        Ok(())
    }

    /// `Clear-Host`; without a terminal there is nothing to clear.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.progress.clear();
        if io::stdout().is_terminal() {
            self.out.text.push_str("\u{1b}[H\u{1b}[2J");
            self.mid_line = false;
        }
        self.flush()
    }

    /// Writes what was gathered.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if !self.out.text.is_empty() {
            self.progress.hide();
        }
        self.out.flush()
    }

    /// Ends a line that the remote side left open.
    pub(super) fn fresh_line(&mut self) -> io::Result<()> {
        if self.mid_line {
            self.out.text.push('\n');
            self.mid_line = false;
        }
        self.flush()
    }

    /// A prompt of ours is about to be shown behind what was written.
    pub(super) fn before_prompt(&mut self) -> io::Result<()> {
        self.progress.hide();
        self.flush()?;
        // The answer's Enter ends the line.
        self.mid_line = false;
        Ok(())
    }

    fn aside(&mut self, text: &str, colour: u8) -> io::Result<()> {
        if self.colours.out {
            self.fresh_line()?;
        } else {
            self.flush()?;
        }
        self.progress.hide();
        let clean = output::printable(text);
        let shown = if self.colours.err {
            format!("\u{1b}[{colour}m{clean}\u{1b}[0m\n")
        } else {
            format!("{clean}\n")
        };
        io::stderr().lock().write_all(shown.as_bytes())
    }
}
