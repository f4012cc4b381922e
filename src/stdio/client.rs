//! The client's half: what to send when, and what came.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use super::lines::Lines;
use super::{Error, Packet, Stream, Tail, printable};

/// The most bytes of one line from the server. One line is one fragment, 44 kB by default.
const LINE_LIMIT: usize = 32 << 20;
/// The most bytes of text before the first packet.
const NOISE_LIMIT: usize = 64 << 10;
/// The fragment size of these transports; one fragment is the least that a line carries.
pub const FRAGMENT: usize = 32 << 10;
/// Longer lines slow the server's reassembly down (measured.md).
const LONGEST: usize = 256 << 10;
/// What a server puts before the reason of its end.
const REMOTE_ERRORS: [&[u8]; 2] = [b"__NamedPipeError__:", b"__HyperVSocketError__:"];

/// What came from the server. The id is a pipeline's, or nil for the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The first packet came: there is a PowerShell server at the other end.
    Speaking,
    /// Bytes of a target, parts of fragments.
    Data(Uuid, Bytes),
    /// The last `open`, `create` or `send` of the target arrived.
    Acknowledged(Uuid),
    /// The stop of a pipeline was taken.
    Stopped(Uuid),
    /// A pipeline's channel, or with nil the session, has ended. Nothing of it follows.
    Closed(Uuid),
    /// A line of text before the first packet: a banner, a profile's noise.
    Noise(String),
}

/// The state of one connection: what is under way for each target. `now` is the time since any fixed moment.
#[derive(Debug)]
pub struct Client {
    lines: Lines,
    targets: HashMap<Uuid, Channel>,
    out: Vec<u8>,
    events: VecDeque<Event>,
    noise: Tail,
    noise_bytes: usize,
    speaking: bool,
    session: Closing,
    round_trip: Option<Duration>,
}

/// One target's channel.
#[derive(Debug, Default)]
struct Channel {
    /// `CREATE_PIPELINE`, which waits for `CommandAck`.
    first: Option<Bytes>,
    /// When the `Data` under way was sent.
    sent: Option<Duration>,
    /// `Data` that waits for the acknowledgement of the one before.
    waiting: VecDeque<(Stream, Bytes)>,
    /// The server has `CREATE_PIPELINE`: it can be stopped and closed.
    ready: bool,
    stop: bool,
    close: Closing,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Closing {
    #[default]
    No,
    /// Waits for what must come first.
    Wanted,
    Sent,
    Done,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            lines: Lines::new(LINE_LIMIT),
            targets: HashMap::new(),
            out: Vec::new(),
            events: VecDeque::new(),
            noise: Tail::default(),
            noise_bytes: 0,
            speaking: false,
            session: Closing::No,
            round_trip: None,
        }
    }
}

impl Client {
    /// Sends the session's opening messages (or any later ones of the pool, by `send` with nil).
    pub fn open(&mut self, opening: Bytes, now: Duration) {
        self.targets.insert(
            Uuid::nil(),
            Channel {
                ready: true,
                ..Channel::default()
            },
        );
        self.send(Uuid::nil(), Stream::Default, opening, now);
    }

    /// Opens a pipeline's channel; `first` (`CREATE_PIPELINE` and nothing else) follows once the channel is there.
    pub fn create(&mut self, id: Uuid, first: Bytes) {
        self.targets.insert(
            id,
            Channel {
                first: Some(first),
                ..Channel::default()
            },
        );
        Packet::Command(id).write(&mut self.out);
    }

    /// Sends whole fragments, at once or when the one before is acknowledged; answers to host calls go ahead of what
    /// waits. Nothing happens for a target that is not open.
    pub fn send(&mut self, id: Uuid, stream: Stream, data: Bytes, now: Duration) {
        let Some(channel) = self.targets.get_mut(&id) else {
            return;
        };
        if data.is_empty() || channel.close != Closing::No {
            return;
        }
        match stream {
            Stream::PromptResponse => {
                let behind = channel
                    .waiting
                    .iter()
                    .take_while(|(s, _)| *s == Stream::PromptResponse)
                    .count();
                channel.waiting.insert(behind, (stream, data));
            }
            Stream::Default => channel.waiting.push_back((stream, data)),
        }
        channel.flush(id, &mut self.out, now);
    }

    /// Stops a pipeline, as soon as the server has it.
    pub fn stop(&mut self, id: Uuid) {
        let Some(channel) = self.targets.get_mut(&id) else {
            return;
        };
        if channel.ready {
            Packet::Signal(id).write(&mut self.out);
        } else {
            channel.stop = true;
        }
    }

    /// Ends a pipeline's channel, as soon as the server has it. What waits to be sent is dropped. Says whether there is
    /// such a channel: where there is none, nothing follows.
    pub fn close(&mut self, id: Uuid) -> bool {
        let Some(channel) = self.targets.get_mut(&id).filter(|_| !id.is_nil()) else {
            return false;
        };
        channel.want_close(id, &mut self.out);
        true
    }

    /// Ends the session: its pipelines first, and itself when the last of them has ended.
    pub fn close_session(&mut self) {
        if self.session != Closing::No {
            return;
        }
        self.session = Closing::Wanted;
        for (id, channel) in self.targets.iter_mut().filter(|(id, _)| !id.is_nil()) {
            channel.want_close(*id, &mut self.out);
        }
        self.close_session_if_due();
    }

    /// Takes bytes from the server. After an error nothing more should be given.
    pub fn handle(&mut self, mut input: &[u8], now: Duration) -> Result<(), Error> {
        loop {
            let speaking = self.speaking;
            let Some(line) = self
                .lines
                .next(&mut input, |line| Line::read(line, speaking))?
            else {
                break;
            };
            match line {
                Line::Blank => {}
                Line::Remote(_) if self.session == Closing::Done => {}
                Line::Remote(reason) => return Err(Error::Remote(reason)),
                Line::Noise(bytes) => self.make_noise(&bytes)?,
                Line::Packet(packet) => self.packet(packet, now)?,
                Line::Joined(bytes, packet) => {
                    self.make_noise(&bytes)?;
                    self.packet(packet, now)?;
                }
            }
        }
        if !self.speaking
            && !self.lines.partial().starts_with(b"<")
            && self.lines.partial().len() > NOISE_LIMIT
        {
            return Err(Error::Noise { limit: NOISE_LIMIT });
        }
        Ok(())
    }

    /// The next bytes for the server, if there are any: whole lines.
    pub fn poll_output(&mut self) -> Option<Bytes> {
        if self.out.is_empty() {
            None
        } else {
            Some(std::mem::take(&mut self.out).into())
        }
    }

    /// What came.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Whether the server has sent a packet.
    pub fn is_speaking(&self) -> bool {
        self.speaking
    }

    /// Whether the session was closed in good order: what comes now, the stream's end included, is no failure.
    pub fn is_closed(&self) -> bool {
        self.session == Closing::Done
    }

    /// The last lines of text before the first packet, and of a line without end.
    pub fn noise(&self) -> Vec<String> {
        let mut lines = self.noise.last_lines(20);
        let partial = printable(self.lines.partial());
        if !self.speaking && !partial.is_empty() {
            lines.push(partial);
        }
        lines
    }

    /// How many bytes of fragments one `send` should carry: 32 KiB for every millisecond of the shortest round trip
    /// seen, up to 256 KiB. More would be in flight for longer than the acknowledgement takes, and long lines slow a
    /// server down.
    pub fn packet_size(&self) -> usize {
        let milliseconds = self.round_trip.map_or(0, |trip| trip.as_millis());
        usize::try_from(milliseconds)
            .map_or(LONGEST, |count| count.saturating_mul(FRAGMENT))
            .clamp(FRAGMENT, LONGEST)
    }

    fn make_noise(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.noise_bytes = self.noise_bytes.saturating_add(bytes.len() + 1);
        if self.noise_bytes > NOISE_LIMIT {
            return Err(Error::Noise { limit: NOISE_LIMIT });
        }
        self.noise.push(bytes);
        self.noise.push(b"\n");
        self.events.push_back(Event::Noise(printable(bytes)));
        Ok(())
    }

    fn packet(&mut self, packet: Packet, now: Duration) -> Result<(), Error> {
        if !self.speaking {
            self.speaking = true;
            self.events.push_back(Event::Speaking);
        }
        match packet {
            // What is on its way when a channel was closed belongs to nobody.
            Packet::Data { id, data, .. } => {
                if !data.is_empty()
                    && self
                        .targets
                        .get(&id)
                        .is_some_and(|c| c.close == Closing::No)
                {
                    self.events.push_back(Event::Data(id, data));
                }
            }
            Packet::DataAck(id) => self.acknowledged(id, now),
            Packet::CommandAck(id) => {
                if let Some(channel) = self.targets.get_mut(&id)
                    && let Some(first) = channel.first.take()
                {
                    channel.waiting.push_front((Stream::Default, first));
                    channel.flush(id, &mut self.out, now);
                }
            }
            Packet::SignalAck(id) => self.events.push_back(Event::Stopped(id)),
            Packet::CloseAck(id) if id.is_nil() => {
                if self.session == Closing::Sent {
                    self.session = Closing::Done;
                    self.events.push_back(Event::Closed(id));
                }
            }
            Packet::CloseAck(id) => {
                if self.targets.remove(&id).is_some() {
                    self.events.push_back(Event::Closed(id));
                    self.close_session_if_due();
                }
            }
            Packet::Command(_) | Packet::Signal(_) | Packet::Close(_) => {
                return Err(Error::Misplaced(packet.name()));
            }
        }
        Ok(())
    }

    fn acknowledged(&mut self, id: Uuid, now: Duration) {
        let Some(channel) = self.targets.get_mut(&id) else {
            return;
        };
        let Some(sent) = channel.sent.take() else {
            return;
        };
        let trip = now.saturating_sub(sent);
        self.round_trip = Some(self.round_trip.map_or(trip, |shortest| shortest.min(trip)));
        self.events.push_back(Event::Acknowledged(id));
        channel.ready = true;
        if std::mem::take(&mut channel.stop) {
            Packet::Signal(id).write(&mut self.out);
        }
        match channel.close {
            Closing::Wanted => channel.want_close(id, &mut self.out),
            _ => channel.flush(id, &mut self.out, now),
        }
    }

    fn close_session_if_due(&mut self) {
        if self.session == Closing::Wanted && self.targets.keys().all(Uuid::is_nil) {
            self.session = Closing::Sent;
            Packet::Close(Uuid::nil()).write(&mut self.out);
        }
    }
}

impl Channel {
    /// Sends the next `Data` unless one is under way.
    fn flush(&mut self, id: Uuid, out: &mut Vec<u8>, now: Duration) {
        if self.sent.is_some() || self.first.is_some() {
            return;
        }
        if let Some((stream, data)) = self.waiting.pop_front() {
            self.sent = Some(now);
            Packet::Data { stream, id, data }.write(out);
        }
    }

    fn want_close(&mut self, id: Uuid, out: &mut Vec<u8>) {
        if self.first.is_none() {
            self.waiting.clear();
        }
        match self.close {
            Closing::No | Closing::Wanted if self.ready => {
                self.close = Closing::Sent;
                Packet::Close(id).write(out);
            }
            Closing::No => self.close = Closing::Wanted,
            _ => {}
        }
    }
}

/// What a line from the server is.
enum Line {
    Blank,
    Remote(String),
    Noise(Vec<u8>),
    Packet(Packet),
    /// Text that somebody wrote without a line end, and the first packet right behind it.
    Joined(Vec<u8>, Packet),
}

impl Line {
    /// Before the first packet everything that is no packet is noise; afterwards it is an error.
    fn read(line: &[u8], speaking: bool) -> Result<Self, Error> {
        if line.trim_ascii().is_empty() {
            return Ok(Self::Blank);
        }
        if let Some(reason) = REMOTE_ERRORS
            .iter()
            .find_map(|prefix| line.trim_ascii_start().strip_prefix(*prefix))
        {
            return Ok(Self::Remote(printable(reason)));
        }
        let unmarked = line
            .strip_prefix(b"\xef\xbb\xbf")
            .filter(|_| !speaking)
            .unwrap_or(line);
        match Packet::parse(unmarked) {
            Ok(packet) => Ok(Self::Packet(packet)),
            Err(_) if !speaking => Ok(Self::behind_text(line).unwrap_or_else(|| {
                Self::Noise(line.get(..NOISE_LIMIT + 1).unwrap_or(line).to_vec())
            })),
            Err(error) => Err(error),
        }
    }

    /// A server's first packet, which is a `Data` or a `DataAck`, behind text on the same line.
    fn behind_text(line: &[u8]) -> Option<Self> {
        let at = memchr::memmem::rfind(line, b"<Data")?;
        let (text, packet) = line.split_at_checked(at)?;
        let packet = Packet::parse(packet).ok()?;
        let text = text.get(..NOISE_LIMIT + 1).unwrap_or(text);
        Some(Self::Joined(text.to_vec(), packet))
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
