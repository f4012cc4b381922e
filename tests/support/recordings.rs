//! The recordings that are not part of the project.

use std::path::{Path, PathBuf};

use super::need;

/// A folder of the recordings: of `PSDECK_REFERENCE`, else of `../shared/reference`; `None` after printing that it is not
/// there.
pub fn reference(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("PSDECK_REFERENCE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference"),
        PathBuf::from,
    );
    let folder = root.join(name);
    need(
        "recordings",
        folder
            .is_dir()
            .then_some(folder.clone())
            .ok_or_else(|| format!("no {}", folder.display())),
    )
}
