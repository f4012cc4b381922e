//! `psdeck invoke --detach`: a script is begun, and left to its server.

use super::Arguments;
use crate::cli::sessions::Deck;
use crate::cli::sessions::listing::Output;
use crate::cli::status::{ExitStatus, Failed};
use crate::cli::{Context, opening};
use crate::config::{Config, Resolved};
use crate::session::Invoke;

/// Begins it on every computer, leaves the sessions, and prints what to resume.
pub(super) async fn run(
    arguments: &Arguments,
    script: String,
    computers: &[Resolved],
    config: &Config,
    context: &Context,
) -> Result<ExitStatus, Failed> {
    let connection = &arguments.connection;
    let mut deck = Deck::open(config, connection, computers.len() == 1, context).await?;
    let invoke = Invoke {
        args: arguments.values.arguments.clone(),
        params: arguments.values.parameters.clone(),
        // What it puts out is for whoever takes it up, and no terminal of ours.
        ..Invoke::objects(script)
    };
    let requests = computers
        .iter()
        .map(|computer| (computer, opening::request(computer, None)));
    let begun = deck.make(requests.collect(), Some(&invoke)).await;
    let format = match arguments.output {
        super::Output::Json => Output::Json,
        super::Output::Jsonl => Output::Jsonl,
        super::Output::Text | super::Output::Clixml => Output::Table,
    };
    deck.print(&begun, format)?;
    Ok(deck.end().await)
}
