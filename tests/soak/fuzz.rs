//! A million inputs or ten minutes for each target, the same ones in each run. A target named in `PSDECK_FUZZ` runs
//! alone; `PSDECK_FUZZ_SEED` takes another road.

#[path = "../../fuzz/mutate.rs"]
mod mutate;
#[path = "../../fuzz/targets/mod.rs"]
mod targets;

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mutate::Engine;
use targets::{TARGETS, Target};

use crate::memory;

const INPUTS: u32 = 1_000_000;
const TIME: Duration = Duration::from_mins(10);

/// No input of at most 64 KiB may take longer.
const SLOWEST: Duration = Duration::from_secs(2);

/// The process may not grow past this many kilobytes.
const MEMORY: u64 = 600_000;

/// More findings than these in one target say nothing new.
const FINDINGS: usize = 10;

#[test]
fn fuzzing_finds_nothing() {
    if !crate::wanted() {
        return;
    }
    let only = std::env::var("PSDECK_FUZZ").ok();
    let seed = std::env::var("PSDECK_FUZZ_SEED").map_or(1, |seed| seed.parse().unwrap());
    std::panic::set_hook(Box::new(|_| {}));
    let mut findings = Vec::new();
    for target in TARGETS {
        if only.as_deref().is_none_or(|only| only == target.name) {
            findings.extend(fuzz(target, seed));
        }
    }
    drop(std::panic::take_hook());
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

fn fuzz(target: &Target, seed: u64) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let findings = folder.join("findings").join(target.name);
    fs::create_dir_all(&findings).unwrap();
    let mut engine = Engine::new(
        seed,
        seeds(&folder.join("corpus").join(target.name)),
        target.words,
    );
    // What ends the whole process (a stack that overflows) leaves its input here.
    let last = findings.join("last");
    let mut note = File::create(&last).unwrap();
    let (start, mut executions, mut found) = (Instant::now(), 0, Vec::new());
    while executions < INPUTS && start.elapsed() < TIME && found.len() < FINDINGS {
        executions += 1;
        let input = engine.input();
        note.rewind().unwrap();
        note.set_len(0).unwrap();
        note.write_all(&input).unwrap();
        let began = Instant::now();
        let fared = catch_unwind(AssertUnwindSafe(|| (target.run)(&input)));
        let mut finding = |what: &str| {
            let path = findings.join(format!("{what}-{executions}"));
            fs::write(&path, &input).unwrap();
            found.push(path.display().to_string());
        };
        match fared {
            Ok(fared) => engine.learn(&input, fared),
            Err(_) => finding("panic"),
        }
        if began.elapsed() > SLOWEST {
            finding("slow");
        }
        if executions % 10_000 == 0 && memory() > MEMORY {
            finding("memory");
            break;
        }
    }
    fs::remove_file(last).unwrap();
    println!(
        "{}: {executions} inputs in {} s, {} ways, {} kB resident, {} findings",
        target.name,
        start.elapsed().as_secs(),
        engine.ways(),
        memory(),
        found.len()
    );
    found
}

fn seeds(folder: &Path) -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|path| fs::read(path).unwrap()).collect()
}
