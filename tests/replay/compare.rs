//! Compares two values member by member.

use psdeck::clixml::{Content, Object, Value};

/// Where two values differ, as paths: `PowerShell.Cmds[].Args:types`. Members are found by name, entries by key, as
/// their readers do.
pub fn differences(recorded: &Value, ours: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", recorded, ours, &mut found);
    found
}

fn compare(path: &str, recorded: &Value, ours: &Value, found: &mut Vec<String>) {
    match (recorded, ours) {
        (Value::Object(recorded), Value::Object(ours)) => objects(path, recorded, ours, found),
        // The numbers of references are the writer's.
        (Value::Ref(_), Value::Ref(_)) => {}
        _ if recorded == ours => {}
        _ => found.push(path.to_owned()),
    }
}

fn objects(path: &str, recorded: &Object, ours: &Object, found: &mut Vec<String>) {
    if recorded.type_names != ours.type_names {
        found.push(format!("{path}:types"));
    }
    if recorded.to_string != ours.to_string {
        found.push(format!("{path}:string"));
    }
    contents(path, &recorded.content, &ours.content, found);
    let below = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    for (theirs, own) in [
        (&recorded.adapted, &ours.adapted),
        (&recorded.extended, &ours.extended),
    ] {
        for property in theirs {
            let name = property.name.to_str_lossy();
            match own.iter().find(|own| own.name == property.name) {
                Some(own) => compare(&below(&name), &property.value, &own.value, found),
                None => found.push(format!("{}:missing", below(&name))),
            }
        }
        for property in own {
            if !theirs.iter().any(|theirs| theirs.name == property.name) {
                found.push(format!("{}:added", below(&property.name.to_str_lossy())));
            }
        }
    }
}

fn contents(path: &str, recorded: &Content, ours: &Content, found: &mut Vec<String>) {
    match (recorded, ours) {
        (Content::None, Content::None) => {}
        (Content::Value(recorded), Content::Value(ours)) => compare(path, recorded, ours, found),
        (Content::List(kind, recorded), Content::List(our_kind, ours))
            if kind == our_kind && recorded.len() == ours.len() =>
        {
            for (recorded, ours) in recorded.iter().zip(ours) {
                compare(&format!("{path}[]"), recorded, ours, found);
            }
        }
        (Content::Dictionary(recorded), Content::Dictionary(ours))
            if recorded.len() == ours.len() =>
        {
            for (key, value) in recorded {
                match ours.iter().find(|(own, _)| own == key) {
                    Some((_, own)) => compare(&format!("{path}[]"), value, own, found),
                    None => found.push(format!("{path}[]:missing")),
                }
            }
        }
        _ => found.push(format!("{path}:content")),
    }
}
