//! The envelopes of WSMan against recordings of real servers: every answer is read.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use psdeck::wsman::{Answer, Body, FaultCode, Header, Request, Response, Sealed, State, decode};
use quick_xml::Reader;
use quick_xml::events::Event;
use uuid::Uuid;

use crate::support::reference;

#[test]
fn answers_of_windows_servers_are_read() {
    let Some(exchanges) = recorded("windows-wsman", "yml") else {
        return;
    };
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (name, _, answer) in &exchanges {
        if !answer.starts_with('<') {
            continue;
        }
        let response = Response::read(answer).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(response.relates_to.is_some(), "{name}");
        *seen.entry(kind(&response.answer)).or_default() += 1;
    }
    let counts: Vec<_> = seen
        .iter()
        .map(|(kind, count)| (kind.as_str(), *count))
        .collect();
    assert_eq!(
        counts,
        [
            ("Command", 37),
            ("Config", 3),
            ("Connected", 6),
            ("Created Connected", 38),
            ("Done", 59),
            ("Fault InvalidSelectors", 1),
            ("Fault TimedOut", 2),
            ("Page", 6),
            ("Received", 97),
            ("Received Done", 36),
            ("Shell Connected", 3),
            ("Shell Disconnected", 1),
        ]
    );
}

#[test]
fn answers_of_omis_server_are_read_but_for_what_is_none() {
    let Some(exchanges) = recorded("omi-wsman", "jsonl") else {
        return;
    };
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (name, _, answer) in &exchanges {
        let kind = match Response::read(answer) {
            Ok(response) => kind(&response.answer),
            Err(error) if answer.is_empty() => error.to_string(),
            Err(error) => panic!("{name}: {error}: {answer}"),
        };
        *seen.entry(kind).or_default() += 1;
    }
    for kind in [
        "Created",
        "Command",
        "Received",
        "Received Done",
        "Done",
        "Identity",
    ] {
        assert!(seen.contains_key(kind), "no {kind} in {seen:?}");
    }
}

#[test]
fn sealed_bodies_of_omis_server_come_apart() {
    let Some(folder) = reference("omi-wsman") else {
        return;
    };
    let mut count = 0;
    for line in std::fs::read_to_string(folder.join("ntlm.jsonl"))
        .unwrap()
        .lines()
    {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(body) = line["body_b64"].as_str().or(line["body"].as_str()) else {
            continue;
        };
        let Ok(body) = STANDARD.decode(body) else {
            continue;
        };
        if body.starts_with(b"--") {
            let sealed = Sealed::read(&body).unwrap();
            let [piece] = sealed.pieces.as_slice() else {
                panic!("{} pieces", sealed.pieces.len());
            };
            assert_eq!(piece.signature.len(), 16);
            assert!(sealed.content_type.starts_with("application/soap+xml"));
            count += 1;
        }
    }
    assert!(count > 4, "{count}");
}

#[test]
fn a_request_fills_its_envelope() {
    let header = header();
    for limit in [153_600, 512_000] {
        let room = send(&[]).room(&header, limit);
        let data = vec![0; room];
        let length = send(&data).write(&header, Uuid::nil(), None).len();
        assert!(
            length <= limit && length * 100 >= limit * 95,
            "{length} of {limit}"
        );
    }
}

#[test]
fn text_that_xml_cannot_hold_is_written_so_that_it_can() {
    let mut header = header();
    header.to = "http://h/w?a=\"1\"&b=<\u{1}>".to_owned();
    let text = Request {
        resource: "",
        shell: None,
        body: Body::Get,
    }
    .write(&header, Uuid::nil(), None);
    assert_eq!(flat(&text)["Header/To"], "http://h/w?a=\"1\"&b=<\u{fffd}>");
}

#[test]
fn what_is_no_answer_is_named() {
    for (text, says) in [
        (
            "<html><body>Proxy</body></html>",
            "the answer is no SOAP envelope but begins with `<html><body>Proxy",
        ),
        ("Service Unavailable", "begins with `Service Unavailable`"),
        ("<s:Envelope xmlns:s='x'/>", "the answer has no `Body`"),
        (
            "<Envelope><Body><ReceiveResponse><Stream>!</Stream></ReceiveResponse></Body></Envelope>",
            "`!` is no valid Stream",
        ),
        (
            "<Envelope><Body><Surprise/></Body></Envelope>",
            "the answer's body is `Surprise`",
        ),
    ] {
        let error = Response::read(text).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    assert!(decode("text/xml;charset=utf-16", b"<").is_err());
}

fn send(data: &[u8]) -> Request<'_> {
    Request {
        resource: "r",
        shell: Some("S"),
        body: Body::Send {
            stream: "stdin",
            command: Some("C"),
            data,
        },
    }
}

fn header() -> Header {
    Header {
        to: "http://server:5985/wsman".to_owned(),
        session: Uuid::nil(),
        max_envelope: 153_600,
        timeout: Duration::from_secs(20),
        locale: "en-US".to_owned(),
        data_locale: "en-US".to_owned(),
    }
}

fn kind(answer: &Answer) -> String {
    let of = |state: &Option<String>| state.clone().unwrap_or_default();
    match answer {
        Answer::Identity(_) => "Identity".into(),
        Answer::Created(shell) => format!("Created {}", of(&shell.state)).trim_end().into(),
        Answer::Shell(shell) => format!("Shell {}", of(&shell.state)),
        Answer::Command(_) => "Command".into(),
        Answer::Received(received) => match &received.state {
            Some(state) if state.state == State::Done => "Received Done".into(),
            _ => "Received".into(),
        },
        Answer::Page(_) => "Page".into(),
        Answer::Config { max_envelope } => {
            assert!(max_envelope.is_some());
            "Config".into()
        }
        Answer::Connected(_) => "Connected".into(),
        Answer::Done => "Done".into(),
        Answer::Fault(fault) => match fault.code {
            Some(FaultCode::Other(code)) => panic!("unknown code {code}"),
            Some(code) => format!("Fault {code:?}"),
            None => "Fault".into(),
        },
        other => panic!("{other:?}"),
    }
}

/// An envelope's elements and attributes with their texts, by place. Prefixes are gone; an element with a name
/// (`Option`, `Selector`) has that in its place.
pub fn flat(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut path: Vec<String> = Vec::new();
    let mut inside = String::new();
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => {
                let mut name = tag.local_name().as_ref().to_owned();
                let attributes: Vec<_> = tag
                    .attributes()
                    .map(Result::unwrap)
                    .filter(|attribute| !attribute.key.as_ref().starts_with("xmlns"))
                    .map(|attribute| {
                        let value = quick_xml::escape::unescape(&attribute.value)
                            .unwrap()
                            .into_owned();
                        (attribute.key.local_name().as_ref().to_owned(), value)
                    })
                    .collect();
                let own = attributes.iter().find(|(key, _)| key == "Name");
                if let (Some((_, value)), "Option" | "Selector") = (own, name.as_str()) {
                    name = format!("{name}[{value}]");
                }
                path.push(name);
                let place = path.get(1..).unwrap_or_default().join("/");
                for (key, value) in attributes {
                    found.insert(format!("{place}@{key}"), value);
                }
                found.insert(place, String::new());
                inside.clear();
            }
            Event::Text(text) => inside.push_str(&text),
            Event::GeneralRef(name) => {
                inside.push_str(&quick_xml::escape::unescape(&format!("&{};", &*name)).unwrap());
            }
            Event::End(_) => {
                let place = path.get(1..).unwrap_or_default().join("/");
                if !inside.trim().is_empty() {
                    found.insert(place, inside.trim().to_owned());
                }
                inside.clear();
                path.pop();
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

/// The exchanges of a folder's recordings: file, request, answer.
pub fn recorded(folder: &str, extension: &str) -> Option<Vec<(String, String, String)>> {
    let folder = reference(folder)?;
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|file| file.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    let mut exchanges = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let found = if extension == "yml" {
            yaml(&text)
        } else {
            json(&text)
        };
        exchanges.extend(
            found
                .into_iter()
                .map(|(request, answer)| (name.clone(), request, answer)),
        );
    }
    Some(exchanges)
}

/// The exchanges of a YAML file as plain as these are: a scalar that goes on in the next line is folded.
fn yaml(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut answer = false;
    for line in text.lines() {
        if let Some(request) = line.strip_prefix("- request: ") {
            found.push((request.to_owned(), String::new()));
            answer = false;
        } else if let Some(response) = line.strip_prefix("  response: ") {
            response.clone_into(&mut found.last_mut().unwrap().1);
            answer = true;
        } else if let (Some(last), Some(more)) = (found.last_mut(), line.strip_prefix("    ")) {
            let side = if answer { &mut last.1 } else { &mut last.0 };
            if side.starts_with('<') && !side.ends_with("</s:Envelope>") {
                side.push(' ');
                side.push_str(more.trim_start());
            }
        }
    }
    found
}

/// Plain exchanges: what has neither a status nor a body in text is left out.
fn json(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        if line["dir"] == "s"
            && let Some(body) = line["body"].as_str()
            && (body.is_empty() || body.starts_with('<'))
        {
            found.push((String::new(), body.to_owned()));
        }
    }
    found
}
