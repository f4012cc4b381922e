//! The registry of sessions: files that several psdecks share, and that no kill damages.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use psdeck::session::registry::{Held, Holding, Record, RecordState, Registry};
use psdeck::transport::Options;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use uuid::Uuid;

/// The folder that a child process works on; nothing runs in the child's test without it.
const FOLDER: &str = "PSDECK_TEST_HAMMER";
const SEED: &str = "PSDECK_TEST_SEED";
const ROUNDS: &str = "PSDECK_TEST_ROUNDS";
/// How long the names are that it gives: a long record takes long to write.
const NAME: &str = "PSDECK_TEST_NAME";

fn record(id: u32, name: &str) -> Record {
    let target = "https://server01:5986".parse().unwrap();
    let (instance, client) = (Uuid::new_v4(), Uuid::new_v4());
    Record::new(id, name, instance, client, target, &Options::default())
}

fn new(registry: &Registry, name: &str) -> (Record, Held) {
    let record = record(registry.next_id(0).unwrap(), name);
    let held = registry.remember(&record).unwrap();
    (record, held)
}

fn registry() -> (tempfile::TempDir, Registry) {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(folder.path().join("sessions")).unwrap();
    (folder, registry)
}

/// A second psdeck on the same folder.
fn other(registry: &Registry) -> Registry {
    Registry::open(registry.folder()).unwrap()
}

fn seen(registry: &Registry) -> Vec<(u32, Holding)> {
    let records = registry.records().unwrap();
    assert_eq!(records.notes, Vec::<String>::new());
    let records = records.records.into_iter();
    records
        .map(|(record, holding)| (record.id, holding))
        .collect()
}

#[test]
fn a_session_is_remembered_until_it_is_forgotten() {
    let (_folder, registry) = registry();
    let (mut record, held) = new(&registry, "ITTask");
    record.state = RecordState::Opened;
    held.write(&record).unwrap();
    assert_eq!(seen(&registry), [(1, Holding::Ours)]);
    drop(held);
    let second = other(&registry);
    assert_eq!(seen(&second), [(1, Holding::Nobody)]);
    let (read, held) = second.take(1).unwrap().expect("it is free");
    assert_eq!(read, record);
    assert_eq!(seen(&registry), [(1, Holding::Other)]);
    assert!(registry.take(1).unwrap().is_none());
    registry.forget(1).unwrap();
    assert_eq!(seen(&second), [(1, Holding::Ours)]);
    held.forget();
    assert_eq!(seen(&registry), []);
    assert!(registry.take(1).unwrap().is_none());
    let files = fs::read_dir(registry.folder()).unwrap();
    let files: BTreeSet<_> = files.map(|file| file.unwrap().file_name()).collect();
    let left = ["counter", "registry.lock"].map(Into::into);
    assert_eq!(files, BTreeSet::from(left));
    assert_eq!(registry.next_id(0).unwrap(), 2);
}

#[test]
fn what_a_server_tells_of_is_remembered_once() {
    let (_folder, registry) = registry();
    let instance = Uuid::new_v4();
    let adopt = |registry: &Registry| {
        let made = |id| {
            let mut record = record(id, "found");
            record.instance_id = instance;
            record
        };
        registry.adopt(instance, made).unwrap().id
    };
    assert_eq!(adopt(&registry), adopt(&other(&registry)));
    assert_eq!(seen(&registry), [(1, Holding::Nobody)]);
}

#[test]
fn a_damaged_file_is_set_aside_with_a_message_and_the_others_stay() {
    let (_folder, registry) = registry();
    for name in ["a", "b", "c"] {
        new(&registry, name);
    }
    let path = |name: &str| registry.folder().join(name);
    fs::write(path("1.json"), "{").unwrap();
    fs::write(path("2.json"), vec![b' '; 1 << 20]).unwrap();
    let found = registry.records().unwrap();
    assert_eq!(found.records.len(), 1);
    assert_eq!(found.notes.len(), 2, "{:?}", found.notes);
    for (note, file) in found.notes.iter().zip(["1.damaged", "2.damaged"]) {
        assert!(note.contains(file) && note.contains("damaged ("), "{note}");
        assert!(path(file).exists());
    }
    assert_eq!(seen(&registry), [(3, Holding::Nobody)]);
    assert_eq!(registry.next_id(0).unwrap(), 4);
}

#[test]
fn a_counter_that_is_lost_gives_no_number_twice() {
    let (_folder, registry) = registry();
    for _ in 0..3 {
        new(&registry, "a");
    }
    for damage in ["", "seven"] {
        let next = registry.next_id(0).unwrap();
        let _held = registry.remember(&record(next, "b")).unwrap();
        fs::write(registry.folder().join("counter"), damage).unwrap();
        assert_eq!(registry.next_id(0).unwrap(), next + 1);
    }
}

#[cfg(unix)]
#[test]
fn the_files_are_the_users_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let sessions = folder.path().join("data/sessions");
    fs::create_dir_all(&sessions).unwrap();
    fs::set_permissions(&sessions, fs::Permissions::from_mode(0o755)).unwrap();
    let registry = Registry::open(&sessions).unwrap();
    let (record, held) = new(&registry, "a");
    held.write(&record).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&sessions), 0o700);
    for file in fs::read_dir(&sessions).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn two_psdecks_hammer_one_registry_and_nothing_is_lost() {
    let (_folder, registry) = registry();
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let hammers = [0, 1].map(|n| Hammer::start(&registry, seed.wrapping_add(n), 400, 1));
    let journals = hammers.map(Hammer::journal);
    let mut expected = BTreeSet::new();
    for line in journals.iter().flatten() {
        if let Some(id) = line.strip_prefix("made ") {
            assert!(expected.insert(id.to_owned()), "{id} was given twice");
        }
    }
    let made = expected.len();
    for line in journals.iter().flatten() {
        assert!(!line.starts_with("wrong"), "{line}");
        if let Some(id) = line.strip_prefix("forgot ") {
            assert!(expected.remove(id), "{id} was forgotten twice");
        }
    }
    let left = seen(&registry);
    assert!(left.iter().all(|(_, holding)| *holding == Holding::Nobody));
    let left: BTreeSet<_> = left.into_iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(left, expected);
    assert!(
        made > 100 && expected.len() < made,
        "{made} {}",
        expected.len()
    );
}

#[test]
fn a_kill_at_any_time_damages_nothing() {
    let (_folder, registry) = registry();
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    for round in 0..20 {
        let mut hammer = Hammer::start(&registry, random.random(), u32::MAX, 40_000);
        for _ in 0..random.random_range(1..40) {
            hammer.line().expect("it goes on");
            for file in fs::read_dir(registry.folder()).unwrap() {
                let path = file.unwrap().path();
                let whole = fs::read_to_string(&path).unwrap_or_else(|_| "{}".into());
                let is_record = path.extension().is_some_and(|kind| kind == "json");
                let is_torn =
                    is_record && serde_json::from_str::<serde_json::Value>(&whole).is_err();
                assert!(!is_torn, "half a record: {whole}");
            }
        }
        hammer.kill();
        let mut made = BTreeSet::new();
        while let Some(line) = hammer.line() {
            assert!(!line.starts_with("wrong"), "{line}");
            made.extend(line.strip_prefix("made ").map(str::to_owned));
        }
        let left = seen(&registry);
        let nobody = left.iter().all(|(_, holding)| *holding == Holding::Nobody);
        assert!(nobody, "round {round}: {left:?}");
        for (id, _) in left {
            assert!(registry.take(id).unwrap().is_some(), "{id}");
        }
    }
}

/// A process that works on the registry, at random.
struct Hammer {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Hammer {
    fn start(registry: &Registry, seed: u64, rounds: u32, name: usize) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "registry::hammer", "--nocapture", "--ignored"])
            .env(FOLDER, registry.folder())
            .env(SEED, seed.to_string())
            .env(ROUNDS, rounds.to_string())
            .env(NAME, name.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    /// The next line that it says; none when it has ended.
    fn line(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.out.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if let Some(said) = line.trim_end().strip_prefix("hammer: ") {
                return Some(said.to_owned());
            }
        }
    }

    fn journal(mut self) -> Vec<String> {
        let lines = std::iter::from_fn(|| self.line()).collect();
        assert!(self.child.wait().unwrap().success());
        lines
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
#[ignore = "a process of the tests above"]
fn hammer() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let number = |name| std::env::var(name).unwrap().parse::<u64>().unwrap();
    let long = usize::try_from(number(NAME)).unwrap();
    let mut random = StdRng::seed_from_u64(number(SEED));
    let registry = Registry::open(folder).unwrap();
    let mut held: Vec<(Record, Held)> = Vec::new();
    let me = std::process::id();
    println!();
    for round in 0..number(ROUNDS) {
        match random.random_range(0..6) {
            0 | 1 => {
                let (record, hold) = new(&registry, &format!("{me} {round:long$}"));
                println!("hammer: made {}", record.id);
                held.push((record, hold));
            }
            2 if !held.is_empty() => {
                let which = random.random_range(0..held.len());
                let (record, hold) = &mut held[which];
                let found = registry.records().unwrap().records.into_iter();
                let found = found.map(|(found, _)| found).find(|f| f.id == record.id);
                if found.as_ref() != Some(&*record) {
                    println!("hammer: wrong: {record:?} became {found:?}");
                }
                // Writing is what a kill is to come into.
                for _ in 0..4 {
                    record.name = format!("{me} {round:long$}");
                    hold.write(record).unwrap();
                }
                println!("hammer: wrote");
            }
            3 if !held.is_empty() => drop(held.swap_remove(random.random_range(0..held.len()))),
            4 if !held.is_empty() => {
                let (record, hold) = held.swap_remove(random.random_range(0..held.len()));
                hold.forget();
                println!("hammer: forgot {}", record.id);
            }
            _ => {
                let found = registry.records().unwrap();
                for note in found.notes {
                    println!("hammer: wrong: {note}");
                }
                let free = found.records.iter();
                let free = free.filter(|(_, holding)| *holding == Holding::Nobody);
                let free: Vec<_> = free.map(|(record, _)| record.id).collect();
                if !free.is_empty() {
                    let id = free[random.random_range(0..free.len())];
                    held.extend(registry.take(id).unwrap());
                }
                println!("hammer: looked");
            }
        }
    }
}
