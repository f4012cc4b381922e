//! What a name on the command line stands for.

use std::collections::BTreeMap;

use super::{Computer, Config, overlay};
use crate::transport::{AddressError, Options, TargetAddress, fits_pattern};

/// One computer that a name stands for, and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The name that the user knows it by.
    pub name: String,
    /// The way to it.
    pub address: TargetAddress,
    /// The options of its profile, over those of its group.
    pub options: Options,
    /// Of a profile: where the ports are that lines name.
    ports: Option<BTreeMap<u16, u16>>,
}

impl Resolved {
    /// With the options of a line. They go before the profile, also before what its target says; a target that the line
    /// spells itself goes before them. Fails where there is no port that the line could mean.
    pub fn with(mut self, mut line: Options) -> Result<Self, TargetError> {
        if line.port.is_some()
            && matches!(self.address, TargetAddress::Local | TargetAddress::Demo(_))
        {
            return Err(TargetError::NoPort(self.name));
        }
        if let Some(ports) = &self.ports {
            line.port = line.port.map(|port| *ports.get(&port).unwrap_or(&port));
            replace(&mut self.address, &line);
        }
        self.options = overlay(line, self.options);
        Ok(self)
    }
}

/// Why a name stands for nothing. The user's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It is no target.
    #[error("{0}")]
    Address(#[from] AddressError),
    /// The profile says how, and not where.
    #[error("the profile '{0}' has no target")]
    NoTarget(String),
    /// The profile's target is none.
    #[error("the target of the profile '{name}' is wrong: {error}")]
    BadProfile {
        /// The profile.
        name: String,
        /// Why.
        error: AddressError,
    },
    /// No computer is in the group.
    #[error("no computer of the configuration is in the group '{0}'")]
    EmptyGroup(String),
    /// No computer has the tag.
    #[error("no computer of the configuration has the tag '{0}'")]
    EmptyTag(String),
    /// A line names a port, and nothing is reached by one.
    #[error("{0} is not reached by a port")]
    NoPort(String),
}

impl TargetError {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Address(error) | Self::BadProfile { error, .. } => error.hint(),
            Self::NoTarget(name) => {
                format!("add a line such as target = \"ssh:{name}\" below [computers.{name}]")
            }
            Self::NoPort(_) => "leave the port out; servers of WSMan and SSH have one".to_owned(),
            Self::EmptyGroup(name) => {
                format!("write group = \"{name}\" below the [computers.…] that belong to it")
            }
            Self::EmptyTag(name) => {
                format!("write tags = [\"{name}\"] below the [computers.…] that it names")
            }
        }
    }
}

impl Config {
    /// The computers that a name stands for: a profile, `group:NAME`, `tag:NAME`, or a target of itself. Never empty.
    pub fn resolve(&self, name: &str) -> Result<Vec<Resolved>, TargetError> {
        let name = name.trim();
        if let Some((profile, computer)) = self.profile(name) {
            return Ok(vec![self.computer(profile, computer)?]);
        }
        let (computers, none) = match name.split_once(':') {
            Some((kind, group)) if kind.eq_ignore_ascii_case("group") => (
                self.all(|computer| same(computer.group.as_deref(), group))?,
                TargetError::EmptyGroup(group.into()),
            ),
            Some((kind, tag)) if kind.eq_ignore_ascii_case("tag") => (
                self.all(|computer| computer.tags.iter().any(|own| same(Some(own), tag)))?,
                TargetError::EmptyTag(tag.into()),
            ),
            _ => {
                let address = self.address(name)?;
                let options = self.settle(&address, Options::default());
                return Ok(vec![Resolved {
                    name: name.to_owned(),
                    address,
                    options,
                    ports: None,
                }]);
            }
        };
        if computers.is_empty() {
            return Err(none);
        }
        Ok(computers)
    }

    fn all(&self, fits: impl Fn(&Computer) -> bool) -> Result<Vec<Resolved>, TargetError> {
        let computers = self.computers.iter();
        computers
            .filter(|(_, computer)| fits(computer))
            .map(|(name, computer)| self.computer(name, computer))
            .collect()
    }

    /// A profile by its name, in any case.
    fn profile(&self, name: &str) -> Option<(&str, &Computer)> {
        self.computers
            .iter()
            .find(|(own, _)| same(Some(own), name))
            .map(|(own, computer)| (own.as_str(), computer))
    }

    fn computer(&self, name: &str, computer: &Computer) -> Result<Resolved, TargetError> {
        let target = computer
            .target
            .as_deref()
            .ok_or_else(|| TargetError::NoTarget(name.into()))?;
        let address = self
            .address(target)
            .map_err(|error| TargetError::BadProfile {
                name: name.into(),
                error,
            })?;
        let group = computer
            .group
            .as_deref()
            .and_then(|group| {
                let mut groups = self.groups.iter();
                groups.find(|(own, _)| same(Some(own), group))
            })
            .map(|(_, options)| options.clone())
            .unwrap_or_default();
        let mut options = overlay(computer.options.clone(), group);
        options.password_command = options.password_command.map(|command| command.of(name));
        // One that is spelled as a way to a computer says nothing that its target does not.
        if !name.contains([':', '/', '@']) {
            options.computer_name = Some(name.to_owned());
        }
        let options = self.settle(&address, options);
        Ok(Resolved {
            name: name.to_owned(),
            address,
            options,
            ports: Some(computer.ports.clone()),
        })
    }

    /// What a text means as a target: a host of the user's ssh configuration is one of SSH.
    fn address(&self, text: &str) -> Result<TargetAddress, AddressError> {
        let text = text.trim();
        let known = |host: &String| host.eq_ignore_ascii_case(text);
        if self.ssh_hosts.iter().any(known) {
            return format!("ssh:{text}").parse();
        }
        text.parse()
    }

    /// Adds what the configuration says of all servers: which are trusted, unless the options say something of it, and
    /// how a lost network is borne.
    fn settle(&self, address: &TargetAddress, mut options: Options) -> Options {
        options.retry_window = options.retry_window.or(self.retry.window);
        if let TargetAddress::Wsman { host, .. } = address
            && options.trust_host.is_none()
            && self
                .trusted_hosts
                .iter()
                .any(|pattern| fits_pattern(pattern, host))
        {
            options.trust_host = Some(true);
        }
        options
    }
}

/// What the line says stands in the place of what the address says.
fn replace(address: &mut TargetAddress, line: &Options) {
    fn replace<T: Clone>(own: &mut Option<T>, line: Option<&T>) {
        if let (Some(own), Some(line)) = (own, line) {
            own.clone_from(line);
        }
    }
    if let TargetAddress::Wsman { application, .. } = address {
        replace(application, line.application_name.as_ref());
    }
    if let TargetAddress::Wsman { user, port, .. } | TargetAddress::Ssh { user, port, .. } = address
    {
        replace(user, line.user.as_ref());
        replace(port, line.port.as_ref());
    }
}

fn same(own: Option<&str>, name: &str) -> bool {
    own.is_some_and(|own| own.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config::read(
            r#"
[computers.Web1]
target = "ssh:web1.example"
group = "web"
tags = ["prod", "eu"]
port = 2222
[computers.Web2]
target = "ssh:web2.example"
group = "web"
[computers.Nowhere]
user = "x"
[groups.web]
user = "deploy"
port = 22
"#,
        )
        .unwrap()
    }

    fn names(name: &str) -> Vec<String> {
        let found = config().resolve(name).unwrap();
        found.into_iter().map(|target| target.name).collect()
    }

    #[test]
    fn a_profile_inherits_from_its_group() {
        let found = config().resolve("web1").unwrap().remove(0);
        assert_eq!(found.name, "Web1");
        assert_eq!(found.address.to_string(), "ssh:web1.example");
        assert_eq!(found.options.user.as_deref(), Some("deploy"));
        assert_eq!(found.options.port, Some(2222));
    }

    #[test]
    fn a_line_goes_before_a_profile_and_a_target_that_it_spells_before_the_line() {
        let config = Config::read(
            "[computers.web]\ntarget = 'http://alice@127.0.0.1:15985/own'\nports = { 90 = 10090 }\n\
             [computers.ssh]\ntarget = 'ssh:web'\nport = 2222",
        )
        .unwrap();
        let line = |port| Options {
            port: Some(port),
            user: Some("bob".into()),
            application_name: Some("other".into()),
            ..Options::default()
        };
        let way = |name: &str, line: Options| {
            let found = config.resolve(name).unwrap().remove(0);
            let found = found.with(line).unwrap();
            (found.address.to_string(), found.options.port)
        };
        let none = Options::default();
        assert_eq!(way("web", none).0, "http://alice@127.0.0.1:15985/own");
        assert_eq!(way("WEB", line(80)).0, "http://bob@127.0.0.1:80/other");
        assert_eq!(way("web", line(90)).0, "http://bob@127.0.0.1:10090/other");
        assert_eq!(way("ssh", line(90)), ("ssh:web".into(), Some(90)));
        assert_eq!(
            way("http://alice@db:5985/own", line(90)).0,
            "http://alice@db:5985/own"
        );
        for name in ["local", "demo:Server01"] {
            let found = config.resolve(name).unwrap().remove(0);
            let error = found.with(line(90)).unwrap_err();
            assert_eq!(error, TargetError::NoPort(name.into()));
        }
    }

    #[test]
    fn groups_and_tags_name_several() {
        assert_eq!(names("group:WEB"), ["Web1", "Web2"]);
        assert_eq!(names("tag:eu"), ["Web1"]);
        assert_eq!(names("alice@web9"), ["alice@web9"]);
        assert_eq!(names("demo:Server01"), ["demo:Server01"]);
    }

    #[test]
    fn a_host_of_the_ssh_configuration_means_ssh_and_any_other_name_wsman() {
        let config = Config {
            ssh_hosts: vec!["Web7".into(), "local".into()],
            ..config()
        };
        let way = |name: &str| config.resolve(name).unwrap().remove(0).address.to_string();
        assert_eq!(way("web7"), "ssh:web7");
        assert_eq!(way("wsman:web7"), "wsman:web7");
        assert_eq!(way("web8"), "wsman:web8");
        assert_eq!(way("http://web7"), "http://web7");
        assert_eq!(way("Web1"), "ssh:web1.example");
    }

    #[test]
    fn trusted_hosts_are_trusted_unless_a_profile_says_otherwise() {
        let config = Config::read(
            "trusted_hosts = ['*.lab.example', '192.0.2.?']\n[computers.db]\ntarget = 'db.lab.example'\n\
             trust_host = false\n[computers.web]\ntarget = 'https://WEB.lab.example'\n",
        )
        .unwrap();
        let trust = |name: &str| config.resolve(name).unwrap().remove(0).options.trust_host;
        assert_eq!(trust("web"), Some(true));
        assert_eq!(trust("192.0.2.7"), Some(true));
        assert_eq!(trust("db"), Some(false));
        for other in [
            "lab.example",
            "192.0.2.17",
            "ssh:web.lab.example",
            "localhost",
        ] {
            assert_eq!(trust(other), None, "{other}");
        }
    }

    #[test]
    fn names_that_stand_for_nothing_say_what_to_write() {
        for (name, hint) in [
            ("group:db", "group = \"db\""),
            ("tag:db", "tags = [\"db\"]"),
            ("Nowhere", "[computers.Nowhere]"),
            ("web1:5985", "wsman:web1:5985"),
        ] {
            let error = config().resolve(name).unwrap_err();
            assert!(error.hint().contains(hint), "{name}: {}", error.hint());
        }
    }
}
