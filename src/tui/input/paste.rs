//! What a paste may hold, and when it is asked about first.

/// Cleans pasted text: line ends become `\n`, tabs stay, every other control character goes. An escape sequence or a
/// Ctrl+C hidden in a paste must not act.
pub(crate) fn clean(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .filter(|c| matches!(c, '\n' | '\t') || !c.is_control())
        .collect()
}

/// The lines that would run if the paste were typed: a final line end does not make one more.
pub(crate) fn lines(text: &str) -> Vec<&str> {
    text.strip_suffix('\n')
        .unwrap_or(text)
        .split('\n')
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_interrupts_are_taken_out() {
        assert_eq!(clean("a\u{1b}[201~b\u{3}\r\nc\td\u{9b}"), "a[201~b\nc\td");
    }

    #[test]
    fn a_final_line_end_is_no_line_of_its_own() {
        assert_eq!(lines("one\ntwo\n"), ["one", "two"]);
        assert_eq!(lines("one"), ["one"]);
    }
}
