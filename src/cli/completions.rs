//! `psdeck completions SHELL`.

use std::io::{self, Write as _};

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::CommandLine;
use super::status::{ExitStatus, Failed};

/// Print the completion script of a shell.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "For bash: psdeck completions bash > ~/.local/share/bash-completion/completions/psdeck"
)]
pub(super) struct Arguments {
    /// The shell.
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitStatus, Failed> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut CommandLine::command(),
        "psdeck",
        &mut script,
    );
    io::stdout().lock().write_all(&script)?;
    Ok(ExitStatus::DONE)
}
