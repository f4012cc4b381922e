//! Which hosts the user's ssh configuration names: as targets they mean SSH.

use std::fs;
use std::path::{Path, PathBuf};

use super::config::keyword;
use crate::transport::fits_pattern;

/// Files that include one another may do so this deep, as with OpenSSH.
const DEPTH: usize = 16;
/// Files that are read at most.
const FILES: usize = 256;

/// The names of `Host` lines in the user's ssh configuration, or in `file` (`none` for no file). Patterns name no host,
/// and a file that cannot be read names none.
pub fn hosts(file: Option<&Path>) -> Vec<String> {
    let home = std::env::home_dir().map(|home| home.join(".ssh"));
    let file = match (file, &home) {
        (Some(file), _) if file == Path::new("none") => return Vec::new(),
        (Some(file), _) => file.to_owned(),
        (None, Some(home)) => home.join("config"),
        (None, None) => return Vec::new(),
    };
    let mut reader = Reader {
        home: home.unwrap_or_default(),
        left: FILES,
        hosts: Vec::new(),
    };
    reader.read(&file, 0);
    reader.hosts
}

struct Reader {
    /// What the names of included files begin at.
    home: PathBuf,
    left: usize,
    hosts: Vec<String>,
}

impl Reader {
    fn read(&mut self, file: &Path, depth: usize) {
        if depth > DEPTH || self.left == 0 {
            return;
        }
        self.left -= 1;
        let Ok(text) = fs::read_to_string(file) else {
            return;
        };
        for (key, value) in text.lines().filter_map(keyword) {
            match &*key {
                "host" => self.hosts.extend(
                    value
                        .split_whitespace()
                        .map(|name| name.trim_matches('"'))
                        .filter(|name| !name.is_empty() && !name.contains(['*', '?', '!']))
                        .map(str::to_owned),
                ),
                "include" => {
                    for name in value.split_whitespace() {
                        for file in self.included(name.trim_matches('"')) {
                            self.read(&file, depth + 1);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// The files that an `Include` names; stars stand in the last part of its path.
    fn included(&self, name: &str) -> Vec<PathBuf> {
        let path = match name.strip_prefix("~/") {
            Some(rest) => self.home.with_file_name(rest),
            None => self.home.join(name),
        };
        let (Some(folder), Some(pattern)) = (path.parent(), path.file_name()) else {
            return Vec::new();
        };
        let pattern = pattern.to_string_lossy();
        if !pattern.contains(['*', '?']) {
            return vec![path];
        }
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<_> = entries
            .filter(|entry| fits_pattern(&pattern, &entry.file_name().to_string_lossy()))
            .map(|entry| entry.path())
            .collect();
        files.sort();
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_and_patterns_are_not_and_included_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let all = folder.path().join("conf.*");
        write("conf.a", "Host inner\n");
        write("conf.b", "host=last\n");
        let text = format!(
            "# Host no\nHost web1 web2 *.lab !web3 \"db1\"\n  HostName x\nInclude {}\nHost *\n",
            all.display()
        );
        write("config", &text);
        let found = hosts(Some(&folder.path().join("config")));
        assert_eq!(found, ["web1", "web2", "db1", "inner", "last"]);
    }

    #[test]
    fn a_file_that_includes_itself_ends() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        let line = format!("Include {0}\nInclude {0}\nHost a\n", file.display());
        fs::write(&file, line).unwrap();
        assert!(hosts(Some(&file)).len() <= FILES);
        assert!(hosts(Some(Path::new("none"))).is_empty());
        assert!(hosts(Some(&folder.path().join("missing"))).is_empty());
    }
}
