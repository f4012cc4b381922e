//! `psdeck invoke TARGET… (-c SCRIPT | -f FILE|-)`.

mod array;
mod detach;
mod from_json;
mod input;
mod jsonl;
mod objects;
mod printer;
mod run;
mod script;
mod sink;
mod tally;
mod text;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;

use super::Context;
use super::connection::{Connection, one_reader};
use super::status::{ExitStatus, Failed};
use super::targets::{self, Targets};
pub(super) use printer::Printer;
pub(super) use run::WAITING;
use script::Values;
pub(super) use tally::Fared;

/// Run a script on one computer or many.
///
/// Objects and text go to standard output, everything else to standard error. Of several computers, 32 are worked on at
/// a time.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true)))]
#[command(
    after_help = "Exit status: 0 done; 1 the remote side reported errors or a script ended with `exit N`; \
    2 wrong command line; 3 unreachable or lost; 4 refused; 5 a deadline passed; 130 cancelled. \
    Of several computers, the highest of 5, 4, 3, 1."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    targets: Targets,
    /// The script.
    #[arg(short, long = "command", value_name = "SCRIPT", group = "what")]
    command: Option<String>,
    /// Read the script from a file; `-` is standard input.
    #[arg(short, long, value_name = "FILE", group = "what")]
    file: Option<PathBuf>,
    #[command(flatten)]
    values: Values,
    /// Send objects into the script, as `$input`; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// How to read them.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "lines",
        requires = "input"
    )]
    input_format: InputFormat,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
    /// With JSON: add the type names of objects, as `@types`.
    #[arg(long)]
    type_names: bool,
    /// Leave as the script did: `exit N` gives N, and psdeck's own failures 255.
    #[arg(long)]
    exit_code: bool,
    /// Start it, leave the sessions on their servers, and print what to resume: psdeck receive prints what it puts out,
    /// psdeck remove ends it. Where it cannot be left, it is closed, and that is an error.
    #[arg(long, conflicts_with_all = ["input", "exit_code", "timeout"])]
    detach: bool,
    /// How long each computer may take, getting in included: 90s, 4m, 1h30m.
    #[arg(long, value_name = "DURATION", value_parser = crate::config::duration)]
    timeout: Option<Duration>,
    #[command(flatten)]
    connection: Connection,
}

/// How input objects are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum InputFormat {
    /// A string a line.
    Lines,
    /// A JSON value a line.
    Jsonl,
    /// CLIXML: `Export-Clixml`'s files, or bare values.
    Clixml,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// As the remote side formats it, at this terminal's width.
    Text,
    /// One array of objects; of several computers, one of their results.
    Json,
    /// A line an event, as it comes.
    Jsonl,
    /// The objects as `Export-Clixml` writes them.
    Clixml,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<ExitStatus, Failed> {
    let stdin = Some(Path::new("-"));
    one_reader(&[
        ("--file", arguments.file.as_deref() == stdin),
        ("--input", arguments.input.as_deref() == stdin),
        ("--targets-from", arguments.targets.reads_stdin()),
        ("--password-stdin", arguments.connection.password_stdin),
    ])?;
    let config = arguments.connection.config(context)?;
    let computers = arguments.targets.resolve(&config, &arguments.connection)?;
    if arguments.exit_code && computers.len() > 1 {
        return Err(Failed::usage(
            format!(
                "--exit-code is for one computer, and {} are named",
                computers.len()
            ),
            "without it the status is the highest of 5, 4, 3 and 1 that occurred",
        ));
    }
    let script = match (&arguments.command, &arguments.file) {
        (Some(script), _) => script.clone(),
        (None, Some(file)) => targets::read(file)?,
        // The argument group holds that one of them is there.
        (None, None) => String::new(),
    };
    if arguments.detach {
        let detached = detach::run(arguments, script, &computers, &config, context);
        return super::block_on(detached)?;
    }
    let run = run::run(arguments, script, &computers, &config, context.colours);
    let done = super::block_on(run)?;
    match done {
        Err(Failed::Report(report))
            if arguments.exit_code && report.code != crate::session::ExitCode::Cancelled =>
        {
            super::output::error(&report, context.colours);
            Ok(ExitStatus::OURS)
        }
        done => done,
    }
}
