//! Which sessions a command line means.

use std::sync::Arc;

use futures_util::StreamExt as _;
use uuid::Uuid;

use super::Deck;
use crate::cli::connection::Connection;
use crate::cli::status::Failed;
use crate::cli::{Context, targets};
use crate::config::Resolved;
use crate::language::WildcardPattern;
use crate::session::{ExitCode, Report, SessionInfo};

/// How many servers are worked on at once.
pub(super) const AT_ONCE: usize = 32;

/// The sessions of a verb that takes several.
#[derive(Debug, clap::Args)]
pub(super) struct Choice {
    /// Sessions: an id, a name (with wildcards `* ? [a-z]`: several), an instance id, or any start of one that fits no
    /// other.
    #[arg(value_name = "SESSION", required_unless_present = "all")]
    sessions: Vec<String>,
    /// Choose among the sessions that these computers hold.
    #[arg(long, value_name = "TARGET", num_args = 1..)]
    on: Vec<String>,
    /// All that they hold.
    #[arg(long, requires = "on", conflicts_with = "sessions")]
    all: bool,
    #[command(flatten)]
    pub(super) connection: Connection,
}

impl Choice {
    /// Finds them; asks the servers first where some are named. What a server fails at is told.
    pub(super) async fn open(&self, context: &Context) -> Result<(Deck, Vec<SessionInfo>), Failed> {
        // Every name begins with it.
        if self.sessions.iter().any(|text| text.trim().is_empty()) {
            return Err(Failed::usage(
                "the name of a session is empty",
                "a variable of the shell may be unset",
            ));
        }
        let config = self.connection.config(context)?;
        let targets = targets::resolve(&config, &self.on, &self.connection)?;
        let mut deck = Deck::open(&config, &self.connection, targets.len() == 1, context).await?;
        let found = self.find(&mut deck, &targets).await?;
        Ok((deck, found))
    }

    async fn find(
        &self,
        deck: &mut Deck,
        targets: &[Resolved],
    ) -> Result<Vec<SessionInfo>, Failed> {
        let candidates = if targets.is_empty() {
            deck.now(|_| true)
        } else {
            held(deck, targets).await
        };
        if self.all {
            return Ok(candidates);
        }
        let mut found: Vec<SessionInfo> = Vec::new();
        for text in &self.sessions {
            match meant(text, &candidates) {
                Ok(some) => {
                    for info in some {
                        if found.iter().all(|other| other.id != info.id) {
                            found.push(info.clone());
                        }
                    }
                }
                // Where a server could not be asked, that is why.
                Err(report) if deck.told.is_empty() => return Err(report.into()),
                Err(report) => deck.tell(report),
            }
        }
        Ok(found)
    }
}

/// What these servers hold; what one fails at is told.
pub(super) async fn held(deck: &mut Deck, targets: &[Resolved]) -> Vec<SessionInfo> {
    let asked = targets.iter().map(|target| {
        let mut options = target.options.clone();
        // It picks among what is there, and is not how a server is asked.
        options.configuration_name = None;
        let (pool, asker, cancel) = (deck.pool.clone(), deck.asker.clone(), deck.cancel.clone());
        async move {
            let (address, ask) = (&target.address, Arc::clone(&asker));
            let listed = pool.refresh(address, &options, ask, cancel).await;
            asker.told_in(address.computer(), listed.is_ok());
            listed
        }
    });
    let asked = futures_util::stream::iter(asked.collect::<Vec<_>>()).buffered(AT_ONCE);
    let answers: Vec<_> = deck.wait(asked.collect()).await;
    let mut ids = Vec::new();
    for answer in answers {
        match answer {
            Ok(held) => ids.extend(held),
            Err(report) => deck.tell(report),
        }
    }
    deck.now(|id| ids.contains(&id))
}

/// The sessions that a text means.
fn meant<'s>(text: &str, all: &'s [SessionInfo]) -> Result<Vec<&'s SessionInfo>, Report> {
    let by_id = |info: &&SessionInfo| text.parse() == Ok(info.id.0);
    let by_instance = |info: &&SessionInfo| Uuid::parse_str(text) == Ok(info.instance_id);
    let begins = |whole: &str| {
        let start = whole.get(..text.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(text))
    };
    // A number is an id, and not by chance the start of an instance id too.
    let is_number = text.len() < 8 && text.parse::<u32>().is_ok();
    let by_start = |info: &&SessionInfo| {
        begins(&info.name) || (!is_number && begins(&info.instance_id.to_string()))
    };
    let pattern = WildcardPattern::new(text);
    let by_name = |info: &&SessionInfo| pattern.fits(&info.name);
    if WildcardPattern::is_in(text) {
        let fitting = all.iter().filter(by_name);
        let fitting: Vec<_> = fitting.collect();
        return if fitting.is_empty() {
            Err(unknown(text))
        } else {
            Ok(fitting)
        };
    }
    let ways: [&dyn Fn(&&SessionInfo) -> bool; 4] = [&by_id, &by_instance, &by_name, &by_start];
    for way in ways {
        let fitting: Vec<_> = all.iter().filter(way).collect();
        match fitting.as_slice() {
            [] => {}
            [_] => return Ok(fitting),
            several => return Err(ambiguous(text, several)),
        }
    }
    Err(unknown(text))
}

fn unknown(text: &str) -> Report {
    let mut report = Report::new(ExitCode::NoSession, format!("no session fits '{text}'"))
        .hint("psdeck list shows the sessions that there are; psdeck list TARGET asks a server");
    let is_id = text.parse::<u32>().is_ok() || Uuid::parse_str(text).is_ok();
    let id = if is_id {
        "PSSessionIdMatchFail"
    } else {
        "PSSessionNameMatchFail"
    };
    report.error_id = Some(id.to_owned());
    report
}

fn ambiguous(text: &str, several: &[&SessionInfo]) -> Report {
    let what = format!("'{text}' fits {} sessions", several.len());
    let mut report = Report::new(ExitCode::NoSession, what).hint("give the id of one");
    report.reasons = several
        .iter()
        .take(10)
        .map(|info| format!("{} is {} on {}", info.id, info.name, info.computer_name))
        .collect();
    report
}
