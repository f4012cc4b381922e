//! The connection options, in one table for every verb.

use std::path::PathBuf;
use std::time::Duration;

use super::status::Failed;
use crate::config::{Resolved, overlay};
use crate::transport::{Options, parse_duration};

/// How to get in. What the target itself says goes first, then these, then its profile, then its group.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Connection options")]
pub(super) struct Connection {
    /// The account on the server.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// The port.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// A private key to try first; may be repeated.
    #[arg(long, value_name = "FILE")]
    identity: Vec<PathBuf>,
    /// The SSH subsystem that starts PowerShell [default: powershell].
    #[arg(long, value_name = "NAME", visible_alias = "configuration-name")]
    subsystem: Option<String>,
    /// A setting as `ssh -o` takes it; may be repeated.
    #[arg(short = 'o', value_name = "KEY=VALUE", value_parser = setting)]
    ssh_options: Vec<String>,
    /// Read this ssh configuration in place of the user's; `none` for none.
    #[arg(long, value_name = "FILE")]
    ssh_config: Option<PathBuf>,
    /// The program of the target `local` [default: pwsh].
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// How long each stage of getting in may take: 90s, 4m [default: 30s].
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    connect_timeout: Option<Duration>,
    /// How long opening a session may take as a whole.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) operation_timeout: Option<Duration>,
    /// Read the password from standard input, its first line.
    #[arg(long)]
    pub(super) password_stdin: bool,
    /// Read the password from this file descriptor, its first line.
    #[cfg(unix)]
    #[arg(long, value_name = "NUMBER", conflicts_with = "password_stdin")]
    #[arg(value_parser = clap::value_parser!(i32).range(3..))]
    pub(super) password_fd: Option<i32>,
}

impl Connection {
    /// The options for one target: these over those of its profile.
    pub(super) fn over(&self, target: &Resolved) -> Options {
        let own = Options {
            user: self.user.clone(),
            port: self.port,
            identity: self.identity.clone(),
            subsystem: self.subsystem.clone(),
            ssh_options: self.ssh_options.clone(),
            ssh_config: self.ssh_config.clone(),
            connect_timeout: self.connect_timeout,
            program: self.program.clone(),
            ..Options::default()
        };
        overlay(own, target.options.clone())
    }
}

/// Reads a duration; a bare number is refused.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| {
        if text.chars().all(|char| char.is_ascii_digit()) && !text.is_empty() {
            format!("a unit is missing: {text}s are seconds, {text}m minutes")
        } else {
            "write it like 90s, 4m or 1h30m".to_owned()
        }
    })
}

fn setting(text: &str) -> Result<String, String> {
    let key = text.split_once(['=', ' ']).map_or("", |(key, _)| key);
    if key.is_empty() {
        return Err("write it like StrictHostKeyChecking=yes".to_owned());
    }
    Ok(text.to_owned())
}

/// Holds that one thing at most reads standard input. Each item: what it is called, and whether it wants to.
pub(super) fn one_reader(wanted: &[(&str, bool)]) -> Result<(), Failed> {
    let mut readers = wanted
        .iter()
        .filter(|(_, wants)| *wants)
        .map(|(name, _)| *name);
    match (readers.next(), readers.next()) {
        (Some(first), Some(second)) => Err(Failed::usage(
            format!("{first} and {second} cannot both read standard input"),
            "give one of them a file",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_is_no_duration() {
        assert_eq!(duration("4m"), Ok(Duration::from_mins(4)));
        assert!(duration("90").unwrap_err().contains("90s"));
        assert!(duration("soon").unwrap_err().contains("1h30m"));
    }

    #[test]
    fn standard_input_has_one_reader() {
        assert!(one_reader(&[("-f", true), ("--input", false)]).is_ok());
        assert!(one_reader(&[("-f", true), ("--input", true)]).is_err());
    }
}
