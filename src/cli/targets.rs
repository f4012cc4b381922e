//! The computers that a command line names.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::config::target_report;
use super::connection::Connection;
use super::status::Failed;
use crate::config::{Config, Resolved, text_of};
use crate::session::{ExitCode, Report};

/// The targets of a verb that takes several.
#[derive(Debug, clap::Args)]
pub(super) struct Targets {
    /// Computers: profiles, HOST, https://HOST, USER@HOST (SSH), local, demo:NAME, group:NAME, tag:NAME.
    #[arg(value_name = "TARGET")]
    names: Vec<String>,
    /// Read more targets from a file, a line each; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub(super) targets_from: Option<PathBuf>,
}

impl Targets {
    /// Whether they are read from standard input.
    pub(super) fn reads_stdin(&self) -> bool {
        self.targets_from.as_deref() == Some(Path::new("-"))
    }

    /// Finds out what the names stand for, each computer once, in their order.
    pub(super) fn resolve(
        &self,
        config: &Config,
        connection: &Connection,
    ) -> Result<Vec<Resolved>, Failed> {
        let mut names = self.names.clone();
        if let Some(file) = &self.targets_from {
            let text = read(file)?;
            let lines = text.lines().map(str::trim);
            names.extend(
                lines
                    .filter(|line| !line.is_empty() && !line.starts_with('#'))
                    .map(str::to_owned),
            );
        }
        if names.is_empty() {
            return Err(Failed::usage(
                "no target is named",
                "name a computer: HOST, USER@HOST for SSH, a profile, local, or demo:Server01",
            ));
        }
        resolve(config, &names, connection)
    }
}

/// The computers that these names stand for, each once, in their order, and how a line gets into them.
pub(super) fn resolve(
    config: &Config,
    names: &[String],
    connection: &Connection,
) -> Result<Vec<Resolved>, Failed> {
    let mut seen = HashSet::new();
    let mut computers = Vec::new();
    for name in names {
        let wrong = |error| target_report(&error, name);
        for found in config.resolve(name).map_err(wrong)? {
            if seen.insert(found.name.clone()) {
                computers.push(connection.on(found).map_err(wrong)?);
            }
        }
    }
    Ok(computers)
}

/// The one computer that a name stands for.
pub(super) fn single(
    config: &Config,
    name: &str,
    connection: &Connection,
) -> Result<Resolved, Failed> {
    let wrong = |error| target_report(&error, name);
    let mut found = config.resolve(name).map_err(wrong)?;
    match (found.pop(), found.len()) {
        (Some(one), 0) => Ok(connection.on(one).map_err(wrong)?),
        (_, others) => Err(Failed::usage(
            format!("'{name}' names {} computers, and one is needed", others + 1),
            "name one of them; psdeck invoke works on all",
        )),
    }
}

/// A text file of the user's, or standard input for `-`.
pub(super) fn read(file: &Path) -> Result<String, Failed> {
    text_of(&bytes(file)?).ok_or_else(|| {
        let why = "it is neither UTF-8 nor UTF-16 with a byte order mark";
        unreadable(file, why, "save it as UTF-8")
    })
}

/// The bytes of a file of the user's, or of standard input for `-`.
pub(super) fn bytes(file: &Path) -> Result<Vec<u8>, Failed> {
    let bytes = if file == Path::new("-") {
        let mut all = Vec::new();
        io::stdin().lock().read_to_end(&mut all).map(|_| all)
    } else {
        fs::read(file)
    };
    bytes.map_err(|error| unreadable(file, &error.to_string(), READABLE))
}

/// A file's name as errors say it.
pub(super) fn named(file: &Path) -> String {
    if file == Path::new("-") {
        "standard input".to_owned()
    } else {
        format!("'{}'", file.display())
    }
}

/// The next step where a file cannot be opened.
pub(super) const READABLE: &str = "name a file that this account can read, or - for standard input";

/// The error of a file that cannot be read.
pub(super) fn unreadable(file: &Path, why: &str, hint: &str) -> Failed {
    let what = format!("cannot read {}", named(file));
    let mut report = Report::new(ExitCode::Usage, what).hint(hint);
    report.reasons.push(why.to_owned());
    report.into()
}
