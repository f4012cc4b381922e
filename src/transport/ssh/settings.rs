//! The settings of `ssh_config` that psdeck follows.

use std::path::PathBuf;
use std::time::Duration;

use super::config::Pair;
use crate::transport::{Failure, FailureKind, Options};

/// How one host is to be reached.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// The name or address to connect to.
    pub(super) host: String,
    /// The name under which its keys are on file.
    pub(super) key_name: String,
    pub(super) port: u16,
    pub(super) user: String,
    pub(super) ip_version: Option<IpVersion>,
    /// Key files in order; of those the user named, one that is missing is told.
    pub(super) identity_files: Vec<PathBuf>,
    pub(super) identities_only: bool,
    pub(super) agent: Agent,
    pub(super) user_known_hosts: Vec<PathBuf>,
    pub(super) global_known_hosts: Vec<PathBuf>,
    pub(super) strict: Strict,
    pub(super) hash_names: bool,
    /// `publickey`, `keyboard-interactive`, `password`, in the order to try.
    pub(super) methods: Vec<&'static str>,
    pub(super) password_prompts: usize,
    /// Nobody is to be asked.
    pub(super) batch: bool,
    pub(super) stage_timeout: Duration,
    pub(super) alive_interval: Option<Duration>,
    pub(super) alive_count: usize,
    pub(super) environment: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IpVersion {
    V4,
    V6,
}

/// Where the agent listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Agent {
    /// Where `SSH_AUTH_SOCK` says.
    Environment,
    /// Nowhere: none is wanted.
    None,
    Socket(PathBuf),
}

/// What to do with a host that is not on file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strict {
    /// Refuse it.
    Yes,
    Ask,
    /// Trust it and put it on file.
    AcceptNew,
}

/// Keep-alives when the configuration says nothing: a dead connection is known after a minute.
const ALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// Keywords and their values; the first of a keyword counts.
struct Keywords<'a>(&'a [Pair]);

impl Settings {
    /// From keywords and values, the first of a keyword counting; `name` is the host as the target names it.
    pub(super) fn from_pairs(
        name: &str,
        pairs: &[Pair],
        options: &Options,
    ) -> Result<Self, Failure> {
        let keywords = Keywords(pairs);
        keywords.refuse_routes(name)?;
        let port = keywords.port()?;
        let host = keywords
            .first("hostname")
            .map_or_else(|| name.to_owned(), |host| host.replace("%h", name));
        let user = keywords
            .first("user")
            .map_or_else(own_name, |user| Ok(user.to_owned()))?;
        let names = Names {
            name,
            host: &host,
            user: &user,
            port,
        };
        Ok(Self {
            key_name: keywords
                .first("hostkeyalias")
                .unwrap_or(&host)
                .to_lowercase(),
            ip_version: match keywords.first("addressfamily") {
                Some("inet") => Some(IpVersion::V4),
                Some("inet6") => Some(IpVersion::V6),
                _ => None,
            },
            identity_files: keywords.identity_files(&names),
            identities_only: keywords.is_yes("identitiesonly"),
            agent: keywords.agent(&names),
            user_known_hosts: keywords.files(
                "userknownhostsfile",
                "~/.ssh/known_hosts ~/.ssh/known_hosts2",
                &names,
            ),
            global_known_hosts: keywords.files(
                "globalknownhostsfile",
                "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2",
                &names,
            ),
            strict: match keywords.first("stricthostkeychecking") {
                Some("yes" | "true") => Strict::Yes,
                Some("accept-new" | "no" | "off" | "false") => Strict::AcceptNew,
                _ => Strict::Ask,
            },
            hash_names: keywords.is_yes("hashknownhosts"),
            methods: keywords.methods(),
            password_prompts: keywords.number("numberofpasswordprompts").unwrap_or(3),
            batch: keywords.is_yes("batchmode"),
            stage_timeout: options
                .connect_timeout
                .or(keywords.seconds("connecttimeout"))
                .unwrap_or(Options::STAGE_TIMEOUT),
            alive_interval: keywords.alive_interval(options),
            alive_count: keywords.number("serveralivecountmax").unwrap_or(3),
            environment: environment(pairs, options),
            port,
            user,
            host,
        })
    }

    /// The name of the server as `known_hosts` has it.
    pub(super) fn known_hosts_name(&self) -> String {
        if self.port == 22 {
            self.key_name.clone()
        } else {
            format!("[{}]:{}", self.key_name, self.port)
        }
    }
}

impl<'a> Keywords<'a> {
    fn first(&self, key: &str) -> Option<&'a str> {
        self.0
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, value)| value.as_str())
    }

    fn is_yes(&self, key: &str) -> bool {
        self.first(key)
            .is_some_and(|value| matches!(value, "yes" | "true"))
    }

    fn number<T: std::str::FromStr>(&self, key: &str) -> Option<T> {
        self.first(key)?.parse().ok()
    }

    /// A number of seconds; 0 says nothing, as OpenSSH has it, and what no clock can count is the longest it can.
    fn seconds(&self, key: &str) -> Option<Duration> {
        let seconds = self.number(key).filter(|seconds| *seconds > 0)?;
        Some(Duration::from_secs(seconds).min(Options::LONGEST))
    }

    /// A way around that was asked for is not silently left out.
    fn refuse_routes(&self, name: &str) -> Result<(), Failure> {
        for key in ["proxycommand", "proxyjump"] {
            if let Some(route) = self
                .first(key)
                .filter(|route| !route.eq_ignore_ascii_case("none"))
            {
                let message = format!(
                    "the ssh configuration reaches {name} through '{route}', which psdeck cannot do yet"
                );
                return Err(Failure::new(FailureKind::Usage, message).hint(format!(
                    "-o {key}=none goes there directly; a forwarded port (ssh -L) goes around"
                )));
            }
        }
        Ok(())
    }

    fn port(&self) -> Result<u16, Failure> {
        let Some(port) = self.first("port") else {
            return Ok(22);
        };
        let number = port.parse().ok().filter(|port| *port > 0);
        number.ok_or_else(|| {
            Failure::new(FailureKind::Usage, format!("'{port}' is no port"))
                .hint("a port is a number from 1 to 65535")
        })
    }

    fn files(&self, key: &str, default: &str, names: &Names<'_>) -> Vec<PathBuf> {
        let files = words(self.first(key).unwrap_or(default));
        files
            .iter()
            .filter(|file| *file != "none")
            .map(|file| names.path(file))
            .collect()
    }

    fn identity_files(&self, names: &Names<'_>) -> Vec<PathBuf> {
        let given: Vec<&str> = self
            .0
            .iter()
            .filter(|(key, _)| key == "identityfile")
            .map(|(_, v)| v.as_str())
            .collect();
        if given.is_empty() {
            return ["rsa", "ecdsa", "ed25519"]
                .map(|kind| names.path(&format!("~/.ssh/id_{kind}")))
                .into();
        }
        given
            .into_iter()
            .filter(|file| *file != "none")
            .map(|file| names.path(file))
            .collect()
    }

    fn agent(&self, names: &Names<'_>) -> Agent {
        match self.first("identityagent") {
            None | Some("SSH_AUTH_SOCK") => Agent::Environment,
            Some("none") => Agent::None,
            Some(variable) if variable.starts_with('$') => {
                std::env::var_os(variable.trim_matches(['$', '{', '}']))
                    .map_or(Agent::None, |s| Agent::Socket(s.into()))
            }
            Some(socket) => Agent::Socket(names.path(socket)),
        }
    }

    fn methods(&self) -> Vec<&'static str> {
        let known = [
            ("publickey", "pubkeyauthentication"),
            ("keyboard-interactive", "kbdinteractiveauthentication"),
            ("password", "passwordauthentication"),
        ];
        let preferred = self
            .first("preferredauthentications")
            .unwrap_or("publickey,keyboard-interactive,password");
        let is_off = |switch| {
            self.first(switch)
                .is_some_and(|value| matches!(value, "no" | "false"))
        };
        let on = |method: &str| {
            known
                .iter()
                .find(|(name, switch)| *name == method && !is_off(switch))
                .map(|(name, _)| *name)
        };
        preferred.split(',').filter_map(on).collect()
    }

    /// OpenSSH's default is none, and `ssh -G` cannot tell a default from a wish; an explicit `-o` can switch them off.
    fn alive_interval(&self, options: &Options) -> Option<Duration> {
        let is_ours = |option: &String| {
            option
                .to_ascii_lowercase()
                .starts_with("serveraliveinterval")
        };
        match self.seconds("serveraliveinterval") {
            Some(interval) => Some(interval),
            None if options.ssh_options.iter().any(is_ours) => None,
            None => Some(ALIVE_INTERVAL),
        }
    }
}

/// What the tokens of file names stand for.
struct Names<'a> {
    name: &'a str,
    host: &'a str,
    user: &'a str,
    port: u16,
}

impl Names<'_> {
    fn path(&self, text: &str) -> PathBuf {
        let home = || std::env::home_dir().unwrap_or_default();
        if let Some(rest) = text.strip_prefix("~/") {
            return home().join(self.tokens(rest));
        }
        if text.contains("%d") {
            return self
                .tokens(&text.replace("%d", &home().display().to_string()))
                .into();
        }
        self.tokens(text).into()
    }

    fn tokens(&self, text: &str) -> String {
        let mut expanded = String::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match (c == '%').then(|| rest.next()).flatten() {
                None => expanded.push(c),
                Some('%') => expanded.push('%'),
                Some('h') => expanded.push_str(self.host),
                Some('n') => expanded.push_str(self.name),
                Some('r') => expanded.push_str(self.user),
                Some('p') => expanded.push_str(&self.port.to_string()),
                Some('u') => expanded.push_str(&own_name().unwrap_or_default()),
                Some(other) => expanded.extend(['%', other]),
            }
        }
        expanded
    }
}

fn own_name() -> Result<String, Failure> {
    let name = ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|variable| std::env::var(variable).ok());
    name.filter(|name| !name.is_empty()).ok_or_else(|| {
        Failure::new(FailureKind::Usage, "the account is not known")
            .hint("write USER@HOST, or use --user")
    })
}

/// Words with blanks between them; quotes keep blanks.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in text.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(ToOwned::to_owned));
        }
    }
    words
}

fn environment(pairs: &[Pair], options: &Options) -> Vec<(String, String)> {
    let set = pairs
        .iter()
        .filter(|(key, _)| key == "setenv")
        .flat_map(|(_, value)| words(value));
    let set = set.filter_map(|pair| {
        pair.split_once('=')
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    });
    set.chain(options.environment.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)], options: &Options) -> Result<Settings, Failure> {
        let mut pairs: Vec<Pair> = pairs
            .iter()
            .map(|(k, v)| ((*k).into(), (*v).into()))
            .collect();
        pairs.push(("user".into(), "alice".into()));
        Settings::from_pairs("web1", &pairs, options)
    }

    #[test]
    fn values_are_read_and_tokens_expanded() {
        let pairs = [
            ("hostname", "%h.example"),
            ("port", "2222"),
            ("identityfile", "/keys/%n-%r-%p"),
            ("identityfile", "/keys/100%%"),
            ("userknownhostsfile", "\"/a b\" /c"),
            ("stricthostkeychecking", "accept-new"),
            ("serveraliveinterval", "7"),
            ("passwordauthentication", "no"),
            (
                "preferredauthentications",
                "password,gssapi-with-mic,keyboard-interactive",
            ),
            ("setenv", "A=1 \"B=2 3\""),
        ];
        let read = settings(&pairs, &Options::default()).unwrap();
        assert_eq!((&*read.host, read.port), ("web1.example", 2222));
        assert_eq!(read.known_hosts_name(), "[web1.example]:2222");
        assert_eq!(
            read.identity_files,
            [PathBuf::from("/keys/web1-alice-2222"), "/keys/100%".into()]
        );
        assert_eq!(read.user_known_hosts, [PathBuf::from("/a b"), "/c".into()]);
        assert_eq!(read.strict, Strict::AcceptNew);
        assert_eq!(read.alive_interval, Some(Duration::from_secs(7)));
        assert_eq!(read.methods, ["keyboard-interactive"]);
        assert_eq!(read.environment.len(), 2);
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let read = settings(&[("serveraliveinterval", "0")], &Options::default()).unwrap();
        assert_eq!(
            (&*read.host, read.port, read.strict),
            ("web1", 22, Strict::Ask)
        );
        assert_eq!(read.alive_interval, Some(ALIVE_INTERVAL));
        assert_eq!(read.identity_files.len(), 3);
        let off = Options {
            ssh_options: vec!["ServerAliveInterval=0".into()],
            ..Options::default()
        };
        assert_eq!(
            settings(&[("serveraliveinterval", "0")], &off)
                .unwrap()
                .alive_interval,
            None
        );
    }

    #[test]
    fn a_timeout_of_nothing_or_of_ages_is_no_deadline_that_fails_at_once() {
        for (value, seconds) in [("0", 30), ("none", 30), ("7", 7)] {
            let read = settings(&[("connecttimeout", value)], &Options::default()).unwrap();
            assert_eq!(read.stage_timeout, Duration::from_secs(seconds), "{value}");
        }
        let ages = [
            ("connecttimeout", "18446744073709551615"),
            ("serveraliveinterval", "18446744073709551615"),
            ("serveralivecountmax", "18446744073709551615"),
        ];
        let read = settings(&ages, &Options::default()).unwrap();
        let now = tokio::time::Instant::now();
        assert!(now.checked_add(read.stage_timeout).is_some());
        let interval = read.alive_interval.unwrap();
        assert!(
            interval
                .checked_mul(super::super::alive_rounds(&read))
                .is_some()
        );
    }

    #[test]
    fn a_route_that_cannot_be_followed_is_refused_not_ignored() {
        let failure = settings(&[("proxyjump", "gate")], &Options::default()).unwrap_err();
        assert!(failure.message.contains("through 'gate'"), "{failure:?}");
        assert!(settings(&[("proxycommand", "none")], &Options::default()).is_ok());
    }
}
