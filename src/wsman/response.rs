//! Answers, read by the names of their elements (MS-WSMV 2.2.4, 3.1.4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::xml::{Element, beginning};
use super::{CommandInfo, Error, Fault, Shell};

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The request that it answers; some intermediaries leave it out.
    pub relates_to: Option<Uuid>,
    /// The server's mark for its logs.
    pub activity: Option<String>,
    /// The server keeps this answer, and can be asked for it again.
    pub echo: Option<Echo>,
    /// What it says.
    pub answer: Answer,
}

/// The server's word that an operation gets robust treatment (MS-WSMV 3.1.4.1.39).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// The operation.
    pub operation: Uuid,
    /// The number of this message in it, from 1.
    pub sequence: u64,
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To Identify.
    Identity(Identity),
    /// To Create. Some servers say no more than the id.
    Created(Box<Shell>),
    /// To Command: the command's id.
    Command(String),
    /// To Receive.
    Received(Received),
    /// To Enumerate and Pull.
    Page(Page),
    /// To Get of a shell.
    Shell(Box<Shell>),
    /// To Get of the configuration: the largest envelope that the server takes, in bytes.
    Config {
        /// `MaxEnvelopeSizekb`, in bytes.
        max_envelope: Option<usize>,
    },
    /// To Connect, of a shell or of a command.
    Connected(Connected),
    /// To what is only done: Send, Signal, Disconnect, Reconnect, Delete.
    Done,
    /// Refused.
    Fault(Box<Fault>),
    /// The operation goes on (MS-WSMV 3.1.5.5).
    KeepAlive,
    /// A request that was sent again has arrived; its answer follows.
    Acknowledge,
    /// The server cannot keep more answers until some are acknowledged.
    AcknowledgeRequest,
}

/// Who is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The protocol.
    pub protocol: Option<String>,
    /// Who made it.
    pub vendor: Option<String>,
    /// `OS: 10.0.20348 SP: 0.0 Stack: 3.0`, say.
    pub version: Option<String>,
}

/// Output, or the end of waiting for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Pieces of output, in order.
    pub streams: Vec<Stream>,
    /// How the command fares, where the server says.
    pub state: Option<CommandState>,
}

/// A piece of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// `stdout`.
    pub name: String,
    /// The command; none for the pool.
    pub command: Option<String>,
    /// Fragments or parts of them.
    pub data: Vec<u8>,
    /// Nothing more follows in this stream.
    pub end: bool,
}

/// How a command fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandState {
    /// The command; none for the pool.
    pub command: Option<String>,
    /// In which state.
    pub state: State,
    /// How it ended.
    pub exit_code: Option<i64>,
}

/// The states of a command, as far as the server of the shell knows: PSRP's own say more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs.
    Running,
    /// It waits for an answer of the host.
    Pending,
    /// It has ended; there is nothing more to receive.
    Done,
    /// A word that the specification does not have.
    Unknown,
}

/// Items of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Shells, if those were asked for.
    pub shells: Vec<Shell>,
    /// Commands, if those were asked for.
    pub commands: Vec<CommandInfo>,
    /// What to ask for the next items with; none at the end.
    pub context: Option<String>,
}

/// A shell or a command that was taken up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connected {
    /// Fragments: PowerShell's answer to the connect messages; none for a command.
    pub answer: Option<Vec<u8>>,
}

impl Response {
    /// Reads an envelope.
    pub fn read(text: &str) -> Result<Self, Error> {
        let envelope = Element::read(text)?;
        if envelope.name != "Envelope" {
            return Err(Error::NotSoap(beginning(text)));
        }
        let none = Element::default();
        let header = envelope.child("Header").unwrap_or(&none);
        let body = envelope.child("Body").ok_or(Error::Missing("Body"))?;
        let echo = match (header.text_of("OperationID"), header.text_of("SequenceId")) {
            (Some(operation), Some(sequence)) => Some(Echo {
                operation: id("OperationID", operation)?,
                sequence: number("SequenceId", sequence)?,
            }),
            _ => None,
        };
        let relates_to = header.text_of("RelatesTo");
        Ok(Self {
            relates_to: relates_to.map(|text| id("RelatesTo", text)).transpose()?,
            activity: header.text_of("ActivityId").map(str::to_owned),
            echo,
            answer: answer(header.text_of("Action").unwrap_or_default(), body)?,
        })
    }
}

fn answer(action: &str, body: &Element<'_>) -> Result<Answer, Error> {
    match action.rsplit('/').next().unwrap_or_default() {
        "KeepAlive" | "Keepalive" => return Ok(Answer::KeepAlive),
        "Acknowledge" => return Ok(Answer::Acknowledge),
        "AcknowledgeRequest" => return Ok(Answer::AcknowledgeRequest),
        _ => {}
    }
    let Some(first) = body.children.first() else {
        return Ok(Answer::Done);
    };
    Ok(match first.name {
        "Fault" => Answer::Fault(Box::new(Fault::read(first))),
        "IdentifyResponse" => Answer::Identity(Identity {
            protocol: first.text_of("ProtocolVersion").map(str::to_owned),
            vendor: first.text_of("ProductVendor").map(str::to_owned),
            version: first.text_of("ProductVersion").map(str::to_owned),
        }),
        "ResourceCreated" | "Shell" => shell(action, body)?,
        "CommandResponse" => Answer::Command(
            first
                .text_of("CommandId")
                .ok_or(Error::Missing("CommandId"))?
                .to_owned(),
        ),
        "ReceiveResponse" => Answer::Received(received(first)?),
        "EnumerateResponse" | "PullResponse" => Answer::Page(page(first)),
        "ConnectResponse" => Answer::Connected(Connected {
            answer: first
                .child("connectResponseXml")
                .map(|element| base64("connectResponseXml", &element.text))
                .transpose()?,
        }),
        "Config" => Answer::Config {
            max_envelope: first
                .text_of("MaxEnvelopeSizekb")
                .and_then(|text| text.parse::<usize>().ok())
                .and_then(|kilobytes| kilobytes.checked_mul(1024)),
        },
        "SendResponse" | "SignalResponse" | "DisconnectResponse" | "ReconnectResponse"
        | "DeleteResponse" => Answer::Done,
        other => return Err(Error::OtherBody(beginning(other))),
    })
}

/// A shell that was created or read. Windows describes a new one whole; others name it.
fn shell(action: &str, body: &Element<'_>) -> Result<Answer, Error> {
    let mut shell = body.child("Shell").map(Shell::read).unwrap_or_default();
    if shell.id.is_empty() {
        shell.id = body
            .child("ResourceCreated")
            .and_then(|created| created.below("Selector"))
            .filter(|selector| selector.attribute("Name") == Some("ShellId"))
            .and_then(Element::trimmed)
            .ok_or(Error::Missing("ShellId"))?
            .to_owned();
    }
    Ok(if action.ends_with("/GetResponse") {
        Answer::Shell(Box::new(shell))
    } else {
        Answer::Created(Box::new(shell))
    })
}

fn received(element: &Element<'_>) -> Result<Received, Error> {
    let mut received = Received::default();
    for child in &element.children {
        match child.name {
            "Stream" => received.streams.push(Stream {
                name: child.attribute("Name").unwrap_or("stdout").to_owned(),
                command: child.attribute("CommandId").map(str::to_owned),
                data: base64("Stream", &child.text)?,
                end: child
                    .attribute("End")
                    .is_some_and(|end| end.eq_ignore_ascii_case("true") || end == "1"),
            }),
            "CommandState" => {
                let state = child.attribute("State").unwrap_or_default();
                received.state = Some(CommandState {
                    command: child.attribute("CommandId").map(str::to_owned),
                    state: match state.rsplit('/').next() {
                        Some("Running") => State::Running,
                        Some("Pending") => State::Pending,
                        Some("Done") => State::Done,
                        _ => State::Unknown,
                    },
                    exit_code: child
                        .text_of("ExitCode")
                        .map(|text| number("ExitCode", text))
                        .transpose()?,
                });
            }
            _ => {}
        }
    }
    Ok(received)
}

fn page(element: &Element<'_>) -> Page {
    let mut page = Page::default();
    for item in element
        .child("Items")
        .into_iter()
        .flat_map(|items| &items.children)
    {
        match item.name {
            "Shell" => page.shells.push(Shell::read(item)),
            "Command" => page.commands.push(CommandInfo::read(item)),
            _ => {}
        }
    }
    if element.child("EndOfSequence").is_none() {
        page.context = element.text_of("EnumerationContext").map(str::to_owned);
    }
    page
}

fn id(what: &'static str, text: &str) -> Result<Uuid, Error> {
    let bare = text
        .strip_prefix("uuid:")
        .or(text.strip_prefix("urn:uuid:"));
    Uuid::parse_str(bare.unwrap_or(text)).map_err(|_| value(what, text))
}

fn number<T: std::str::FromStr>(what: &'static str, text: &str) -> Result<T, Error> {
    text.parse().map_err(|_| value(what, text))
}

fn base64(what: &'static str, text: &str) -> Result<Vec<u8>, Error> {
    STANDARD
        .decode(text)
        .or_else(|error| {
            // Some writers break lines.
            let joined: Vec<u8> = text
                .bytes()
                .filter(|byte| !byte.is_ascii_whitespace())
                .collect();
            if joined.len() == text.len() {
                Err(error)
            } else {
                STANDARD.decode(joined)
            }
        })
        .map_err(|_| value(what, text))
}

fn value(what: &'static str, text: &str) -> Error {
    Error::Value {
        what,
        text: beginning(text),
    }
}
