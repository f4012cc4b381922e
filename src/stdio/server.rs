//! The server's half: no rules to keep but the acknowledgements, which its owner gives.

use std::collections::VecDeque;

use bytes::Bytes;
use uuid::Uuid;

use super::lines::Lines;
use super::{Error, Packet, Stream};

/// The most bytes of one line from a client: 256 KiB of fragments in base64, with room to spare.
const LINE_LIMIT: usize = 4 << 20;

/// Reads a client's packets and writes the server's.
#[derive(Debug)]
pub struct Server {
    lines: Lines,
    packets: VecDeque<Packet>,
    out: Vec<u8>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            lines: Lines::new(LINE_LIMIT),
            packets: VecDeque::new(),
            out: Vec::new(),
        }
    }
}

impl Server {
    /// Takes bytes from the client. Every line must be a client's packet.
    pub fn handle(&mut self, mut input: &[u8]) -> Result<(), Error> {
        while let Some(packet) = self.lines.next(&mut input, Packet::parse)? {
            match packet {
                Packet::Data { .. } | Packet::Command(_) | Packet::Signal(_) | Packet::Close(_) => {
                    self.packets.push_back(packet);
                }
                _ => return Err(Error::Misplaced(packet.name())),
            }
        }
        Ok(())
    }

    /// The next packet of the client.
    pub fn poll_packet(&mut self) -> Option<Packet> {
        self.packets.pop_front()
    }

    /// Sends fragments of the session (nil) or a pipeline.
    pub fn send(&mut self, id: Uuid, data: Bytes) {
        Packet::Data {
            stream: Stream::Default,
            id,
            data,
        }
        .write(&mut self.out);
    }

    /// Acknowledges what the client sent.
    pub fn acknowledge(&mut self, packet: &Packet) {
        let answer = match packet {
            Packet::Data { id, .. } => Packet::DataAck(*id),
            Packet::Command(id) => Packet::CommandAck(*id),
            Packet::Signal(id) => Packet::SignalAck(*id),
            Packet::Close(id) => Packet::CloseAck(*id),
            _ => return,
        };
        answer.write(&mut self.out);
    }

    /// The next bytes for the client: whole lines.
    pub fn poll_output(&mut self) -> Option<Bytes> {
        if self.out.is_empty() {
            None
        } else {
            Some(std::mem::take(&mut self.out).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Client, Event};
    use super::*;

    #[test]
    fn client_and_server_understand_each_other() {
        let (mut client, mut server, now) = (Client::default(), Server::default(), Duration::ZERO);
        let id = Uuid::from_u128(7);
        client.open(Bytes::from_static(b"opening"), now);
        client.create(id, Bytes::from_static(b"create"));
        let mut seen = Vec::new();
        for _ in 0..3 {
            while let Some(bytes) = client.poll_output() {
                server.handle(&bytes).unwrap();
            }
            while let Some(packet) = server.poll_packet() {
                server.acknowledge(&packet);
                seen.push(packet.name());
            }
            while let Some(bytes) = server.poll_output() {
                client.handle(&bytes, now).unwrap();
            }
        }
        assert_eq!(seen, ["Data", "Command", "Data"]);
        let events: Vec<Event> = std::iter::from_fn(|| client.poll_event()).collect();
        assert_eq!(
            events,
            [
                Event::Speaking,
                Event::Acknowledged(Uuid::nil()),
                Event::Acknowledged(id)
            ]
        );
    }

    #[test]
    fn a_client_that_acknowledges_is_refused() {
        let mut line = Vec::new();
        Packet::DataAck(Uuid::nil()).write(&mut line);
        assert_eq!(
            Server::default().handle(&line),
            Err(Error::Misplaced("DataAck"))
        );
    }
}
