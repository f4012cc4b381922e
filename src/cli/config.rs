//! `psdeck config path|show|check`.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use clap::Subcommand;
use serde::Serialize;

use super::Context;
use super::output::{self, Colours};
use super::status::{ExitStatus, Failed};
use crate::config::{Config, ConfigError, TargetError};
use crate::session::{ExitCode, Report};
use crate::transport::{AddressError, Endpoint, Options, TargetAddress};

/// Show the configuration and check it.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print the file's place, whether it is there or not.
    Path,
    /// Print what is in force: each computer with what it inherits.
    Show,
    /// Check the file: unknown keys are warnings, profiles that lead nowhere are errors.
    Check,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<ExitStatus, Failed> {
    match arguments.what {
        What::Path => path(context),
        What::Show => show(&context.config()?),
        What::Check => check(&context.config()?, context.colours),
    }
}

/// The report of a configuration that cannot be used.
pub(super) fn report(error: ConfigError) -> Failed {
    let hint = match &error {
        ConfigError::Unreadable { .. } => "--config names another file",
        ConfigError::Wrong { .. } => "mend the line, then try `psdeck config check`",
    };
    let mut report = Report::new(ExitCode::Usage, "the configuration cannot be used");
    report.hints.push(hint.to_owned());
    report.reasons.push(error.to_string());
    report.into()
}

/// Tells of what the file says that means nothing.
pub(super) fn warn(config: &Config, colours: Colours) {
    let Some(path) = &config.path else { return };
    for warning in &config.warnings {
        let text = format!("{}:{}: {}", path.display(), warning.line, warning.message);
        output::warning(&text, colours);
    }
}

fn path(context: &Context) -> Result<ExitStatus, Failed> {
    let path = context
        .global
        .config
        .clone()
        .or_else(crate::config::config_file);
    let path = path.ok_or_else(|| {
        Failed::usage(
            "this account has no folder for configuration",
            "set HOME, or name a file with --config",
        )
    })?;
    writeln!(io::stdout().lock(), "{}", path.display())?;
    Ok(ExitStatus::DONE)
}

/// A computer as it is in force.
#[derive(Serialize)]
struct Shown<'a> {
    target: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    ports: &'a BTreeMap<u16, u16>,
    #[serde(flatten)]
    options: Options,
}

fn show(config: &Config) -> Result<ExitStatus, Failed> {
    let mut text = String::new();
    // Before the tables, or it would belong to one.
    if !config.trusted_hosts.is_empty() {
        let hosts = &config.trusted_hosts;
        table(&mut text, &["trusted_hosts"], hosts)?;
    }
    for (name, computer) in &config.computers {
        let resolved = config
            .resolve(name)
            .ok()
            .and_then(|found| found.into_iter().next());
        let shown = Shown {
            target: computer.target.as_deref().unwrap_or_default(),
            group: computer.group.as_deref(),
            tags: &computer.tags,
            ports: &computer.ports,
            options: resolved.map_or_else(|| computer.options.clone(), |found| found.options),
        };
        table(&mut text, &["computers", name], &shown)?;
    }
    if let Some(ui) = [&config.ui.theme, &config.ui.prefix]
        .iter()
        .any(|key| key.is_some())
        .then_some(&config.ui)
    {
        table(&mut text, &["ui"], ui)?;
    }
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(ExitStatus::DONE)
}

fn table(text: &mut String, path: &[&str], value: &impl Serialize) -> Result<(), Failed> {
    let written = toml::Value::try_from(value).and_then(|mut nested| {
        for name in path.iter().rev() {
            nested = toml::Value::Table([((*name).to_owned(), nested)].into_iter().collect());
        }
        toml::to_string(&nested)
    });
    let written = written.map_err(|error| {
        Report::new(
            ExitCode::Defect,
            format!("cannot write the configuration: {error}"),
        )
    })?;
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&written);
    Ok(())
}

fn check(config: &Config, colours: Colours) -> Result<ExitStatus, Failed> {
    let wrong: Vec<_> = config
        .computers
        .keys()
        .filter_map(|name| Some((name, config.resolve(name).err()?)))
        .collect();
    for (name, error) in &wrong {
        output::error(&target_report(error, name), colours);
    }
    if !wrong.is_empty() {
        return Ok(ExitStatus::USAGE);
    }
    let doubts = doubts(config);
    for doubt in &doubts {
        output::warning(doubt, colours);
    }
    let path = config.path.as_ref().map(|path| path.display().to_string());
    writeln!(
        io::stdout().lock(),
        "{}: {}, {}, {}.",
        path.as_deref().unwrap_or("no file"),
        count(config.computers.len(), "computer"),
        count(config.groups.len(), "group"),
        count(config.warnings.len() + doubts.len(), "warning")
    )?;
    Ok(ExitStatus::DONE)
}

/// What can be read and will not work.
fn doubts(config: &Config) -> Vec<String> {
    let mut doubts = Vec::new();
    for pattern in &config.trusted_hosts {
        if pattern.contains(['/', '@']) {
            doubts.push(format!(
                "trusted_hosts: '{pattern}' fits no host: hosts stand there without scheme, account or path"
            ));
        }
    }
    let all = config.computers.keys();
    for target in all.filter_map(|name| config.resolve(name).ok()).flatten() {
        let name = &target.name;
        if let TargetAddress::Wsman { .. } = target.address
            && let Err(failure) = Endpoint::of(&target.address, &target.options)
        {
            doubts.push(format!("computers.{name}: {failure}"));
        }
        if let Some(ca) = target.options.ca.filter(|ca| !ca.is_file()) {
            let ca = ca.display();
            doubts.push(format!("computers.{name}: ca: there is no file {ca}"));
        }
    }
    doubts
}

fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// The report of a name that stands for nothing.
pub(super) fn target_report(error: &TargetError, name: &str) -> Report {
    // An address with a password is not repeated.
    let what = match error {
        TargetError::Address(AddressError::Password) => "the target is none".to_owned(),
        TargetError::NoPort(_) => "--port cannot apply".to_owned(),
        _ => format!("'{name}' is no target"),
    };
    let mut report = Report::new(ExitCode::Usage, what);
    report.reasons.push(error.to_string());
    report.hints.push(error.hint());
    report
}
