//! What clap says of a command line that is wrong, as an error block like all others.

use std::ffi::OsString;

use clap::ValueEnum as _;
use clap::error::ErrorKind;

use super::output::When;
use crate::session::{ExitCode, Report};

/// The block of an error; `None` for what is printed as it is: help, and the version.
pub(super) fn report(error: &clap::Error) -> Option<Report> {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return None;
    }
    let text = error.render().to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let mut report = Report::new(
        ExitCode::Usage,
        first.strip_prefix("error: ").unwrap_or(first),
    );
    for line in lines {
        if let Some(tip) = line.strip_prefix("tip: ") {
            report.hints.push(tip.to_owned());
        } else if let Some(usage) = line.strip_prefix("Usage: ") {
            report.hints.push(format!("write {usage}"));
        } else if line.starts_with("For more information") {
            report
                .hints
                .push("--help behind the verb says what it takes".to_owned());
        } else {
            report.what.push(' ');
            report.what.push_str(line);
        }
    }
    Some(report)
}

/// What a command line says of colours, whatever else is wrong with it.
pub(super) fn colours(arguments: &[OsString]) -> When {
    let mut when = When::Auto;
    let mut words = arguments.iter().skip(1).map(|word| word.to_string_lossy());
    while let Some(word) = words.next().filter(|word| word != "--") {
        let value = match word.strip_prefix("--color") {
            Some("") => words.next(),
            Some(rest) => rest.strip_prefix('=').map(|value| value.to_owned().into()),
            None => None,
        };
        if let Some(named) = value.and_then(|value| When::from_str(&value, false).ok()) {
            when = named;
        }
    }
    when
}

#[cfg(test)]
mod tests {
    use clap::{Arg, Command};

    use super::*;

    fn block(arguments: &[&str]) -> Option<String> {
        let verb =
            Command::new("verb").arg(Arg::new("shell").required(true).value_parser(["bash"]));
        let error = Command::new("psdeck")
            .subcommand(verb)
            .try_get_matches_from(arguments)
            .unwrap_err();
        report(&error).map(|report| report.block())
    }

    #[test]
    fn what_clap_says_is_one_block_with_next_steps() {
        assert_eq!(
            block(&["psdeck", "verb"]).unwrap(),
            "error: the following required arguments were not provided: <shell>\n\
             hint: write psdeck verb <shell>\n\
             hint: --help behind the verb says what it takes"
        );
        assert_eq!(
            block(&["psdeck", "verp"]).unwrap(),
            "error: unrecognized subcommand 'verp'\n\
             hint: a similar subcommand exists: 'verb'\n\
             hint: write psdeck [COMMAND]\n\
             hint: --help behind the verb says what it takes"
        );
    }

    #[test]
    fn colours_are_found_in_a_line_that_is_wrong() {
        for (line, when) in [
            ("psdeck verp --color never", When::Never),
            ("psdeck --color=always --nonsense", When::Always),
            ("psdeck --color mauve", When::Auto),
            ("psdeck verp --color", When::Auto),
            ("psdeck verp -- --color never", When::Auto),
        ] {
            let words: Vec<_> = line.split(' ').map(OsString::from).collect();
            assert_eq!(colours(&words), when, "{line}");
        }
    }

    #[test]
    fn help_is_no_error() {
        assert_eq!(block(&["psdeck", "--help"]), None);
    }
}
