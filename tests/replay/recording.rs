//! Reads a recorded conversation, by its own means: nothing here is the program's code but base64.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

/// One packet of a conversation, in the order of time.
#[derive(Debug)]
pub enum Packet {
    Data {
        from: Side,
        target: Uuid,
        prompt_response: bool,
        bytes: Vec<u8>,
        /// The messages that end in this packet.
        messages: Vec<Recorded>,
    },
    Signal(Uuid),
    Close(Uuid),
    CloseAck(Uuid),
    /// The opening of a pipeline's channel, or an acknowledgement of something else.
    Other,
    /// A line that is no packet.
    Noise,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Client,
    Server,
}

/// A message with its body as text.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub destination: u32,
    pub kind: u32,
    pub pool: Uuid,
    pub pipeline: Uuid,
    pub body: String,
}

/// All packets of `tests/recordings/conversations/NAME.jsonl`.
pub fn conversation(name: &str) -> Vec<Packet> {
    let path = format!(
        "{}/tests/recordings/conversations/{name}.jsonl",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).unwrap();
    let mut rest: BTreeMap<Side, String> = BTreeMap::new();
    let mut partial = BTreeMap::new();
    let mut packets = Vec::new();
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let side = match line["dir"].as_str().unwrap() {
            "c" => Side::Client,
            "s" => Side::Server,
            _ => continue,
        };
        let buffer = rest.entry(side).or_default();
        buffer.push_str(line["data"].as_str().unwrap());
        while let Some(end) = buffer.find('\n') {
            let text: String = buffer.drain(..=end).collect();
            packets.push(packet(side, text.trim_end(), &mut partial));
        }
    }
    packets
}

fn packet(from: Side, text: &str, partial: &mut BTreeMap<(Side, u64), Vec<u8>>) -> Packet {
    let Some(target) = text
        .split_once("PSGuid='")
        .and_then(|(_, rest)| Uuid::try_parse(rest.get(..36)?).ok())
    else {
        return Packet::Noise;
    };
    let name: String = text[1..]
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect();
    match name.as_str() {
        "Data" => {
            let base64 = text.split_once('>').unwrap().1.split('<').next().unwrap();
            let bytes = STANDARD.decode(base64).unwrap();
            Packet::Data {
                from,
                target,
                prompt_response: text.contains("Stream='PromptResponse'"),
                messages: messages(from, &bytes, partial),
                bytes,
            }
        }
        "Signal" => Packet::Signal(target),
        "Close" => Packet::Close(target),
        "CloseAck" => Packet::CloseAck(target),
        _ => Packet::Other,
    }
}

/// The messages that end in these bytes; `partial` holds what was begun.
pub fn messages(
    from: Side,
    mut bytes: &[u8],
    partial: &mut BTreeMap<(Side, u64), Vec<u8>>,
) -> Vec<Recorded> {
    let mut messages = Vec::new();
    while let Some((header, rest)) = bytes.split_at_checked(21) {
        let object = u64::from_be_bytes(header[..8].try_into().unwrap());
        let length = u32::from_be_bytes(header[17..].try_into().unwrap()) as usize;
        let (blob, rest) = rest.split_at(length);
        bytes = rest;
        let whole = partial.entry((from, object)).or_default();
        whole.extend_from_slice(blob);
        if header[16] & 2 != 0 {
            messages.push(message(&partial.remove(&(from, object)).unwrap()));
        }
    }
    assert!(bytes.is_empty());
    messages
}

/// Reads the joined blobs of a message.
pub fn message(bytes: &[u8]) -> Recorded {
    let body = std::str::from_utf8(&bytes[40..]).unwrap();
    Recorded {
        destination: u32::from_le_bytes(bytes[..4].try_into().unwrap()),
        kind: u32::from_le_bytes(bytes[4..8].try_into().unwrap()),
        pool: Uuid::from_bytes_le(bytes[8..24].try_into().unwrap()),
        pipeline: Uuid::from_bytes_le(bytes[24..40].try_into().unwrap()),
        body: body.trim_start_matches('\u{feff}').to_owned(),
    }
}

/// Puts another pipeline's id into the messages that begin in `bytes`: our client makes ids of its own.
pub fn with_pipeline(bytes: &[u8], pipeline: Uuid) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let length = u32::from_be_bytes(bytes[at + 17..at + 21].try_into().unwrap()) as usize;
        if bytes[at + 16] & 1 != 0 {
            bytes[at + 45..at + 61].copy_from_slice(&pipeline.to_bytes_le());
        }
        at += 21 + length;
    }
    bytes
}

/// The messages in whole fragments of ours.
pub fn whole(bytes: &[u8]) -> Vec<Recorded> {
    let mut partial = BTreeMap::new();
    let messages = messages(Side::Client, bytes, &mut partial);
    assert!(partial.is_empty());
    messages
}
