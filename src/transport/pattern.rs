//! Patterns of host names.

/// Whether a pattern with `*` and `?` takes a name in; case is not minded, as host names are. Linear in time: a hostile pattern cannot make it slow.
pub fn fits_pattern(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let name: Vec<char> = name.to_lowercase().chars().collect();
    let (mut p, mut n, mut retry) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, n));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == name.get(n) => (p, n) = (p + 1, n + 1),
            _ => match retry {
                Some((star, at)) => {
                    (p, n) = (star, at + 1);
                    retry = Some((star, at + 1));
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_take_stars_and_question_marks() {
        for (pattern, name, fits) in [
            ("*", "anything", true),
            ("web?.example", "WEB1.example", true),
            ("web?.example", "web.example", false),
            ("*.example", "example", false),
            ("a*b*c", "axxbyybzc", true),
            ("a*b*c", "axxbyy", false),
            ("", "", true),
        ] {
            assert_eq!(fits_pattern(pattern, name), fits, "{pattern} {name}");
        }
        let slow = "*a".repeat(40) + "b";
        assert!(!fits_pattern(&slow, &"a".repeat(2000)));
    }
}
