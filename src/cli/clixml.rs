//! `psdeck clixml [FILE|-]`.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::Context;
use super::enter::window;
use super::output;
use super::status::{ExitStatus, Failed};
use super::stdout::Stdout;
use super::targets::{bytes, named};
use crate::clixml::{self, Fault, Limits, Objects, ObjsWriter, Shared, Value, Values};
use crate::format::json::json_of;
use crate::format::text::Formatter;
use crate::remote_text::{Parser, Style};
use crate::session::{ExitCode, Report};

/// Read CLIXML and print it.
///
/// Takes what `Export-Clixml` wrote (UTF-8 or UTF-16), and bare values as they travel; several one after another too.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 done; 2 the file cannot be read or is no CLIXML: then nothing is printed."
)]
pub(super) struct Arguments {
    /// The file; `-`, and no file, is standard input.
    #[arg(default_value = "-", hide_default_value = true)]
    file: PathBuf,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
    /// Name the types of objects in JSON.
    #[arg(long)]
    type_names: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// As PowerShell shows the values, at this terminal's width.
    Text,
    /// One array of values.
    Json,
    /// A value a line.
    Jsonl,
    /// The values again, with their type names as read.
    Clixml,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<ExitStatus, Failed> {
    let file = &arguments.file;
    let text = clixml::decode(bytes(file)?).map_err(|error| wrong(file, "", &error))?;
    let limits = Limits::FILE;
    // The file is read twice, so that one that is wrong prints nothing and one that is large needs no room for trees.
    let (mut shared, count) =
        Shared::find(&text, &limits).map_err(|error| wrong(file, &text, &error))?;
    if count == 0 && !text.contains('<') {
        return Err(report(file, &Fault::Empty.to_string()));
    }
    let mut printer = Printer::new(arguments, context);
    for value in Values::new(&text, &limits) {
        let value = value.map_err(|error| wrong(file, &text, &error))?;
        printer.value(&value, &shared.objects(&value))?;
        shared.keep(&value);
    }
    printer.end()?;
    Ok(ExitStatus::DONE)
}

fn wrong(file: &Path, text: &str, error: &clixml::Error) -> Failed {
    let line = error.place().offset.and_then(|offset| text.get(..offset));
    let line = line.filter(|before| !before.is_empty());
    match line.map(|before| before.matches('\n').count() + 1) {
        Some(line) => report(file, &format!("line {line}: {error}")),
        None => report(file, &error.to_string()),
    }
}

fn report(file: &Path, why: &str) -> Failed {
    let what = format!("{} is no CLIXML", named(file));
    let mut report = Report::new(ExitCode::Usage, what)
        .hint("CLIXML is what Export-Clixml and `psdeck invoke --output clixml` write");
    report.reasons.push(why.to_owned());
    report.into()
}

/// Prints values as they come.
struct Printer {
    out: Stdout,
    form: Form,
    types: bool,
}

enum Form {
    Text(Formatter, Screen),
    Json { begun: bool },
    Jsonl,
    Clixml(ObjsWriter),
}

/// What text passes on its way out.
enum Screen {
    /// Nobody looks: the text is what it is.
    Pipe,
    /// A terminal, which nothing but text and colours reaches.
    Terminal { parser: Parser, colours: bool },
}

impl Printer {
    fn new(arguments: &Arguments, context: &Context) -> Self {
        let form = match arguments.output {
            Output::Text => {
                let screen = if io::stdout().is_terminal() {
                    Screen::Terminal {
                        parser: Parser::new(),
                        colours: context.colours.out,
                    }
                } else {
                    Screen::Pipe
                };
                Form::Text(Formatter::new(window().columns.into()), screen)
            }
            Output::Json => Form::Json { begun: false },
            Output::Jsonl => Form::Jsonl,
            Output::Clixml => Form::Clixml(ObjsWriter::of_file()),
        };
        Self {
            out: Stdout::default(),
            form,
            types: arguments.type_names,
        }
    }

    fn value(&mut self, value: &Value, objects: &Objects<'_>) -> io::Result<()> {
        match &mut self.form {
            Form::Text(formatter, screen) => {
                formatter.value(value, objects);
                screen.pass(&formatter.take(), &mut self.out.text);
            }
            Form::Json { begun } => {
                let before = if std::mem::replace(begun, true) {
                    ",\n"
                } else {
                    "[\n"
                };
                self.out.text.push_str(before);
                self.out.text.push_str(&json_of(value, objects, self.types));
            }
            Form::Jsonl => {
                self.out.text.push_str(&json_of(value, objects, self.types));
                self.out.text.push('\n');
            }
            Form::Clixml(document) => document.push(&mut self.out.text, value),
        }
        self.out.settle()
    }

    fn end(mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.form, Form::Jsonl) {
            Form::Text(mut formatter, mut screen) => {
                formatter.end();
                screen.pass(&formatter.take(), &mut self.out.text);
            }
            Form::Json { begun: true } => self.out.text.push_str("\n]\n"),
            Form::Json { begun: false } => self.out.text.push_str("[]\n"),
            Form::Jsonl => {}
            Form::Clixml(document) => {
                document.end(&mut self.out.text);
                self.out.text.push('\n');
            }
        }
        self.out.flush()
    }
}

impl Screen {
    fn pass(&mut self, text: &str, out: &mut String) {
        match self {
            Self::Pipe => out.push_str(text),
            Self::Terminal { parser, colours } => {
                output::remote(out, parser, text, Style::default(), *colours);
            }
        }
    }
}
