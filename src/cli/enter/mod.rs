//! `psdeck enter TARGET`.

mod piped;
mod terminal;
mod viewer;

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use super::connection::{Connection, one_reader};
use super::opening;
use super::signals::Interrupts;
use super::status::{ExitStatus, Failed};
use super::{Context, targets};
use crate::session::{ExitCode, Interactive, Size};

/// Work in a session, line by line, in this terminal.
///
/// Ctrl+C stops what runs; `exit` leaves, with the status of `exit N`. psdeck's own failures end with 255. Where
/// standard input is no terminal, its lines are run one after another.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The computer: a profile, HOST, https://HOST, USER@HOST (SSH), local, demo:NAME.
    #[arg(value_name = "TARGET")]
    target: String,
    /// Print prompts and lines even where standard input is no terminal.
    #[arg(long)]
    prompt: bool,
    #[command(flatten)]
    connection: Connection,
}

/// How long a session may take to close when we leave.
const GOODBYE: Duration = Duration::from_secs(5);

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<ExitStatus, Failed> {
    let at_terminal = io::stdin().is_terminal();
    one_reader(&[
        ("--password-stdin", arguments.connection.password_stdin),
        ("the session", true),
    ])?;
    let target = targets::single(&arguments.connection.config(context)?, &arguments.target)?;
    let done = super::block_on(async {
        let mut interrupts = Interrupts::listen();
        let window = window();
        let opened = opening::one(&target, &arguments.connection, window, &mut interrupts).await?;
        let (interactive, events) = Interactive::enter(opened.session.clone(), window);
        let viewer = viewer::Viewer::new(interactive, events, interrupts, context.colours);
        let done = if at_terminal {
            terminal::run(viewer).await
        } else {
            piped::run(viewer, arguments.prompt).await
        };
        opened.pool.close_all(GOODBYE).await;
        done
    })?;
    // Like ssh: 255 tells our failures from the remote side's statuses.
    done.map_err(|failed| match failed {
        Failed::Report(report) if is_ours(report.code) => {
            super::output::error(&report, context.colours);
            Failed::Status(ExitStatus::OURS)
        }
        other => other,
    })
}

/// The status 2 of a wrong command line, and 130, keep their meaning.
fn is_ours(code: ExitCode) -> bool {
    !matches!(code, ExitCode::Usage | ExitCode::Cancelled)
}

/// The size that the remote side formats for.
pub(super) fn window() -> Size {
    let (columns, rows) = match crossterm::terminal::size() {
        Ok((columns @ 1.., rows @ 1..)) if io::stdout().is_terminal() => (columns, rows),
        _ => (120, 50),
    };
    Size { columns, rows }
}
