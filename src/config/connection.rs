//! The connection options, in one table: flags of verbs, keys of profiles, what the app's dialog takes.

use std::time::Duration;

use crate::transport::{Authentication, Options, parse_duration};

/// One connection option.
#[derive(Debug)]
pub struct ConnectionOption {
    /// Its key in a profile. Its flag has dashes for the underscores.
    pub key: &'static str,
    /// Its flag of one letter, which then is the only one.
    pub short: Option<char>,
    /// What its value is called; a switch has none.
    pub value: Option<&'static str>,
    /// The values that there are, where they can be counted.
    pub choices: &'static [&'static str],
    /// Whether it may be given several times.
    pub several: bool,
    /// What it does, in one sentence without a final stop.
    pub help: &'static str,
    set: fn(&mut Options, &str) -> Result<(), String>,
}

impl ConnectionOption {
    /// Takes a value as a command line gives it; a switch is `true`. The error says how to write it.
    pub fn set(&self, options: &mut Options, text: &str) -> Result<(), String> {
        (self.set)(options, text)
    }

    /// The flag with its dashes.
    pub fn flag(&self) -> String {
        match self.short {
            Some(letter) => format!("-{letter}"),
            None => format!("--{}", self.key.replace('_', "-")),
        }
    }
}

/// Every option that has a flag, in the order of the help.
pub const CONNECTION: &[ConnectionOption] = &[
    value("user", "NAME", "The account on the server", |to, text| {
        to.user = Some(text.into());
        Ok(())
    }),
    value(
        "port",
        "NUMBER",
        "The port [default: 5985, with --use-ssl 5986; of a URI 80 or 443; of SSH 22]",
        |to, text| match text.parse() {
            Ok(port) if port > 0 => {
                to.port = Some(port);
                Ok(())
            }
            _ => Err("a port is a number from 1 to 65535".into()),
        },
    ),
    ConnectionOption {
        choices: &Authentication::NAMES,
        ..value(
            "auth",
            "METHOD",
            "WSMan: how to prove who we are [default: the best that server and psdeck have]",
            |to, text| match text.parse() {
                Ok(method) => {
                    to.auth = Some(method);
                    Ok(())
                }
                Err(()) => Err(format!("it is one of {}", Authentication::NAMES.join(", "))),
            },
        )
    },
    switch("use_ssl", "WSMan: go over HTTPS", |to, _| {
        to.use_ssl = Some(true);
        Ok(())
    }),
    value(
        "configuration_name",
        "NAME",
        "The session configuration [default: Microsoft.PowerShell]; of SSH the subsystem",
        |to, text| {
            to.configuration_name = Some(text.into());
            Ok(())
        },
    ),
    value(
        "application_name",
        "NAME",
        "WSMan: the path of the server's URL [default: wsman]",
        |to, text| {
            to.application_name = Some(text.into());
            Ok(())
        },
    ),
    value(
        "ca",
        "FILE",
        "HTTPS: trust the certificates of this PEM file in place of the platform's",
        |to, text| {
            to.ca = Some(text.into());
            Ok(())
        },
    ),
    switch(
        "skip_ca_check",
        "HTTPS: take a certificate of any authority",
        |to, _| {
            to.skip_ca_check = Some(true);
            Ok(())
        },
    ),
    switch(
        "skip_cn_check",
        "HTTPS: take a certificate for any name",
        |to, _| {
            to.skip_cn_check = Some(true);
            Ok(())
        },
    ),
    switch(
        "trust_host",
        "HTTP: trust the server, though NTLM does not prove who it is",
        |to, _| {
            to.trust_host = Some(true);
            Ok(())
        },
    ),
    switch(
        "no_encryption",
        "HTTP: let messages travel in the clear; --auth basic needs it there",
        |to, _| {
            to.no_encryption = Some(true);
            Ok(())
        },
    ),
    value(
        "culture",
        "NAME",
        "WSMan: the language of messages, and how numbers and dates are written: de-DE",
        |to, text| {
            let is_name = |part: &str| {
                (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
            };
            if text.split('-').all(is_name) {
                to.culture = Some(text.into());
                return Ok(());
            }
            Err("write it like de-DE or en".into())
        },
    ),
    switch(
        "no_remote_profile",
        "WSMan: do not load the Windows account's user profile",
        |to, _| {
            to.no_remote_profile = Some(true);
            Ok(())
        },
    ),
    ConnectionOption {
        several: true,
        ..value(
            "identity",
            "FILE",
            "SSH: a private key to try first; may be repeated",
            |to, text| {
                to.identity.push(text.into());
                Ok(())
            },
        )
    },
    value(
        "subsystem",
        "NAME",
        "SSH: the subsystem that starts PowerShell [default: powershell]",
        |to, text| {
            to.subsystem = Some(text.into());
            Ok(())
        },
    ),
    ConnectionOption {
        short: Some('o'),
        several: true,
        ..value(
            "ssh_options",
            "KEY=VALUE",
            "SSH: a setting as `ssh -o` takes it; may be repeated",
            |to, text| {
                let key = text.split_once(['=', ' ']).map_or("", |(key, _)| key);
                if key.is_empty() {
                    return Err("write it like StrictHostKeyChecking=yes".into());
                }
                to.ssh_options.push(text.into());
                Ok(())
            },
        )
    },
    value(
        "ssh_config",
        "FILE",
        "SSH: read this configuration in place of the user's; `none` for none",
        |to, text| {
            to.ssh_config = Some(text.into());
            Ok(())
        },
    ),
    value(
        "program",
        "FILE",
        "The program of the target `local` [default: pwsh]",
        |to, text| {
            to.program = Some(text.into());
            Ok(())
        },
    ),
    value(
        "connect_timeout",
        "DURATION",
        "How long each stage of getting in may take: 90s, 4m [default: 30s]",
        |to, text| {
            to.connect_timeout = Some(duration(text)?);
            Ok(())
        },
    ),
    value(
        "operation_timeout",
        "DURATION",
        "How long opening a session (questions included), and each operation of WSMan, may take",
        |to, text| {
            to.operation_timeout = Some(duration(text)?);
            Ok(())
        },
    ),
    value(
        "idle_timeout",
        "DURATION",
        "WSMan: how long the server keeps the session while nobody is connected [default: the server's]",
        |to, text| {
            to.idle_timeout = Some(duration(text)?);
            Ok(())
        },
    ),
];

/// The keys of profiles that no flag has.
const KEYS_ONLY: &[&str] = &[
    "password_command",
    "working_directory",
    "environment",
    "output_buffering_mode",
];

/// Whether a profile knows the key.
pub(super) fn is_key(name: &str) -> bool {
    CONNECTION.iter().any(|option| option.key == name) || KEYS_ONLY.contains(&name)
}

/// Reads options as they stand on a command line: `--ca FILE --skip-cn-check`. Double quotes hold words together. The
/// error says what is wrong.
pub fn read_flags(text: &str) -> Result<Options, String> {
    let mut options = Options::default();
    let mut words = words(text)?.into_iter();
    while let Some(word) = words.next() {
        let (flag, given) = match word.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => (flag, Some(value.to_owned())),
            _ => (word.as_str(), None),
        };
        let option = CONNECTION
            .iter()
            .find(|option| option.flag() == flag)
            .ok_or_else(|| format!("'{flag}' is no connection option"))?;
        let value = match (option.value, given) {
            (None, None) => "true".to_owned(),
            (None, Some(_)) => return Err(format!("{flag} takes no value")),
            (Some(_), Some(value)) => value,
            (Some(what), None) => words
                .next()
                .ok_or_else(|| format!("the {what} of {flag} is missing"))?,
        };
        option
            .set(&mut options, &value)
            .map_err(|error| format!("{flag} {value}: {error}"))?;
    }
    Ok(options)
}

/// Reads a duration; a bare number is refused.
pub fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| {
        if text.chars().all(|char| char.is_ascii_digit()) && !text.is_empty() {
            format!("a unit is missing: {text}s are seconds, {text}m minutes")
        } else {
            "write it like 90s, 4m or 1h30m".to_owned()
        }
    })
}

const fn value(
    key: &'static str,
    what: &'static str,
    help: &'static str,
    set: fn(&mut Options, &str) -> Result<(), String>,
) -> ConnectionOption {
    ConnectionOption {
        key,
        short: None,
        value: Some(what),
        choices: &[],
        several: false,
        help,
        set,
    }
}

const fn switch(
    key: &'static str,
    help: &'static str,
    set: fn(&mut Options, &str) -> Result<(), String>,
) -> ConnectionOption {
    ConnectionOption {
        value: None,
        ..value(key, "", help, set)
    }
}

fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            c if c.is_whitespace() && !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    if quoted {
        return Err("a double quote is not closed".into());
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_as_a_shell_would_part_them() {
        let read = read_flags("--use-ssl --ca \"my ca.pem\"  --port=8443 -o A=b --skip-cn-check");
        let wanted = Options {
            use_ssl: Some(true),
            ca: Some("my ca.pem".into()),
            port: Some(8443),
            ssh_options: vec!["A=b".into()],
            skip_cn_check: Some(true),
            ..Options::default()
        };
        assert_eq!(read, Ok(wanted));
        assert_eq!(read_flags(""), Ok(Options::default()));
    }

    #[test]
    fn a_wrong_flag_is_named_with_what_is_wrong() {
        for (text, said) in [
            ("--password x", "'--password' is no connection option"),
            ("--port", "the NUMBER of --port is missing"),
            ("--port 0", "from 1 to 65535"),
            ("--use-ssl=yes", "takes no value"),
            ("--ca \"x", "not closed"),
            ("--auth kerberos", "default, basic"),
            ("--culture de_DE", "de-DE"),
        ] {
            let error = read_flags(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn a_bare_number_is_no_duration() {
        assert_eq!(duration("4m"), Ok(Duration::from_mins(4)));
        assert!(duration("90").unwrap_err().contains("90s"));
        assert!(duration("soon").unwrap_err().contains("1h30m"));
    }

    #[test]
    fn no_option_takes_a_secret() {
        for option in CONNECTION {
            let names = ["password", "secret", "token", "credential"];
            assert!(
                !names.iter().any(|name| option.key.contains(name)),
                "{}",
                option.key
            );
        }
    }
}
