//! An independent implementation reads what we write, and we read what it writes.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use psdeck::clixml::{Limits, read, read_all, write};
use serde_json::Value as Json;

use crate::clixml::recorded;
use crate::support::psdeck::Psdeck;
use crate::support::{need, python};

const NAN: &str = "it writes NAN";
const YEAR: &str = "it writes years without their zeros";
const ENUM: &str = "it keeps the numbers of enums that it does not know, not their names";
const CIRCLE: &str = "it follows a list or dictionary in itself without end";
const RECORD: &str = "it makes the message of the category anew, and adds a member";
const EMPTY: &str = "it leaves an empty ToString away";
const COLOUR: &str = "it refuses a colour of -1";

/// Recorded values that psrpcore does not bring back, with the reason. A row that is not needed fails.
const UNLIKE: &[(&str, &str)] = &[
    ("[single]::NaN", NAN),
    ("[double]::NaN", NAN),
    ("[datetime]::MinValue", YEAR),
    ("Get-Date 0", YEAR),
    ("[datetimeoffset]", ENUM),
    ("[dateonly]", ENUM),
    ("[System.IO.FileAttributes]", ENUM),
    ("[System.DayOfWeek]", ENUM),
    ("[System.Management.Automation.ActionPreference]", ENUM),
    ("[regex]", ENUM),
    ("[System.Net.HttpStatusCode]", ENUM),
    ("[System.IO.FileInfo]", ENUM),
    ("[System.Environment]::OSVersion", ENUM),
    ("Get-Variable", ENUM),
    ("Get-ChildItem env:", ENUM),
    ("[System.Management.Automation.Host.KeyInfo]", ENUM),
    ("[System.Management.Automation.Host.BufferCell]", ENUM),
    (",[System.Collections.BitArray]", CIRCLE),
    ("$c=@{};$c.self=$c", CIRCLE),
    ("[System.Management.Automation.ErrorRecord]", RECORD),
    ("[System.DBNull]", EMPTY),
    ("Get-Host", COLOUR),
];

#[test]
fn psrpcore_brings_back_what_we_wrote() {
    let Some(interpreter) = need("psrp", python::python()) else {
        return;
    };
    let written = recorded().map(|(name, text, _)| {
        let values = read_all(text.as_bytes(), &Limits::default()).unwrap();
        (name, write(&values[0]))
    });
    let written: Vec<_> = written.collect();
    let lines: String = written
        .iter()
        .map(|(_, text)| format!("{text}\n"))
        .collect();
    let echoed = echo(&interpreter, &lines);
    assert_eq!(echoed.len(), written.len());

    let (mut used, mut wrong, mut same) = (BTreeSet::new(), Vec::new(), 0);
    let (mut ours, mut theirs, mut names) = (String::new(), String::new(), Vec::new());
    let mut differs = |name: &String, how: String| {
        let script = name.strip_prefix('"').unwrap_or(name);
        match UNLIKE.iter().find(|(known, _)| script.starts_with(known)) {
            Some((known, _)) => drop(used.insert(*known)),
            None => wrong.push(format!("{name}: {how}")),
        }
    };
    for ((name, text), back) in written.iter().zip(&echoed) {
        let Some(back) = back.as_str() else {
            differs(name, "psrpcore cannot read or write it".to_owned());
            continue;
        };
        if let Err(error) = read(back, &Limits::default()) {
            differs(name, format!("we cannot read {back}: {error}"));
            continue;
        }
        names.push(name);
        ours.push_str(text);
        theirs.push_str(back);
    }
    for (index, (ours, theirs)) in json(ours).iter().zip(&json(theirs)).enumerate() {
        if sorted(ours) == sorted(theirs) {
            same += 1;
        } else {
            differs(names[index], format!("{ours}\n{theirs}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let unused: Vec<_> = UNLIKE
        .iter()
        .filter(|(known, _)| !used.contains(known))
        .collect();
    assert!(unused.is_empty(), "not needed: {unused:?}");
    assert_eq!((same, written.len()), (158, 180));
}

/// What psrpcore makes of lines of CLIXML.
fn echo(interpreter: &std::path::Path, lines: &str) -> Vec<Json> {
    let mut child = Command::new(interpreter)
        .arg(python::peers().join("clixml_echo.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let lines = lines.to_owned();
    let writer = std::thread::spawn(move || pipe.write_all(lines.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn json(clixml: String) -> Vec<Json> {
    let psdeck = Psdeck::new().args(["clixml", "--output", "jsonl"]);
    psdeck.input(clixml).run().expect(0).json_lines()
}

/// A text of the value in which the order of members does not count, nor whether a time is UTC or local there: psrpcore
/// does not keep that apart.
fn sorted(value: &Json) -> String {
    match value {
        Json::Object(members) => {
            let mut members: Vec<_> = members
                .iter()
                .map(|(name, value)| format!("{name:?}:{}", sorted(value)))
                .collect();
            members.sort();
            format!("{{{}}}", members.join(","))
        }
        Json::Array(items) => {
            let items: Vec<_> = items.iter().map(sorted).collect();
            format!("[{}]", items.join(","))
        }
        other => other.to_string().replace("+00:00\"", "Z\""),
    }
}
