//! A style as a theme file writes it: `bold cyan on black`.

use ratatui::style::{Color, Modifier, Style};

const COLOURS: [(&str, Color); 17] = [
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

const MODIFIERS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
];

/// Reads a style: modifiers, a colour, `on` and the colour behind. Colours are the sixteen names, `0` to `255`, and
/// `#rrggbb`.
pub(super) fn read(text: &str) -> Result<Style, String> {
    let mut style = Style::new();
    let mut behind = false;
    for word in text.split_whitespace() {
        if word == "on" {
            behind = true;
        } else if let Some((_, modifier)) = MODIFIERS.iter().find(|(name, _)| *name == word) {
            style = style.add_modifier(*modifier);
        } else {
            let colour = colour(word).ok_or_else(|| {
                format!("`{word}` is no colour and none of bold, dim, italic, underline, reverse")
            })?;
            style = if behind {
                style.bg(colour)
            } else {
                style.fg(colour)
            };
            behind = false;
        }
    }
    Ok(style)
}

/// The style with its modifiers only.
pub(super) fn without_colour(style: Style) -> Style {
    Style::new().add_modifier(style.add_modifier)
}

fn colour(word: &str) -> Option<Color> {
    if let Some((_, colour)) = COLOURS.iter().find(|(name, _)| *name == word) {
        return Some(*colour);
    }
    if let Some(hex) = word.strip_prefix('#').filter(|hex| hex.len() == 6) {
        let value = u32::from_str_radix(hex, 16).ok()?;
        let [_, red, green, blue] = value.to_be_bytes();
        return Some(Color::Rgb(red, green, blue));
    }
    word.parse().ok().map(Color::Indexed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_are_words() {
        assert_eq!(
            read("bold cyan on #102030").unwrap(),
            Style::new()
                .fg(Color::Cyan)
                .bg(Color::Rgb(16, 32, 48))
                .add_modifier(Modifier::BOLD)
        );
        assert_eq!(read("").unwrap(), Style::new());
        assert!(read("mauve").is_err());
    }
}
