//! `psdeck list [TARGET…]`.

use super::Deck;
use super::choice;
use super::listing::Output;
use crate::cli::connection::Connection;
use crate::cli::status::{ExitStatus, Failed};
use crate::cli::{Context, block_on, targets};
use crate::language::WildcardPattern;
use crate::session::{SessionInfo, SessionState};

/// List the sessions that this user's psdecks know; with targets, ask those servers what they hold.
///
/// A session that a server tells of is known from then on: its id is the same the next time. Disconnected and None can be
/// connected; Disconnected and Busy is held by another client or psdeck. Nothing is changed on any server.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: psdeck list Server01 --state disconnected")]
pub(in crate::cli) struct Arguments {
    /// Computers to ask: profiles, HOST, https://HOST, group:NAME, tag:NAME.
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// Only those in this state: opened, disconnected, closed, broken.
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Only those of this name; wildcards are taken.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Only those on this computer; wildcards are taken.
    #[arg(long, value_name = "NAME")]
    computer: Option<String>,
    /// How to print them.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Output,
    #[command(flatten)]
    connection: Connection,
}

pub(in crate::cli) fn run(arguments: &Arguments, context: &Context) -> Result<ExitStatus, Failed> {
    let state = arguments.state.as_deref().map(state).transpose()?;
    let config = arguments.connection.config(context)?;
    let targets = targets::resolve(&config, &arguments.targets, &arguments.connection)?;
    let configuration = arguments.connection.configuration_name();
    block_on(async {
        let alone = targets.len() < 2;
        let mut deck = Deck::open(&config, &arguments.connection, alone, context).await?;
        let mut found = if targets.is_empty() {
            deck.now(|_| true)
        } else {
            choice::held(&mut deck, &targets).await
        };
        let fits = |pattern: &Option<String>, text: &str| {
            let pattern = pattern.as_deref().map(WildcardPattern::new);
            pattern.is_none_or(|pattern| pattern.fits(text))
        };
        found.retain(|info: &SessionInfo| {
            fits(&arguments.name, &info.name)
                && fits(&arguments.computer, &info.computer_name)
                && configuration.is_none_or(|name| info.has_configuration(name))
                && state.is_none_or(|state| state == info.state)
        });
        deck.print(&found, arguments.output)?;
        Ok(deck.status())
    })?
}

fn state(text: &str) -> Result<SessionState, Failed> {
    let all = [
        SessionState::Opened,
        SessionState::Disconnected,
        SessionState::Closed,
        SessionState::Broken,
    ];
    let found = all
        .into_iter()
        .find(|state| state.to_string().eq_ignore_ascii_case(text));
    found.ok_or_else(|| {
        Failed::usage(
            format!("'{text}' is no state of a session"),
            "it is one of opened, disconnected, closed, broken",
        )
    })
}
