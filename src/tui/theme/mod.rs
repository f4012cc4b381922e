//! Colours by role, from `themes/*.toml`.

mod style;

use std::collections::BTreeMap;
use std::path::Path;

use ratatui::style::Style;

/// What a piece of the screen is. Each role is a line of a theme file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    Text,
    Dim,
    Border,
    Title,
    Tab,
    TabActive,
    Unread,
    Header,
    Selected,
    Opened,
    Disconnected,
    Broken,
    Changing,
    Busy,
    Key,
    Hint,
    Prompt,
    Error,
    Warning,
    Verbose,
    Debug,
    Notice,
    Progress,
    Dialog,
    DialogBorder,
    Field,
    FieldActive,
    Match,
    Toast,
}

const ROLES: [(&str, Role); 29] = [
    ("text", Role::Text),
    ("dim", Role::Dim),
    ("border", Role::Border),
    ("title", Role::Title),
    ("tab", Role::Tab),
    ("tab_active", Role::TabActive),
    ("unread", Role::Unread),
    ("header", Role::Header),
    ("selected", Role::Selected),
    ("opened", Role::Opened),
    ("disconnected", Role::Disconnected),
    ("broken", Role::Broken),
    ("changing", Role::Changing),
    ("busy", Role::Busy),
    ("key", Role::Key),
    ("hint", Role::Hint),
    ("prompt", Role::Prompt),
    ("error", Role::Error),
    ("warning", Role::Warning),
    ("verbose", Role::Verbose),
    ("debug", Role::Debug),
    ("notice", Role::Notice),
    ("progress", Role::Progress),
    ("dialog", Role::Dialog),
    ("dialog_border", Role::DialogBorder),
    ("field", Role::Field),
    ("field_active", Role::FieldActive),
    ("match", Role::Match),
    ("toast", Role::Toast),
];

const EMBEDDED: [(&str, &str); 3] = [
    ("terminal", include_str!("../../../themes/terminal.toml")),
    ("dark", include_str!("../../../themes/dark.toml")),
    ("light", include_str!("../../../themes/light.toml")),
];

/// A style for every role.
#[derive(Clone, Debug)]
pub(crate) struct Theme {
    styles: [Style; ROLES.len()],
    colours: bool,
}

impl Theme {
    /// Reads the theme of that name: a file `NAME.toml` of the folder, else an embedded one. Roles that a file leaves
    /// out are the terminal theme's. Without `colours` it is the terminal theme, which sets everything off by weight,
    /// underline or reverse too, with these alone.
    pub(crate) fn load(name: &str, folder: Option<&Path>, colours: bool) -> Result<Self, String> {
        let own = folder
            .filter(|_| !name.contains(['/', '\\', '.']))
            .map(|folder| folder.join(format!("{name}.toml")))
            .filter(|path| path.is_file());
        let text = match &own {
            Some(path) => std::fs::read_to_string(path)
                .map_err(|error| format!("theme {}: {error}", path.display()))?,
            None => EMBEDDED
                .iter()
                .find(|(embedded, _)| *embedded == name)
                .map(|(_, text)| (*text).to_owned())
                .ok_or_else(|| {
                    format!("there is no theme `{name}`; terminal, dark and light are built in")
                })?,
        };
        let mut theme = Self::terminal(colours);
        if !colours {
            return Ok(theme);
        }
        theme
            .apply(&text)
            .map_err(|reason| format!("theme {name}: {reason}"))?;
        Ok(theme)
    }

    /// The default: the terminal's own colours.
    pub(crate) fn terminal(colours: bool) -> Self {
        let mut theme = Self {
            styles: [Style::new(); ROLES.len()],
            colours,
        };
        let [(_, text), ..] = EMBEDDED;
        // Embedded, and read by a test.
        let _ = theme.apply(text);
        theme
    }

    /// The style of a role.
    pub(crate) fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// Whether colours are shown at all.
    pub(crate) fn colours(&self) -> bool {
        self.colours
    }

    fn apply(&mut self, text: &str) -> Result<(), String> {
        let table: BTreeMap<String, String> =
            toml::from_str(text).map_err(|error| error.to_string())?;
        for (name, value) in table {
            let role = ROLES
                .iter()
                .find(|(role, _)| *role == name)
                .map(|(_, role)| *role)
                .ok_or_else(|| format!("there is no role `{name}`"))?;
            let style = style::read(&value).map_err(|reason| format!("{name}: {reason}"))?;
            if let Some(slot) = self.styles.get_mut(role as usize) {
                *slot = if self.colours {
                    style
                } else {
                    style::without_colour(style)
                };
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::{Color, Modifier};

    #[test]
    fn roles_stand_in_the_order_of_their_numbers() {
        for (index, (_, role)) in ROLES.iter().enumerate() {
            assert_eq!(*role as usize, index);
        }
    }

    #[test]
    fn the_embedded_themes_name_every_role() {
        for (name, text) in EMBEDDED {
            let table: BTreeMap<String, String> = toml::from_str(text).unwrap();
            for (role, _) in ROLES {
                assert!(table.contains_key(role), "{name} lacks {role}");
            }
            Theme::load(name, None, true).unwrap();
        }
    }

    #[test]
    fn no_colour_keeps_weights() {
        let theme = Theme::load("dark", None, false).unwrap();
        for (_, role) in ROLES {
            let style = theme.style(role);
            assert!(matches!(style.fg, None | Some(Color::Reset)));
            assert!(matches!(style.bg, None | Some(Color::Reset)));
        }
        assert!(
            theme
                .style(Role::Selected)
                .add_modifier
                .contains(Modifier::REVERSED)
        );
    }

    #[test]
    fn a_file_of_the_user_overrides_a_few_roles() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("mine.toml"), "error = \"magenta bold\"").unwrap();
        let theme = Theme::load("mine", Some(folder.path()), true).unwrap();
        assert_eq!(theme.style(Role::Error).fg, Some(Color::Magenta));
        assert_eq!(
            theme.style(Role::Warning),
            Theme::terminal(true).style(Role::Warning)
        );
        std::fs::write(folder.path().join("bad.toml"), "eror = \"red\"").unwrap();
        let error = Theme::load("bad", Some(folder.path()), true).unwrap_err();
        assert!(error.contains("there is no role `eror`"), "{error}");
    }
}
