//! Holds the house's rules about the source itself: which layer may use which, what stays free of input and output,
//! how long a file may be, and which dependencies come once only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each layer, and the layers that its code (not its tests) may name.
const LAYERS: &[(&str, &str)] = &[
    ("clixml", ""),
    ("language", ""),
    ("remote_text", ""),
    ("psrp", "clixml"),
    ("stdio", "clixml psrp"),
    ("wsman", "psrp"),
    ("auth", ""),
    ("server", "clixml psrp stdio language"),
    ("config", "transport"),
    ("transport", "auth clixml psrp stdio wsman server"),
    ("session", "clixml psrp transport server config"),
    ("format", "clixml"),
    (
        "cmdlets",
        "clixml psrp transport session config language format",
    ),
    (
        "tui",
        "clixml psrp transport session server config language format cmdlets remote_text",
    ),
    (
        "cli",
        "clixml psrp transport session server config language format cmdlets remote_text tui",
    ),
];

/// What only some layers may name, with those layers.
const RESERVED: &[(&str, &str)] = &[
    ("tokio", "transport session server cmdlets cli tui config"),
    ("std::net", "transport"),
    ("tokio::net", "transport"),
    ("russh", "transport"),
    ("hyper", "transport"),
    ("rustls", "transport"),
    ("sspi", "auth"),
    ("std::fs", "transport session server cmdlets cli tui config"),
    ("Instant::now", "transport session server cmdlets cli tui"),
    ("SystemTime", "transport session server cmdlets cli tui"),
    ("now_utc", "transport session server cmdlets cli tui"),
    ("crossterm", "cli tui"),
    ("ratatui", "cli tui"),
];

/// A file of the program past this many bytes, its tests aside, holds two ideas; one of tests may be longer.
const LONGEST_FILE: usize = 15 * 1024;
const LONGEST_TEST: usize = 25 * 1024;

/// The evaluator of the demonstration past this many bytes becomes a shell.
const LARGEST_EVALUATOR: usize = 55 * 1024;

/// Files that may be longer, with the reason. One that has become short again must leave this table.
const LONGER_FILES: &[(&str, &str)] = &[];

#[test]
fn a_layer_uses_only_the_layers_below_it() {
    let allowed: BTreeMap<_, _> = LAYERS.iter().copied().collect();
    let mut wrong = Vec::new();
    for source in sources("src") {
        let Some(layer) = layer_of(&source.path) else {
            continue;
        };
        let Some(below) = allowed.get(layer) else {
            wrong.push(format!(
                "{}: the layer {layer} is not in the table of this test",
                source.path
            ));
            continue;
        };
        for used in crate_paths(&source.code) {
            if used != layer && allowed.contains_key(used.as_str()) && !has(below, &used) {
                wrong.push(format!("{}: {layer} uses {used}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn protocol_layers_have_no_io_and_no_clock_and_lower_layers_no_terminal() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        let Some(layer) = layer_of(&source.path) else {
            continue;
        };
        for (name, layers) in RESERVED {
            if !has(layers, layer) && names(&source.code, name) {
                wrong.push(format!("{}: {layer} names {name}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_stay_short() {
    let exceptions: BTreeMap<_, _> = LONGER_FILES.iter().copied().collect();
    let mut unused: BTreeSet<_> = exceptions.keys().copied().collect();
    let mut wrong = Vec::new();
    for folder in ["src", "tests", "benches", "fuzz"] {
        let longest = match folder {
            "src" => LONGEST_FILE,
            _ => LONGEST_TEST,
        };
        for Source { path, text, .. } in sources(folder) {
            let length = without_tests(&text).len();
            if length > longest && !unused.remove(path.as_str()) {
                wrong.push(format!("{path}: {length} bytes"));
            }
        }
    }
    assert!(wrong.is_empty(), "too long:\n{}", wrong.join("\n"));
    assert!(
        unused.is_empty(),
        "short enough, no exception needed: {unused:?}"
    );
}

#[test]
fn the_demonstration_stays_a_demonstration() {
    let evaluator = sources("src/server/demo").into_iter().filter(|source| {
        let rest = source.path.trim_start_matches("src/server/demo/");
        let folders = ["evaluator/", "values/", "commands/", "fault.rs"];
        folders.iter().any(|folder| rest.starts_with(folder))
    });
    let bytes: usize = evaluator.map(|source| source.text.len()).sum();
    assert!(
        (1..=LARGEST_EVALUATOR).contains(&bytes),
        "{bytes} bytes of evaluator"
    );
}

#[test]
fn lints_are_switched_off_with_a_reason_only() {
    let mut wrong = Vec::new();
    for folder in ["src", "tests", "benches", "fuzz"] {
        for source in sources(folder) {
            for opening in [concat!("[al", "low("), concat!("[ex", "pect(")] {
                for (at, _) in source.text.match_indices(opening) {
                    let attribute = source.text[at..].split(']').next().unwrap();
                    if source.text[..at].ends_with(['#', '!']) && !attribute.contains("reason") {
                        let line = source.text[..at].lines().count();
                        wrong.push(format!("{}:{line}: {attribute}]", source.path));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "no reason given:\n{}", wrong.join("\n"));
}

#[test]
fn the_terminal_and_tls_crates_come_once() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let copies = |name: &str| {
        lock.lines()
            .filter(|line| *line == format!("name = \"{name}\""))
            .count()
    };
    assert_eq!(copies("ratatui"), 1, "two ratatuis give type errors");
    assert_eq!(
        copies("crossterm"),
        1,
        "two crossterms read the same keyboard"
    );
    assert!(copies("rustls") <= 1, "two TLS libraries");
    assert_eq!(copies("tokio"), 1, "two runtimes");
}

/// Whoever clones the project has other folders than whoever wrote a line.
#[test]
fn no_file_names_a_folder_of_the_machine_it_was_written_on() {
    let mut places = vec![
        concat!("/wo", "rk/").to_owned(),
        concat!("/ro", "ot/").to_owned(),
    ];
    places.extend(root().to_str().map(str::to_owned));
    let mut wrong = Vec::new();
    for folder in ["src", "tests", "benches", "fuzz", "themes", "assets", ".ci"] {
        for path in files(folder, "") {
            // Recordings hold what other machines said.
            if path.starts_with("tests/recordings") || path.starts_with("fuzz/corpus") {
                continue;
            }
            let text = fs::read(root().join(&path)).unwrap();
            let text = String::from_utf8_lossy(&text);
            wrong.extend(
                places
                    .iter()
                    .filter(|place| text.contains(*place))
                    .map(|place| format!("{path}: {place}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn has(words: &str, word: &str) -> bool {
    words.split(' ').any(|each| each == word)
}

struct Source {
    /// From the project's folder, with `/`.
    path: String,
    text: String,
    /// The text without comments and without the tests at its end.
    code: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &str) -> Vec<Source> {
    files(folder, "rs")
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(root().join(&path)).unwrap();
            let code = without_tests(&text)
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            Source { path, text, code }
        })
        .collect()
}

fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default()
}

/// The paths of a folder's files, from the project's folder, whose name ends in `extension` (any where empty).
fn files(folder: &str, extension: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["target", "__pycache__", ".pytest_cache"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if extension.is_empty() || path.extension().is_some_and(|end| end == extension) {
                found.push(relative(&path));
            }
        }
    }
    found.sort();
    found
}

fn relative(path: &Path) -> String {
    let parts: PathBuf = path.strip_prefix(root()).unwrap().into();
    parts
        .iter()
        .map(|part| part.to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

/// The module of `src/` that a file belongs to; none for the files of the root, and for a module's tests in a file of
/// their own.
fn layer_of(path: &str) -> Option<&str> {
    let (first, rest) = path.strip_prefix("src/")?.split_once('/')?;
    (!rest.ends_with("tests.rs")).then_some(first)
}

/// The first name of every `crate::…` path, those in braces (`crate::{a, b::c}`) too.
fn crate_paths(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, found_text) in code.match_indices("crate::") {
        let rest = &code[at + found_text.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for letter in group.chars() {
                match letter {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        found.insert(std::mem::take(&mut name));
                    }
                    _ if depth == 0 => name.push(letter),
                    _ => {}
                }
            }
            found.insert(name);
        } else {
            found.insert(rest.to_owned());
        }
    }
    let first = |path: String| {
        path.trim()
            .split(|letter: char| letter != '_' && !letter.is_alphanumeric())
            .next()
            .map(str::to_owned)
    };
    found.into_iter().filter_map(first).collect()
}

/// Whether `name` stands in the code as a whole word.
fn names(code: &str, name: &str) -> bool {
    let part_of_a_word = |letter: char| letter == '_' || letter.is_alphanumeric();
    code.match_indices(name).any(|(at, _)| {
        !code[..at].ends_with(part_of_a_word)
            && !code[at + name.len()..].starts_with(part_of_a_word)
    })
}

#[test]
fn paths_are_read_from_groups_too() {
    let code = "use crate::{psrp::{Target, Priority}, clixml};\nfn f() { crate::tui::run() }";
    assert_eq!(
        crate_paths(code),
        ["clixml", "psrp", "tui"].map(str::to_owned).into()
    );
}
