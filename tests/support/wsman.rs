//! The foreign WSMan server (`tests/peers/WSMAN.md`): a process with an HTTP and an HTTPS listener, and a control
//! endpoint that counts, sets and breaks.
//!
//! ```ignore
//! let Some(peer) = WsmanPeer::new().set("cbt", "strict").start() else { return };
//! peer.rule("drop_after", json!({ "op": "Receive", "target": "command" }));
//! assert_eq!(peer.count("executed", "Create"), 1);
//! ```

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use serde_json::{Map, Value, json};

use super::need;
use super::python::{peers, python};

/// The account of the peer that is an administrator, as it is written without a domain.
pub const USER: &str = "alice";
/// Its password.
pub const PASSWORD: &str = "Passw0rd!";

/// How to start a peer.
#[derive(Clone, Default)]
pub struct WsmanBuilder {
    settings: Map<String, Value>,
    trace: bool,
}

/// A running WSMan server. It ends when dropped.
pub struct WsmanPeer {
    server: Child,
    /// What it said about itself: ports, `ca_file`, users.
    pub info: Value,
    folder: tempfile::TempDir,
}

impl WsmanPeer {
    /// One as Windows is set up: HTTP and HTTPS on ports of its own, Negotiate, Basic and CredSSP offered.
    #[expect(
        clippy::new_ret_no_self,
        reason = "it is described first, then started"
    )]
    pub fn new() -> WsmanBuilder {
        WsmanBuilder::default()
    }

    /// The port of a listener: `http`, `https`, `control`.
    pub fn port(&self, listener: &str) -> u16 {
        self.info[format!("{listener}_port")]
            .as_u64()
            .and_then(|port| port.try_into().ok())
            .unwrap_or_else(|| panic!("no port of {listener}: {}", self.info))
    }

    /// The endpoint on clear HTTP, where bodies are sealed.
    pub fn http_url(&self) -> String {
        format!("http://127.0.0.1:{}/wsman", self.port("http"))
    }

    /// The endpoint on HTTPS. Its certificate is good for `127.0.0.1` and `localhost`.
    pub fn https_url(&self) -> String {
        format!("https://127.0.0.1:{}/wsman", self.port("https"))
    }

    /// The authority that signed its certificate.
    pub fn ca_file(&self) -> PathBuf {
        self.info["ca_file"].as_str().expect("a file").into()
    }

    /// A folder that lives as long as the peer.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A program and its arguments that print [`PASSWORD`].
    pub fn password_command(&self) -> Vec<String> {
        let file = self.folder().join("password");
        vec!["cat".into(), file.display().to_string()]
    }

    /// Asks the control endpoint; what it answers.
    #[track_caller]
    pub fn control(&self, path: &str, argument: &Value) -> Value {
        let answer = self
            .try_control(path, argument)
            .unwrap_or_else(|error| panic!("the control endpoint, {path}: {error}"));
        assert!(answer.get("error").is_none(), "{path} {argument}: {answer}");
        answer
    }

    /// Counters, shells, rules, remarks.
    #[track_caller]
    pub fn state(&self) -> Value {
        self.control("/state", &Value::Null)
    }

    /// A counter of [`Self::state`] by the operation's name, such as `executed` and `Create`; 0 where it never came.
    #[track_caller]
    pub fn count(&self, counter: &str, operation: &str) -> u64 {
        self.state()[counter][operation].as_u64().unwrap_or(0)
    }

    /// The operations that were carried out, in order.
    #[track_caller]
    pub fn log(&self) -> Vec<Value> {
        self.try_log().expect("a log")
    }

    /// The same; nothing if the peer does not answer.
    pub fn try_log(&self) -> Option<Vec<Value>> {
        match self.try_control("/log", &Value::Null) {
            Ok(Value::Array(operations)) => Some(operations),
            _ => None,
        }
    }

    /// Adds a fault; `arguments` are those of `WSMAN.md` besides `kind`.
    #[track_caller]
    pub fn rule(&self, kind: &str, mut arguments: Value) {
        arguments["kind"] = kind.into();
        self.control("/rules", &arguments);
    }

    /// Takes all faults away.
    #[track_caller]
    pub fn heal(&self) {
        self.control("/rules", &json!({ "clear": true }));
    }

    /// Changes a setting while it runs.
    #[track_caller]
    pub fn set(&self, name: &str, value: impl Into<Value>) {
        let mut argument = Map::new();
        argument.insert(name.into(), value.into());
        self.control("/set", &argument.into());
    }

    /// Aborts every connection.
    #[track_caller]
    pub fn cut(&self) {
        self.control("/cut", &json!({}));
    }

    /// The same, and for a while nobody gets in: `refuse`, `reset` or `hang`.
    #[track_caller]
    pub fn cut_for(&self, time: Duration, mode: &str) {
        let argument = json!({ "refuse_for": time.as_secs_f64(), "mode": mode });
        self.control("/cut", &argument);
    }

    /// Zeroes counters, log and remarks, and takes the faults away.
    #[track_caller]
    pub fn reset(&self) {
        self.control("/reset", &Value::Null);
    }

    /// What a client did that Windows clients never do, broken rules of PSRP, and the peer's own defects.
    #[track_caller]
    pub fn violations(&self) -> Vec<String> {
        let state = self.state();
        let lists = ["violations", "problems", "errors"].into_iter();
        lists
            .flat_map(|list| state[list].as_array().cloned().unwrap_or_default())
            .map(|one| one.as_str().map_or_else(|| one.to_string(), Into::into))
            .collect()
    }

    /// Waits until the state is as it should be; that state.
    #[track_caller]
    pub fn until(&self, what: &str, right: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let state = self.state();
            if right(&state) {
                return state;
            }
            assert!(Instant::now() < end, "the peer never had {what}: {state:#}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// What was asked and answered so far, decrypted: one object a request, with its time `t` in seconds.
    pub fn trace(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder().join("trace.jsonl")).expect("a trace");
        // The last line may be half written.
        let lines = text
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'));
        lines
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }

    /// The CPU seconds that the peer itself has spent since its start or [`Self::reset`].
    #[track_caller]
    pub fn busy_seconds(&self) -> f64 {
        self.state()["busy_seconds"].as_f64().expect("a number")
    }

    /// The process id of the peer.
    pub fn id(&self) -> u32 {
        self.server.id()
    }

    fn try_control(&self, path: &str, argument: &Value) -> Result<Value, String> {
        let body = match argument {
            Value::Null => String::new(),
            argument => argument.to_string(),
        };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port("control")))
            .map_err(|error| error.to_string())?;
        let limit = Some(Duration::from_secs(20));
        let length = body.len();
        let request = format!("POST {path} HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{body}");
        let mut answer = String::new();
        stream
            .set_read_timeout(limit)
            .and_then(|()| stream.write_all(request.as_bytes()))
            .and_then(|()| stream.read_to_string(&mut answer))
            .map_err(|error| error.to_string())?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
        serde_json::from_str(body).map_err(|error| format!("{error}: {body}"))
    }
}

impl WsmanBuilder {
    /// A setting of the peer, by its name in `tests/peers/wsman/settings.py`; lists are JSON arrays.
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.settings.insert(name.into(), value.into());
        self
    }

    /// Keeps every request and answer for [`WsmanPeer::trace`].
    pub fn traced(mut self) -> Self {
        self.trace = true;
        self
    }

    /// Starts it; `None` when it cannot be had here, which is printed.
    pub fn start(self) -> Option<WsmanPeer> {
        let python = need("psrp", python())?;
        need("psrp", self.try_start(&python))
    }

    fn try_start(mut self, python: &Path) -> Result<WsmanPeer, String> {
        let folder = tempfile::Builder::new()
            .prefix("psdeck-wsman-")
            .tempdir()
            .map_err(|error| error.to_string())?;
        let path = |name: &str| folder.path().join(name);
        fs::write(path("password"), PASSWORD).map_err(|error| error.to_string())?;
        if self.trace {
            let trace = path("trace.jsonl").display().to_string();
            self.settings.insert("trace".into(), trace.into());
        }
        let errors = fs::File::create(path("peer.err")).map_err(|error| error.to_string())?;
        let mut server = Command::new(python)
            .arg(peers().join("wsman_peer.py"))
            .arg("--settings")
            .arg(Value::from(self.settings).to_string())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut line = String::new();
        let output = server.stdout.take().expect("a pipe");
        let read = BufReader::new(output).read_line(&mut line);
        let info = match read {
            Ok(1..) => serde_json::from_str(&line).map_err(|error| format!("{error}: {line}")),
            _ => Err(fs::read_to_string(path("peer.err")).unwrap_or_default()),
        };
        match info {
            Ok(info) => Ok(WsmanPeer {
                server,
                info,
                folder,
            }),
            Err(reason) => {
                let _ = server.kill();
                let _ = server.wait();
                Err(reason)
            }
        }
    }
}

impl Drop for WsmanPeer {
    fn drop(&mut self) {
        if thread::panicking() {
            let state = self.try_control("/state", &Value::Null);
            let errors = fs::read_to_string(self.folder().join("peer.err")).unwrap_or_default();
            eprintln!("the peer: {:#}\n{errors}", state.unwrap_or_default());
        }
        // It ends with its input, and tidies up.
        drop(self.server.stdin.take());
        let end = Instant::now() + Duration::from_secs(10);
        while matches!(self.server.try_wait(), Ok(None)) && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
