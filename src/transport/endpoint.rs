//! Where a WSMan target's requests go, by PowerShell's rules for `-ComputerName` and `-ConnectionUri`.

use std::fmt;
use std::net::IpAddr;

use super::address::is_application;
use super::{Failure, FailureKind, Options, Scheme, TargetAddress};

/// The parts of a WSMan server's URL. Its `Display` is the URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// With or without TLS.
    pub scheme: Scheme,
    /// A name, an IPv4 address, or an IPv6 address without its brackets.
    pub host: String,
    /// The port: of a computer 5985, or 5986 under TLS; of a URI 80 or 443.
    pub port: u16,
    /// The path with its slash: `/wsman`.
    pub path: String,
}

impl Endpoint {
    /// What the target names, over what the options say, over what PowerShell takes without either.
    pub fn of(target: &TargetAddress, options: &Options) -> Result<Self, Failure> {
        let TargetAddress::Wsman {
            scheme,
            host,
            port,
            application,
            ..
        } = target
        else {
            return Err(Failure::new(FailureKind::Usage, "no WSMan target"));
        };
        let tls = options.use_ssl;
        let (scheme, usual) = match (scheme, tls) {
            (Some(Scheme::Http), Some(true)) => {
                let message = format!("{target} asks for HTTP, and use_ssl for HTTPS");
                return Err(Failure::new(FailureKind::Usage, message)
                    .hint("write https:// or the computer's name; or leave --use-ssl out"));
            }
            (Some(Scheme::Http), _) => (Scheme::Http, 80),
            (Some(Scheme::Https), _) => (Scheme::Https, 443),
            (None, Some(true)) => (Scheme::Https, 5986),
            (None, _) => (Scheme::Http, 5985),
        };
        let application = application.as_ref().or(options.application_name.as_ref());
        let name = application.map_or("wsman", |name| name.trim_start_matches('/'));
        // PowerShell names its default WSMAN; servers do not mind the case, and write it small.
        let name = if name.eq_ignore_ascii_case("wsman") {
            "wsman"
        } else {
            name
        };
        if !is_application(name) {
            let message = format!("'{name}' is no name of an application");
            return Err(Failure::new(FailureKind::Usage, message)
                .hint("it is the path of the server's URL; without one it is wsman"));
        }
        Ok(Self {
            scheme,
            host: host.clone(),
            port: port.or(options.port).unwrap_or(usual),
            path: format!("/{name}"),
        })
    }

    /// Whether the server is named by its address: no name that a certificate or a domain could vouch for.
    pub fn is_address(&self) -> bool {
        self.name().parse::<IpAddr>().is_ok()
    }

    /// The host as it is called elsewhere: the zone of an IPv6 address means something on this computer only.
    pub fn name(&self) -> &str {
        self.host.split_once('%').map_or(&*self.host, |(ip, _)| ip)
    }

    /// `host:port` as the `Host` header has it, the port always told.
    pub fn authority(&self) -> String {
        let name = self.name();
        if name.contains(':') {
            format!("[{name}]:{}", self.port)
        } else {
            format!("{name}:{}", self.port)
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority(), self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(target: &str, options: &Options) -> String {
        let target = target.parse().unwrap();
        Endpoint::of(&target, options).unwrap().to_string()
    }

    #[test]
    fn a_computer_and_a_uri_have_ports_and_applications_of_their_own() {
        let none = Options::default();
        let tls = Options {
            use_ssl: Some(true),
            ..Options::default()
        };
        let named = Options {
            port: Some(8080),
            application_name: Some("/ps".into()),
            ..Options::default()
        };
        for (target, options, wanted) in [
            ("Server01", &none, "http://Server01:5985/wsman"),
            ("Server01", &tls, "https://Server01:5986/wsman"),
            ("wsman:Server01:80", &tls, "https://Server01:80/wsman"),
            ("::1", &none, "http://[::1]:5985/wsman"),
            ("[fe80::1%eth0]", &none, "http://[fe80::1]:5985/wsman"),
            ("http://web1", &none, "http://web1:80/wsman"),
            ("https://web1", &none, "https://web1:443/wsman"),
            ("https://web1/WSMAN", &tls, "https://web1:443/wsman"),
            ("https://web1:5986/app", &named, "https://web1:5986/app"),
            ("Server01", &named, "http://Server01:8080/ps"),
            ("https://web1", &named, "https://web1:8080/ps"),
        ] {
            assert_eq!(url(target, options), wanted);
        }
    }

    #[test]
    fn what_contradicts_itself_is_the_user_s_to_mend() {
        let tls = Options {
            use_ssl: Some(true),
            ..Options::default()
        };
        let failure = Endpoint::of(&"http://web1".parse().unwrap(), &tls).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Usage);
        let odd = Options {
            application_name: Some("a b".into()),
            ..Options::default()
        };
        let failure = Endpoint::of(&"web1".parse().unwrap(), &odd).unwrap_err();
        assert!(failure.message.contains("'a b'"), "{failure}");
    }

    #[test]
    fn addresses_are_told_from_names() {
        let none = Options::default();
        for (target, wanted) in [
            ("web1", false),
            ("192.0.2.7", true),
            ("[fe80::1%eth0]", true),
        ] {
            let endpoint = Endpoint::of(&target.parse().unwrap(), &none).unwrap();
            assert_eq!(endpoint.is_address(), wanted, "{target}");
        }
    }
}
