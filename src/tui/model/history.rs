//! Lines that were run in a pane.

/// The lines, oldest first, and the place the user went back to.
#[derive(Debug, Default)]
pub(crate) struct History {
    lines: Vec<String>,
    /// How many lines back; 0 is the line being typed.
    back: usize,
    /// What was typed before going back.
    draft: String,
}

const MAX_LINES: usize = 1000;

impl History {
    /// Adds a line that was run. Blank ones and the one just before are not added again.
    pub(crate) fn add(&mut self, line: &str) {
        self.back = 0;
        if line.trim().is_empty() || self.lines.last().is_some_and(|last| last == line) {
            return;
        }
        if self.lines.len() == MAX_LINES {
            self.lines.remove(0);
        }
        self.lines.push(line.to_owned());
    }

    /// The line before the one shown; `typed` is what is there now.
    pub(crate) fn back(&mut self, typed: &str) -> Option<&str> {
        if self.back >= self.lines.len() {
            return None;
        }
        if self.back == 0 {
            typed.clone_into(&mut self.draft);
        }
        self.back += 1;
        self.lines
            .get(self.lines.len() - self.back)
            .map(String::as_str)
    }

    /// The line after the one shown, or what was typed.
    pub(crate) fn forward(&mut self) -> Option<&str> {
        if self.back == 0 {
            return None;
        }
        self.back -= 1;
        if self.back == 0 {
            return Some(&self.draft);
        }
        self.lines
            .get(self.lines.len() - self.back)
            .map(String::as_str)
    }

    /// The newest line that holds `text`, `skip` finds further back.
    pub(crate) fn find(&self, text: &str, skip: usize) -> Option<&str> {
        let text = text.to_lowercase();
        self.lines
            .iter()
            .rev()
            .filter(|line| line.to_lowercase().contains(&text))
            .nth(skip)
            .map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn going_back_and_forward_keeps_what_was_typed() {
        let mut history = History::default();
        history.add("one");
        history.add("two");
        history.add("two");
        assert_eq!(history.back("dra"), Some("two"));
        assert_eq!(history.back("two"), Some("one"));
        assert_eq!(history.back("one"), None);
        assert_eq!(history.forward(), Some("two"));
        assert_eq!(history.forward(), Some("dra"));
        assert_eq!(history.forward(), None);
    }

    #[test]
    fn the_newest_match_is_found_first() {
        let mut history = History::default();
        for line in ["Get-Process", "Get-Service", "1+1"] {
            history.add(line);
        }
        assert_eq!(history.find("get", 0), Some("Get-Service"));
        assert_eq!(history.find("get", 1), Some("Get-Process"));
        assert_eq!(history.find("get", 2), None);
    }
}
