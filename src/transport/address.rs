//! What a target is called, and what the name means.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One way to name a server: `user@host`, `ssh:user@host:port`, `local`, `demo:NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TargetAddress {
    /// PowerShell's subsystem of an SSH server.
    Ssh {
        /// The account, if it was written.
        user: Option<String>,
        /// A name, an IPv4 address, or an IPv6 address without its brackets.
        host: String,
        /// The port, if it was written.
        port: Option<u16>,
    },
    /// A `pwsh` child of this computer.
    Local,
    /// A server of the embedded demonstration.
    Demo(String),
}

/// Why a text names no target. The user's fault, except for [`AddressError::NotYet`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No text.
    #[error("a target is missing")]
    Empty,
    /// A computer's name alone says nothing about the way to it.
    #[error("'{0}' does not say how to reach it")]
    BareName(String),
    /// A form that a later version brings.
    #[error("'{text}': {what} cannot be reached yet")]
    NotYet {
        /// The text.
        text: String,
        /// What it names, in the plural.
        what: &'static str,
    },
    /// No host.
    #[error("'{0}' names no host")]
    NoHost(String),
    /// What stands after the last colon is no port.
    #[error("'{text}': '{port}' is no port")]
    BadPort {
        /// The text.
        text: String,
        /// What stands there.
        port: String,
    },
    /// A character that no name has, or that could pass for an option of `ssh`.
    #[error("'{0}' is no name of a host or an account")]
    BadName(String),
}

impl AddressError {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::BareName(name) => {
                format!("write ssh:{name} or USER@{name} for SSH, or local for this computer")
            }
            Self::NotYet { .. } => {
                "SSH works (ssh:HOST or USER@HOST), and local for this computer".into()
            }
            Self::Empty | Self::NoHost(_) | Self::BadName(_) => {
                "write ssh:USER@HOST:PORT, USER@HOST, local or demo:NAME".into()
            }
            Self::BadPort { .. } => {
                "a port is a number from 1 to 65535; an IPv6 address stands in brackets".into()
            }
        }
    }
}

impl TargetAddress {
    /// The computer's name as sessions show it: the host, this computer's `localhost`, the demonstration's name.
    pub fn computer(&self) -> &str {
        match self {
            Self::Ssh { host, .. } => host,
            Self::Local => "localhost",
            Self::Demo(name) => name,
        }
    }
}

impl FromStr for TargetAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if text.eq_ignore_ascii_case("local") {
            return Ok(Self::Local);
        }
        let later = |what| {
            Err(AddressError::NotYet {
                text: text.into(),
                what,
            })
        };
        match text
            .split_once(':')
            .map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest))
        {
            Some((scheme, rest)) if scheme == "ssh" => {
                ssh(text, rest.strip_prefix("//").unwrap_or(rest))
            }
            Some((scheme, rest)) if scheme == "demo" => demo(text, rest),
            Some((scheme, _)) if matches!(&*scheme, "http" | "https" | "wsman") => {
                later("WSMan servers")
            }
            Some((scheme, _)) if scheme == "container" => later("containers"),
            Some((scheme, _)) if scheme == "vm" => later("virtual machines"),
            Some((scheme, _)) if scheme == "process" => later("running processes"),
            Some((scheme, _)) if matches!(&*scheme, "group" | "tag") => {
                later("groups of computers")
            }
            _ if text.contains('@') => ssh(text, text),
            _ => Err(AddressError::BareName(text.into())),
        }
    }
}

impl fmt::Display for TargetAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ssh { user, host, port } => {
                f.write_str("ssh:")?;
                if let Some(user) = user {
                    write!(f, "{user}@")?;
                }
                if host.contains(':') {
                    write!(f, "[{host}]")?;
                } else {
                    f.write_str(host)?;
                }
                port.map_or(Ok(()), |port| write!(f, ":{port}"))
            }
            Self::Local => f.write_str("local"),
            Self::Demo(name) => write!(f, "demo:{name}"),
        }
    }
}

impl TryFrom<String> for TargetAddress {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<TargetAddress> for String {
    fn from(address: TargetAddress) -> Self {
        address.to_string()
    }
}

/// `[user@]host[:port]`; the user may hold `@` and `\` (`DOMAIN\user@host`).
fn ssh(text: &str, rest: &str) -> Result<TargetAddress, AddressError> {
    let (user, place) = match rest.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, rest),
    };
    let place = place.strip_suffix('/').unwrap_or(place);
    let (host, port) = match place.strip_prefix('[').map(|inside| inside.split_once(']')) {
        Some(Some((host, ""))) => (host, None),
        Some(Some((host, tail))) => match tail.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None => return Err(AddressError::BadName(text.into())),
        },
        Some(None) => return Err(AddressError::BadName(text.into())),
        // More than one colon without brackets is an IPv6 address without a port.
        None if place.matches(':').count() > 1 => (place, None),
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    if host.is_empty() {
        return Err(AddressError::NoHost(text.into()));
    }
    if !is_name(host) || user.is_some_and(|user| !is_name(user)) {
        return Err(AddressError::BadName(text.into()));
    }
    let port = match port {
        Some(port) => match port.parse() {
            Ok(number) if number > 0 => Some(number),
            _ => {
                return Err(AddressError::BadPort {
                    text: text.into(),
                    port: port.into(),
                });
            }
        },
        None => None,
    };
    Ok(TargetAddress::Ssh {
        user: user.map(Into::into),
        host: host.into(),
        port,
    })
}

fn demo(text: &str, name: &str) -> Result<TargetAddress, AddressError> {
    if name.is_empty() {
        return Err(AddressError::NoHost(text.into()));
    }
    if is_name(name) {
        Ok(TargetAddress::Demo(name.into()))
    } else {
        Err(AddressError::BadName(text.into()))
    }
}

/// Names go to `ssh -G` and to screens: no blanks, no control characters, no dash in front.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('-')
        && !name.chars().any(|c| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(user: Option<&str>, host: &str, port: Option<u16>) -> TargetAddress {
        TargetAddress::Ssh {
            user: user.map(Into::into),
            host: host.into(),
            port,
        }
    }

    #[test]
    fn every_form_is_read_and_its_own_spelling_read_again() {
        for (text, address) in [
            ("alice@web1", host(Some("alice"), "web1", None)),
            ("alice@web1:2222", host(Some("alice"), "web1", Some(2222))),
            ("ssh:web1", host(None, "web1", None)),
            ("SSH:alice@web1:22", host(Some("alice"), "web1", Some(22))),
            (
                "ssh://alice@web1:22/",
                host(Some("alice"), "web1", Some(22)),
            ),
            (
                "ssh:[2001:db8::1]:2222",
                host(None, "2001:db8::1", Some(2222)),
            ),
            ("ssh:2001:db8::1", host(None, "2001:db8::1", None)),
            (
                "alice@[fe80::1%eth0]",
                host(Some("alice"), "fe80::1%eth0", None),
            ),
            (
                "DOM\\alice@corp@web1",
                host(Some("DOM\\alice@corp"), "web1", None),
            ),
            ("Local", TargetAddress::Local),
            ("demo:Server01", TargetAddress::Demo("Server01".into())),
        ] {
            let read: TargetAddress = text.parse().unwrap();
            assert_eq!(read, address, "{text}");
            assert_eq!(read.to_string().parse(), Ok(address), "{text}");
        }
    }

    #[test]
    fn what_names_no_target_says_why_and_what_to_write() {
        let not_yet = |text: &str, what| AddressError::NotYet {
            text: text.into(),
            what,
        };
        for (text, error) in [
            ("", AddressError::Empty),
            ("Server01", AddressError::BareName("Server01".into())),
            (
                "https://web1:5986/wsman",
                not_yet("https://web1:5986/wsman", "WSMan servers"),
            ),
            (
                "container:docker/1",
                not_yet("container:docker/1", "containers"),
            ),
            ("vm:dc1", not_yet("vm:dc1", "virtual machines")),
            ("process:17", not_yet("process:17", "running processes")),
            ("ssh:", AddressError::NoHost("ssh:".into())),
            ("alice@", AddressError::NoHost("alice@".into())),
            (
                "ssh:-oProxyCommand=x",
                AddressError::BadName("ssh:-oProxyCommand=x".into()),
            ),
            ("ssh:[::1", AddressError::BadName("ssh:[::1".into())),
            ("@web1", AddressError::BadName("@web1".into())),
            (
                "ssh:web1:http",
                AddressError::BadPort {
                    text: "ssh:web1:http".into(),
                    port: "http".into(),
                },
            ),
            (
                "ssh:web1:0",
                AddressError::BadPort {
                    text: "ssh:web1:0".into(),
                    port: "0".into(),
                },
            ),
        ] {
            assert_eq!(text.parse::<TargetAddress>(), Err(error), "{text}");
        }
        let bare = "Server01".parse::<TargetAddress>().unwrap_err();
        assert!(bare.hint().contains("ssh:Server01") && bare.hint().contains("local"));
    }
}
