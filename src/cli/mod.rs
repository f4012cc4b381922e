//! The command line: one file a verb, output formats, exit statuses.

mod app;
mod ask;
mod clixml;
mod completions;
mod config;
mod connection;
mod console;
mod defect;
mod doctor;
mod enter;
mod invoke;
mod keyboard;
mod log;
mod opening;
mod output;
mod passwords;
mod progress;
mod prompts;
mod records;
mod screen;
mod sessions;
mod signals;
mod status;
mod stdout;
mod targets;
mod tty;
mod usage;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, Parser, Subcommand};

use crate::config::Config;
use crate::session::{self, Report};
use output::Colours;
use status::{ExitStatus, Failed};

/// A terminal session manager for PowerShell remoting. Without a verb: the full-screen app.
#[derive(Debug, Parser)]
#[command(
    name = "psdeck",
    version,
    propagate_version = false,
    max_term_width = 100,
    after_help = "PowerShell's session cmdlets are verbs too: psdeck Get-PSSession -ComputerName Server01"
)]
struct CommandLine {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// What every verb takes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
struct Global {
    /// Read this configuration file in place of the usual one.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Whether to use colours; by default at a terminal, unless `NO_COLOR` is set.
    #[arg(
        long,
        global = true,
        value_name = "auto|always|never",
        default_value = "auto"
    )]
    #[arg(hide_default_value = true, hide_possible_values = true)]
    color: output::When,
    /// Write what psdeck does to this file, without what travels in sessions.
    #[arg(long, global = true, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Say more on standard error; twice for still more.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Demo(app::Arguments),
    Enter(Box<enter::Arguments>),
    Invoke(Box<invoke::Arguments>),
    List(Box<sessions::list::Arguments>),
    New(Box<sessions::new::Arguments>),
    Connect(Box<sessions::connect::Arguments>),
    Disconnect(Box<sessions::disconnect::Arguments>),
    Receive(Box<sessions::receive::Arguments>),
    Remove(Box<sessions::remove::Arguments>),
    Console(console::Arguments),
    Clixml(clixml::Arguments),
    Doctor(Box<doctor::Arguments>),
    Config(config::Arguments),
    Completions(completions::Arguments),
}

/// What a verb finds around it.
struct Context {
    global: Global,
    colours: Colours,
}

/// Runs the program on the process's own arguments.
pub fn main() -> ExitCode {
    defect::install();
    run(std::env::args_os()).into()
}

fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitStatus {
    let mut arguments: Vec<_> = arguments.into_iter().collect();
    // A cmdlet's words are its own; ours stand before it.
    let cmdlet = console::named(&arguments).map(|at| arguments.split_off(at));
    let line = match CommandLine::try_parse_from(&arguments) {
        Ok(line) => line,
        Err(error) => {
            // Help and the version are no errors: they go to standard output, with status 0.
            let status = if error.use_stderr() {
                ExitStatus::USAGE
            } else {
                ExitStatus::DONE
            };
            if let Some(report) = usage::report(&error) {
                output::error(&report, Colours::choose(usage::colours(&arguments)));
                return status;
            }
            return error
                .print()
                .map_or_else(|error| Failed::from(error).status(), |()| status);
        }
    };
    let colours = Colours::choose(line.global.color);
    let context = Context {
        global: line.global,
        colours,
    };
    let done = log::start(&context.global).and_then(|()| match line.verb {
        None if cmdlet.is_some() => console::cmdlet(&cmdlet.unwrap_or_default(), &context),
        None => app::run(&context),
        Some(Verb::Demo(arguments)) => app::demo(&arguments, &context),
        Some(Verb::Invoke(arguments)) => invoke::run(&arguments, &context),
        Some(Verb::Enter(arguments)) => enter::run(&arguments, &context),
        Some(Verb::List(arguments)) => sessions::list::run(&arguments, &context),
        Some(Verb::New(arguments)) => sessions::new::run(&arguments, &context),
        Some(Verb::Connect(arguments)) => sessions::connect::run(&arguments, &context),
        Some(Verb::Disconnect(arguments)) => sessions::disconnect::run(&arguments, &context),
        Some(Verb::Receive(arguments)) => sessions::receive::run(&arguments, &context),
        Some(Verb::Remove(arguments)) => sessions::remove::run(&arguments, &context),
        Some(Verb::Console(arguments)) => console::run(&arguments, &context),
        Some(Verb::Clixml(arguments)) => clixml::run(&arguments, &context),
        Some(Verb::Doctor(arguments)) => doctor::run(&arguments, &context),
        Some(Verb::Config(arguments)) => config::run(&arguments, &context),
        Some(Verb::Completions(arguments)) => completions::run(&arguments),
    });
    done.unwrap_or_else(|failed| {
        if let Failed::Report(report) = &failed {
            output::error(report, context.colours);
        }
        failed.status()
    })
}

/// Runs what waits for the network. What is left behind (a thread that reads standard input, say) is not waited for.
fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failed> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| {
        let mut report = Report::new(session::ExitCode::Defect, "cannot start")
            .hint("this account may have too many threads or open files: see ulimit -a");
        report.reasons.push(error.to_string());
        report
    })?;
    let done = runtime.block_on(async {
        let done = work.await;
        signals::ending().await;
        done
    });
    runtime.shutdown_background();
    Ok(done)
}

impl Context {
    /// The configuration; what it says that means nothing is told on standard error.
    fn config(&self) -> Result<Config, Failed> {
        let config = Config::load(self.global.config.as_deref()).map_err(config::report)?;
        config::warn(&config, self.colours);
        Ok(config)
    }
}
