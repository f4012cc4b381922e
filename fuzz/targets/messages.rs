//! Well-framed messages with any body, to an open pool with one pipeline: to the client as from a server, and to the
//! server as from a client. An input is a list of messages, `\x1e` between them, each a type in hexadecimal digits, a
//! space and a body.

use bytes::{Bytes, BytesMut};
use psdeck::clixml::Version;
use psdeck::psrp::client::{Client, PoolOptions};
use psdeck::psrp::fragment::Fragmenter;
use psdeck::psrp::server::{self, Server, ServerOptions};
use psdeck::psrp::{Destination, Message, MessageType, Priority, Target};
use uuid::Uuid;

use super::{kind, size, way};

pub(crate) const WORDS: &[&str] = &[
    "\x1e",
    "00021005 ",
    "00021009 ",
    "00021100 ",
    "00041003 ",
    "00041004 ",
    "00041006 <Obj RefId=\"0\"><MS><I32 N=\"PipelineState\">4</I32></MS></Obj>",
    "00041100 ",
    "00041101 ",
    "00010006 ",
    "<I64 N=\"ci\">-100</I64>",
    "<I32 N=\"mi\">12</I32>",
    "<Obj N=\"mp\" RefId=\"9\"><LST>",
    "<I32 N=\"PipelineState\">",
    "<I32 N=\"RunspaceState\">",
    "<SS>00</SS>",
    "<Nil />",
    "N=\"",
    "<MS>",
    "</MS>",
    "<LST>",
    "</LST>",
    "<S>",
    "</S>",
];

const PIPELINE: Uuid = Uuid::from_u128(7);

pub(crate) fn run(input: &[u8]) -> u64 {
    let (mut client, mut server) = opened();
    let pool = client.id();
    let parts: Vec<Part<'_>> = input
        .split(|byte| *byte == 0x1e)
        .take(64)
        .filter_map(Part::read)
        .collect();
    let (mut seen, mut errors) = (Vec::new(), Vec::new());
    let (mut seen_by_server, mut errors_of_server) = (Vec::new(), Vec::new());
    for (object, part) in (100..).zip(&parts) {
        let target = part.target();
        let fared = client.handle(target, &part.fragments(Destination::Client, pool, object));
        errors.extend(fared.err().map(|error| kind(&error)));
        seen.extend(std::iter::from_fn(|| client.poll_event()).map(|event| variant(&event)));
        while client.transmit(target, 64 << 10).is_some() {}

        let bytes = part.fragments(Destination::Server, pool, object);
        let fared = server.handle(target, Priority::Default, &bytes);
        errors_of_server.extend(fared.err().map(|error| kind(&error)));
        seen_by_server
            .extend(std::iter::from_fn(|| server.poll_event()).map(|event| variant(&event)));
        while server.transmit(target, 64 << 10).is_some() {}
    }
    seen.truncate(8);
    seen_by_server.truncate(8);
    errors.truncate(1);
    errors_of_server.truncate(1);
    way((
        seen,
        errors,
        seen_by_server,
        errors_of_server,
        size(parts.len()),
    ))
}

struct Part<'a> {
    kind: MessageType,
    body: &'a [u8],
}

impl<'a> Part<'a> {
    fn read(part: &'a [u8]) -> Option<Self> {
        let at = part.iter().position(|byte| *byte == b' ')?;
        let (code, body) = part.split_at(at);
        let code = u32::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok()?;
        Some(Self {
            kind: MessageType::from(code),
            body: body.get(1..)?,
        })
    }

    fn target(&self) -> Target {
        let code = u32::from(self.kind);
        let starts = matches!(
            self.kind,
            MessageType::CreatePipeline | MessageType::GetCommandMetadata
        );
        if code & 0x0004_0000 != 0 || starts {
            Target::Pipeline(PIPELINE)
        } else {
            Target::Pool
        }
    }

    fn fragments(&self, destination: Destination, pool: Uuid, object: u64) -> Bytes {
        let message = Message {
            destination,
            kind: self.kind,
            pool,
            pipeline: match self.target() {
                Target::Pool => Uuid::nil(),
                Target::Pipeline(id) => id,
            },
            body: Bytes::copy_from_slice(self.body),
        };
        let mut bytes = BytesMut::new();
        Fragmenter::new(object, message.encode()).write(&mut bytes, 32 << 10, usize::MAX);
        bytes.freeze()
    }
}

/// Both halves, with an open pool; at 2.4, where secrets need no keys.
fn opened() -> (Client, Server) {
    let protocol = Version::new(2, 4);
    let mut client = Client::new(PoolOptions {
        id: Uuid::from_u128(1),
        protocol,
        ..PoolOptions::default()
    });
    let mut server = Server::new(ServerOptions {
        protocol,
        ..ServerOptions::default()
    });
    let opening = client.open().unwrap();
    server
        .handle(Target::Pool, Priority::Default, &opening)
        .unwrap();
    assert!(matches!(
        server.poll_event(),
        Some(server::Event::Open { .. })
    ));
    server.accept().unwrap();
    while let Some(bytes) = server.transmit(Target::Pool, 64 << 10) {
        client.handle(Target::Pool, &bytes).unwrap();
    }
    while client.poll_event().is_some() {}
    client.attach(PIPELINE).unwrap();
    (client, server)
}

/// The name of an event, and of the state in it.
fn variant(event: &impl std::fmt::Debug) -> String {
    let text = format!("{event:?}");
    let state = text.split_once("state: ").map_or("", |(_, state)| state);
    let name = |text: &str| {
        text.split(|c: char| !c.is_alphanumeric())
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    name(&text) + &name(state)
}
