//! `psdeck invoke --detach`: a script is begun, and left to its server.

use crate::cli::ask::Asker;
use crate::cli::sessions::listing::{self, Output};
use crate::cli::sessions::new::unkept;
use crate::cli::signals::Interrupts;
use crate::cli::status::{ExitStatus, Failed};
use crate::cli::{Context, opening, output};
use crate::config::{Config, Resolved};
use crate::session::{Invoke, Pool, Report, SessionId};
use crate::transport::{Ask, Leave};

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Arguments;

/// Begins it on every computer, leaves the sessions, and prints them.
pub(super) async fn run(
    arguments: &Arguments,
    script: String,
    computers: &[Resolved],
    config: &Config,
    context: &Context,
) -> Result<ExitStatus, Failed> {
    let mut interrupts = Interrupts::listen();
    let cancel = CancellationToken::new();
    let given = opening::given(&arguments.connection)?;
    let asker = Asker::new(given, computers.len() == 1, cancel.clone());
    let ask: Arc<dyn Ask> = Arc::new(asker);
    let pool = opening::remembering(config)?;
    let invoke = Invoke {
        args: arguments.values.arguments.clone(),
        params: arguments.values.parameters.clone(),
        // What it puts out is for whoever takes it up, and no terminal of ours.
        ..Invoke::objects(script)
    };
    let begun = computers.iter().map(|computer| {
        let request = opening::request(computer, &arguments.connection, None);
        let (pool, ask, cancel, invoke) = (pool.clone(), ask.clone(), cancel.clone(), &invoke);
        async move {
            if !pool.keeps_sessions(&request.target, &request.options) {
                return Err(unkept(computer));
            }
            let session = pool
                .open(&request, ask, cancel.clone())
                .await
                .session()
                .await?;
            let id = session.info().id;
            let running = session.begin(invoke);
            let left = pool.disconnect(id, Leave::default(), cancel).await?;
            drop(running);
            Ok((id, left))
        }
    });
    let begun = futures_util::future::join_all(begun.collect::<Vec<_>>());
    let mut begun = std::pin::pin!(begun);
    let begun = tokio::select! {
        begun = &mut begun => begun,
        () = interrupts.next() => {
            cancel.cancel();
            begun.await
        }
    };
    let mut ids: Vec<SessionId> = Vec::new();
    let mut worst: Option<Report> = None;
    for one in begun {
        match one {
            Ok((id, left)) => {
                ids.push(id);
                for warning in left.warnings {
                    output::warning(&warning, context.colours);
                }
            }
            Err(report) => {
                output::error(&report, context.colours);
                if worst.as_ref().is_none_or(|worst| worst.code < report.code) {
                    worst = Some(report);
                }
            }
        }
    }
    print(&pool, &ids, arguments)?;
    opening::goodbye(&pool, super::run::GOODBYE, &mut interrupts).await;
    Ok(worst.map_or(ExitStatus::DONE, |worst| worst.code.into()))
}

/// Prints what to resume.
fn print(pool: &Pool, ids: &[SessionId], arguments: &Arguments) -> Result<(), Failed> {
    let all = pool.sessions().now();
    let begun: Vec<_> = all
        .iter()
        .filter(|info| ids.contains(&info.id))
        .cloned()
        .collect();
    let format = match arguments.output {
        super::Output::Json => Output::Json,
        super::Output::Jsonl => Output::Jsonl,
        super::Output::Text | super::Output::Clixml => Output::Table,
    };
    Ok(listing::print(&begun, format)?)
}
