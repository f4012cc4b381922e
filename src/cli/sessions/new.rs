//! `psdeck new TARGET…`.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Deck;
use super::listing::Output;
use crate::cli::ask::Asker;
use crate::cli::connection::{Connection, one_reader};
use crate::cli::status::{ExitStatus, Failed};
use crate::cli::targets::Targets;
use crate::cli::{Context, block_on, opening};
use crate::config::Resolved;
use crate::session::{ExitCode, Invoke, Left, OpenRequest, Pool, Report, SessionId, SessionInfo};
use crate::transport::Ask;

/// Create a session on each computer and leave it there, for psdeck connect and the app.
///
/// The server keeps it for its idle time-out (--idle-timeout asks for another), then ends it. One that cannot be left is
/// closed again. Only WSMan servers keep sessions.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: psdeck new Server01 Server02 --name ITTask --idle-timeout 15h")]
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
    let targets = arguments.targets.resolve(&config, connection)?;
    block_on(async {
        let mut deck = Deck::open(&config, connection, targets.len() == 1, context).await?;
        let window = Some(crate::cli::enter::window());
        let requests = targets.iter().map(|target| {
            let mut request = opening::request(target, window);
            request.name.clone_from(&arguments.name);
            (target, request)
        });
        let new = deck.make(requests.collect(), None).await;
        deck.print(&new, arguments.output)?;
        Ok(deck.end().await)
    })?
}

impl Deck {
    /// Opens sessions, begins a script in each if there is one, and leaves them. What fails is told, and takes its session
    /// away. The others as they are now.
    pub(in crate::cli) async fn make(
        &mut self,
        requests: Vec<(&Resolved, OpenRequest)>,
        script: Option<&Invoke>,
    ) -> Vec<SessionInfo> {
        let one = |(target, mut request): (_, OpenRequest)| {
            request.kept = true;
            let (pool, asker, cancel) =
                (self.pool.clone(), self.asker.clone(), self.cancel.clone());
            async move { make(&pool, target, &request, asker, cancel, script).await }
        };
        // The pool opens 32 at a time.
        let made = futures_util::future::join_all(requests.into_iter().map(one));
        let mut ids = Vec::new();
        for one in self.wait(made).await {
            match one {
                Ok((id, left)) => {
                    ids.push(id);
                    self.warn(left);
                }
                Err(report) => self.tell(report),
            }
        }
        self.now(|id| ids.contains(&id))
    }
}

async fn make(
    pool: &Pool,
    target: &Resolved,
    request: &OpenRequest,
    asker: Arc<Asker>,
    cancel: CancellationToken,
    script: Option<&Invoke>,
) -> Result<(SessionId, Left), Report> {
    if !pool.keeps_sessions(&request.target, &request.options) {
        return Err(unkept(target));
    }
    // Ctrl+C gives up what is being opened; what is open is left.
    let ask: Arc<dyn Ask> = asker.clone();
    let opening = pool.open(request, Arc::clone(&ask), cancel).await;
    let opened = opening.session().await;
    asker.told_in(request.target.computer(), opened.is_ok());
    let session = opened?;
    let id = session.info().id;
    let begun = script.map(|script| session.begin(script));
    let left = opening::leave_or_close(pool, id).await?;
    let Some(mut refused) = begun.and_then(|mut begun| begun.refused()) else {
        return Ok((id, left));
    };
    refused
        .hints
        .push(match pool.remove(id, ask, CancellationToken::new()).await {
            Ok(()) => "the session made for it was removed".to_owned(),
            Err(_) => format!("the session made for it is still there: psdeck remove {id} ends it"),
        });
    Err(refused)
}

/// A computer whose kind keeps no session.
fn unkept(target: &Resolved) -> Report {
    let mut report = Report::new(ExitCode::Refused, "it keeps no session without a client")
        .hint("WSMan servers keep sessions: HOST, wsman:HOST or https://HOST");
    report.computer = Some(target.name.clone());
    report.reasons.push(format!(
        "a session with {} ends with its connection",
        target.address
    ));
    report
}
