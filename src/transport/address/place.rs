//! `[user@]host[:port]`, the part that several forms of a target share.

use super::AddressError;

/// The parts, checked.
pub(super) struct Place {
    pub(super) user: Option<String>,
    /// An IPv6 address without its brackets.
    pub(super) host: String,
    pub(super) port: Option<u16>,
}

impl Place {
    /// Reads `rest`, a part of `text`. The user may hold `@` and `\` (`DOMAIN\user@host`).
    pub(super) fn read(text: &str, rest: &str) -> Result<Self, AddressError> {
        let (user, place) = match rest.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, rest),
        };
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
        Ok(Self {
            user: user.map(Into::into),
            host: host.into(),
            port,
        })
    }
}

/// Names go to `ssh -G` and to screens: no blanks, no control characters, no dash in front.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('-')
        && !name.chars().any(|c| c.is_whitespace() || c.is_control())
}
