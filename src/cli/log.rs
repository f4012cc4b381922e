//! What psdeck says about its own work, for whoever looks for a fault. Never what travels in sessions.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Mutex;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use super::Global;
use super::status::Failed;
use crate::session::{ExitCode, Report};

/// Starts logging as the global options say: to the file everything of ours, to standard error as much as was asked for.
pub(super) fn start(global: &Global) -> Result<(), Failed> {
    let file = match &global.log {
        Some(path) => Some(open(path)?),
        None => None,
    };
    let file = file.map(|file| {
        fmt::layer()
            .with_ansi(false)
            .with_writer(Mutex::new(file))
            .with_filter(targets(LevelFilter::DEBUG))
    });
    let terminal = match global.verbose {
        0 => None,
        1 => Some(LevelFilter::INFO),
        _ => Some(LevelFilter::DEBUG),
    };
    let terminal = terminal.map(|level| {
        fmt::layer()
            .without_time()
            .with_ansi(false)
            .with_writer(io::stderr)
            .with_filter(targets(level))
    });
    if file.is_some() || terminal.is_some() {
        // A second start in one process (tests) keeps the first.
        let _ = tracing_subscriber::registry()
            .with(file)
            .with(terminal)
            .try_init();
    }
    Ok(())
}

/// Ours at that level. Libraries warn only: their details hold what travels.
fn targets(level: LevelFilter) -> Targets {
    Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("psdeck", level)
}

fn open(path: &Path) -> Result<File, Failed> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| {
        let what = format!("cannot write the log '{}'", path.display());
        let mut report = Report::new(ExitCode::Usage, what)
            .hint("name a file in a folder that is there and that this account may write to");
        report.reasons.push(error.to_string());
        report.into()
    })
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn libraries_warn_only_however_much_is_asked_for() {
        // At INFO and below sspi tells what it exchanges, keys too.
        for level in [LevelFilter::INFO, LevelFilter::DEBUG] {
            let filter = targets(level);
            for library in ["sspi::negotiate::client", "russh::client", "hyper", "log"] {
                assert!(filter.would_enable(library, &Level::WARN));
                for detail in [Level::INFO, Level::DEBUG, Level::TRACE] {
                    assert!(!filter.would_enable(library, &detail), "{library} {detail}");
                }
            }
            assert!(filter.would_enable("psdeck::session", &Level::INFO));
            assert!(!filter.would_enable("psdeck::session", &Level::TRACE));
        }
    }
}
