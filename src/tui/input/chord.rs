//! A key with its modifiers, as written in the key map: `Ctrl+]`, `Alt+b`, `PageUp`, `?`.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key press, in one spelling whatever the terminal sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Chord {
    /// The key.
    pub(crate) code: KeyCode,
    /// Ctrl, Alt and, for keys that are no characters, Shift.
    pub(crate) modifiers: KeyModifiers,
}

const NAMES: [(&str, KeyCode); 16] = [
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Backspace", KeyCode::Backspace),
    ("Delete", KeyCode::Delete),
    ("Insert", KeyCode::Insert),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PageUp", KeyCode::PageUp),
    ("PageDown", KeyCode::PageDown),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Space", KeyCode::Char(' ')),
    ("BackTab", KeyCode::BackTab),
];

impl Chord {
    /// The chord of an event. Terminals without a keyboard protocol send `Ctrl+\ ] ^ _` as `Ctrl+4 5 6 7` and a
    /// capital with or without Shift; both become one.
    pub(crate) fn of(event: KeyEvent) -> Self {
        let mut modifiers =
            event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let mut code = event.code;
        if let KeyCode::Char(c) = code {
            let control = modifiers.contains(KeyModifiers::CONTROL);
            let c = match c {
                '4' if control => '\\',
                '5' if control => ']',
                '6' if control => '^',
                '7' if control => '_',
                _ if control => c.to_ascii_lowercase(),
                _ if modifiers.contains(KeyModifiers::SHIFT) => c.to_ascii_uppercase(),
                _ => c,
            };
            code = KeyCode::Char(c);
            modifiers.remove(KeyModifiers::SHIFT);
        }
        if code == KeyCode::Tab && modifiers.contains(KeyModifiers::SHIFT) {
            code = KeyCode::BackTab;
        }
        if code == KeyCode::BackTab {
            modifiers.remove(KeyModifiers::SHIFT);
        }
        Self { code, modifiers }
    }

    /// The character that this press types, if it types one.
    pub(crate) fn typed(self) -> Option<char> {
        match self.code {
            // AltGr arrives as Ctrl+Alt on Windows.
            KeyCode::Char(c)
                if self.modifiers.is_empty()
                    || self.modifiers == KeyModifiers::CONTROL | KeyModifiers::ALT =>
            {
                Some(c)
            }
            _ => None,
        }
    }
}

impl FromStr for Chord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        while let Some((word, after)) = rest.split_once('+').filter(|(_, after)| !after.is_empty())
        {
            modifiers |= match word.to_ascii_lowercase().as_str() {
                "ctrl" | "control" => KeyModifiers::CONTROL,
                "alt" => KeyModifiers::ALT,
                "shift" => KeyModifiers::SHIFT,
                _ => {
                    return Err(format!(
                        "`{word}` in `{text}` is no modifier: Ctrl, Alt, Shift"
                    ));
                }
            };
            rest = after;
        }
        let named = NAMES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(rest))
            .map(|(_, code)| *code);
        let mut characters = rest.chars();
        let code = match (named, characters.next(), characters.next()) {
            (Some(code), ..) => code,
            (None, Some(c), None) => KeyCode::Char(c),
            (None, Some('F' | 'f'), Some(_)) => rest
                .get(1..)
                .and_then(|digits| digits.parse().ok())
                .filter(|n| (1..=24).contains(n))
                .map(KeyCode::F)
                .ok_or_else(|| format!("`{rest}` in `{text}` is no key"))?,
            _ => return Err(format!("`{rest}` in `{text}` is no key")),
        };
        Ok(Self::of(KeyEvent::new(code, modifiers)))
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, name) in [
            (KeyModifiers::CONTROL, "Ctrl+"),
            (KeyModifiers::ALT, "Alt+"),
            (KeyModifiers::SHIFT, "Shift+"),
        ] {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        match self.code {
            KeyCode::BackTab => f.write_str("Shift+Tab"),
            KeyCode::F(n) => write!(f, "F{n}"),
            code => match NAMES.iter().find(|(_, named)| *named == code) {
                Some((name, _)) => f.write_str(name),
                None => write!(f, "{code}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_read_back_as_they_are_written() {
        for text in [
            "Ctrl+]",
            "Alt+b",
            "PageUp",
            "?",
            "+",
            "F5",
            "Ctrl+Left",
            "Shift+Tab",
            "G",
            "Space",
        ] {
            let chord: Chord = text.parse().unwrap();
            assert_eq!(chord.to_string(), text);
        }
        assert!("Hyper+x".parse::<Chord>().is_err());
        assert!("Nowhere".parse::<Chord>().is_err());
        assert!("".parse::<Chord>().is_err());
    }

    #[test]
    fn what_a_plain_terminal_sends_for_the_prefix_is_the_prefix() {
        let sent = KeyEvent::new(KeyCode::Char('5'), KeyModifiers::CONTROL);
        assert_eq!(Chord::of(sent), "Ctrl+]".parse().unwrap());
    }

    #[test]
    fn a_capital_is_one_chord_with_or_without_shift() {
        let with = KeyEvent::new(KeyCode::Char('g'), KeyModifiers::SHIFT);
        let without = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::NONE);
        assert_eq!(Chord::of(with), Chord::of(without));
        assert_eq!(Chord::of(without).typed(), Some('G'));
    }
}
