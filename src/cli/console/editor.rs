//! What keys do to the line.

use crossterm::event::{Event, KeyCode, KeyModifiers};

use super::buffer::Buffer;
use super::history::History;
use crate::cli::tty::pressed;
use crate::language::{Completeness, completeness};
use crate::session::CommandCompletion;

/// The line being typed, and those typed before.
#[derive(Debug, Default)]
pub(in crate::cli) struct Editor {
    buffer: Buffer,
    history: History,
    proposals: Option<Proposals>,
}

/// What a key led to.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) enum Edited {
    /// Nothing to show.
    Nothing,
    /// The line looks different.
    Changed,
    /// A line (or several) to run.
    Submit(String),
    /// Ask the server what could stand at the cursor: the text, and the cursor in UTF-16 units.
    Complete(String, usize),
    /// Ctrl+C.
    Cancel,
    /// Ctrl+D on an empty line.
    Leave,
    /// Ctrl+L.
    Clear,
    /// Ctrl+Z.
    Suspend,
}

/// Proposals of the server, gone through by Tab.
#[derive(Debug)]
struct Proposals {
    completion: CommandCompletion,
    /// Which one the line shows, and the length of its text in UTF-16 units.
    shown: Option<(usize, usize)>,
}

impl Editor {
    pub(in crate::cli) fn text(&self) -> &str {
        self.buffer.text()
    }

    /// What stands before the cursor, and what behind it.
    pub(in crate::cli) fn parts(&self) -> (&str, &str) {
        (self.buffer.before(), self.buffer.after())
    }

    /// What an event of the terminal does.
    pub(in crate::cli) fn event(&mut self, event: Event) -> Edited {
        match event {
            Event::Paste(text) => {
                self.proposals = None;
                self.buffer.insert(&clean(&text));
                Edited::Changed
            }
            Event::Resize(..) => Edited::Changed,
            event => {
                pressed(event).map_or(Edited::Nothing, |key| self.key(key.code, key.modifiers))
            }
        }
    }

    /// The server's proposals: the first one goes into the line, Tab goes on.
    pub(in crate::cli) fn propose(&mut self, completion: CommandCompletion) -> Edited {
        if completion.matches.is_empty() {
            return Edited::Nothing;
        }
        self.proposals = Some(Proposals {
            completion,
            shown: None,
        });
        self.next_proposal(false)
    }

    fn key(&mut self, code: KeyCode, modifiers: KeyModifiers) -> Edited {
        let control = modifiers.contains(KeyModifiers::CONTROL);
        let alt = modifiers.contains(KeyModifiers::ALT);
        match code {
            KeyCode::Tab | KeyCode::BackTab if self.proposals.is_some() => {
                return self.next_proposal(code == KeyCode::BackTab);
            }
            KeyCode::Tab => {
                return Edited::Complete(self.text().to_owned(), self.buffer.cursor_utf16());
            }
            _ => self.proposals = None,
        }
        match code {
            KeyCode::Enter if alt || modifiers.contains(KeyModifiers::SHIFT) => {
                self.buffer.insert("\n")
            }
            KeyCode::Enter => return self.enter(),
            KeyCode::Char('j') if control => return self.enter(),
            KeyCode::Char('c') if control => {
                self.buffer = Buffer::default();
                return Edited::Cancel;
            }
            KeyCode::Char('d') if control && self.text().is_empty() => return Edited::Leave,
            KeyCode::Char('d') if control => self.buffer.delete(),
            KeyCode::Char('l') if control => return Edited::Clear,
            KeyCode::Char('z') if control => return Edited::Suspend,
            KeyCode::Char('a') if control => self.buffer.home(),
            KeyCode::Char('e') if control => self.buffer.end(),
            KeyCode::Char('b') if control => self.buffer.left(),
            KeyCode::Char('f') if control => self.buffer.right(),
            KeyCode::Char('h') if control => self.buffer.backspace(),
            KeyCode::Char('k') if control => self.buffer.delete_to_end(),
            KeyCode::Char('u') if control => self.buffer.delete_to_start(),
            KeyCode::Char('w') if control => self.buffer.delete_word(),
            KeyCode::Char('p') if control => self.vertical(false),
            KeyCode::Char('n') if control => self.vertical(true),
            KeyCode::Char('b') if alt => self.buffer.word_left(),
            KeyCode::Char('f') if alt => self.buffer.word_right(),
            KeyCode::Char(char) if !control && !alt => {
                self.buffer.insert(char.encode_utf8(&mut [0; 4]))
            }
            KeyCode::Left if control || alt => self.buffer.word_left(),
            KeyCode::Right if control || alt => self.buffer.word_right(),
            KeyCode::Left => self.buffer.left(),
            KeyCode::Right => self.buffer.right(),
            KeyCode::Home => self.buffer.home(),
            KeyCode::End => self.buffer.end(),
            KeyCode::Up => self.vertical(false),
            KeyCode::Down => self.vertical(true),
            KeyCode::Backspace if control || alt => self.buffer.delete_word(),
            KeyCode::Backspace => self.buffer.backspace(),
            KeyCode::Delete => self.buffer.delete(),
            KeyCode::Esc => self.buffer = Buffer::default(),
            _ => return Edited::Nothing,
        }
        Edited::Changed
    }

    /// Runs the text, or begins another line of it where it is not complete. An empty line ends it whatever it is, so
    /// that nobody is caught in it.
    fn enter(&mut self) -> Edited {
        let text = self.text();
        let caught = text.ends_with('\n');
        if !caught && matches!(completeness(text), Completeness::Incomplete(_)) {
            self.buffer = Buffer::new(text);
            self.buffer.insert("\n");
            return Edited::Changed;
        }
        let text = std::mem::take(&mut self.buffer)
            .text()
            .trim_end_matches('\n')
            .to_owned();
        self.history.push(&text);
        Edited::Submit(text)
    }

    fn vertical(&mut self, down: bool) {
        if self.buffer.vertical(down) {
            return;
        }
        let line = if down {
            self.history.forward()
        } else {
            self.history.back(self.buffer.text())
        };
        if let Some(line) = line {
            self.buffer = Buffer::new(line);
        }
    }

    fn next_proposal(&mut self, back: bool) -> Edited {
        let Some(proposals) = &mut self.proposals else {
            return Edited::Nothing;
        };
        let count = proposals.completion.matches.len();
        let (at, length) = match proposals.shown {
            None => (0, proposals.completion.replacement_length),
            Some((at, length)) => ((at + if back { count - 1 } else { 1 }) % count, length),
        };
        if let Some(proposal) = proposals.completion.matches.get(at) {
            let text = clean(&proposal.text);
            self.buffer
                .replace_utf16(proposals.completion.replacement_index, length, &text);
            proposals.shown = Some((at, text.encode_utf16().count()));
        }
        Edited::Changed
    }
}

/// Text from outside, fit for the line: no control characters but line ends; a tab becomes blanks.
fn clean(text: &str) -> String {
    let text = text
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .replace('\t', "    ");
    text.chars()
        .filter(|char| *char == '\n' || !char.is_control())
        .collect()
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyEvent;

    use super::*;
    use crate::session::CompletionMatch;

    fn key(code: KeyCode) -> Event {
        Event::Key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn typed(editor: &mut Editor, text: &str) -> Edited {
        let keys = text.chars().map(|char| match char {
            '\n' => KeyCode::Enter,
            char => KeyCode::Char(char),
        });
        let mut last = Edited::Nothing;
        for code in keys {
            last = editor.event(key(code));
        }
        last
    }

    #[test]
    fn an_open_bracket_continues_on_the_next_line() {
        let mut editor = Editor::default();
        assert_eq!(typed(&mut editor, "if ($true) {\n"), Edited::Changed);
        assert_eq!(
            typed(&mut editor, "1 }\n"),
            Edited::Submit("if ($true) {\n1 }".into())
        );
    }

    #[test]
    fn an_empty_line_ends_what_is_not_complete() {
        let mut editor = Editor::default();
        typed(&mut editor, "'open\n");
        assert_eq!(typed(&mut editor, "\n"), Edited::Submit("'open".into()));
    }

    #[test]
    fn history_comes_back_with_up() {
        let mut editor = Editor::default();
        typed(&mut editor, "one\ntwo\ndraft");
        editor.event(key(KeyCode::Up));
        editor.event(key(KeyCode::Up));
        assert_eq!(editor.text(), "one");
        editor.event(key(KeyCode::Down));
        editor.event(key(KeyCode::Down));
        assert_eq!(editor.text(), "draft");
    }

    #[test]
    fn tab_goes_through_the_proposals() {
        let mut editor = Editor::default();
        typed(&mut editor, "gp");
        assert_eq!(
            editor.event(key(KeyCode::Tab)),
            Edited::Complete("gp".into(), 2)
        );
        let proposal = |text: &str| CompletionMatch {
            text: text.into(),
            label: text.into(),
            kind: "Command".into(),
            tool_tip: String::new(),
        };
        editor.propose(CommandCompletion {
            replacement_index: 0,
            replacement_length: 2,
            matches: vec![proposal("Get-Process"), proposal("gps")],
        });
        assert_eq!(editor.text(), "Get-Process");
        editor.event(key(KeyCode::Tab));
        assert_eq!(editor.text(), "gps");
        editor.event(key(KeyCode::BackTab));
        assert_eq!(editor.text(), "Get-Process");
    }

    #[test]
    fn pasted_lines_wait_for_enter() {
        let mut editor = Editor::default();
        assert_eq!(
            editor.event(Event::Paste("1\r\n2\t\u{1b}[2J".into())),
            Edited::Changed
        );
        assert_eq!(editor.text(), "1\n2    [2J");
        assert_eq!(
            typed(&mut editor, "\n"),
            Edited::Submit("1\n2    [2J".into())
        );
    }
}
