//! The connection options of verbs, from the table that profiles and the app's dialog share.

use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint};

use super::Context;
use super::status::Failed;
use crate::config::{CONNECTION, Config, ConnectionOption, Resolved, TargetError};
use crate::transport::{Options, ssh};

/// How to get in. What a target spells itself goes first, then these, then its profile, then its group.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = HEADING)]
pub(super) struct Connection {
    #[command(flatten)]
    given: Given,
    /// Read the password from standard input, its first line.
    #[arg(long)]
    pub(super) password_stdin: bool,
    /// Read the password from this file descriptor, its first line.
    #[cfg(unix)]
    #[arg(long, value_name = "NUMBER", conflicts_with = "password_stdin")]
    #[arg(value_parser = clap::value_parser!(i32).range(3..))]
    pub(super) password_fd: Option<i32>,
}

const HEADING: &str = "Connection options";

/// The options of the table.
#[derive(Clone, Debug, Default)]
struct Given(Options);

impl Connection {
    /// A target, with these options over those of its profile.
    pub(super) fn on(&self, target: Resolved) -> Result<Resolved, TargetError> {
        target.with(self.given.0.clone())
    }

    /// The configuration name that was given, where it picks among sessions.
    pub(super) fn configuration_name(&self) -> Option<&str> {
        self.given.0.configuration_name.as_deref()
    }

    /// The idle time-out that was given.
    pub(super) fn idle_timeout(&self) -> Option<Duration> {
        self.given.0.idle_timeout
    }

    /// The configuration; `--ssh-config` changes which hosts it knows.
    pub(super) fn config(&self, context: &Context) -> Result<Config, Failed> {
        let mut config = context.config()?;
        if let Some(file) = &self.given.0.ssh_config {
            config.ssh_hosts = ssh::hosts(Some(file));
        }
        Ok(config)
    }
}

impl clap::Args for Given {
    fn augment_args(command: Command) -> Command {
        command.args(CONNECTION.iter().map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut options = Options::default();
        for option in CONNECTION {
            let mut take = |text: &str| {
                let wrong =
                    |error| clap::Error::raw(clap::error::ErrorKind::ValueValidation, error);
                option.set(&mut options, text).map_err(wrong)
            };
            if option.value.is_none() {
                if matches.get_flag(option.key) {
                    take("true")?;
                }
            } else {
                let values = matches.get_many::<String>(option.key);
                for text in values.into_iter().flatten() {
                    take(text)?;
                }
            }
        }
        Ok(Self(options))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn argument(option: &'static ConnectionOption) -> Arg {
    let argument = Arg::new(option.key).help(option.help);
    let argument = match option.short {
        Some(letter) => argument.short(letter),
        None => argument.long(option.key.replace('_', "-")),
    };
    let Some(what) = option.value else {
        return argument.action(ArgAction::SetTrue);
    };
    let argument = argument.value_name(what).action(if option.several {
        ArgAction::Append
    } else {
        ArgAction::Set
    });
    if what == "FILE" {
        return argument.value_hint(ValueHint::FilePath);
    }
    if !option.choices.is_empty() {
        return argument
            .value_parser(PossibleValuesParser::new(option.choices))
            .ignore_case(true);
    }
    argument.value_parser(|text: &str| {
        let mut tried = Options::default();
        option.set(&mut tried, text).map(|()| text.to_owned())
    })
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

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        connection: Connection,
    }

    #[test]
    fn every_option_of_the_table_is_a_flag() {
        let read = |words: &str| {
            let words = std::iter::once("psdeck").chain(words.split(' '));
            <Line as clap::Parser>::try_parse_from(words).map(|line| line.connection.given.0)
        };
        for option in CONNECTION {
            let values = option
                .choices
                .iter()
                .copied()
                .chain(["7", "7s", "a=b", "de"]);
            let words: Vec<_> = match option.value {
                Some(_) => values
                    .map(|value| format!("{} {value}", option.flag()))
                    .collect(),
                None => vec![option.flag()],
            };
            let taken = words.iter().find_map(|words| read(words).ok());
            assert!(
                taken.is_some_and(|options| options != Options::default()),
                "{words:?}"
            );
        }
        assert!(read("--port 0").is_err());
        assert_eq!(read("--identity a --identity b").unwrap().identity.len(), 2);
    }

    #[test]
    fn standard_input_has_one_reader() {
        assert!(one_reader(&[("-f", true), ("--input", false)]).is_ok());
        assert!(one_reader(&[("-f", true), ("--input", true)]).is_err());
    }
}
