//! The forms of a WSMan target, by PowerShell's rules for `-ComputerName` and `-ConnectionUri`.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::place::{Place, is_name};
use super::{AddressError, Scheme, TargetAddress};

/// `wsman:HOST[:PORT]`.
pub(super) fn computer(text: &str, rest: &str) -> Result<TargetAddress, AddressError> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    target(text, None, rest, None)
}

/// `http://HOST[:PORT][/APPLICATION]`, or `https:`; `rest` begins behind the scheme's colon.
pub(super) fn uri(text: &str, scheme: Scheme, rest: &str) -> Result<TargetAddress, AddressError> {
    let rest = rest
        .strip_prefix("//")
        .ok_or_else(|| AddressError::BadName(text.into()))?;
    let (place, application) = match rest.split_once('/') {
        Some((place, application)) => (place, Some(application)),
        None => (rest, None),
    };
    let application = application.filter(|application| !application.is_empty());
    if application.is_some_and(|name| !is_application(name)) {
        return Err(AddressError::BadName(text.into()));
    }
    target(text, Some(scheme), place, application)
}

/// A computer's name or address alone.
pub(super) fn bare(text: &str) -> Result<TargetAddress, AddressError> {
    let unscoped = text.split_once('%').map_or(text, |(ip, _)| ip);
    match text.split_once(':') {
        // One colon: a port, or a form that nobody knows.
        Some((_, rest)) if !rest.contains(':') && !text.starts_with('[') => {
            Err(AddressError::Unknown(text.into()))
        }
        Some(_) if unscoped.parse::<Ipv6Addr>().is_err() && !text.starts_with('[') => {
            Err(AddressError::Unknown(text.into()))
        }
        _ => target(text, None, text, None),
    }
}

/// Whether an application's name can stand in an address.
pub(crate) fn is_application(name: &str) -> bool {
    is_name(name) && name.is_ascii() && !name.contains(['#', '\\', '"', '<', '>'])
}

fn target(
    text: &str,
    scheme: Option<Scheme>,
    place: &str,
    application: Option<&str>,
) -> Result<TargetAddress, AddressError> {
    let place = Place::read(text, place)?;
    if place.user.as_ref().is_some_and(|user| user.contains(':')) {
        return Err(AddressError::Password);
    }
    if place.host.contains(['/', '\\', '?', '#']) {
        return Err(AddressError::BadName(text.into()));
    }
    if is_number(&place.host) {
        return Err(AddressError::Number(text.into()));
    }
    let host = match place.host.as_str() {
        "." => "localhost".to_owned(),
        _ => place.host,
    };
    Ok(TargetAddress::Wsman {
        scheme,
        user: place.user,
        host,
        port: place.port,
        application: application.map(Into::into),
    })
}

/// Whether a host is written as `inet_aton` takes addresses, and as nothing else does: the system would reach an
/// address where we see a name.
fn is_number(host: &str) -> bool {
    let is_part = |part: &str| match part.strip_prefix("0x").or(part.strip_prefix("0X")) {
        Some(digits) => digits.bytes().all(|b| b.is_ascii_hexdigit()),
        None => !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()),
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    host.parse::<Ipv4Addr>().is_err() && host.split('.').all(is_part)
}
