//! How fast CLIXML is read and written, as ratios to a bare XML event scan of the same bytes in the same run, and to
//! psrpcore, which does the same work in Python.
//!
//! Goals: reading within 1.5 of the scan, writing within 1.0; 20 times as fast as psrpcore.
#![allow(
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and ends on the first defect"
)]

#[path = "../tests/support/python.rs"]
mod python;

use std::hint::black_box;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use psdeck::clixml::{self, Limits, Object, Value};
use quick_xml::events::Event;

const RECORDING: &str = include_str!("../tests/recordings/clixml.jsonl");

fn main() {
    measure("recorded values, a message each", &recorded());
    measure("2,000 objects, a message each", &vec![objects(1); 2_000]);
    measure("2,000 objects in one list", &[objects(2_000)]);
    measure("20,000 numbers in one list", &[numbers(20_000)]);
}

/// The values that PowerShell serialised, as they would travel.
fn recorded() -> Vec<String> {
    let lines = RECORDING.lines().filter_map(|line| {
        // Two lines hold lone surrogates in their texts, which serde_json does not take; they do not count here.
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        let text = line.get("clixml")?.as_str()?.to_owned();
        let values = clixml::read_all(text.as_bytes(), &Limits::default()).unwrap();
        Some(clixml::write(values.first()?))
    });
    lines.collect()
}

/// Objects such as `Get-ChildItem | Select-Object` gives.
fn objects(count: i64) -> String {
    let types: clixml::TypeNames = [
        "Selected.System.IO.FileInfo",
        "System.Management.Automation.PSCustomObject",
        "System.Object",
    ]
    .map(Into::into)
    .into();
    let objects = (0..count).map(|number| {
        let mut object = Object::bag([
            ("Name", Value::from(format!("file_{number}.txt"))),
            (
                "FullName",
                Value::from(format!("C:\\Users\\alice\\Documents\\file_{number}.txt")),
            ),
            ("Length", Value::Int64(number * 1031)),
            ("IsReadOnly", Value::Bool(number % 2 == 0)),
            (
                "LastWriteTime",
                Value::DateTime("2026-11-21T04:26:10.7093195+00:00".parse().unwrap()),
            ),
            ("LinkTarget", Value::Null),
        ]);
        object.type_names = Some(types.clone());
        object.into()
    });
    clixml::write(&Object::list(objects).into())
}

fn numbers(count: i32) -> String {
    clixml::write(&Object::list((0..count).map(Value::Int32)).into())
}

fn measure(name: &str, messages: &[String]) {
    let wanted = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    if wanted.is_some_and(|wanted| !name.contains(&wanted)) {
        return;
    }
    let bytes: usize = messages.iter().map(String::len).sum();
    let ours = Times::of(messages);
    let ratio = |time: Duration| time.as_secs_f64() / ours.scan.as_secs_f64();
    println!("{name}: {bytes} bytes");
    println!("  bare scan {:>10.2?}  1.00", ours.scan);
    println!(
        "  reading   {:>10.2?}  {:.2}  (goal 1.5)",
        ours.read,
        ratio(ours.read)
    );
    println!(
        "  writing   {:>10.2?}  {:.2}  (goal 1.0)",
        ours.write,
        ratio(ours.write)
    );
    let theirs = match psrpcore(messages) {
        Ok(theirs) => theirs,
        Err(reason) => return println!("  psrpcore  skipped: {reason}"),
    };
    // Only what psrpcore can do at all is compared.
    let done: Vec<String> = theirs.done.iter().map(|at| messages[*at].clone()).collect();
    let ours = Times::of(&done);
    println!(
        "  psrpcore  reads in {:.2?}, writes in {:.2?}, {} of {} messages; we read {:.0} and write {:.0} times as fast (goal 20)",
        theirs.read,
        theirs.write,
        done.len(),
        messages.len(),
        theirs.read.as_secs_f64() / ours.read.as_secs_f64(),
        theirs.write.as_secs_f64() / ours.write.as_secs_f64(),
    );
}

/// Our times for all messages together.
struct Times {
    scan: Duration,
    read: Duration,
    write: Duration,
}

impl Times {
    fn of(messages: &[String]) -> Self {
        let limits = Limits::default();
        let values: Vec<Value> = messages
            .iter()
            .map(|message| clixml::read(message, &limits).unwrap())
            .collect();
        Self {
            scan: best(|| messages.iter().map(|message| scan(message)).sum::<usize>()),
            read: best(|| {
                for message in messages {
                    black_box(clixml::read(message, &limits).unwrap());
                }
            }),
            write: best(|| {
                let values = values.iter();
                values
                    .map(|value| clixml::write(value).len())
                    .sum::<usize>()
            }),
        }
    }
}

/// psrpcore's times, and the places of the messages that it can read and write.
struct Psrpcore {
    read: Duration,
    write: Duration,
    done: Vec<usize>,
}

/// Takes a list of messages as JSON, answers with the best times of three turns and what it could do.
const PSRPCORE: &str = r#"
import json, sys, time
from xml.etree import ElementTree
from psrpcore.types import deserialize, serialize
def read(text): return deserialize(ElementTree.fromstring(text), None)
def write(value): return ElementTree.tostring(serialize(value, None), encoding="unicode")
done, texts, values = [], [], []
for at, text in enumerate(json.load(sys.stdin)):
    try:
        value = read(text)
        write(value)
    except Exception:
        continue
    done.append(at), texts.append(text), values.append(value)
def best(act, items):
    times = []
    for _ in range(3):
        start = time.perf_counter()
        for item in items:
            act(item)
        times.append(time.perf_counter() - start)
    return min(times)
print(json.dumps({"read": best(read, texts), "write": best(write, values), "done": done}))
"#;

fn psrpcore(messages: &[String]) -> Result<Psrpcore, String> {
    let mut child = Command::new(python::python()?)
        .args(["-c", PSRPCORE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let mut input = child.stdin.take().expect("a pipe");
    input
        .write_all(serde_json::json!(messages).to_string().as_bytes())
        .map_err(|error| error.to_string())?;
    drop(input);
    let output = child
        .wait_with_output()
        .map_err(|error| error.to_string())?;
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| String::from_utf8_lossy(&output.stderr).trim().to_owned())?;
    let time = |what: &str| Duration::from_secs_f64(answer[what].as_f64().unwrap());
    let done = answer["done"].as_array().unwrap().iter();
    Ok(Psrpcore {
        read: time("read"),
        write: time("write"),
        done: done
            .map(|at| usize::try_from(at.as_u64().unwrap()).unwrap())
            .collect(),
    })
}

/// The events of a text, counted.
fn scan(text: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut events = 0;
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return events,
            _ => events += 1,
        }
    }
}

/// The best time of many runs, for the machine is shared.
fn best<T>(mut run: impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    let mut best = Duration::MAX;
    while start.elapsed() < Duration::from_secs(1) {
        let turn = Instant::now();
        black_box(run());
        best = best.min(turn.elapsed());
    }
    best
}
