//! Spans of time as people say them.

/// A span of time in its largest units. Minutes are the smallest, so that what is shown changes once a minute at most.
pub(super) fn age(seconds: u64) -> String {
    match seconds {
        0..60 => "less than 1 min".to_owned(),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => match seconds % 3600 / 60 {
            0 => format!("{} h", seconds / 3600),
            minutes => format!("{} h {minutes} min", seconds / 3600),
        },
        _ => format!("{} d", seconds / 86_400),
    }
}

/// What is left, to the second: `3:42`.
pub(super) fn countdown(seconds: u64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_said_in_their_largest_units() {
        assert_eq!(age(59), "less than 1 min");
        assert_eq!(age(5400), "1 h 30 min");
        assert_eq!(age(7200), "2 h");
        assert_eq!(age(200_000), "2 d");
        assert_eq!(countdown(222), "3:42");
    }
}
