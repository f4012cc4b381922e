//! Reading `config.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::connection::is_key;
use super::folders;
use crate::transport::{Options, ssh};

/// What the configuration file says. Without a file, nothing.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The file, whether it exists or not; none for an account without a home.
    pub path: Option<PathBuf>,
    /// The profiles, by the names of their computers.
    pub computers: BTreeMap<String, Computer>,
    /// Settings that the computers of a group inherit, by the group's name.
    pub groups: BTreeMap<String, Options>,
    /// The WSMan servers to trust where nothing proves who they are: names and addresses, with `*` and `?`.
    pub trusted_hosts: Vec<String>,
    /// The hosts that the user's ssh configuration names: as targets they mean SSH.
    pub ssh_hosts: Vec<String>,
    /// How a lost network is borne.
    pub retry: Retry,
    /// What is remembered of sessions.
    pub sessions: Sessions,
    /// How the app looks and which keys it takes.
    pub ui: Ui,
    /// What the file says that means nothing.
    pub warnings: Vec<Warning>,
}

/// A profile: one computer and how to reach it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Computer {
    /// The way to it, spelled like a target of the command line.
    pub target: Option<String>,
    /// The group whose settings it inherits.
    pub group: Option<String>,
    /// Words that name several computers at once, as `tag:WORD`.
    pub tags: Vec<String>,
    /// Where its ports are that a line names, `{ 90 = 10090 }` say: a tunnel leads to them.
    #[serde(deserialize_with = "ports")]
    pub ports: BTreeMap<u16, u16>,
    /// The connection options that it names itself.
    #[serde(skip)]
    pub options: Options,
}

/// How a lost network is borne.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Retry {
    /// How long it is tried again before a session counts as disconnected.
    #[serde(deserialize_with = "crate::transport::deserialize_duration")]
    pub window: Option<Duration>,
}

/// What is remembered of sessions.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sessions {
    /// The first line of what runs in each, which can hold secrets.
    pub remember_commands: bool,
}

/// The app's settings.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Ui {
    /// The theme: `terminal`, `dark`, `light`, or one of the user's.
    pub theme: Option<String>,
    /// The key that leads to psdeck's own commands in a pane.
    pub prefix: Option<String>,
}

/// Something in the file that means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where, from 1.
    pub line: usize,
    /// What, in one sentence without a final stop.
    pub message: String,
}

/// Why the configuration cannot be used. The user's fault.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is there and cannot be read, or was named and is not there.
    #[error("cannot read '{}': {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file says something that cannot be.
    #[error("{}:{line}: {message}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
}

impl Config {
    /// Reads the named file, or the one at its usual place if there is one.
    pub fn load(named: Option<&Path>) -> Result<Self, ConfigError> {
        let Some(path) = named.map(Path::to_owned).or_else(folders::config_file) else {
            return Ok(Self {
                ssh_hosts: ssh::hosts(None),
                ..Self::default()
            });
        };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => {
                String::new()
            }
            Err(source) => return Err(ConfigError::Unreadable { path, source }),
        };
        match Self::read(&text) {
            Ok(config) => Ok(Self {
                path: Some(path),
                ssh_hosts: ssh::hosts(None),
                ..config
            }),
            Err(wrong) => Err(ConfigError::Wrong {
                line: wrong.line,
                message: wrong.message,
                path,
            }),
        }
    }

    /// Reads the text of a file. The error is the first thing that cannot be.
    pub fn read(text: &str) -> Result<Self, Warning> {
        let mut reader = Reader {
            text,
            config: Self::default(),
        };
        let root = DeTable::parse(text).map_err(|error| reader.wrong(&error))?;
        reader.root(root.into_inner())?;
        Ok(reader.config)
    }
}

/// Keys are texts in TOML.
fn ports<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<u16, u16>, D::Error> {
    let written = BTreeMap::<String, u16>::deserialize(from)?.into_iter();
    let read = written.map(|(port, there)| match port.parse() {
        Ok(port) => Ok((port, there)),
        Err(_) => Err(serde::de::Error::custom(format!("'{port}' is no port"))),
    });
    read.collect()
}

struct Reader<'a> {
    text: &'a str,
    config: Config,
}

type Entry<'a> = Spanned<DeValue<'a>>;

impl<'a> Reader<'a> {
    fn root(&mut self, root: DeTable<'a>) -> Result<(), Warning> {
        for (key, value) in root {
            match key.get_ref().as_ref() {
                "computers" => {
                    for (name, value) in self.table(value)? {
                        self.keys(&value, &["target", "group", "tags", "ports"], true, &name);
                        let own = self.value::<Computer>(value.clone())?;
                        let options = self.value(value)?;
                        let computer = Computer { options, ..own };
                        self.config.computers.insert(name, computer);
                    }
                }
                "groups" => {
                    for (name, value) in self.table(value)? {
                        self.keys(&value, &[], true, &name);
                        let options = self.value(value)?;
                        self.config.groups.insert(name, options);
                    }
                }
                "trusted_hosts" => self.config.trusted_hosts = self.value(value)?,
                "retry" => {
                    self.keys(&value, &["window"], false, "retry");
                    self.config.retry = self.value(value)?;
                }
                "sessions" => {
                    self.keys(&value, &["remember_commands"], false, "sessions");
                    self.config.sessions = self.value(value)?;
                }
                "ui" => {
                    self.keys(&value, &["theme", "prefix"], false, "ui");
                    self.config.ui = self.value(value)?;
                }
                unknown => {
                    let line = self.line(key.span().start);
                    let message = format!("unknown key '{unknown}'");
                    self.config.warnings.push(Warning { line, message });
                }
            }
        }
        self.config.warnings.sort_by_key(|warning| warning.line);
        Ok(())
    }

    /// The tables of a table, by name.
    fn table(&self, value: Entry<'a>) -> Result<Vec<(String, Entry<'a>)>, Warning> {
        let line = self.line(value.span().start);
        match value.into_inner() {
            DeValue::Table(table) => Ok(table
                .into_iter()
                .map(|(key, value)| (key.into_inner().into_owned(), value))
                .collect()),
            _ => Err(Warning {
                line,
                message: "a table is expected here, such as [computers.NAME]".into(),
            }),
        }
    }

    /// Warns of keys that mean nothing.
    fn keys(&mut self, value: &Entry<'a>, known: &[&str], connection: bool, table: &str) {
        let DeValue::Table(entries) = value.get_ref() else {
            return;
        };
        for key in entries.keys() {
            let name = key.get_ref().as_ref();
            let is_known = known.contains(&name) || connection && is_key(name);
            if !is_known {
                let line = self.line(key.span().start);
                let message = format!("unknown key '{name}' of '{table}'");
                self.config.warnings.push(Warning { line, message });
            }
        }
    }

    fn value<T: Deserialize<'a>>(&self, value: Entry<'a>) -> Result<T, Warning> {
        let at = value.span().start;
        T::deserialize(toml::de::ValueDeserializer::from(value)).map_err(|error| {
            let at = error.span().map_or(at, |span| span.start);
            Warning {
                line: self.line(at),
                message: error.message().to_owned(),
            }
        })
    }

    fn wrong(&self, error: &toml::de::Error) -> Warning {
        Warning {
            line: self.line(error.span().map_or(0, |span| span.start)),
            message: error.message().to_owned(),
        }
    }

    fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        1 + memchr::memchr_iter(b'\n', before).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"
trusted_hosts = ["*.lab.example", "192.0.2.*"]
[computers.Server01]
target = "ssh:server01.example:2222"
user = 'DOM\alice'
group = "web"
tags = ["prod"]
[groups.web]
subsystem = "ITTasks"
connect_timeout = "90s"
[retry]
window = "10m"
[ui]
theme = "dark"
prefix = "Ctrl+]"
"#;

    #[test]
    fn profiles_groups_and_settings_are_read() {
        let config = Config::read(SAMPLE).unwrap();
        let server = &config.computers["Server01"];
        assert_eq!(server.target.as_deref(), Some("ssh:server01.example:2222"));
        assert_eq!(server.options.user.as_deref(), Some("DOM\\alice"));
        assert_eq!(server.tags, ["prod"]);
        let web = &config.groups["web"];
        assert_eq!(web.connect_timeout, Some(Duration::from_secs(90)));
        assert_eq!(config.trusted_hosts, ["*.lab.example", "192.0.2.*"]);
        assert_eq!(config.retry.window, Some(Duration::from_mins(10)));
        for name in ["Server01", "wsman:other"] {
            let options = &config.resolve(name).unwrap()[0].options;
            assert_eq!(options.retry_window, Some(Duration::from_mins(10)));
        }
        assert_eq!(config.ui.theme.as_deref(), Some("dark"));
        assert!(config.warnings.is_empty());
    }

    #[test]
    fn unknown_keys_are_warnings_with_their_line() {
        let config =
            Config::read("a = 1\n[computers.x]\nuser = 'u'\nusr = 'v'\n[ui]\n\nthem = 1\n")
                .unwrap();
        let told: Vec<_> = config
            .warnings
            .iter()
            .map(|warning| (warning.line, warning.message.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (1, "unknown key 'a'"),
                (4, "unknown key 'usr' of 'x'"),
                (7, "unknown key 'them' of 'ui'")
            ]
        );
    }

    #[test]
    fn what_cannot_be_is_an_error_with_its_line() {
        for (text, line) in [
            ("[ui]\ntheme = 3\n", 2),
            ("\n\nx = = 1\n", 3),
            ("[computers.a]\nport = 99999\n", 2),
            ("[computers.a]\nuser = 'u'\nconnect_timeout = '90'\n", 3),
            ("computers = 1\n", 1),
            ("\ntrusted_hosts = '*'\n", 2),
            ("[computers.a]\nauth = 'kerberos5'\n", 2),
            ("[computers]\na = 1\n", 2),
            ("[retry]\nwindow = 4\n", 2),
            ("[sessions]\nremember_commands = 'all'\n", 2),
        ] {
            let wrong = Config::read(text).unwrap_err();
            assert_eq!(wrong.line, line, "{text}: {}", wrong.message);
        }
    }

    #[test]
    fn a_named_file_must_be_there_and_the_usual_one_need_not() {
        let missing = Path::new("no/such/file.toml");
        assert!(matches!(
            Config::load(Some(missing)),
            Err(ConfigError::Unreadable { .. })
        ));
    }
}
