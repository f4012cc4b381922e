//! How to get in: what a user may say besides the target's name.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::PasswordCommand;

/// The connection options that transports read; all optional. Verbs, profiles and the dialog fill the same structure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// What the user calls the computer, where the target does not say it: the name of its profile.
    #[serde(skip)]
    pub computer_name: Option<String>,
    /// The account; what the target names goes before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The port; what the target names goes before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Key files (`--identity`), tried before those of the ssh configuration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identity: Vec<PathBuf>,
    /// What prints the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_command: Option<PasswordCommand>,
    /// The SSH subsystem; `powershell` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subsystem: Option<String>,
    /// The session configuration of a WSMan server, by name or by resource URI; `Microsoft.PowerShell` when absent. Of
    /// SSH the subsystem, where `subsystem` does not name one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration_name: Option<String>,
    /// The application of a WSMan server's URL; `wsman` when absent. What a URI names goes before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_name: Option<String>,
    /// How to prove who we are to a WSMan server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<Authentication>,
    /// Whether WSMan to a computer goes over HTTPS, with 5986 for its port. A URI says it itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_ssl: Option<bool>,
    /// A file of PEM certificates: the authorities to trust in place of the platform's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// Whether a certificate of an unknown authority is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_ca_check: Option<bool>,
    /// Whether a certificate with another computer's name is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_cn_check: Option<bool>,
    /// Whether the server is trusted with an authentication that does not prove to us who it is. The configuration's
    /// `trusted_hosts` come to stand here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust_host: Option<bool>,
    /// Whether messages over HTTP may travel in the clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_encryption: Option<bool>,
    /// How long a WSMan server may take for one operation, and opening as a whole.
    #[serde(with = "seconds", skip_serializing_if = "Option::is_none")]
    pub operation_timeout: Option<Duration>,
    /// How long a server keeps a session that has no client; the server's own time when absent.
    #[serde(with = "seconds", skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<Duration>,
    /// What becomes of a disconnected session's output that finds no room; the server's own way when absent.
    #[serde(
        rename = "output_buffering_mode",
        skip_serializing_if = "Option::is_none"
    )]
    pub buffering: Option<Buffering>,
    /// How long a lost network is tried again before the session counts as disconnected.
    #[serde(skip)]
    pub retry_window: Option<Duration>,
    /// The language of a WSMan server's messages and the way it writes numbers and dates: `de-DE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub culture: Option<String>,
    /// Whether a WSMan server skips the profile of the Windows account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_remote_profile: Option<bool>,
    /// Settings as `ssh -o` takes them, `KEY=VALUE` each.
    #[serde(rename = "ssh_options", skip_serializing_if = "Vec::is_empty")]
    pub ssh_options: Vec<String>,
    /// The ssh configuration file to read in place of the user's and the system's; `none` for no file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_config: Option<PathBuf>,
    /// How long each stage of getting in may take, questions to the user aside.
    #[serde(with = "seconds", skip_serializing_if = "Option::is_none")]
    pub connect_timeout: Option<Duration>,
    /// The program of the `local` target; `pwsh` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<PathBuf>,
    /// Where a `local` PowerShell starts; its own choice when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<PathBuf>,
    /// Variables of the environment: of a `local` child, or sent to an SSH server (which may ignore them).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<(String, String)>,
}

impl Options {
    /// The deadline of one stage when nobody set one.
    pub const STAGE_TIMEOUT: Duration = Duration::from_secs(30);
    /// The longest duration that is taken: longer ones do not fit into every clock.
    pub const LONGEST: Duration = Duration::from_hours(24 * 365);
}

/// What becomes of a disconnected session's output that finds no room, in the words of `-OutputBufferingMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Buffering {
    /// The command waits.
    Block,
    /// The output is lost.
    Drop,
}

impl Buffering {
    /// As PowerShell and the wire write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Block => "Block",
            Self::Drop => "Drop",
        }
    }
}

impl FromStr for Buffering {
    type Err = ();

    /// Any case, as PowerShell takes it.
    fn from_str(text: &str) -> Result<Self, ()> {
        match text.to_ascii_lowercase().as_str() {
            "block" => Ok(Self::Block),
            "drop" => Ok(Self::Drop),
            _ => Err(()),
        }
    }
}

/// How to prove who we are, in the words of PowerShell's `-Authentication`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", try_from = "String")]
pub enum Authentication {
    /// The best that the server offers and we have.
    #[default]
    Default,
    /// The password itself goes to the server.
    Basic,
    /// The server and we agree; NTLM at present.
    Negotiate,
    /// NTLM, without agreeing on it.
    Ntlm,
}

impl Authentication {
    /// The names, as options and profiles spell them.
    pub const NAMES: [&str; 4] = ["default", "basic", "negotiate", "ntlm"];
}

impl FromStr for Authentication {
    type Err = ();

    /// Any case, as PowerShell takes it.
    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "default" => Self::Default,
            "basic" => Self::Basic,
            "negotiate" => Self::Negotiate,
            "ntlm" => Self::Ntlm,
            _ => return Err(()),
        })
    }
}

impl TryFrom<String> for Authentication {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|()| {
            let names = Self::NAMES.join(", ");
            format!("'{text}' is no authentication: it is one of {names}")
        })
    }
}

/// A duration as text with its unit: `90s`, `4m`, `1h30m`, `500ms`. A bare number is refused, as is zero, and what is
/// longer than [`Options::LONGEST`].
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let unit = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(unit)?;
        let number: u64 = number.parse().ok()?;
        let part = match unit {
            "ms" => Duration::from_millis(number),
            "s" => Duration::from_secs(number),
            "m" => Duration::from_secs(number.checked_mul(60)?),
            "h" => Duration::from_secs(number.checked_mul(3600)?),
            "d" => Duration::from_secs(number.checked_mul(86400)?),
            _ => return None,
        };
        total = total.checked_add(part)?;
        rest = tail;
    }
    (!total.is_zero() && total <= Options::LONGEST).then_some(total)
}

pub(crate) use seconds::deserialize as deserialize_duration;

mod seconds {
    use std::time::Duration;

    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(
        value: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) if value.subsec_millis() == 0 => {
                to.serialize_str(&format!("{}s", value.as_secs()))
            }
            Some(value) => to.serialize_str(&format!("{}ms", value.as_millis())),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        let text = String::deserialize(from)?;
        super::parse_duration(&text).map(Some).ok_or_else(|| {
            D::Error::custom(format!(
                "'{text}' is no duration with a unit, such as 90s or 4m"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_carry_a_unit() {
        assert_eq!(parse_duration("90s"), Some(Duration::from_secs(90)));
        assert_eq!(parse_duration("1h30m"), Some(Duration::from_mins(90)));
        assert_eq!(parse_duration("500ms"), Some(Duration::from_millis(500)));
        for text in [
            "",
            "90",
            "s",
            "0s",
            "1x",
            "99999999999999999999s",
            "18446744073709551615s",
            "366d",
            "1h30",
            "-1s",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn authentications_are_read_in_any_case_and_written_in_one() {
        for text in ["Basic", "basic", "BASIC"] {
            let options: Options = toml::from_str(&format!("auth = \"{text}\"")).unwrap();
            assert_eq!(options.auth, Some(Authentication::Basic), "{text}");
            assert_eq!(toml::to_string(&options).unwrap(), "auth = \"basic\"\n");
        }
        let error = toml::from_str::<Options>("auth = \"digest\"").unwrap_err();
        assert!(
            error.to_string().contains("one of default, basic"),
            "{error}"
        );
    }

    #[test]
    fn options_are_read_from_a_profile_and_written_back() {
        let text = "user = \"alice\"\nidentity = [\"key\"]\nssh_options = [\"Compression=yes\"]\nconnect_timeout = \"4m\"\n";
        let options: Options = toml::from_str(text).unwrap();
        assert_eq!(options.connect_timeout, Some(Duration::from_mins(4)));
        let written = toml::to_string(&options).unwrap();
        assert_eq!(toml::from_str::<Options>(&written).unwrap(), options);
    }
}
