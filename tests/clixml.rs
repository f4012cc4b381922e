//! CLIXML as PowerShell writes it: what it wrote is read and written back the same.

use psdeck::clixml::records::{ErrorRecord, InformationalRecord, ProgressRecord};
use psdeck::clixml::{self, Limits, Value};
use serde_json::Value as Json;

const RECORDING: &str = include_str!("recordings/clixml.jsonl");

/// The recorded values: script and CLIXML. One could not be serialised by PowerShell itself.
pub fn recorded() -> impl Iterator<Item = (String, String, Json)> {
    RECORDING.lines().filter_map(|line| {
        let line: Json = serde_json::from_str(&readable(line)).unwrap();
        let clixml = line.get("clixml")?.as_str()?.to_owned();
        let script = format!("{} (depth {})", line["script"], line["depth"]);
        Some((script, clixml, line["text"].clone()))
    })
}

/// `serde_json` takes no lone surrogates, which two recorded texts have; a screen shows U+FFFD for them too.
fn readable(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("\\ud") {
        let (before, from) = rest.split_at(at);
        let escape = &from[..6];
        let is_pair = from.get(6..8) == Some("\\u") && escape < "\\udc00";
        let length = if is_pair && from[6..12] >= *"\\udc00" {
            12
        } else {
            6
        };
        out.push_str(before);
        out.push_str(if length == 12 { &from[..12] } else { "\\ufffd" });
        rest = &from[length..];
    }
    out + rest
}

#[test]
fn every_recorded_value_is_written_back_as_it_was() {
    let mut count = 0;
    for (script, text, _) in recorded() {
        let values = clixml::read_all(text.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(clixml::write_objs(&values), text, "{script}");
        let [value] = values.as_slice() else {
            panic!("{script}: {} values", values.len());
        };
        let bare = clixml::write(value);
        let again = clixml::read(&bare, &Limits::default()).unwrap();
        assert_eq!(clixml::write(&again), bare, "{script}");
        count += 1;
    }
    assert_eq!(count, 180);
}

#[test]
fn every_recorded_number_becomes_a_value_of_its_own_type() {
    let read = |wanted: &str| {
        let found = recorded().find(|(script, ..)| script.starts_with(&format!("\"{wanted}\"")));
        let (_, text, _) = found.unwrap_or_else(|| panic!("no {wanted}"));
        clixml::read_all(text.as_bytes(), &Limits::default())
            .unwrap()
            .remove(0)
    };
    assert_eq!(read("[byte]255"), Value::Byte(255));
    assert_eq!(read("[uint64]::MaxValue"), Value::UInt64(u64::MAX));
    assert_eq!(read("[single]::MaxValue"), Value::Single(f32::MAX));
    assert_eq!(read("[double]::Epsilon"), Value::Double(5e-324));
    assert_eq!(read("[char]0x263A"), Value::Char(0x263A));
}

#[test]
fn recorded_records_become_typed() {
    let read = |wanted: &str| {
        let found = recorded()
            .find(|(script, ..)| script.contains(wanted))
            .unwrap();
        clixml::read_all(found.1.as_bytes(), &Limits::default())
            .unwrap()
            .remove(0)
    };
    let error = ErrorRecord::from_value(&read("ErrorRecord]::new([Exception]")).unwrap();
    assert_eq!(error.display_text(), "msg");
    assert_eq!(error.fully_qualified_error_id, "MyId");
    assert_eq!(error.category.name(), Some("InvalidData"));
    assert_eq!(error.exception_type, "System.Exception");
    let progress =
        ProgressRecord::from_value(&read("ProgressRecord]::new(1,'act','stat')")).unwrap();
    assert_eq!(
        (progress.activity.as_str(), progress.activity_id),
        ("act", 1)
    );
    assert_eq!(
        (progress.percent_complete, progress.completed),
        (None, false)
    );
    let warning =
        InformationalRecord::from_value(&read("WarningRecord]::new('id','warn')")).unwrap();
    assert_eq!(warning.message, "warn");
}
