//! `psdeck new TARGET…`.

use super::Deck;
use super::listing::{self, Output};
use crate::cli::connection::{Connection, one_reader};
use crate::cli::opening;
use crate::cli::status::{ExitStatus, Failed};
use crate::cli::targets::Targets;
use crate::cli::{Context, block_on, output};
use crate::config::Resolved;
use crate::session::{ExitCode, Report, SessionId};
use crate::transport::Leave;
use tokio_util::sync::CancellationToken;

/// Create a session on each computer and leave it there, for psdeck connect and the app.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    targets: Targets,
    /// The session's name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// How to print them.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Output,
    #[command(flatten)]
    connection: Connection,
}

pub(in crate::cli) fn run(arguments: &Arguments, context: &Context) -> Result<ExitStatus, Failed> {
    let connection = &arguments.connection;
    one_reader(&[
        ("--targets-from", arguments.targets.reads_stdin()),
        ("--password-stdin", connection.password_stdin),
    ])?;
    let config = connection.config(context)?;
    let targets = arguments.targets.resolve(&config)?;
    block_on(async {
        let mut deck = Deck::open(&config, connection, targets.len() == 1, context).await?;
        let begun = targets.iter().map(|target| {
            let mut request =
                opening::request(target, connection, Some(crate::cli::enter::window()));
            request.name.clone_from(&arguments.name);
            let (pool, ask, cancel) = (deck.pool.clone(), deck.ask.clone(), deck.cancel.clone());
            async move {
                if !pool.keeps_sessions(&request.target, &request.options) {
                    return Err(unkept(target));
                }
                let session = pool.open(&request, ask, cancel).await.session().await?;
                let id = session.info().id;
                // Ctrl+C gives up what is being opened; what is open is left.
                let cancel = CancellationToken::new();
                let left = pool.disconnect(id, Leave::default(), cancel).await?;
                Ok((id, left))
            }
        });
        // The pool opens 32 at a time.
        let made = futures_util::future::join_all(begun.collect::<Vec<_>>());
        let made = deck.wait(made).await;
        let mut ids: Vec<SessionId> = Vec::new();
        for one in made {
            match one {
                Ok((id, left)) => {
                    ids.push(id);
                    for warning in left.warnings {
                        output::warning(&warning, deck.colours);
                    }
                }
                Err(report) => deck.tell(&report),
            }
        }
        let all = deck.pool.sessions().now();
        let new: Vec<_> = all
            .iter()
            .filter(|info| ids.contains(&info.id))
            .cloned()
            .collect();
        listing::print(&new, arguments.output)?;
        Ok(deck.status())
    })?
}

/// A computer whose kind keeps no session.
pub(in crate::cli) fn unkept(target: &Resolved) -> Report {
    let mut report = Report::new(ExitCode::Refused, "it keeps no session without a client")
        .hint("WSMan servers keep sessions: HOST, wsman:HOST or https://HOST");
    report.computer = Some(target.name.clone());
    report.reasons.push(format!(
        "a session with {} ends with its connection",
        target.address
    ));
    report
}
