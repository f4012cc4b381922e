//! Replays the corpora of `fuzz/`, and mutates them for a moment: what a fuzzer once found must stay mended.

#[path = "../fuzz/mutate.rs"]
mod mutate;
#[path = "../fuzz/targets/mod.rs"]
mod targets;

use std::fs;
use std::path::{Path, PathBuf};

use mutate::Engine;
use targets::{TARGETS, Target};

#[test]
fn the_corpora_are_read_without_a_finding() {
    for target in TARGETS {
        let corpus = corpus(target);
        assert!(!corpus.is_empty(), "fuzz/corpus/{} is empty", target.name);
        for path in corpus {
            println!("{}", path.display());
            (target.run)(&fs::read(path).unwrap());
        }
    }
}

#[test]
fn a_moment_of_mutation_finds_nothing() {
    for target in TARGETS {
        let corpus = corpus(target);
        let seeds = corpus.iter().map(|path| fs::read(path).unwrap()).collect();
        let mut engine = Engine::new(1, seeds, target.words);
        for _ in 0..1000 {
            let input = engine.input();
            let fared = (target.run)(&input);
            engine.learn(&input, fared);
        }
        assert!(
            engine.ways() > 5,
            "{}: mutation changes nothing",
            target.name
        );
    }
}

#[test]
fn every_target_is_one_of_cargo_fuzz_too() {
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for Target { name, .. } in TARGETS {
        assert!(
            manifest.contains(&format!("name = \"{name}\"")),
            "fuzz/Cargo.toml: {name}"
        );
        assert!(
            fuzz().join(format!("fuzz_targets/{name}.rs")).exists(),
            "fuzz/fuzz_targets/{name}.rs"
        );
    }
}

fn corpus(target: &Target) -> Vec<PathBuf> {
    let folder = fuzz().join("corpus").join(target.name);
    let mut files: Vec<_> = fs::read_dir(folder)
        .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default();
    files.sort();
    files
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}
