//! The full-screen app: no verb, or `demo`.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::status::{ExitStatus, Failed};
use super::{Context, opening};
use crate::config::Config;
use crate::server::Demonstration;
use crate::session::{Demo, OpenRequest, Pool};
use crate::transport::{Nobody, Options, TargetAddress};
use crate::tui;

/// The app over embedded demonstration servers: needs nothing, touches nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How many servers there are.
    #[arg(long, value_name = "N", default_value_t = 4)]
    servers: usize,
}

/// Runs the app with what is remembered; the servers of the configuration that keep sessions are asked what they hold.
pub(super) fn run(context: &Context) -> Result<ExitStatus, Failed> {
    let config = context.config()?;
    let known = config.computers.keys().filter_map(|name| {
        let computer = config.resolve(name).ok()?.pop()?;
        let keeps = matches!(computer.address, TargetAddress::Wsman { .. });
        keeps.then(|| tui::Server {
            name: name.clone(),
            target: computer.address,
            options: computer.options,
        })
    });
    let known = known.collect();
    let (told, warnings) = watch::channel(None);
    let warn = move |text| drop(told.send(Some(text)));
    let (pool, notes) = match opening::remembering(&config, warn) {
        Ok(pool) => (pool, Vec::new()),
        Err(Failed::Report(report)) => {
            let why = report.reasons.join(": ");
            (
                opening::forgetful(),
                vec![format!("{}: {why}", report.what)],
            )
        }
        Err(other) => return Err(other),
    };
    show(context, config, pool, known, Vec::new(), (notes, warnings))
}

/// Runs the app with the demonstration's sessions.
pub(super) fn demo(arguments: &Arguments, context: &Context) -> Result<ExitStatus, Failed> {
    let demonstration = Demonstration::new(arguments.servers);
    let pool = Pool::new(vec![Arc::new(Demo(demonstration.clone()))]);
    let servers = demonstration.servers();
    let servers = servers.map(|name| tui::Server {
        name: name.to_owned(),
        target: TargetAddress::Demo(name.to_owned()),
        options: Options::default(),
    });
    let start = demonstration.start().into_iter().map(|start| OpenRequest {
        target: TargetAddress::Demo(start.computer),
        name: Some(start.name.to_owned()),
        options: Options::default(),
        window: None,
        deadline: None,
        kept: false,
    });
    let config = context.config()?;
    let start = start.collect();
    let told = (Vec::new(), watch::channel(None).1);
    show(context, config, pool, servers.collect(), start, told)
}

fn show(
    context: &Context,
    config: Config,
    pool: Pool,
    servers: Vec<tui::Server>,
    start: Vec<OpenRequest>,
    (notes, warnings): (Vec<String>, watch::Receiver<Option<String>>),
) -> Result<ExitStatus, Failed> {
    let mut options = tui::Options {
        pool: pool.clone(),
        config,
        colours: context.colours.out,
        themes: crate::config::themes_folder(),
        servers,
        notes,
        warnings,
    };
    let status = super::block_on(async {
        options.notes.extend(pool.recall().await);
        for request in &start {
            // Listed from now on; how it goes stands there.
            drop(
                pool.open(request, Arc::new(Nobody), CancellationToken::new())
                    .await,
            );
        }
        tui::run(options).await
    })?;
    Ok(ExitStatus(status?))
}
