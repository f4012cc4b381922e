//! The language of this computer's user.

/// What the environment says, `de-DE` say; `None` where it says nothing, or `C`.
pub(super) fn system() -> Option<String> {
    let said = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    culture(&said?)
}

/// The culture of a locale's name: `de_DE.UTF-8@euro` is `de-DE`.
fn culture(locale: &str) -> Option<String> {
    let name = locale.split(['.', '@']).next()?;
    let is_part = |part: &str| {
        (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    (name != "POSIX" && name.split('_').all(is_part)).then(|| name.replace('_', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_becomes_a_culture() {
        for (locale, wanted) in [
            ("de_DE.UTF-8", Some("de-DE")),
            ("en_US", Some("en-US")),
            ("ca_ES@valencia", Some("ca-ES")),
            ("fr", Some("fr")),
            ("C", None),
            ("C.UTF-8", None),
            ("POSIX", None),
            ("", None),
            ("../x", None),
        ] {
            assert_eq!(culture(locale).as_deref(), wanted, "{locale}");
        }
    }
}
