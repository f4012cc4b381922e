//! What real Windows servers (2012 R2 to 2019, protocol 2.1 to 2.3) and OMI's server sent is understood by our client's
//! half, and what their foreign clients sent by our server's half. SOAP is looked at only as far as the test needs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use psdeck::clixml::Version;
use psdeck::psrp::client::{Client, PoolOptions};
use psdeck::psrp::server::{Server, ServerOptions};
use psdeck::psrp::{Error, KeyError, Priority, Target};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event as Xml};
use uuid::Uuid;

use crate::support::reference;

#[test]
fn messages_of_windows_servers_are_understood() {
    let Some(folder) = reference("windows-wsman") else {
        return;
    };
    let seen = all(&folder, "yml");
    for version in [Version::new(2, 2), Version::new(2, 3)] {
        assert!(seen.versions.contains(&version), "{seen:#?}");
    }
    assert!(seen.connected > 0, "{seen:#?}");
    for kind in [
        "ApplicationPrivateData",
        "Output",
        "Error",
        "Warning",
        "Verbose",
        "Debug",
        "Information",
        "Progress",
        "PipelineState",
        "HostCall",
    ] {
        assert!(seen.kinds.contains_key(kind), "{kind}: {seen:#?}");
    }
}

#[test]
fn messages_of_omis_server_are_understood() {
    let Some(folder) = reference("omi-wsman") else {
        return;
    };
    let seen = all(&folder, "jsonl");
    assert!(seen.connected > 0, "{seen:#?}");
    for kind in [
        "ApplicationPrivateData",
        "Output",
        "PipelineState",
        "HostCall",
    ] {
        assert!(seen.kinds.contains_key(kind), "{kind}: {seen:#?}");
    }
}

/// Its code, which lies at the bytes 4 to 8 of a message, behind a fragment's header of 21.
const ENCRYPTED_SESSION_KEY: u32 = 0x0001_0006;

/// What was seen in all recordings of a folder.
#[derive(Debug, Default)]
struct Seen {
    versions: BTreeSet<Version>,
    kinds: BTreeMap<String, usize>,
    /// What our server's half made of the requests.
    asked: BTreeMap<String, usize>,
    connected: usize,
}

fn all(folder: &Path, extension: &str) -> Seen {
    let mut seen = Seen::default();
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|file| file.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let mut play = Play {
            name,
            ..Play::default()
        };
        let exchanges = if extension == "yml" {
            yaml(&text)
        } else {
            json(&text)
        };
        for (side, text) in exchanges.iter().filter(|(_, text)| text.starts_with('<')) {
            let soap = Soap::read(text);
            match side {
                Side::Client => play.request(&soap),
                Side::Server => play.response(&soap),
            }
        }
        play.finish(&mut seen);
    }
    seen
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Client,
    Server,
}

/// The requests and responses of a YAML file as plain as these are: a scalar that goes on in the next line is folded.
fn yaml(text: &str) -> Vec<(Side, String)> {
    let mut found: Vec<(Side, String)> = Vec::new();
    for line in text.lines() {
        if let Some(request) = line.strip_prefix("- request: ") {
            found.push((Side::Client, request.to_owned()));
        } else if let Some(response) = line.strip_prefix("  response: ") {
            found.push((Side::Server, response.to_owned()));
        } else if let Some((_, before)) = found.last_mut()
            && line.starts_with("    ")
        {
            *before += " ";
            *before += line.trim_start();
        }
    }
    found
}

fn json(text: &str) -> Vec<(Side, String)> {
    text.lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let side = match line["dir"].as_str() {
                Some("c") => Side::Client,
                _ => Side::Server,
            };
            (side, line["body"].as_str().unwrap_or_default().to_owned())
        })
        .collect()
}

/// What matters here in an envelope. Elements are found by their local names: each server has prefixes of its own.
#[derive(Debug, Default)]
struct Soap {
    action: String,
    /// Of a request its own, of a response the request's.
    message: String,
    shell: Option<Uuid>,
    command: Option<Uuid>,
    /// Streams with the commands that they name.
    streams: Vec<(String, Option<Uuid>, Vec<u8>)>,
    creation: Option<Vec<u8>>,
    connection: Option<Vec<u8>>,
    connected: Option<Vec<u8>>,
    arguments: Option<Vec<u8>>,
}

impl Soap {
    fn read(text: &str) -> Self {
        let mut soap = Self::default();
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_end_names = false;
        let mut open: Option<(String, Option<String>, Option<Uuid>)> = None;
        let mut inside = String::new();
        // What is no XML (the tests of HTTP's quirks) has no messages for us.
        while let Ok(event) = reader.read_event() {
            match event {
                Xml::Start(start) => {
                    let name = start.local_name().as_ref().to_owned();
                    let id = attribute(&start, "CommandId").and_then(|id| id.parse().ok());
                    soap.command = soap.command.or(id);
                    if let Some(id) = attribute(&start, "ShellId") {
                        soap.shell = id.parse().ok();
                    }
                    open = Some((name, attribute(&start, "Name"), id));
                    inside.clear();
                }
                Xml::Text(text) => inside += &text,
                Xml::End(_) => {
                    if let Some((name, attribute, id)) = open.take() {
                        soap.element(&name, attribute, id, inside.trim());
                    }
                }
                Xml::Eof => break,
                _ => {}
            }
        }
        soap
    }

    fn element(&mut self, name: &str, attribute: Option<String>, id: Option<Uuid>, text: &str) {
        let bytes = || STANDARD.decode(text).unwrap();
        match name {
            "Action" => text
                .rsplit('/')
                .next()
                .unwrap()
                .clone_into(&mut self.action),
            "MessageID" if self.message.is_empty() => text.clone_into(&mut self.message),
            "RelatesTo" => text.clone_into(&mut self.message),
            "Selector" if attribute.as_deref() == Some("ShellId") => self.shell = text.parse().ok(),
            "ShellId" => self.shell = text.parse().ok(),
            "CommandId" => self.command = text.parse().ok(),
            // One of OMI's recordings asks with what is no base64.
            "creationXml" => self.creation = STANDARD.decode(text).ok(),
            "connectXml" => self.connection = Some(bytes()),
            "connectResponseXml" => self.connected = Some(bytes()),
            // A pipeline's command line has one argument; a shell's has none.
            "Arguments" => self.arguments = STANDARD.decode(text).ok(),
            "Stream" => self.streams.push((attribute.unwrap(), id, bytes())),
            _ => {}
        }
    }
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = start.try_get_attribute(name).unwrap()?;
    Some(attribute.value.into_owned())
}

#[derive(Default)]
struct Play {
    name: String,
    shells: BTreeMap<Uuid, Shell>,
    /// The shells and the commands of the requests.
    asked: BTreeMap<String, (Option<Uuid>, Option<Uuid>)>,
    /// What our server's half made of the request to open a pool.
    opening: Option<Result<Server, Error>>,
    seen: Seen,
}

struct Shell {
    client: Client,
    server: Server,
    /// Whether the recorded client put ids into its messages in the wrong order of bytes; servers give them back as they
    /// came.
    swapped: bool,
}

impl Shell {
    fn client(id: Uuid) -> Client {
        Client::new(PoolOptions {
            id,
            ..PoolOptions::default()
        })
    }

    fn target(&self, command: Option<Uuid>) -> Target {
        match command {
            Some(id) if self.swapped => Target::Pipeline(Uuid::from_bytes_le(*id.as_bytes())),
            Some(id) => Target::Pipeline(id),
            None => Target::Pool,
        }
    }
}

impl Play {
    fn request(&mut self, soap: &Soap) {
        let asked = (soap.shell, soap.command);
        self.asked.insert(soap.message.clone(), asked);
        self.opening = None;
        if let Some(opening) = &soap.creation {
            let mut server = Server::new(ServerOptions::default());
            let fared = server.handle(Target::Pool, Priority::Default, opening);
            self.opening = Some(fared.and_then(|()| server.accept()).map(|()| server));
        }
        let Some(shell) = soap.shell.and_then(|id| self.shells.get_mut(&id)) else {
            return;
        };
        // A client may run a pipeline of the same id once more.
        if soap.action == "Signal"
            && let Target::Pipeline(id) = shell.target(soap.command)
        {
            shell.server.close_pipeline(id);
            shell.client.pipeline_closed(id);
        }
        let mut fared = Ok(());
        if let Some(opening) = &soap.connection {
            fared = shell.server.handle_connect(opening).map(|_| ());
            shell.client = Shell::client(shell.server.id());
            shell.client.connect().unwrap();
        }
        if let (Some(first), Some(_)) = (&soap.arguments, soap.command) {
            let target = shell.target(soap.command);
            fared = match shell.server.handle(target, Priority::Default, first) {
                // Its key was another server's.
                Err(Error::Key(KeyError::Secret)) => Ok(()),
                fared => fared,
            };
        }
        for (name, command, bytes) in &soap.streams {
            // Answers to calls that this server has not made, and the keys of another one, mean nothing to it.
            if name == "stdin" && command.is_some() {
                let target = shell.target(*command);
                let taken = shell.server.handle(target, Priority::Default, bytes);
                fared = fared.and(taken);
            }
        }
        while let Some(event) = shell.server.poll_event() {
            count(&mut self.seen.asked, &event);
        }
        self.check(soap, fared);
    }

    fn response(&mut self, soap: &Soap) {
        let asked = self.asked.get(&soap.message);
        let (shell, command) = asked.copied().unwrap_or_default();
        // Openings that the real server refused are none of ours.
        if let Some(opening) = self.opening.take()
            && soap.action == "CreateResponse"
        {
            let server = opening.unwrap_or_else(|error| panic!("{}: {error}", self.name));
            let mut client = Shell::client(server.id());
            client.open().unwrap();
            let id = soap.shell.or(shell).unwrap();
            let swapped = server.id() == Uuid::from_bytes_le(*id.as_bytes());
            self.shells.insert(
                id,
                Shell {
                    client,
                    server,
                    swapped,
                },
            );
            return;
        }
        let Some(shell) = shell.and_then(|id| self.shells.get_mut(&id)) else {
            return;
        };
        let mut fared = Ok(());
        if let Some(answer) = &soap.connected {
            fared = shell.client.handle_connected(answer);
            self.seen.connected += 1;
        }
        for (_, id, bytes) in &soap.streams {
            // A key for another's key pair is refused, and rightly: what needs it waits.
            if bytes.get(25..29) == Some(&ENCRYPTED_SESSION_KEY.to_le_bytes()[..]) {
                continue;
            }
            // OMI's server leaves out what the request has said.
            let target = shell.target(id.or(command));
            if let Target::Pipeline(id) = target
                && shell.client.pipeline_state(id).is_none()
            {
                fared = fared.and(shell.client.attach(id));
            }
            fared = fared.and(shell.client.handle(target, bytes));
        }
        while let Some(event) = shell.client.poll_event() {
            count(&mut self.seen.kinds, &event);
        }
        self.check(soap, fared);
    }

    fn check(&self, soap: &Soap, fared: Result<(), Error>) {
        fared.unwrap_or_else(|error| panic!("{}, {}: {error}", self.name, soap.action));
    }

    fn finish(self, seen: &mut Seen) {
        for shell in self.shells.values() {
            seen.versions.insert(shell.client.protocol());
        }
        for (all, own) in [
            (&mut seen.kinds, self.seen.kinds),
            (&mut seen.asked, self.seen.asked),
        ] {
            for (kind, count) in own {
                *all.entry(kind).or_default() += count;
            }
        }
        seen.connected += self.seen.connected;
    }
}

/// Counts an event by its name.
fn count(seen: &mut BTreeMap<String, usize>, event: &impl std::fmt::Debug) {
    let text = format!("{event:?}");
    let name = text.split([' ', '(']).next().unwrap();
    *seen.entry(name.to_owned()).or_default() += 1;
}
