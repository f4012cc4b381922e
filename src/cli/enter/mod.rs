//! `psdeck enter TARGET`.

mod piped;
mod terminal;
mod viewer;

use std::io::{self, IsTerminal as _};
use std::time::Duration;

pub(super) use piped::Lines;

use super::connection::{Connection, one_reader};
use super::opening;
use super::output::Colours;
use super::signals::{self, Interrupts};
use super::status::{ExitStatus, Failed};
use super::{Context, targets};
use crate::session::{ExitCode, Interactive, InteractiveEvents, Pool, Size};
use crate::transport::Leave;
use tokio_util::sync::CancellationToken;

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
pub(super) const GOODBYE: Duration = Duration::from_secs(5);

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<ExitStatus, Failed> {
    one_reader(&[
        ("--password-stdin", arguments.connection.password_stdin),
        ("the session", true),
    ])?;
    let config = arguments.connection.config(context)?;
    let target = targets::single(&config, &arguments.target, &arguments.connection)?;
    let done = super::block_on(async {
        let window = window();
        let connection = &arguments.connection;
        let pool = opening::pool(&config, context.colours);
        let opened = opening::one(&target, connection, pool, window).await?;
        let (interactive, events) = Interactive::enter(opened.session.clone(), window);
        let id = opened.session.info().id;
        let entered = Entered {
            pool: opened.pool.clone(),
            interactive,
            events,
            interrupts: opened.interrupts,
        };
        let done = within(entered, arguments.prompt, context).await;
        if let Err(failed) = &done
            && is_lost(failed)
        {
            // Nobody said that it is to end.
            let _ = opened
                .pool
                .disconnect(id, Leave::default(), CancellationToken::new())
                .await;
        }
        for loose in opened.pool.close_all(GOODBYE).await {
            super::output::error(&loose, context.colours);
        }
        done
    })?;
    as_ssh(done, context)
}

/// A session that is to be worked in.
pub(super) struct Entered {
    pub(super) pool: Pool,
    pub(super) interactive: Interactive,
    pub(super) events: InteractiveEvents,
    pub(super) interrupts: Interrupts,
}

/// Works in a session until it is left. A signal that ends psdeck leaves it on its server, where that is possible.
pub(super) async fn within(
    entered: Entered,
    prompts: bool,
    context: &Context,
) -> Result<ExitStatus, Failed> {
    let mut lines = (!io::stdin().is_terminal()).then(Lines::default);
    let lines = lines.as_mut().map(|lines| (lines, prompts));
    visit(entered, lines, context.colours).await
}

/// The same, with lines from standard input, and whether prompts are shown with them; without, at the terminal.
pub(super) async fn visit(
    entered: Entered,
    lines: Option<(&mut Lines, bool)>,
    colours: Colours,
) -> Result<ExitStatus, Failed> {
    let Entered {
        pool,
        interactive,
        events,
        interrupts,
    } = entered;
    signals::leave_at_end(pool);
    let viewer = viewer::Viewer::new(interactive, events, interrupts, colours);
    match lines {
        None => terminal::run(viewer).await,
        Some((lines, prompts)) => piped::run(viewer, prompts, lines).await,
    }
}

/// Whether the terminal, or whoever read our output, is gone.
fn is_lost(failed: &Failed) -> bool {
    match failed {
        Failed::Pipe => true,
        Failed::Report(report) => report.code == ExitCode::RemoteErrors,
        Failed::Status(_) => false,
    }
}

/// Like ssh: 255 tells our failures from the remote side's statuses.
pub(super) fn as_ssh(
    done: Result<ExitStatus, Failed>,
    context: &Context,
) -> Result<ExitStatus, Failed> {
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
