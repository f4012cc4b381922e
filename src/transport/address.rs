//! What a target is called, and what the name means.

mod place;
mod wsman;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use place::{Place, is_name};
pub(crate) use wsman::is_application;

/// One way to name a server: `Server01`, `https://host:port/app`, `user@host`, `ssh:user@host:port`, `local`,
/// `demo:NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TargetAddress {
    /// PowerShell's endpoint of a WSMan server.
    Wsman {
        /// Written as a URI, with this scheme (PowerShell's `-ConnectionUri`); a computer's name has none.
        scheme: Option<Scheme>,
        /// The account, if it was written.
        user: Option<String>,
        /// A name, an IPv4 address, or an IPv6 address without its brackets.
        host: String,
        /// The port, if it was written.
        port: Option<u16>,
        /// What stands behind the port's slash, if anything does.
        application: Option<String>,
    },
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

/// How a URI's messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// In the clear, as far as HTTP is concerned.
    Http,
    /// Under TLS.
    Https,
}

/// Why a text names no target. The user's fault, except for [`AddressError::NotYet`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No text.
    #[error("a target is missing")]
    Empty,
    /// Neither a name nor any form that there is.
    #[error("'{0}' is no way to a computer")]
    Unknown(String),
    /// A URI with a password in it. Its text is not told.
    #[error("a password stands in the address")]
    Password,
    /// A form that a later version brings.
    #[error("'{text}': {what} cannot be reached yet")]
    NotYet {
        /// The text.
        text: String,
        /// What it names, in the plural.
        what: &'static str,
    },
    /// A number, or several, that some programs take for an address.
    #[error("'{0}' names a host by a number")]
    Number(String),
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
            Self::Unknown(text) if !text.contains(['/', '@']) => {
                format!("to name a port, write wsman:{text} or ssh:{text}")
            }
            Self::NotYet { .. } => {
                "WSMan works (HOST, https://HOST), SSH (USER@HOST), and local for this computer".into()
            }
            Self::Password => {
                "leave it out: it is asked for, or comes from --password-stdin or a profile's password_command".into()
            }
            Self::Empty | Self::NoHost(_) | Self::BadName(_) | Self::Unknown(_) => {
                "write HOST, wsman:HOST:PORT or https://HOST:PORT for WSMan, USER@HOST or ssh:HOST for SSH, or local".into()
            }
            Self::Number(_) => "an IPv4 address has four parts, 192.0.2.7 for one".into(),
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
            Self::Wsman { host, .. } | Self::Ssh { host, .. } => host,
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
            Some((scheme, rest)) if scheme == "wsman" => wsman::computer(text, rest),
            Some((scheme, rest)) if scheme == "http" => wsman::uri(text, Scheme::Http, rest),
            Some((scheme, rest)) if scheme == "https" => wsman::uri(text, Scheme::Https, rest),
            Some((scheme, rest)) if scheme == "demo" => demo(text, rest),
            Some((scheme, _)) if scheme == "container" => later("containers"),
            Some((scheme, _)) if scheme == "vm" => later("virtual machines"),
            Some((scheme, _)) if scheme == "process" => later("running processes"),
            Some((scheme, _)) if matches!(&*scheme, "group" | "tag") => {
                later("groups of computers")
            }
            _ if text.contains('@') => ssh(text, text),
            _ => wsman::bare(text),
        }
    }
}

impl fmt::Display for TargetAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wsman {
                scheme,
                user,
                host,
                port,
                application,
            } => {
                match scheme {
                    Some(scheme) => write!(f, "{scheme}://")?,
                    None => f.write_str("wsman:")?,
                }
                place(f, user.as_deref(), host, *port)?;
                match application {
                    Some(application) => write!(f, "/{application}"),
                    None => Ok(()),
                }
            }
            Self::Ssh { user, host, port } => {
                f.write_str("ssh:")?;
                place(f, user.as_deref(), host, *port)
            }
            Self::Local => f.write_str("local"),
            Self::Demo(name) => write!(f, "demo:{name}"),
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
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

fn place(
    f: &mut fmt::Formatter<'_>,
    user: Option<&str>,
    host: &str,
    port: Option<u16>,
) -> fmt::Result {
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

fn ssh(text: &str, rest: &str) -> Result<TargetAddress, AddressError> {
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let Place { user, host, port } = Place::read(text, rest)?;
    Ok(TargetAddress::Ssh { user, host, port })
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

    fn wsman(scheme: Option<Scheme>, host: &str, port: Option<u16>) -> TargetAddress {
        TargetAddress::Wsman {
            scheme,
            user: None,
            host: host.into(),
            port,
            application: None,
        }
    }

    #[test]
    fn a_computer_s_name_and_a_uri_mean_wsman() {
        for (text, address) in [
            ("Server01", wsman(None, "Server01", None)),
            ("192.0.2.7", wsman(None, "192.0.2.7", None)),
            (".", wsman(None, "localhost", None)),
            ("7of9", wsman(None, "7of9", None)),
            ("::1", wsman(None, "::1", None)),
            ("fe80::1%eth0", wsman(None, "fe80::1%eth0", None)),
            ("[2001:db8::1]", wsman(None, "2001:db8::1", None)),
            ("[2001:db8::1]:80", wsman(None, "2001:db8::1", Some(80))),
            ("wsman:Server01", wsman(None, "Server01", None)),
            ("WSMan:web1:8080", wsman(None, "web1", Some(8080))),
            ("wsman:[::1]:8080", wsman(None, "::1", Some(8080))),
            ("http://web1", wsman(Some(Scheme::Http), "web1", None)),
            ("HTTPS://web1/", wsman(Some(Scheme::Https), "web1", None)),
            (
                "https://[::1]:5986",
                wsman(Some(Scheme::Https), "::1", Some(5986)),
            ),
            (
                "https://alice@web1:443/app/PowerShell?x=1",
                TargetAddress::Wsman {
                    scheme: Some(Scheme::Https),
                    user: Some("alice".into()),
                    host: "web1".into(),
                    port: Some(443),
                    application: Some("app/PowerShell?x=1".into()),
                },
            ),
        ] {
            let read: TargetAddress = text.parse().unwrap();
            assert_eq!(read, address, "{text}");
            assert_eq!(read.to_string().parse(), Ok(address), "{text}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_repeated() {
        let wrong = "https://alice:hunter2@web1".parse::<TargetAddress>();
        assert_eq!(wrong, Err(AddressError::Password));
        let error = wrong.unwrap_err();
        assert!(!format!("{error} {error:?} {}", error.hint()).contains("hunter2"));
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
            ("web1:5985", AddressError::Unknown("web1:5985".into())),
            ("tn3270:web1", AddressError::Unknown("tn3270:web1".into())),
            ("http:web1", AddressError::BadName("http:web1".into())),
            ("https://", AddressError::NoHost("https://".into())),
            ("http://:80", AddressError::NoHost("http://:80".into())),
            (
                "wsman:web1/app",
                AddressError::BadName("wsman:web1/app".into()),
            ),
            (
                "http://web1/a b",
                AddressError::BadName("http://web1/a b".into()),
            ),
            (
                "container:docker/1",
                not_yet("container:docker/1", "containers"),
            ),
            ("vm:dc1", not_yet("vm:dc1", "virtual machines")),
            ("process:17", not_yet("process:17", "running processes")),
            ("12", AddressError::Number("12".into())),
            ("127.1", AddressError::Number("127.1".into())),
            ("wsman:0x7f.1", AddressError::Number("wsman:0x7f.1".into())),
            (
                "http://2130706433/wsman",
                AddressError::Number("http://2130706433/wsman".into()),
            ),
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
        let port = "web1:5985".parse::<TargetAddress>().unwrap_err();
        assert!(port.hint().contains("wsman:web1:5985"));
    }
}
