use super::*;

const A: Uuid = Uuid::from_u128(0xa);
const B: Uuid = Uuid::from_u128(0xb);
const POOL: Uuid = Uuid::nil();

/// A client, a clock that the test moves, and short names for packets.
struct Bench {
    client: Client,
    now: Duration,
}

impl Bench {
    fn new() -> Self {
        Self {
            client: Client::default(),
            now: Duration::ZERO,
        }
    }

    /// With the session open.
    fn opened() -> Self {
        let mut bench = Self::new();
        bench.client.open(Bytes::from_static(b"opening"), bench.now);
        assert_eq!(bench.sent(), ["Data pool opening"]);
        bench.says(&[Packet::DataAck(POOL)]);
        assert_eq!(bench.events(), [Event::Speaking, Event::Acknowledged(POOL)]);
        bench
    }

    /// With the session and pipeline A open.
    fn running() -> Self {
        let mut bench = Self::opened();
        bench.client.create(A, Bytes::from_static(b"create"));
        bench.says(&[Packet::CommandAck(A), Packet::DataAck(A)]);
        assert_eq!(bench.sent(), ["Command a", "Data a create"]);
        assert_eq!(bench.events(), [Event::Acknowledged(A)]);
        bench
    }

    fn send(&mut self, id: Uuid, text: &'static str) {
        self.client.send(
            id,
            Stream::Default,
            Bytes::from_static(text.as_bytes()),
            self.now,
        );
    }

    fn answer(&mut self, id: Uuid, text: &'static str) {
        self.client.send(
            id,
            Stream::PromptResponse,
            Bytes::from_static(text.as_bytes()),
            self.now,
        );
    }

    fn says(&mut self, packets: &[Packet]) {
        let mut text = Vec::new();
        for packet in packets {
            packet.write(&mut text);
        }
        self.client.handle(&text, self.now).unwrap();
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.client.poll_event()).collect()
    }

    fn sent(&mut self) -> Vec<String> {
        let bytes = self.client.poll_output().unwrap_or_default();
        let lines = bytes
            .split_inclusive(|b| *b == b'\n')
            .map(|line| Packet::parse(line).unwrap());
        lines
            .map(|packet| match &packet {
                Packet::Data { id, data, stream } => {
                    let mark = if *stream == Stream::Default { "" } else { "!" };
                    format!("Data{mark} {} {}", name(*id), String::from_utf8_lossy(data))
                }
                Packet::Command(id) | Packet::Signal(id) | Packet::Close(id) => {
                    format!("{} {}", packet.name(), name(*id))
                }
                other => panic!("a client never sends {other:?}"),
            })
            .collect()
    }
}

fn name(id: Uuid) -> String {
    if id.is_nil() {
        "pool".into()
    } else {
        format!("{:x}", id.as_u128())
    }
}

fn data(id: Uuid, text: &'static str) -> Packet {
    Packet::Data {
        stream: Stream::Default,
        id,
        data: Bytes::from_static(text.as_bytes()),
    }
}

#[test]
fn a_pipeline_waits_for_its_channel_and_then_for_each_acknowledgement() {
    let mut bench = Bench::opened();
    bench.client.create(A, Bytes::from_static(b"create"));
    bench.send(A, "one");
    bench.send(A, "two");
    assert_eq!(bench.sent(), ["Command a"]);
    bench.says(&[Packet::CommandAck(A)]);
    assert_eq!(
        bench.sent(),
        ["Data a create"],
        "CREATE_PIPELINE goes alone"
    );
    bench.says(&[Packet::DataAck(A)]);
    assert_eq!(bench.sent(), ["Data a one"]);
    bench.says(&[Packet::DataAck(A)]);
    assert_eq!(bench.sent(), ["Data a two"]);
    bench.says(&[Packet::DataAck(A)]);
    assert_eq!(bench.events(), vec![Event::Acknowledged(A); 3]);
}

#[test]
fn targets_do_not_wait_for_each_other() {
    let mut bench = Bench::running();
    bench.send(A, "one");
    bench.send(POOL, "pool");
    bench.client.create(B, Bytes::from_static(b"create"));
    assert_eq!(bench.sent(), ["Data a one", "Data pool pool", "Command b"]);
}

#[test]
fn answers_go_ahead_of_input_but_wait_for_the_acknowledgement_too() {
    let mut bench = Bench::running();
    bench.send(A, "one");
    bench.send(A, "two");
    bench.answer(A, "first answer");
    bench.answer(A, "second answer");
    let mut sent = bench.sent();
    for _ in 0..3 {
        bench.says(&[Packet::DataAck(A)]);
        sent.extend(bench.sent());
    }
    assert_eq!(
        sent,
        [
            "Data a one",
            "Data! a first answer",
            "Data! a second answer",
            "Data a two"
        ]
    );
}

#[test]
fn an_acknowledgement_that_was_not_due_lets_nothing_through() {
    let mut bench = Bench::running();
    bench.says(&[
        Packet::DataAck(A),
        Packet::DataAck(B),
        Packet::CommandAck(A),
    ]);
    bench.send(A, "one");
    bench.send(A, "two");
    assert_eq!(bench.sent(), ["Data a one"]);
    assert_eq!(bench.events(), []);
}

#[test]
fn a_stop_waits_until_the_server_has_the_pipeline() {
    let mut bench = Bench::opened();
    bench.client.create(A, Bytes::from_static(b"create"));
    bench.client.stop(A);
    bench.says(&[Packet::CommandAck(A)]);
    assert_eq!(bench.sent(), ["Command a", "Data a create"]);
    bench.says(&[Packet::DataAck(A)]);
    assert_eq!(bench.sent(), ["Signal a"]);
    bench.events();
    bench.says(&[Packet::SignalAck(A)]);
    assert_eq!(bench.events(), [Event::Stopped(A)]);
}

#[test]
fn the_session_is_closed_after_its_pipelines() {
    let mut bench = Bench::running();
    bench.client.create(B, Bytes::from_static(b"create"));
    bench.sent();
    bench.client.close_session();
    assert_eq!(bench.sent(), ["Close a"], "b is not there yet");
    bench.says(&[Packet::CloseAck(A), Packet::CommandAck(B)]);
    assert_eq!(bench.sent(), ["Data b create"]);
    bench.says(&[Packet::DataAck(B)]);
    assert_eq!(bench.sent(), ["Close b"]);
    bench.says(&[Packet::CloseAck(B)]);
    assert_eq!(bench.sent(), ["Close pool"]);
    bench.says(&[Packet::CloseAck(POOL)]);
    assert_eq!(
        bench.events(),
        [
            Event::Closed(A),
            Event::Acknowledged(B),
            Event::Closed(B),
            Event::Closed(POOL)
        ]
    );
    assert!(bench.client.is_closed());
    bench
        .client
        .handle(b"__NamedPipeError__: the pipe is gone\n", bench.now)
        .unwrap();
}

#[test]
fn data_of_a_closed_pipeline_is_dropped() {
    let mut bench = Bench::running();
    bench.says(&[data(A, "kept")]);
    bench.client.close(A);
    bench.says(&[data(A, "late"), Packet::CloseAck(A), data(A, "later")]);
    assert_eq!(
        bench.events(),
        [
            Event::Data(A, Bytes::from_static(b"kept")),
            Event::Closed(A)
        ]
    );
}

#[test]
fn text_before_the_first_packet_is_reported_and_after_it_an_error() {
    let mut bench = Bench::new();
    bench
        .client
        .handle(b"Welcome\r\n\r\n\x1b[2Jto this host\n", bench.now)
        .unwrap();
    assert_eq!(
        bench.events(),
        [
            Event::Noise("Welcome".into()),
            Event::Noise("\\u{1b}[2Jto this host".into())
        ]
    );
    bench.client.handle(b"PS /> ", bench.now).unwrap();
    assert_eq!(
        bench.client.noise(),
        ["Welcome", "\\u{1b}[2Jto this host", "PS />"]
    );
    bench.client.handle(b"\n", bench.now).unwrap();
    bench.says(&[Packet::DataAck(POOL)]);
    let error = bench
        .client
        .handle(b"Welcome again\n", bench.now)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the peer sent a line that is no packet (it does not begin with <): Welcome again"
    );
}

#[test]
fn text_without_a_line_end_does_not_swallow_the_first_packet() {
    let mut bench = Bench::new();
    bench.client.open(Bytes::from_static(b"opening"), bench.now);
    let mut text = b"\x1b[?1hhello ".to_vec();
    Packet::DataAck(POOL).write(&mut text);
    data(POOL, "state").write(&mut text);
    bench.client.handle(&text, bench.now).unwrap();
    assert_eq!(
        bench.events(),
        [
            Event::Noise("\\u{1b}[?1hhello".into()),
            Event::Speaking,
            Event::Acknowledged(POOL),
            Event::Data(POOL, Bytes::from_static(b"state")),
        ]
    );
    let error = bench.client.handle(&text, bench.now).unwrap_err();
    assert!(matches!(error, Error::NotAPacket { .. }), "{error}");
}

#[test]
fn noise_without_end_is_an_error() {
    let mut bench = Bench::new();
    let line = [&[b'x'; 999][..], b"\n"].concat();
    let errors = (0..100)
        .filter_map(|_| bench.client.handle(&line, bench.now).err())
        .count();
    assert!(errors > 0);
    let mut bench = Bench::new();
    let error = (0..100).find_map(|_| bench.client.handle(&[b'x'; 1000], bench.now).err());
    assert_eq!(error, Some(Error::Noise { limit: NOISE_LIMIT }));
}

#[test]
fn the_servers_own_reason_ends_the_session() {
    let mut bench = Bench::opened();
    let text = b"__NamedPipeError__:An unknown element \"\" was received.\r\n";
    let error = bench.client.handle(text, bench.now).unwrap_err();
    assert_eq!(
        error,
        Error::Remote("An unknown element \"\" was received.".into())
    );
}

#[test]
fn a_packet_of_the_clients_is_refused() {
    let mut bench = Bench::opened();
    let mut line = Vec::new();
    Packet::Signal(A).write(&mut line);
    assert_eq!(
        bench.client.handle(&line, bench.now),
        Err(Error::Misplaced("Signal"))
    );
}

#[test]
fn lines_grow_with_the_round_trip() {
    for (milliseconds, kibibytes) in [(0, 32), (1, 32), (3, 96), (8, 256), (200, 256)] {
        let mut bench = Bench::new();
        bench.client.open(Bytes::from_static(b"opening"), bench.now);
        bench.now += Duration::from_millis(milliseconds);
        bench.says(&[Packet::DataAck(POOL)]);
        assert_eq!(
            bench.client.packet_size(),
            kibibytes << 10,
            "{milliseconds} ms"
        );
    }
}

#[test]
fn packets_are_the_same_wherever_the_bytes_are_cut() {
    let mut text = b"noise\n".to_vec();
    for packet in [
        data(POOL, "hello"),
        Packet::DataAck(POOL),
        data(POOL, "world"),
    ] {
        packet.write(&mut text);
    }
    let whole = events_of(&[&text]);
    assert_eq!(whole.len(), 5);
    for at in 0..text.len() {
        assert_eq!(events_of(&[&text[..at], &text[at..]]), whole, "cut at {at}");
    }
}

fn events_of(parts: &[&[u8]]) -> Vec<Event> {
    let mut bench = Bench::new();
    bench.client.open(Bytes::from_static(b"opening"), bench.now);
    for part in parts {
        bench.client.handle(part, bench.now).unwrap();
    }
    bench.events()
}
