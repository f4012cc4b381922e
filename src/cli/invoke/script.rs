//! Arguments and parameters of the script.

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::from_json;
use crate::clixml::Value;

/// `--arg`, `--arg-json` and `--param`. The first two share one order, which clap keeps only for who asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    /// Positional arguments, in the order given.
    pub(super) arguments: Vec<Value>,
    /// Named parameters.
    pub(super) parameters: Vec<(String, Value)>,
}

impl clap::Args for Values {
    fn augment_args(command: Command) -> Command {
        let repeated = |name: &'static str| Arg::new(name).long(name).action(ArgAction::Append);
        command
            .arg(
                repeated("arg")
                    .value_name("VALUE")
                    .allow_hyphen_values(true)
                    .help("A positional argument of the script, a string; may be repeated"),
            )
            .arg(
                repeated("arg-json")
                    .value_name("JSON")
                    .allow_hyphen_values(true)
                    .value_parser(|text: &str| from_json::value(text))
                    .help("The same, as a JSON value"),
            )
            .arg(
                repeated("param")
                    .value_name("NAME=VALUE")
                    .value_parser(parameter)
                    .help("A named parameter of the script, a string; may be repeated"),
            )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for Values {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut arguments: Vec<(usize, Value)> = Vec::new();
        if let (Some(places), Some(texts)) =
            (matches.indices_of("arg"), matches.get_many::<String>("arg"))
        {
            arguments.extend(places.zip(texts.map(|text| text.as_str().into())));
        }
        if let (Some(places), Some(values)) = (
            matches.indices_of("arg-json"),
            matches.get_many::<Value>("arg-json"),
        ) {
            arguments.extend(places.zip(values.cloned()));
        }
        arguments.sort_by_key(|(place, _)| *place);
        let parameters = matches.get_many::<(String, String)>("param");
        Ok(Self {
            arguments: arguments.into_iter().map(|(_, value)| value).collect(),
            parameters: parameters
                .into_iter()
                .flatten()
                .map(|(name, text)| (name.clone(), text.as_str().into()))
                .collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => {
            Ok((name.trim_start_matches('-').to_owned(), value.to_owned()))
        }
        _ => Err("write it like Name=value".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, FromArgMatches as _};

    use super::*;

    fn read(arguments: &[&str]) -> Values {
        let command = Values::augment_args(Command::new("x").no_binary_name(true));
        Values::from_arg_matches(&command.get_matches_from(arguments)).unwrap()
    }

    #[test]
    fn arguments_keep_their_order() {
        let values = read(&[
            "--arg",
            "-a",
            "--arg-json",
            "2",
            "--arg",
            "c",
            "--param",
            "Name=x=y",
        ]);
        assert_eq!(values.arguments, ["-a".into(), Value::Int32(2), "c".into()]);
        assert_eq!(values.parameters, [("Name".to_owned(), "x=y".into())]);
    }
}
