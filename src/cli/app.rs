//! The full-screen app: no verb, or `demo`.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::status::{ExitStatus, Failed};
use super::{Context, opening};
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

/// Runs the app; the servers of the configuration that keep sessions are asked what they hold.
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
    show(context, opening::pool(), known.collect(), Vec::new())
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
    });
    show(context, pool, servers.collect(), start.collect())
}

fn show(
    context: &Context,
    pool: Pool,
    servers: Vec<tui::Server>,
    start: Vec<OpenRequest>,
) -> Result<ExitStatus, Failed> {
    let options = tui::Options {
        pool: pool.clone(),
        config: context.config()?,
        colours: context.colours.out,
        themes: crate::config::themes_folder(),
        servers,
    };
    let status = super::block_on(async {
        for request in &start {
            // Listed from now on; how it goes stands there.
            drop(pool.open(request, Arc::new(Nobody), CancellationToken::new()));
        }
        tui::run(options).await
    })?;
    Ok(ExitStatus(status?))
}
