//! Users and their passwords.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::Error;

/// A password. Wiped when dropped; its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

/// A user, as written, and the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The user's name as somebody wrote it; [`Identity::parse`] knows the forms.
    pub user: String,
    /// The password.
    pub password: Password,
}

/// A user's name, taken apart as Windows does it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account; a user principal name (`user@domain.example`) stays whole.
    pub user: String,
    /// The domain, or the computer that has the account, as written before the backslash; `.` is the server itself.
    pub domain: Option<String>,
}

/// The value of an `Authorization` header for Basic (RFC 7617), in UTF-8.
pub fn basic(credential: &Credential) -> Result<Zeroizing<String>, Error> {
    let Credential { user, password } = credential;
    let password = password.expose();
    let bare = |text: &str| !text.chars().any(char::is_control);
    if user.is_empty() || user.contains(':') || !bare(user) || !bare(password) {
        return Err(Error::NotForBasic);
    }
    let pair = Zeroizing::new(format!("{user}:{password}"));
    // Room at once: a buffer that grows leaves its old places behind, unwiped.
    let mut value = Zeroizing::new(String::with_capacity(6 + pair.len() * 4 / 3 + 4));
    value.push_str("Basic ");
    STANDARD.encode_string(pair.as_bytes(), &mut value);
    Ok(value)
}

impl Password {
    /// A password.
    pub fn new(password: impl Into<String>) -> Self {
        Self(Zeroizing::new(password.into()))
    }

    /// The password itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

impl Identity {
    /// Takes `user`, `DOMAIN\user`, `.\user` or `user@domain.example` apart.
    ///
    /// What stands behind a backslash is the account, an `@` in it too (`MicrosoftAccount\someone@example.com`).
    pub fn parse(written: &str) -> Result<Self, Error> {
        let wrong = || Error::UserName(written.to_owned());
        let (domain, user) = match written.split_once('\\') {
            Some((domain, user)) => (Some(domain), user),
            None => (None, written),
        };
        let bare = |text: &str| {
            !text.trim().is_empty()
                && !text
                    .chars()
                    .any(|letter| letter == '\\' || letter.is_control())
        };
        let domain_fits = domain.is_none_or(|domain| bare(domain) && !domain.contains('@'));
        let principal_fits = domain.is_some()
            || user
                .rsplit_once('@')
                .is_none_or(|(user, domain)| bare(user) && bare(domain));
        if !bare(user) || !domain_fits || !principal_fits {
            return Err(wrong());
        }
        Ok(Self {
            user: user.to_owned(),
            domain: domain.map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(written: &str) -> Option<(String, Option<String>)> {
        let identity = Identity::parse(written).ok()?;
        Some((identity.user, identity.domain))
    }

    #[test]
    fn every_written_form_is_read() {
        for (written, user, domain) in [
            ("alice", "alice", None),
            ("PSDECK\\alice", "alice", Some("PSDECK")),
            (".\\alice", "alice", Some(".")),
            ("alice@psdeck.example", "alice@psdeck.example", None),
            (
                "a.lice@corp.psdeck.example",
                "a.lice@corp.psdeck.example",
                None,
            ),
            (
                "MicrosoftAccount\\alice@example.com",
                "alice@example.com",
                Some("MicrosoftAccount"),
            ),
            ("corp.example\\jürgen", "jürgen", Some("corp.example")),
        ] {
            let expected = Some((user.to_owned(), domain.map(str::to_owned)));
            assert_eq!(parsed(written), expected, "{written}");
        }
    }

    #[test]
    fn other_forms_are_refused_with_the_right_ones() {
        for written in [
            "", " ", "\\alice", "PSDECK\\", "a\\b\\c", "@x", "x@", "a@b\\c", "a\nb",
        ] {
            assert_eq!(parsed(written), None, "{written}");
        }
        let error = Identity::parse("DOM\\").unwrap_err().to_string();
        assert!(error.contains("DOMAIN\\USER"), "{error}");
    }

    #[test]
    fn basic_is_what_the_specification_shows() {
        let aladdin = Credential {
            user: "Aladdin".into(),
            password: Password::new("open sesame"),
        };
        // The example of RFC 7617, section 2.
        assert_eq!(
            *basic(&aladdin).unwrap(),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
        let colon = Credential {
            user: "a:b".into(),
            ..aladdin
        };
        assert_eq!(basic(&colon), Err(Error::NotForBasic));
    }

    #[test]
    fn passwords_are_not_printed() {
        let credential = Credential {
            user: "alice".into(),
            password: Password::new("s3cr3t"),
        };
        assert!(!format!("{credential:?}").contains("s3cr3t"));
    }
}
