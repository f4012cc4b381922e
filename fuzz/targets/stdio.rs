//! The lines of a server, as the client reads them, and of a client, as the server does.

use std::time::Duration;

use bytes::Bytes;
use psdeck::stdio::{Client, Packet, Server};
use uuid::Uuid;

use super::{kind, size, way};

pub(crate) const WORDS: &[&str] = &[
    "<Data Stream='Default' PSGuid='00000000-0000-0000-0000-000000000000'>",
    "<DataAck PSGuid='00000000-0000-0000-0000-000000000000' />\n",
    "<CommandAck PSGuid='00000000-0000-0000-0000-000000000007' />\n",
    "<DataAck PSGuid='00000000-0000-0000-0000-000000000007' />\n",
    "<SignalAck PSGuid='00000000-0000-0000-0000-000000000007' />\n",
    "<CloseAck PSGuid='00000000-0000-0000-0000-000000000007' />\n",
    "<CloseAck PSGuid='00000000-0000-0000-0000-000000000000' />\n",
    "<Command PSGuid='00000000-0000-0000-0000-000000000007' />\n",
    "</Data>\n",
    "AAAA",
    "__NamedPipeError__:",
    "\u{feff}",
    "\r\n",
    "\"",
];

pub(crate) fn run(input: &[u8]) -> u64 {
    let whole = client(input, input.len().max(1));
    let in_pieces = client(
        input,
        input.first().map_or(1, |byte| 1 + usize::from(*byte % 61)),
    );
    assert_eq!(whole, in_pieces, "the cuts between reads show");

    let mut server = Server::default();
    let fared = server.handle(input).map_err(|error| kind(&error));
    let packets: Vec<_> = std::iter::from_fn(|| server.poll_packet()).collect();
    for packet in &packets {
        let mut line = Vec::new();
        packet.write(&mut line);
        assert_eq!(
            Packet::parse(&line).as_ref(),
            Ok(packet),
            "written and read again"
        );
    }
    let (events, error) = whole;
    let names: Vec<_> = events
        .iter()
        .take(12)
        .map(|event| event.split('(').next())
        .collect();
    way((
        names,
        size(events.len()),
        error,
        fared,
        packets.first().map(Packet::name),
        size(packets.len()),
    ))
}

/// What a client with one pipeline makes of the lines, and how it ends.
fn client(input: &[u8], piece: usize) -> (Vec<String>, Option<String>) {
    let (mut client, mut now) = (Client::default(), Duration::ZERO);
    let id = Uuid::from_u128(7);
    client.open(Bytes::from_static(b"opening"), now);
    client.create(id, Bytes::from_static(b"create"));
    let mut events = Vec::new();
    for piece in input.chunks(piece) {
        now += Duration::from_millis(1);
        let fared = client.handle(piece, now);
        events.extend(std::iter::from_fn(|| client.poll_event()).map(|event| format!("{event:?}")));
        while client.poll_output().is_some() {}
        assert!(client.packet_size() >= 1024);
        if let Err(error) = fared {
            return (events, Some(kind(&error)));
        }
    }
    client.close_session();
    while client.poll_output().is_some() {}
    (events, None)
}
