//! OMI's server in front of PowerShell 7.6, quirks included: our state machine asks what the recorded client asked, where
//! it would ask that at all, and is given what that server answered, in the recorded order.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use psdeck::psrp::{Priority, Target};
use psdeck::wsman::Response;
use psdeck::wsman::client::{Client, Event, Sent, Settings, Transmit, Trouble, Why};
use uuid::Uuid;

use crate::support::reference;
use crate::wsman::flat;

type Flat = BTreeMap<String, String>;

#[test]
fn sessions_with_omis_server_replay() {
    let Some(folder) = reference("omi-wsman") else {
        return;
    };
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let mut transcript = String::new();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let mut replay = Replay::default();
        for line in &lines {
            replay.line(line);
        }
        writeln!(transcript, "{name}: {}", replay.end()).unwrap();
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("omi", transcript));
}

/// One recording.
#[derive(Default)]
struct Replay {
    /// Our sessions, by their shells as the recording names them.
    sessions: Vec<Session>,
    /// Recorded requests that wait for their answers, in order.
    waiting: Vec<Waiting>,
    /// What is no request of ours: kinds and how often.
    left_out: BTreeMap<String, usize>,
    events: Vec<String>,
    read: usize,
    unread: usize,
}

/// A recorded request: its `MessageID`, and the session and the request of ours that stand for it.
type Waiting = (String, Option<(usize, Transmit, Flat)>);

struct Session {
    shell: String,
    client: Client,
    flying: Vec<(Transmit, Flat)>,
    /// Bytes of output that the server sent us, and that we were told.
    output: (usize, usize),
}

impl Replay {
    fn line(&mut self, line: &serde_json::Value) {
        let body = line["body"].as_str().unwrap_or_default();
        match line["dir"].as_str() {
            Some("c") if body.starts_with('<') && body.contains("Action") => self.request(body),
            Some("c") => self.leave_out("no request of a session"),
            Some("s") if line["status"].is_null() && !body.starts_with('<') => {
                self.leave_out("no answer");
                self.answer("");
            }
            Some("s") => self.answer(body),
            _ => {}
        }
    }

    fn leave_out(&mut self, what: &str) {
        *self.left_out.entry(what.to_owned()).or_default() += 1;
    }

    /// Lets our client ask for what the recorded one asked for.
    fn request(&mut self, body: &str) {
        let Ok(request) = std::panic::catch_unwind(|| flat(body)) else {
            return self.leave_out("malformed");
        };
        let action = request.get("Header/Action").cloned().unwrap_or_default();
        let action = action.rsplit('/').next().unwrap_or_default().to_owned();
        let shell = request
            .get("Body/Shell@ShellId")
            .or(request.get("Header/SelectorSet/Selector[ShellId]"))
            .cloned()
            .unwrap_or_default();
        let begins = action == "Create" || (action == "Connect" && command(&request).is_none());
        if begins && let Some(session) = Session::begin(&shell, &request) {
            self.sessions.push(session);
        }
        let found = self.sessions.iter().rposition(|one| one.shell == shell);
        let flight = found.and_then(|at| {
            let session = &mut self.sessions[at];
            session.act(&action, &request);
            let (transmit, ours) = session.take(&action, command(&request))?;
            Some((at, transmit, ours))
        });
        if flight.is_none() {
            self.leave_out(&format!("{action} that we do not send"));
        }
        let message = request.get("Header/MessageID").cloned().unwrap_or_default();
        self.waiting.push((message, flight));
    }

    fn answer(&mut self, body: &str) {
        if body.starts_with('<') {
            match Response::read(body) {
                Ok(_) => self.read += 1,
                Err(_) => self.unread += 1,
            }
        }
        // An answer that names no request is the oldest one's.
        let at = self
            .waiting
            .iter()
            .position(|(message, _)| !message.is_empty() && body.contains(message.as_str()));
        let at = at.or((!self.waiting.is_empty() && !body.contains("RelatesTo")).then_some(0));
        let Some(at) = at else { return };
        let (message, flight) = self.waiting.remove(at);
        let Some((at, transmit, ours)) = flight else {
            return;
        };
        let text = body.replace(&message, &ours["Header/MessageID"]);
        let events = self.sessions[at].answer(&transmit, text);
        self.events.extend(events);
    }

    fn end(&self) -> String {
        let mut text = String::new();
        for (name, count) in runs(&self.events) {
            write!(text, "\n  {name}").unwrap();
            if count > 1 {
                write!(text, " x{count}").unwrap();
            }
        }
        for session in &self.sessions {
            let (sent, told) = session.output;
            assert_eq!(sent, told, "output was lost");
            let left: Vec<_> = session
                .flying
                .iter()
                .map(|(one, _)| one.action.name())
                .collect();
            write!(text, "\n  {told} bytes; under way at the end: {left:?}").unwrap();
        }
        for (what, count) in &self.left_out {
            write!(text, "\n  left out: {what} x{count}").unwrap();
        }
        write!(
            text,
            "\n  {} answers read, {} are none",
            self.read, self.unread
        )
        .unwrap();
        text
    }
}

impl Session {
    /// A session that is created or taken up.
    fn begin(shell: &str, request: &Flat) -> Option<Self> {
        let id: Uuid = shell.parse().ok()?;
        let settings = Settings::new(
            "http://omi:5985/wsman",
            request.get("Header/ResourceURI")?.as_str(),
        );
        let mut client = Client::new(settings);
        let data = |place: &str| STANDARD.decode(request.get(place)?).ok();
        match data("Body/Shell/creationXml") {
            Some(opening) => client.open(id, "psdeck", opening.into()),
            None => client.connect(id, data("Body/Connect/connectXml")?.into(), false),
        }
        client.read(Target::Pool, 1 << 30);
        Some(Self {
            shell: shell.to_owned(),
            client,
            flying: Vec::new(),
            output: (0, 0),
        })
    }

    fn act(&mut self, action: &str, request: &Flat) {
        let command = command(request);
        let target = command.map_or(Target::Pool, Target::Pipeline);
        let data = |place: &str| {
            let data = request.get(place).map_or("", |text| text);
            Bytes::from(STANDARD.decode(data).unwrap_or_default())
        };
        match (action, command) {
            ("Command", Some(id)) => {
                self.client
                    .create_pipeline(id, data("Body/CommandLine/Arguments"));
                self.client.read(target, 1 << 30);
            }
            ("Send", _) => {
                let priority = match request.get("Body/Send/Stream@Name").map(String::as_str) {
                    Some("pr") => Priority::PromptResponse,
                    _ => Priority::Default,
                };
                self.client.send(target, priority, data("Body/Send/Stream"));
            }
            ("Signal", Some(id)) => match request.get("Body/Signal/Code") {
                Some(code) if code.ends_with("ctrl_c") || code.ends_with("crtl_c") => {
                    self.client.stop(id)
                }
                _ => self.client.close_pipeline(id),
            },
            ("Disconnect", _) => {
                // The recorded client had no other Receive under way.
                for (transmit, _) in self.flying.drain(..) {
                    let why = Why {
                        kind: Trouble::Network,
                        text: String::new(),
                    };
                    let now = Instant::now();
                    self.client.lost(now, transmit.exchange, Sent::No, why);
                }
                self.client.disconnect(None, None);
            }
            ("Reconnect", _) => self.client.reconnect(),
            ("Delete", _) => self.client.close(),
            _ => {}
        }
    }

    /// Our request of that kind, if we make it.
    fn take(&mut self, action: &str, command: Option<Uuid>) -> Option<(Transmit, Flat)> {
        while let Some(transmit) = self.client.poll_transmit(Instant::now()) {
            if transmit.action == psdeck::wsman::Action::Get {
                continue; // how a shell is kept that was taken up; nobody else asked
            }
            let flat = flat(&transmit.envelope);
            self.flying.push((transmit, flat));
        }
        let at = self.flying.iter().position(|(transmit, flat)| {
            transmit.action.name() == action && self::command(flat) == command
        });
        at.map(|at| self.flying.remove(at))
    }

    fn answer(&mut self, transmit: &Transmit, text: String) -> Vec<String> {
        let now = Instant::now();
        if text.is_empty() {
            let why = Why {
                kind: Trouble::Garbage,
                text: "an empty answer".to_owned(),
            };
            self.client.lost(now, transmit.exchange, Sent::Maybe, why);
        } else {
            if let Ok(response) = Response::read(&text)
                && let psdeck::wsman::Answer::Received(received) = response.answer
            {
                self.output.0 += received
                    .streams
                    .iter()
                    .map(|one| one.data.len())
                    .sum::<usize>();
            }
            self.client.arrived(now, transmit.exchange, text);
            self.client.finished(now, transmit.exchange);
        }
        while self.client.process(now) {}
        let mut told = Vec::new();
        while let Some(event) = self.client.poll_event() {
            told.push(match event {
                Event::Data { data, .. } => {
                    self.output.1 += data.len();
                    "Data".to_owned()
                }
                Event::Lost(failure) => format!("Lost: {failure}"),
                Event::Fault { failure, .. } => format!("Fault: {failure}"),
                Event::Notice(text) => format!("Notice: {text}"),
                other => {
                    let text = format!("{other:?}");
                    text.split(['(', ' ']).next().unwrap().to_owned()
                }
            });
        }
        told
    }
}

/// The command that a request is about.
fn command(request: &Flat) -> Option<Uuid> {
    let id = request
        .iter()
        .find(|(place, _)| place.ends_with("@CommandId"));
    id.and_then(|(_, id)| id.parse().ok())
}

fn runs(events: &[String]) -> Vec<(&str, usize)> {
    let mut runs: Vec<(&str, usize)> = Vec::new();
    for event in events {
        match runs.last_mut() {
            Some((last, count)) if last == event => *count += 1,
            _ => runs.push((event, 1)),
        }
    }
    runs
}
