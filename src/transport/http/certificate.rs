//! What a server's certificate (X.509, RFC 5280) says of itself, for errors and for the checks that an option leaves.

use std::net::{Ipv4Addr, Ipv6Addr};

use sha2::{Digest as _, Sha256};
use time::macros::format_description;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

use crate::auth::der::{Elements, OBJECT_ID, OCTETS, SEQUENCE, context};
use crate::stdio::printable;

/// Names that are looked at; a certificate with more is shown with these.
const MOST_NAMES: usize = 100;
/// `id-kp-serverAuth` and `anyExtendedKeyUsage`.
const SERVER_USAGES: [&[u8]; 2] = [&[0x2B, 6, 1, 5, 5, 7, 3, 1], &[0x55, 0x1D, 0x25, 0]];

/// A certificate, as far as people and our checks look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Certificate {
    /// Whom it was made for: `CN=web1`.
    pub(super) subject: String,
    /// Who vouches for it.
    pub(super) issuer: String,
    /// Host names and addresses that it is valid for.
    pub(super) names: Vec<String>,
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
    /// It may stand for a server.
    pub(super) for_servers: bool,
    /// Of the whole certificate: `AB:CD:…`.
    pub(super) sha256: String,
}

impl Certificate {
    /// Reads a certificate in DER; `None` if it is none.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let mut whole = Elements(der).enter(SEQUENCE)?;
        let mut inner = whole.enter(SEQUENCE)?;
        if inner.peek() == Some(VERSION) {
            inner.next()?;
        }
        inner.take_if(INTEGER)?;
        inner.enter(SEQUENCE)?;
        let issuer = name(inner.enter(SEQUENCE)?)?;
        let mut validity = inner.enter(SEQUENCE)?;
        let not_before = moment(validity.next()?)?;
        let not_after = moment(validity.next()?)?;
        let subject = name(inner.enter(SEQUENCE)?)?;
        let mut certificate = Self {
            subject,
            issuer,
            names: Vec::new(),
            not_before,
            not_after,
            for_servers: true,
            sha256: fingerprint(der),
        };
        inner.enter(SEQUENCE)?;
        for (tag, content) in inner {
            if tag == EXTENSIONS {
                certificate.extensions(Elements(content).enter(SEQUENCE)?)?;
            }
        }
        Some(certificate)
    }

    /// The lines of an error that show it.
    pub(super) fn lines(&self) -> Vec<String> {
        let names = match self.names.as_slice() {
            [] => "no names".into(),
            names => format!("the names {}", names.join(", ")),
        };
        vec![
            format!("its certificate has {names} (subject {})", self.subject),
            format!(
                "valid from {} to {}",
                day(self.not_before),
                day(self.not_after)
            ),
            format!("issued by {}", self.issuer),
            format!("SHA-256 {}", self.sha256),
        ]
    }

    fn extensions(&mut self, mut all: Elements<'_>) -> Option<()> {
        while let Some((SEQUENCE, extension)) = all.next() {
            let mut extension = Elements(extension);
            let id = extension.take_if(OBJECT_ID)?;
            if extension.peek() == Some(BOOLEAN) {
                extension.next()?;
            }
            let mut value = extension.enter(OCTETS)?;
            match id {
                // subjectAltName
                [0x55, 0x1D, 0x11] => {
                    for (tag, content) in value.enter(SEQUENCE)? {
                        if self.names.len() < MOST_NAMES
                            && let Some(name) = host(tag, content)
                        {
                            self.names.push(name);
                        }
                    }
                }
                // extKeyUsage
                [0x55, 0x1D, 0x25] => {
                    let mut usages = value.enter(SEQUENCE)?;
                    self.for_servers = false;
                    while let Some((OBJECT_ID, usage)) = usages.next() {
                        self.for_servers |= SERVER_USAGES.contains(&usage);
                    }
                }
                _ => {}
            }
        }
        Some(())
    }
}

/// `2026-11-21 17:45 UTC`.
pub(super) fn day(moment: OffsetDateTime) -> String {
    moment
        .format(format_description!(
            "[year]-[month]-[day] [hour]:[minute] UTC"
        ))
        .unwrap_or_else(|_| moment.unix_timestamp().to_string())
}

fn fingerprint(der: &[u8]) -> String {
    let bytes: Vec<String> = Sha256::digest(der)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    bytes.join(":")
}

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const BMP_STRING: u8 = 0x1E;
const SET: u8 = 0x31;
const VERSION: u8 = context(0);
const EXTENSIONS: u8 = context(3);

/// A distinguished name as people write it: `CN=web1, O=Example`.
fn name(mut parts: Elements<'_>) -> Option<String> {
    let mut shown = Vec::new();
    while let Some((SET, part)) = parts.next() {
        let mut pair = Elements(part).enter(SEQUENCE)?;
        let id = pair.take_if(OBJECT_ID)?;
        let (tag, value) = pair.next()?;
        let key = match id {
            [0x55, 4, 3] => "CN",
            [0x55, 4, 6] => "C",
            [0x55, 4, 7] => "L",
            [0x55, 4, 8] => "ST",
            [0x55, 4, 10] => "O",
            [0x55, 4, 11] => "OU",
            [0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 1, 25] => "DC",
            _ => continue,
        };
        let value = if tag == BMP_STRING {
            let units = value
                .as_chunks::<2>()
                .0
                .iter()
                .map(|pair| u16::from_be_bytes(*pair));
            let text: String = char::decode_utf16(units)
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect();
            printable(text.as_bytes())
        } else {
            printable(value)
        };
        shown.push(format!("{key}={value}"));
    }
    shown.reverse();
    Some(if shown.is_empty() {
        "nobody".into()
    } else {
        shown.join(", ")
    })
}

/// A host's name or address among the alternative names.
fn host(tag: u8, content: &[u8]) -> Option<String> {
    match tag {
        0x82 => Some(printable(content)),
        0x87 => match content.len() {
            4 => content
                .first_chunk::<4>()
                .map(|bytes| Ipv4Addr::from(*bytes).to_string()),
            16 => content
                .first_chunk::<16>()
                .map(|bytes| Ipv6Addr::from(*bytes).to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
fn moment((tag, content): (u8, &[u8])) -> Option<OffsetDateTime> {
    let text = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: i32 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let mut parts = rest.as_bytes().as_chunks::<2>().0.iter().map(|pair| {
        std::str::from_utf8(pair)
            .ok()
            .and_then(|digits| digits.parse::<u8>().ok())
    });
    let mut part = || parts.next().flatten();
    let month = Month::try_from(part()?).ok()?;
    let date = Date::from_calendar_date(year, month, part()?).ok()?;
    let time = Time::from_hms(part()?, part()?, part().unwrap_or(0)).ok()?;
    Some(PrimitiveDateTime::new(date, time).assume_utc())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    /// Made by OpenSSL: two names, an address, for servers.
    const PEM: &str = include_str!("../../../tests/support/certificate.pem");

    fn der() -> Vec<u8> {
        CertificateDer::from_pem_slice(PEM.as_bytes())
            .unwrap()
            .to_vec()
    }

    #[test]
    fn a_certificate_tells_names_dates_issuer_and_fingerprint() {
        let certificate = Certificate::read(&der()).unwrap();
        assert_eq!(
            certificate.names,
            ["web1.example", "web1", "192.0.2.7", "2001:db8::7"]
        );
        assert_eq!(certificate.subject, "CN=web1.example, O=Example");
        assert_eq!(certificate.issuer, "CN=web1.example, O=Example");
        assert!(certificate.for_servers);
        assert_eq!(day(certificate.not_before), "2026-01-01 00:00 UTC");
        assert_eq!(day(certificate.not_after), "2051-01-01 00:00 UTC");
        assert!(certificate.lines().concat().contains(&certificate.sha256));
    }

    proptest! {
        #[test]
        fn anything_is_read_or_refused(
            at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>()
        ) {
            let mut der = der();
            let at = at.index(der.len());
            der[at] = byte;
            der.truncate(cut.index(der.len()) + 1);
            let _ = Certificate::read(&der);
        }
    }
}
