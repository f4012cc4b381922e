//! A client that knows nothing: it replays what ours once sent, byte for byte, each line when as many lines have come as
//! had come then. What it needs is what `sshd`, the peer and the network need.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use russh::client::{self, Handler};
use russh::keys::{PrivateKeyWithHashAlg, PublicKeyOrCertificate, load_secret_key};
use russh::{Channel, ChannelMsg};

use crate::support::peer::Peer;

/// Stands between `sshd` and the peer and writes down each line, with the side that it came from.
pub const RECORDER: &str = r#"
import signal, subprocess, sys, threading
path, *command = sys.argv[1:]
log, lock = open(path, "wb"), threading.Lock()
peer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
def pump(side, source, sink):
    for line in source:
        with lock:
            log.write(side + line)
        try:
            sink.write(line)
            sink.flush()
        except BrokenPipeError:
            pass
    log.flush()
threading.Thread(target=pump, args=(b"s", peer.stdout, sys.stdout.buffer)).start()
pump(b"c", sys.stdin.buffer, peer.stdin)
peer.stdin.close()
peer.wait()
"#;

const CLOSED: &[u8] = b"<CloseAck PSGuid='00000000-0000-0000-0000-000000000000'";

/// What was said, a line at a time.
pub struct Recording(Vec<(bool, Vec<u8>)>);

/// How long a replay took.
pub struct Replayed {
    /// From the start of the connection until the pool was open.
    pub opening: Duration,
    /// From then until the session was closed.
    pub running: Duration,
}

impl Recording {
    /// What was said until the session was closed; what the peer makes of the end of its input is left out.
    pub fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap();
        let mut said = Vec::new();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            said.push((line[0] == b'c', line[1..].to_vec()));
            if line[1..].starts_with(CLOSED) {
                return Self(said);
            }
        }
        panic!("the recorded session was never closed");
    }

    /// The line with which the first pipeline begins.
    fn first_command(&self) -> usize {
        self.find(b"<Command ")
    }

    /// The line that closes the session.
    fn close(&self) -> usize {
        self.find(b"<Close PSGuid='00000000-0000-0000-0000-000000000000'")
    }

    fn find(&self, start: &[u8]) -> usize {
        let found = self
            .0
            .iter()
            .position(|(client, line)| *client && line.starts_with(start));
        found.unwrap_or(self.0.len())
    }
}

pub async fn replay(peer: &Peer, recording: &Recording) -> Replayed {
    let start = Instant::now();
    let handle = connect(peer).await;
    let mut channel = handle.channel_open_session().await.unwrap();
    channel.request_subsystem(true, "powershell").await.unwrap();
    let (opened, closing) = (recording.first_command(), recording.close());
    let (mut opening, mut running) = (None, None);
    let mut came = 0;
    for (at, (from_client, line)) in recording.0.iter().enumerate() {
        if at == opened {
            opening = Some(start.elapsed());
        }
        if at == closing {
            running = Some(start.elapsed());
        }
        if *from_client {
            channel.data(&line[..]).await.unwrap();
            continue;
        }
        while came == 0 {
            came += lines(&mut channel, at).await;
        }
        came -= 1;
    }
    let whole = start.elapsed();
    let opening = opening.unwrap_or(whole);
    Replayed {
        opening,
        running: running.unwrap_or(whole).saturating_sub(opening),
    }
}

/// How many line ends the next message brings.
async fn lines(channel: &mut Channel<client::Msg>, at: usize) -> usize {
    let next = tokio::time::timeout(Duration::from_secs(30), channel.wait());
    let Ok(Some(message)) = next.await else {
        panic!("the peer never said line {at} of the recording");
    };
    match message {
        ChannelMsg::Data { data } => memchr::memchr_iter(b'\n', &data).count(),
        _ => 0,
    }
}

async fn connect(peer: &Peer) -> client::Handle<AnyKey> {
    let config = client::Config {
        nodelay: true,
        ..client::Config::default()
    };
    let address = ("127.0.0.1", peer.port());
    let mut handle = client::connect(Arc::new(config), address, AnyKey)
        .await
        .unwrap();
    let key = load_secret_key(peer.text("key"), None).unwrap();
    let key = PrivateKeyWithHashAlg::new(Arc::new(key), None);
    let result = handle
        .authenticate_publickey(peer.text("user"), key)
        .await
        .unwrap();
    assert!(result.success());
    handle
}

struct AnyKey;

impl Handler for AnyKey {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        Ok(true)
    }
}
