//! The lines of this session that were typed before. In memory only: lines may hold secrets.

/// Typed lines, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    lines: Vec<String>,
    /// Which one is shown; none while the user's own is.
    shown: Option<usize>,
    /// What the user had typed before going back.
    draft: String,
}

impl History {
    /// Keeps a line, unless it is the last one again.
    pub(super) fn push(&mut self, line: &str) {
        self.shown = None;
        if !line.trim().is_empty() && self.lines.last().is_none_or(|last| last != line) {
            self.lines.push(line.to_owned());
        }
    }

    /// The line before; `current` is kept if it is the user's own.
    pub(super) fn back(&mut self, current: &str) -> Option<&str> {
        let at = self.shown.unwrap_or(self.lines.len()).checked_sub(1)?;
        if self.shown.is_none() {
            current.clone_into(&mut self.draft);
        }
        self.shown = Some(at);
        self.lines.get(at).map(String::as_str)
    }

    /// The line after; behind the last one the user's own.
    pub(super) fn forward(&mut self) -> Option<&str> {
        let at = self.shown? + 1;
        if at < self.lines.len() {
            self.shown = Some(at);
            return self.lines.get(at).map(String::as_str);
        }
        self.shown = None;
        Some(&self.draft)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn going_back_and_forward_ends_at_the_draft() {
        let mut history = History::default();
        for line in ["a", "b", "b", " "] {
            history.push(line);
        }
        assert_eq!(history.back("draft"), Some("b"));
        assert_eq!(history.back("b"), Some("a"));
        assert_eq!(history.back("a"), None);
        assert_eq!(history.forward(), Some("b"));
        assert_eq!(history.forward(), Some("draft"));
        assert_eq!(history.forward(), None);
    }
}
