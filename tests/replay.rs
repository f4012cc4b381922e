//! Conversations between PowerShell 7.6 and PowerShell 7.6 replay: our client takes the place of theirs, is told to do
//! what theirs was told to do, and is given what the server sent. What it sends is compared with what theirs sent, and
//! what it reports with what the server said.

pub mod compare;
mod differences;
pub mod intentions;
pub mod recording;
pub mod transcript;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bytes::BytesMut;
use psdeck::clixml::{Limits, Value, Version, read};
use psdeck::psrp::client::{Client, Event, PoolOptions};
use psdeck::psrp::{MessageType, Priority, Target};
use uuid::Uuid;

use self::differences::{DIFFERENCES, What};
use self::recording::{Packet, Recorded, Side};
use self::transcript::Transcript;
use crate::support::reference;

const CONVERSATIONS: [&str; 21] = [
    "badsubsystem-1",
    "badsubsystem-2",
    "broken-1",
    "copy-item-1",
    "debugger-1",
    "enter-1",
    "errors-1",
    "exit-1",
    "hostcalls-1",
    "input-args-1",
    "invoke-basic-1",
    "large-1",
    "metadata-1",
    "open-close-1",
    "reset-events-1",
    "securestring-1",
    "stop-1",
    "streams-1",
    "two-sessions-1",
    "two-sessions-2",
    "types-1",
];

#[test]
fn recorded_conversations_replay() {
    let mut used = BTreeSet::new();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("replay/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for name in CONVERSATIONS {
        let transcript = Replay::new(name, &mut used).run();
        settings.bind(|| insta::assert_snapshot!(name, transcript));
    }
    for row in DIFFERENCES {
        let source = row.reason.split([' ', ',', ':']).next();
        assert!(
            matches!(source, Some("guide" | "measured")),
            "{}",
            row.reason
        );
    }
    let unused: Vec<_> = (0..DIFFERENCES.len())
        .filter(|row| !used.contains(row))
        .map(|row| DIFFERENCES[row].reason)
        .collect();
    assert_eq!(unused, [""; 0], "rows of the table that nothing needs");
}

#[test]
fn no_recorded_conversation_is_forgotten() {
    let here = format!(
        "{}/tests/recordings/conversations",
        env!("CARGO_MANIFEST_DIR")
    );
    assert_eq!(conversations(here.as_ref()), CONVERSATIONS);
    let Some(reference) = reference("pwsh-7.6") else {
        return;
    };
    let there = reference.join("conversations");
    assert_eq!(conversations(&there), CONVERSATIONS);
    for entry in std::fs::read_dir(here).unwrap().map(Result::unwrap) {
        let theirs = std::fs::read(there.join(entry.file_name())).unwrap();
        assert!(
            std::fs::read(entry.path()).unwrap() == theirs,
            "{entry:?} was changed"
        );
    }
}

/// The names of the conversations in a folder.
fn conversations(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            Some(
                entry
                    .unwrap()
                    .file_name()
                    .to_str()?
                    .strip_suffix(".jsonl")?
                    .to_owned(),
            )
        })
        .collect();
    names.sort();
    names
}

#[test]
fn remote_lines_are_those_that_powershell_showed() {
    for name in ["enter", "hostcalls", "streams"] {
        let lines = Replay::new(&format!("{name}-1"), &mut BTreeSet::new()).lines();
        assert!(lines.len() > 5);
        let path = format!(
            "{}/tests/recordings/conversations/{name}.client.txt",
            env!("CARGO_MANIFEST_DIR")
        );
        let shown = std::fs::read_to_string(path).unwrap();
        let mut rest = shown.as_str();
        for line in lines {
            let at = rest.find(&line);
            let at = at.unwrap_or_else(|| panic!("{name}: {line:?} was not shown"));
            rest = &rest[at + line.len()..];
        }
    }
}

struct Replay<'a> {
    name: String,
    client: Client,
    /// Our ids of the recorded pipelines.
    ids: BTreeMap<Uuid, Uuid>,
    /// Recorded pipelines that we do not run.
    left_out: BTreeSet<Uuid>,
    used: &'a mut BTreeSet<usize>,
    transcript: Transcript,
}

impl<'a> Replay<'a> {
    fn new(name: &str, used: &'a mut BTreeSet<usize>) -> Self {
        Self {
            name: name.to_owned(),
            client: Client::new(PoolOptions::default()),
            ids: BTreeMap::new(),
            left_out: BTreeSet::new(),
            used,
            transcript: Transcript::default(),
        }
    }

    fn run(mut self) -> String {
        self.play();
        self.transcript.text
    }

    /// The lines that the host was asked to write.
    fn lines(mut self) -> Vec<String> {
        self.play();
        self.transcript.lines
    }

    fn play(&mut self) {
        let packets = recording::conversation(&self.name);
        for packet in &packets {
            match packet {
                Packet::Data { target, .. } if self.left_out.contains(target) => {}
                Packet::Data {
                    from: Side::Client,
                    target,
                    prompt_response,
                    messages,
                    ..
                } => {
                    if let Some(first) = messages.first() {
                        self.act(*target, *prompt_response, first, messages);
                    }
                }
                Packet::Data {
                    from: Side::Server,
                    target,
                    bytes,
                    messages,
                    ..
                } => self.receive(*target, bytes, messages),
                Packet::Signal(id) => self.client.stop(self.ids[id]).unwrap(),
                Packet::Close(id) if id.is_nil() => self.client.closing(),
                Packet::CloseAck(id) if id.is_nil() => self.client.closed(),
                Packet::CloseAck(id) => {
                    if let Some(id) = self.ids.get(id) {
                        self.client.pipeline_closed(*id);
                    }
                }
                Packet::Close(_) | Packet::Other | Packet::Noise => {}
            }
            self.events(&[]);
        }
        if !self.client.state().is_final() {
            self.client.lost("the recording ends");
            self.events(&[]);
        }
    }

    /// Lets our client do what theirs did when it sent these messages, and compares what comes out.
    fn act(&mut self, id: Uuid, prompt: bool, first: &Recorded, messages: &[Recorded]) {
        let mut out = BytesMut::new();
        let kind = MessageType::from(first.kind);
        if kind == MessageType::SessionCapability {
            let mut options = intentions::options(&body(&messages[1]));
            options.id = first.pool;
            options.protocol = Version::new(2, 4);
            self.client = Client::new(options);
            out.extend_from_slice(&self.client.open().unwrap());
            return self.compare(&recording::whole(&out), messages);
        }
        if let MessageType::CreatePipeline | MessageType::GetCommandMetadata = kind {
            if let Some(row) = intentions::left_out(&body(first)) {
                self.used.insert(row);
                self.left_out.insert(id);
                return;
            }
            let created = match kind {
                MessageType::CreatePipeline => self
                    .client
                    .create_pipeline(intentions::pipeline(&body(first))),
                _ => self
                    .client
                    .command_metadata(&intentions::query(&body(first))),
            };
            let (ours, first) = created.unwrap();
            self.ids.insert(id, ours);
            out.extend_from_slice(&first.unwrap());
        }
        let target = self.target(id);
        for message in messages {
            self.queue(id, target, message);
        }
        while let Some((priority, part)) = self.client.transmit(target, usize::MAX) {
            assert_eq!(priority == Priority::PromptResponse, prompt);
            out.extend_from_slice(&part);
        }
        self.compare(&recording::whole(&out), messages);
    }

    fn queue(&mut self, id: Uuid, target: Target, message: &Recorded) {
        match MessageType::from(message.kind) {
            MessageType::PipelineInput => {
                let value = body(message);
                self.client.input(self.ids[&id], &value).unwrap();
            }
            MessageType::EndOfPipelineInput => self.client.end_input(self.ids[&id]).unwrap(),
            MessageType::PipelineHostResponse => {
                let (call, answer) = intentions::answer(&body(message));
                self.client.answer(target, call, &answer).unwrap();
                assert!(self.client.answer(target, call, &answer).is_err());
            }
            MessageType::ResetRunspaceState => {
                self.client.reset().unwrap();
            }
            MessageType::CreatePipeline | MessageType::GetCommandMetadata => {}
            other => panic!("{}: {other} is not known to the replay", self.name),
        }
    }

    fn target(&self, id: Uuid) -> Target {
        match self.ids.get(&id) {
            Some(id) => Target::Pipeline(*id),
            None => Target::Pool,
        }
    }

    fn compare(&mut self, ours: &[Recorded], theirs: &[Recorded]) {
        assert_eq!(ours.len(), theirs.len(), "{}", self.name);
        for (ours, theirs) in ours.iter().zip(theirs) {
            let kind = MessageType::from(theirs.kind).to_string();
            assert_eq!(MessageType::from(ours.kind).to_string(), kind);
            assert_eq!(ours.destination, theirs.destination);
            assert_eq!(ours.pool, theirs.pool);
            assert_eq!(
                ours.pipeline,
                self.ids.get(&theirs.pipeline).copied().unwrap_or_default()
            );
            for path in compare::differences(&body(theirs), &body(ours)) {
                let row = DIFFERENCES.iter().position(|row| {
                    row.message == kind
                        && matches!(row.what, What::Member(member) if member == path)
                });
                let row = row.unwrap_or_else(|| {
                    panic!(
                        "{}: {kind} differs in {path}\n{theirs:?}\n{ours:?}",
                        self.name
                    )
                });
                self.used.insert(row);
            }
        }
    }

    /// Gives our client what the server sent, and compares what it reports.
    fn receive(&mut self, id: Uuid, bytes: &[u8], messages: &[Recorded]) {
        let target = self.target(id);
        let result = match target {
            Target::Pool => self.client.handle(target, bytes),
            Target::Pipeline(ours) => {
                let bytes = recording::with_pipeline(bytes, ours);
                self.client.handle(target, &bytes)
            }
        };
        result.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        self.events(messages);
        assert_eq!(
            self.client.protocol(),
            Version::new(2, 4),
            "both sides offer 2.4"
        );
    }

    /// Takes the events; those that messages lead to are compared with them.
    fn events(&mut self, messages: &[Recorded]) {
        let mut expected = messages.iter().filter(|message| {
            // A capability leads to no event; the pool was told to close before it says that it does.
            let kind = MessageType::from(message.kind);
            kind != MessageType::SessionCapability
                && body(message).member("RunspaceState") != Some(&Value::Int32(4))
        });
        while let Some(event) = self.client.poll_event() {
            if let Event::HostCallCancelled { .. } | Event::KeyNeeded = event {
                panic!("{}: {event:?}", self.name);
            }
            if !messages.is_empty() {
                let message = expected.next();
                let message =
                    message.unwrap_or_else(|| panic!("{}: {event:?} came alone", self.name));
                transcript::agrees(&event, MessageType::from(message.kind), &body(message));
            }
            self.transcript.add(&event);
        }
        let missed: Vec<_> = expected.collect();
        assert!(missed.is_empty(), "{}: {missed:?}", self.name);
    }
}

fn body(message: &Recorded) -> Value {
    if message.body.is_empty() {
        Value::Null
    } else {
        read(&message.body, &Limits::default()).unwrap()
    }
}
