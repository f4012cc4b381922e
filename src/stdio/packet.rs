//! One packet, and its line (protocol guide 9.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use uuid::Uuid;

use super::{Error, printable};

/// Which of a target's two queues `Data` belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Everything but answers to host calls.
    Default,
    /// Answers to host calls.
    PromptResponse,
}

/// One line. The id is a pipeline's, or nil for the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// Fragments, whole or not.
    Data {
        /// The queue. Servers only use `Default`.
        stream: Stream,
        /// Whose.
        id: Uuid,
        /// The fragments.
        data: Bytes,
    },
    /// The server took a `Data`.
    DataAck(Uuid),
    /// Opens a pipeline's channel.
    Command(Uuid),
    /// The channel is open.
    CommandAck(Uuid),
    /// Stops a pipeline.
    Signal(Uuid),
    /// The stop was taken.
    SignalAck(Uuid),
    /// Ends a pipeline's channel or the session.
    Close(Uuid),
    /// It has ended.
    CloseAck(Uuid),
}

impl Packet {
    /// Reads a line (without its end). Attributes may stand in any order and either quotes; unknown ones are skipped.
    pub fn parse(line: &[u8]) -> Result<Self, Error> {
        read(line).map_err(|reason| Error::NotAPacket {
            reason,
            excerpt: printable(line),
        })
    }

    /// Appends the line, with its LF.
    pub fn write(&self, out: &mut Vec<u8>) {
        let (name, id) = match self {
            Self::Data { stream, id, data } => {
                let stream = match stream {
                    Stream::Default => "Default",
                    Stream::PromptResponse => "PromptResponse",
                };
                return write_data(out, stream, *id, data);
            }
            Self::DataAck(id) => ("DataAck", id),
            Self::Command(id) => ("Command", id),
            Self::CommandAck(id) => ("CommandAck", id),
            Self::Signal(id) => ("Signal", id),
            Self::SignalAck(id) => ("SignalAck", id),
            Self::Close(id) => ("Close", id),
            Self::CloseAck(id) => ("CloseAck", id),
        };
        out.extend_from_slice(format!("<{name} PSGuid='{id}' />\n").as_bytes());
    }

    /// The element's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Data { .. } => "Data",
            Self::DataAck(_) => "DataAck",
            Self::Command(_) => "Command",
            Self::CommandAck(_) => "CommandAck",
            Self::Signal(_) => "Signal",
            Self::SignalAck(_) => "SignalAck",
            Self::Close(_) => "Close",
            Self::CloseAck(_) => "CloseAck",
        }
    }
}

fn write_data(out: &mut Vec<u8>, stream: &str, id: Uuid, data: &[u8]) {
    let encoded = data.len().div_ceil(3) * 4;
    out.reserve(encoded + 100);
    out.extend_from_slice(format!("<Data Stream='{stream}' PSGuid='{id}'>").as_bytes());
    let start = out.len();
    out.resize(start + encoded, 0);
    if let Some(room) = out.get_mut(start..) {
        // The room is as long as the text, so this cannot fail.
        let written = STANDARD.encode_slice(data, room);
        debug_assert_eq!(written.ok(), Some(encoded));
    }
    out.extend_from_slice(b"</Data>\n");
}

type Reason = &'static str;

fn read(line: &[u8]) -> Result<Packet, Reason> {
    let inside = line
        .trim_ascii()
        .strip_prefix(b"<")
        .ok_or("it does not begin with <")?;
    let end = memchr::memchr(b'>', inside).ok_or("its element has no end")?;
    let (head, rest) = inside
        .split_at_checked(end)
        .ok_or("its element has no end")?;
    let body = rest.get(1..).unwrap_or_default();
    let (head, empty) = match head.strip_suffix(b"/") {
        Some(head) => (head, true),
        None => (head, false),
    };
    let head = std::str::from_utf8(head).map_err(|_| "it is not UTF-8")?;
    let (name, attributes) = head
        .split_once(|c: char| c.is_ascii_whitespace())
        .unwrap_or((head, ""));
    let attributes = Attributes::read(attributes)?;
    let id = attributes.id.ok_or("it has no PSGuid")?;
    if name == "Data" {
        let stream = attributes.stream.unwrap_or(Stream::Default);
        return Ok(Packet::Data {
            stream,
            id,
            data: content(body, empty)?,
        });
    }
    let close = format!("</{name}>");
    if !(empty && body.is_empty() || !empty && body == close.as_bytes()) {
        return Err("it has content where none is due");
    }
    Ok(match name {
        "DataAck" => Packet::DataAck(id),
        "Command" => Packet::Command(id),
        "CommandAck" => Packet::CommandAck(id),
        "Signal" => Packet::Signal(id),
        "SignalAck" => Packet::SignalAck(id),
        "Close" => Packet::Close(id),
        "CloseAck" => Packet::CloseAck(id),
        _ => return Err("its element is unknown"),
    })
}

fn content(body: &[u8], empty: bool) -> Result<Bytes, Reason> {
    if empty {
        return if body.is_empty() {
            Ok(Bytes::new())
        } else {
            Err("it has content where none is due")
        };
    }
    let text = body
        .strip_suffix(b"</Data>")
        .ok_or("its element has no end")?;
    STANDARD
        .decode(text)
        .map(Bytes::from)
        .map_err(|_| "its content is not base64")
}

#[derive(Default)]
struct Attributes {
    id: Option<Uuid>,
    stream: Option<Stream>,
}

impl Attributes {
    fn read(text: &str) -> Result<Self, Reason> {
        let mut found = Self::default();
        let mut rest = text.trim_ascii();
        while !rest.is_empty() {
            let (name, value) = rest.split_once('=').ok_or("an attribute has no value")?;
            let value = value.trim_ascii_start();
            let quote = value
                .chars()
                .next()
                .filter(|c| matches!(c, '\'' | '"'))
                .ok_or("an attribute has no quotes")?;
            let (value, tail) = value
                .strip_prefix(quote)
                .and_then(|v| v.split_once(quote))
                .ok_or("a quote is open")?;
            match name.trim_ascii() {
                "PSGuid" => {
                    found.id = Some(Uuid::try_parse(value).map_err(|_| "its PSGuid is no GUID")?);
                }
                "Stream" => {
                    found.stream = Some(match value {
                        "Default" => Stream::Default,
                        "PromptResponse" => Stream::PromptResponse,
                        _ => return Err("its Stream is unknown"),
                    });
                }
                _ => {}
            }
            rest = tail.trim_ascii_start();
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: Uuid = Uuid::from_u128(0x1234_5678_9abc_def0_1122_3344_5566_7788);

    fn line(packet: &Packet) -> Vec<u8> {
        let mut out = Vec::new();
        packet.write(&mut out);
        out
    }

    #[test]
    fn lines_are_written_as_powershell_writes_them() {
        let data = Packet::Data {
            stream: Stream::PromptResponse,
            id: Uuid::nil(),
            data: Bytes::from_static(b"abcd"),
        };
        let text = "<Data Stream='PromptResponse' PSGuid='00000000-0000-0000-0000-000000000000'>YWJjZA==</Data>\n";
        assert_eq!(line(&data), text.as_bytes());
        assert_eq!(
            line(&Packet::Close(ID)),
            b"<Close PSGuid='12345678-9abc-def0-1122-334455667788' />\n"
        );
    }

    #[test]
    fn other_spellings_are_read() {
        for text in [
            "<DataAck PSGuid=\"12345678-9ABC-def0-1122-334455667788\"/>",
            "  <DataAck  Other='a=b' PSGuid = '12345678-9abc-def0-1122-334455667788' />",
            "<DataAck PSGuid='12345678-9abc-def0-1122-334455667788'></DataAck>",
        ] {
            assert_eq!(
                Packet::parse(text.as_bytes()),
                Ok(Packet::DataAck(ID)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_packet_says_why() {
        let id = "PSGuid='12345678-9abc-def0-1122-334455667788'";
        for (text, why) in [
            ("Welcome", "it does not begin with <"),
            ("<DataAck", "its element has no end"),
            ("<DataAck />", "it has no PSGuid"),
            ("<DataAck PSGuid='x' />", "its PSGuid is no GUID"),
            ("<DataAck PSGuid='x", "its element has no end"),
            ("<DataAck PSGuid=1 />", "an attribute has no quotes"),
            (&format!("<Nonsense {id} />"), "its element is unknown"),
            (
                &format!("<Data {id}>****</Data>"),
                "its content is not base64",
            ),
            (&format!("<Data {id}>YWJj"), "its element has no end"),
            (
                &format!("<Data Stream='x' {id}>YWJj</Data>"),
                "its Stream is unknown",
            ),
            (
                &format!("<CloseAck {id}>text</CloseAck>"),
                "it has content where none is due",
            ),
        ] {
            let Err(Error::NotAPacket { reason, .. }) = Packet::parse(text.as_bytes()) else {
                panic!("{text} was read");
            };
            assert_eq!(reason, why, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(data: Vec<u8>, id: u128, kind in 0..9) {
            let (id, data) = (Uuid::from_u128(id), Bytes::from(data));
            let packet = match kind {
                0 => Packet::Data { stream: Stream::Default, id, data },
                1 => Packet::Data { stream: Stream::PromptResponse, id, data },
                2 => Packet::DataAck(id),
                3 => Packet::Command(id),
                4 => Packet::CommandAck(id),
                5 => Packet::Signal(id),
                6 => Packet::SignalAck(id),
                7 => Packet::Close(id),
                _ => Packet::CloseAck(id),
            };
            let line = line(&packet);
            prop_assert_eq!(Packet::parse(line.strip_suffix(b"\n").unwrap()), Ok(packet));
        }

        #[test]
        fn no_bytes_bring_the_reader_down(bytes: Vec<u8>) {
            let _ = Packet::parse(&bytes);
        }
    }
}
