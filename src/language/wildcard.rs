//! PowerShell's wildcard patterns.

/// A pattern with `*`, `?`, `[abc]`, `[a-z]`, and the back-tick before what stands for itself. A bracket that nothing closes
/// stands for itself. Case is not minded. Matching takes time linear in the text for each star: a hostile pattern cannot
/// make it slow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WildcardPattern {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Char(char),
    /// Any character.
    One,
    /// Any text.
    Star,
    /// One of these characters, each from one to another.
    Of(Vec<(char, char)>),
}

impl WildcardPattern {
    /// Reads a pattern.
    pub fn new(pattern: &str) -> Self {
        let chars: Vec<char> = pattern.to_lowercase().chars().collect();
        let mut parts = Vec::with_capacity(chars.len());
        let mut rest = chars.as_slice();
        while let Some((first, behind)) = rest.split_first() {
            rest = behind;
            parts.push(match first {
                '`' => match rest.split_first() {
                    Some((escaped, behind)) => {
                        rest = behind;
                        Part::Char(*escaped)
                    }
                    None => Part::Char('`'),
                },
                '?' => Part::One,
                '*' => Part::Star,
                '[' => match set(rest) {
                    Some((of, behind)) => {
                        rest = behind;
                        Part::Of(of)
                    }
                    None => Part::Char('['),
                },
                other => Part::Char(*other),
            });
        }
        Self { parts }
    }

    /// Whether a text is a pattern at all, rather than one name.
    pub fn is_in(text: &str) -> bool {
        let parts = Self::new(text).parts;
        parts.iter().any(|part| !matches!(part, Part::Char(_)))
    }

    /// Whether it takes a text in.
    pub fn fits(&self, text: &str) -> bool {
        let text: Vec<char> = text.to_lowercase().chars().collect();
        let (mut at, mut read, mut retry) = (0, 0, None);
        while let Some(next) = text.get(read) {
            match self.parts.get(at) {
                Some(Part::Star) => {
                    retry = Some((at + 1, read));
                    at += 1;
                }
                Some(part) if part.takes(*next) => (at, read) = (at + 1, read + 1),
                _ => match retry {
                    Some((star, from)) => {
                        (at, read) = (star, from + 1);
                        retry = Some((star, from + 1));
                    }
                    None => return false,
                },
            }
        }
        self.parts.iter().skip(at).all(|part| *part == Part::Star)
    }
}

impl Part {
    fn takes(&self, next: char) -> bool {
        match self {
            Self::Char(own) => *own == next,
            Self::One | Self::Star => true,
            Self::Of(of) => of.iter().any(|(from, to)| (*from..=*to).contains(&next)),
        }
    }
}

type Set<'c> = (Vec<(char, char)>, &'c [char]);

/// What stands behind `[`, up to its `]`, and what follows.
fn set(text: &[char]) -> Option<Set<'_>> {
    let mut of: Vec<(char, char)> = Vec::new();
    let mut rest = text;
    loop {
        rest = match rest {
            // As the first it stands for itself.
            [']', behind @ ..] if !of.is_empty() => return Some((of, behind)),
            ['`', from, behind @ ..] => {
                of.push((*from, *from));
                behind
            }
            [from, '-', to, behind @ ..] if *to != ']' => {
                of.push((*from, *to));
                behind
            }
            [one, behind @ ..] => {
                of.push((*one, *one));
                behind
            }
            [] => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fit_as_they_do_in_powershell() {
        for (pattern, text, fits) in [
            ("*", "anything", true),
            ("web?.example", "WEB1.example", true),
            ("web?.example", "web.example", false),
            ("a*b*c", "axxbyybzc", true),
            ("a*b*c", "axxbyy", false),
            ("", "", true),
            ("", "a", false),
            ("web[12]", "Web2", true),
            ("web[12]", "web3", false),
            ("IT[S-U]ask", "ITTask", true),
            ("IT[a-cx]ask", "ITxask", true),
            ("[]a]", "]", true),
            ("web[1", "web[1", true),
            ("web[a-]", "web-", true),
            ("web`*", "web*", true),
            ("web`*", "web1", false),
            ("web[`]]", "web]", true),
        ] {
            let found = WildcardPattern::new(pattern).fits(text);
            assert_eq!(found, fits, "{pattern} {text}");
        }
        assert!(WildcardPattern::is_in("web[12]") && WildcardPattern::is_in("IT*"));
        assert!(!WildcardPattern::is_in("web[1") && !WildcardPattern::is_in("IT`*"));
    }

    #[test]
    fn a_hostile_pattern_is_not_slow() {
        let pattern = WildcardPattern::new(&("*a".repeat(40) + "b"));
        assert!(!pattern.fits(&"a".repeat(2000)));
    }
}
