//! The properties that .NET gives a URI. Its parsing is followed for addresses with a host, not for every scheme.

use std::fmt::Write as _;

use crate::clixml::{Object, Value};

/// The parts of an absolute URI.
#[derive(Default)]
struct Parts<'a> {
    scheme: String,
    user: &'a str,
    host: String,
    port: Option<u16>,
    path: &'a str,
    query: String,
    fragment: String,
}

/// All properties in the order of .NET; a relative URI has nearly none.
pub(super) fn properties(text: &str) -> Vec<(&'static str, Value)> {
    let parts = parts(text);
    let absolute = parts.is_some();
    let of = |property: fn(&Parts<'_>) -> Value| parts.as_ref().map_or(Value::Null, property);
    vec![
        ("AbsolutePath", of(|uri| uri.path().into())),
        ("AbsoluteUri", of(|uri| uri.whole().into())),
        ("LocalPath", of(|uri| uri.local().into())),
        ("Authority", of(|uri| uri.authority().into())),
        ("HostNameType", of(|uri| uri.host_type().into())),
        ("IsDefaultPort", of(|uri| uri.is_default_port().into())),
        ("IsFile", of(|uri| (uri.scheme == "file").into())),
        ("IsLoopback", of(|uri| uri.is_loopback().into())),
        ("PathAndQuery", of(|uri| (uri.path() + &uri.query).into())),
        ("Segments", of(|uri| segments(&uri.path()))),
        (
            "IsUnc",
            of(|uri| (uri.scheme == "file" && !uri.host.is_empty()).into()),
        ),
        ("Host", of(|uri| uri.host.clone().into())),
        ("Port", of(|uri| uri.effective_port().into())),
        ("Query", of(|uri| uri.query.clone().into())),
        ("Fragment", of(|uri| uri.fragment.clone().into())),
        ("Scheme", of(|uri| uri.scheme.clone().into())),
        ("OriginalString", text.into()),
        ("DnsSafeHost", of(|uri| uri.bare_host().into())),
        ("IdnHost", of(|uri| uri.bare_host().into())),
        ("IsAbsoluteUri", absolute.into()),
        ("UserEscaped", false.into()),
        ("UserInfo", of(|uri| uri.user.into())),
    ]
}

fn parts(text: &str) -> Option<Parts<'_>> {
    let text = text.trim();
    let (scheme, rest) = text.split_once(':')?;
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let begins = scheme.starts_with(|first: char| first.is_ascii_alphabetic());
    if scheme.len() < 2 || !begins || !scheme.bytes().all(valid) {
        return None;
    }
    let (rest, fragment) = split_before(rest, '#');
    let (rest, query) = split_before(rest, '?');
    let mut parts = Parts {
        scheme: scheme.to_ascii_lowercase(),
        query: escaped(query),
        fragment: escaped(fragment),
        path: rest,
        ..Parts::default()
    };
    if let Some(rest) = rest.strip_prefix("//") {
        let (authority, path) = split_before(rest, '/');
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (host, None),
        };
        parts.port = port
            .filter(|port| !port.is_empty())
            .map(str::parse)
            .transpose()
            .ok()?;
        parts.host = host.to_lowercase();
        parts.user = user;
        parts.path = if path.is_empty() { "/" } else { path };
    }
    Some(parts)
}

impl Parts<'_> {
    fn default_port(&self) -> Option<u16> {
        Some(match self.scheme.as_str() {
            "http" | "ws" => 80,
            "https" | "wss" => 443,
            "ftp" => 21,
            "telnet" => 23,
            "ldap" => 389,
            "gopher" => 70,
            "nntp" | "news" => 119,
            "net.tcp" => 808,
            _ => return None,
        })
    }

    fn is_default_port(&self) -> bool {
        self.port.is_none() || self.port == self.default_port()
    }

    fn effective_port(&self) -> i32 {
        self.port.or(self.default_port()).map_or(-1, i32::from)
    }

    fn path(&self) -> String {
        escaped(self.path)
    }

    fn local(&self) -> String {
        unescaped(self.path)
    }

    fn authority(&self) -> String {
        match self.port.filter(|_| !self.is_default_port()) {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    fn whole(&self) -> String {
        let (scheme, path) = (&self.scheme, self.path());
        let (query, fragment) = (&self.query, &self.fragment);
        if self.host.is_empty() && scheme != "file" {
            return format!("{scheme}:{path}{query}{fragment}");
        }
        let at = if self.user.is_empty() { "" } else { "@" };
        let user = escaped(self.user);
        format!(
            "{scheme}://{user}{at}{}{path}{query}{fragment}",
            self.authority()
        )
    }

    fn host_type(&self) -> &'static str {
        match self.host.as_str() {
            "" => "Basic",
            host if host.starts_with('[') => "IPv6",
            host if host.split('.').count() == 4
                && host.split('.').all(|part| part.parse::<u8>().is_ok()) =>
            {
                "IPv4"
            }
            _ => "Dns",
        }
    }

    fn is_loopback(&self) -> bool {
        matches!(self.host.as_str(), "localhost" | "loopback" | "[::1]")
            || self.host_type() == "IPv4" && self.host.starts_with("127.")
            || self.scheme == "file" && self.host.is_empty()
    }

    fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }
}

fn segments(path: &str) -> Value {
    let segments = path.split_inclusive('/').map(Value::from);
    Object::list(segments).into()
}

fn split_before(text: &str, mark: char) -> (&str, &str) {
    text.split_at(text.find(mark).unwrap_or(text.len()))
}

/// With `%` escapes for what a URI may not have.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_ascii_graphic()
            && !matches!(char, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
        {
            out.push(char);
        } else {
            for byte in char.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after
            .get(..2)
            .and_then(|digits| str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, name: &str) -> Value {
        let all = properties(text);
        all.into_iter().find(|(known, _)| *known == name).unwrap().1
    }

    #[test]
    fn parts_are_named_as_dotnet_names_them() {
        let uri = "HTTP://me@Server01:8080/a%20b/c?q=1#x";
        for (name, wanted) in [
            ("AbsoluteUri", "http://me@server01:8080/a%20b/c?q=1#x"),
            ("Authority", "server01:8080"),
            ("LocalPath", "/a b/c"),
            ("PathAndQuery", "/a%20b/c?q=1"),
            ("Fragment", "#x"),
            ("UserInfo", "me"),
        ] {
            assert_eq!(shown(uri, name), wanted.into(), "{name}");
        }
        assert_eq!(shown(uri, "IsDefaultPort"), false.into());
        assert_eq!(shown("http://[::1]/", "DnsSafeHost"), "::1".into());
        assert_eq!(shown("http://127.0.0.1", "IsLoopback"), true.into());
    }

    #[test]
    fn a_relative_address_has_its_text_only() {
        assert_eq!(shown("a/b", "AbsoluteUri"), Value::Null);
        assert_eq!(shown("a/b", "OriginalString"), "a/b".into());
        assert_eq!(shown("a/b", "IsAbsoluteUri"), false.into());
    }
}
