//! Output without end: 10 GB of a generator, in this process, through lines, fragments, messages and values.

use std::time::{Duration, Instant};

use psdeck::clixml::Value;
use psdeck::psrp::client::{self, PoolOptions};
use psdeck::psrp::server::ServerOptions;
use psdeck::psrp::{self, CommandSpec, PipelineSpec, Priority, Target};
use psdeck::stdio;
use uuid::Uuid;

use crate::memory;

const BYTES: u64 = 10_000_000_000;

/// The most resident kilobytes.
const MEMORY: u64 = 200 << 10;

#[test]
fn ten_gigabytes_are_read_in_little_memory() {
    if !crate::wanted() {
        return;
    }
    let (start, mut peak) = (Instant::now(), 0);
    let mut link = Link::open();
    let long = Value::from("x".repeat(100_000));
    let (mut sent, mut round) = (0, 0);
    while link.lines < BYTES {
        // Long objects, and many short ones that share a line.
        for _ in 0..4 {
            link.server.output(link.pipeline, &long).unwrap();
        }
        for number in 0..2000 {
            link.server
                .output(link.pipeline, &Value::from(number))
                .unwrap();
        }
        sent += 2004;
        link.carry(Target::Pipeline(link.pipeline));
        assert_eq!(link.came, sent);
        round += 1;
        if round % 100 == 0 {
            peak = peak.max(memory());
            assert!(
                peak < MEMORY,
                "{peak} kB resident after {} bytes",
                link.lines
            );
        }
    }
    println!(
        "flood: {} bytes, {} objects in {} s, at most {peak} kB resident",
        link.lines,
        link.came,
        start.elapsed().as_secs()
    );
    assert!(peak > 0 || !cfg!(target_os = "linux"));
}

/// Both halves of the protocol with lines between them.
struct Link {
    client: client::Client,
    server: psrp::server::Server,
    reader: stdio::Client,
    writer: stdio::Server,
    pipeline: Uuid,
    /// The bytes of the server's lines.
    lines: u64,
    /// The objects that our client has seen.
    came: u64,
}

impl Link {
    fn open() -> Self {
        // What a pipeline may send altogether is the owner's to limit; here nobody does.
        let mut client = client::Client::new(PoolOptions {
            max_pipeline_data: None,
            ..PoolOptions::default()
        });
        let mut server = psrp::server::Server::new(ServerOptions::default());
        let mut reader = stdio::Client::default();
        let opening = client.open().unwrap();
        reader.open(opening.clone(), Duration::ZERO);
        server
            .handle(Target::Pool, Priority::Default, &opening)
            .unwrap();
        server.accept().unwrap();
        let mut link = Self {
            client,
            server,
            reader,
            writer: stdio::Server::default(),
            pipeline: Uuid::nil(),
            lines: 0,
            came: 0,
        };
        link.carry(Target::Pool);
        let spec = PipelineSpec::new(vec![CommandSpec::script("while ($true) { 1 }")]);
        let (id, first) = link.client.create_pipeline(spec).unwrap();
        let first = first.unwrap();
        link.reader.create(id, first.clone());
        link.server
            .handle(Target::Pipeline(id), Priority::Default, &first)
            .unwrap();
        link.pipeline = id;
        link
    }

    /// Brings what the server has for a target to the client.
    fn carry(&mut self, target: Target) {
        let id = match target {
            Target::Pool => Uuid::nil(),
            Target::Pipeline(id) => id,
        };
        while let Some(data) = self.server.transmit(target, 64 << 10) {
            self.writer.send(id, data);
        }
        while let Some(lines) = self.writer.poll_output() {
            self.lines += lines.len() as u64;
            for piece in lines.chunks(64 << 10) {
                self.reader.handle(piece, Duration::ZERO).unwrap();
                self.take(target);
            }
        }
    }

    fn take(&mut self, target: Target) {
        while let Some(event) = self.reader.poll_event() {
            if let stdio::Event::Data(_, data) = event {
                self.client.handle(target, &data).unwrap();
            }
            while let Some(event) = self.client.poll_event() {
                if let client::Event::Output { .. } = event {
                    self.came += 1;
                }
            }
        }
        while self.reader.poll_output().is_some() {}
    }
}
