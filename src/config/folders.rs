//! Where files are kept, by the platform's rules.

use std::path::PathBuf;

use directories::ProjectDirs;

/// Where `config.toml` is looked for; none for an account without a home.
pub fn config_file() -> Option<PathBuf> {
    Some(project()?.config_dir().join("config.toml"))
}

/// Where the user's own themes are looked for; none for an account without a home.
pub fn themes_folder() -> Option<PathBuf> {
    Some(project()?.config_dir().join("themes"))
}

/// Where history and reports go; none for an account without a home. It may not exist yet.
pub fn state_folder() -> Option<PathBuf> {
    let project = project()?;
    let folder = project
        .state_dir()
        .unwrap_or_else(|| project.data_local_dir());
    Some(folder.to_owned())
}

/// Where sessions are remembered: the folder that `PSDECK_DATA` names, else the platform's; none for an account without a
/// home. It may not exist yet.
pub fn data_folder() -> Option<PathBuf> {
    let named = std::env::var_os("PSDECK_DATA").filter(|named| !named.is_empty());
    if let Some(named) = named {
        return Some(named.into());
    }
    Some(project()?.data_local_dir().to_owned())
}

fn project() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "psdeck")
}
