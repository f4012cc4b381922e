//! How fast CLIXML is read and written, as ratios to a bare XML event scan of the same bytes in the same run.
//!
//! Goals: reading within 1.5, writing within 1.0.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and ends on the first defect"
)]

use std::hint::black_box;
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
    let limits = Limits::default();
    let values: Vec<Value> = messages
        .iter()
        .map(|message| clixml::read(message, &limits).unwrap())
        .collect();
    let scan = best(|| messages.iter().map(|message| scan(message)).sum::<usize>());
    let read = best(|| {
        for message in messages {
            black_box(clixml::read(message, &limits).unwrap());
        }
    });
    let write = best(|| {
        values
            .iter()
            .map(|value| clixml::write(value).len())
            .sum::<usize>()
    });
    let ratio = |time: Duration| time.as_secs_f64() / scan.as_secs_f64();
    println!("{name}: {bytes} bytes");
    println!("  bare scan {scan:>10.2?}  1.00");
    println!("  reading   {read:>10.2?}  {:.2}  (goal 1.5)", ratio(read));
    println!(
        "  writing   {write:>10.2?}  {:.2}  (goal 1.0)",
        ratio(write)
    );
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
