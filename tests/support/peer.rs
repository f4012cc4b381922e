//! Foreign PowerShell servers: psrpcore's server half behind a real `sshd`, behind WSMan, or as a child in place of `pwsh`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use std::{fs, thread};

use psdeck::transport::{Options, TargetAddress};

use super::link::Answers;
use super::need;
use super::python::{peers, python};
use super::wsman::{self, WsmanBuilder, WsmanPeer};

/// The throw-away account that `tests/peers/install` makes, and its password.
pub fn account() -> Option<(String, String)> {
    let file = "/var/lib/psdeck-tests/account";
    let found = fs::read_to_string(file)
        .map_err(|e| format!("{file}: {e} (tests/peers/install makes it, as root)"));
    let split = |text: String| {
        let (name, password) = text
            .trim()
            .split_once(':')
            .ok_or("it is not NAME:PASSWORD")?;
        Ok((name.to_owned(), password.to_owned()))
    };
    need("accounts", found.and_then(split))
}

/// Takes cases to peers, one at a time to each; what came of them, in their order.
pub async fn spread<C: Copy, T>(
    cases: &[C],
    peers: &[Peer],
    one: impl AsyncFn(&Peer, C) -> T,
) -> Vec<T> {
    let next = Mutex::new(cases.iter().copied().enumerate());
    let work = peers.iter().map(|peer| async {
        let mut done = Vec::new();
        loop {
            let case = next.lock().expect("nothing panics there").next();
            let Some((at, case)) = case else {
                return done;
            };
            done.push((at, one(peer, case).await));
        }
    });
    let done = futures_util::future::join_all(work).await;
    let done: BTreeMap<_, _> = done.into_iter().flatten().collect();
    done.into_values().collect()
}

/// What leads to a peer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A real `sshd`.
    Ssh,
    /// A child process.
    Local,
    /// NTLM inside Negotiate on clear HTTP, every body sealed.
    Wsman,
}

/// How to start a peer. `Peer::ssh()`, `Peer::local()` and `Peer::wsman()` begin one.
#[derive(Clone)]
pub struct Builder {
    kind: Kind,
    subsystem: Option<String>,
    user: Option<String>,
    environment: Vec<(String, String)>,
    fixture: Vec<String>,
    wsman: WsmanBuilder,
}

/// A running peer. It ends when dropped.
pub struct Peer {
    kind: Kind,
    server: Option<Child>,
    wsman: Option<WsmanPeer>,
    /// What the fixture said about itself; null for a local peer.
    pub info: serde_json::Value,
    folder: tempfile::TempDir,
    subsystem: Option<String>,
    user: Option<String>,
}

impl Peer {
    /// A private `sshd` with the peer as its `powershell` subsystem.
    pub fn ssh() -> Builder {
        Builder {
            kind: Kind::Ssh,
            subsystem: None,
            user: None,
            environment: Vec::new(),
            fixture: Vec::new(),
            wsman: WsmanPeer::new(),
        }
    }

    /// A program that stands for `pwsh`.
    pub fn local() -> Builder {
        Builder {
            kind: Kind::Local,
            ..Self::ssh()
        }
    }

    /// A WSMan server, reached over HTTP.
    pub fn wsman() -> Builder {
        Builder {
            kind: Kind::Wsman,
            ..Self::ssh()
        }
    }

    /// What leads to it.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its WSMan side, where it has one.
    pub fn as_wsman(&self) -> Option<&WsmanPeer> {
        self.wsman.as_ref()
    }

    /// The target as a user would write it.
    pub fn target(&self) -> String {
        match &self.wsman {
            Some(wsman) => wsman.http_url(),
            None if self.kind == Kind::Local => "local".into(),
            None => {
                let user = self.user.as_deref().unwrap_or_else(|| self.text("user"));
                format!("ssh:{user}@{}:{}", self.text("host"), self.port())
            }
        }
    }

    /// What sessions call the computer.
    pub fn computer(&self) -> &str {
        if self.kind == Kind::Local {
            "localhost"
        } else {
            "127.0.0.1"
        }
    }

    /// The same, read.
    pub fn address(&self) -> TargetAddress {
        self.target().parse().expect("a target")
    }

    /// How its prompt begins.
    pub fn prompt(&self) -> String {
        let computer = self.computer();
        match self.kind {
            Kind::Ssh => format!("[{}@{computer}]: PS ", self.text("user")),
            Kind::Local | Kind::Wsman => format!("[{computer}]: PS "),
        }
    }

    /// A target of the same kind where nothing listens.
    pub fn nowhere(&self) -> String {
        match self.kind {
            Kind::Ssh => format!("ssh:{}@127.0.0.1:1", self.text("user")),
            Kind::Local => panic!("nothing listens for a child"),
            Kind::Wsman => "http://127.0.0.1:1/wsman".into(),
        }
    }

    /// The options that get in with the key or the password of the fixture, and with nothing of this machine's user.
    pub fn options(&self) -> Options {
        let mut options = Options {
            ssh_config: Some("none".into()),
            ..Options::default()
        };
        if let Some(wsman) = &self.wsman {
            options.user = Some(wsman::USER.into());
            options.password_command = wsman.password_command().try_into().ok();
            options.trust_host = Some(true);
        } else if self.kind == Kind::Local {
            options.program = Some(self.program());
        } else {
            options.identity = vec![self.text("key").into()];
            options.subsystem.clone_from(&self.subsystem);
            options.ssh_options = vec![
                format!("UserKnownHostsFile={}", self.text("known_hosts")),
                "GlobalKnownHostsFile=/dev/null".into(),
                "IdentitiesOnly=yes".into(),
            ];
        }
        options
    }

    /// Who answers what is asked on the way in.
    pub fn answers(&self) -> Answers {
        match self.kind {
            Kind::Wsman => Answers::password(wsman::PASSWORD),
            Kind::Ssh | Kind::Local => Answers::none(),
        }
    }

    /// The same as the profile of a configuration file.
    pub fn profile(&self, name: &str) -> String {
        let options = toml::to_string(&self.options()).expect("TOML");
        let target = self.target();
        format!("[computers.{name:?}]\ntarget = {target:?}\n{options}")
    }

    /// The same as arguments of the command line, the target left out. A password has no argument: it comes by a
    /// configuration whose profile has the target's own name.
    pub fn arguments(&self) -> Vec<String> {
        if self.wsman.is_some() {
            let file = self.folder().join("config.toml");
            fs::write(&file, self.profile(&self.target())).expect("a file");
            return vec!["--config".into(), file.display().to_string()];
        }
        let options = self.options();
        let mut arguments = Vec::new();
        let mut add = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
        options
            .identity
            .iter()
            .for_each(|file| add("--identity", file.display().to_string()));
        options
            .ssh_options
            .into_iter()
            .for_each(|option| add("-o", option));
        options
            .ssh_config
            .into_iter()
            .for_each(|file| add("--ssh-config", file.display().to_string()));
        options
            .subsystem
            .into_iter()
            .for_each(|name| add("--subsystem", name));
        options
            .program
            .into_iter()
            .for_each(|file| add("--program", file.display().to_string()));
        arguments
    }

    /// The program that stands for `pwsh`.
    pub fn program(&self) -> PathBuf {
        self.folder.path().join("pwsh")
    }

    /// A text of [`Peer::info`].
    pub fn text(&self, name: &str) -> &str {
        self.info[name]
            .as_str()
            .unwrap_or_else(|| panic!("the fixture says nothing of {name}: {}", self.info))
    }

    /// The port of `sshd`.
    pub fn port(&self) -> u16 {
        self.info["port"]
            .as_u64()
            .and_then(|port| port.try_into().ok())
            .expect("a port")
    }

    /// A folder that lives as long as the peer.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the peer logged, a message a line.
    pub fn log(&self) -> String {
        if let Some(wsman) = &self.wsman {
            let log = wsman.try_log().unwrap_or_default();
            return log.iter().map(|one| format!("{one}\n")).collect();
        }
        fs::read_to_string(self.folder.path().join("peer.log")).unwrap_or_default()
    }

    /// What `sshd` logged.
    pub fn sshd_log(&self) -> String {
        fs::read_to_string(self.text("log")).unwrap_or_default()
    }

    /// The rules that the peer saw broken.
    pub fn violations(&self) -> Vec<String> {
        if let Some(wsman) = &self.wsman {
            return wsman.violations();
        }
        self.log()
            .lines()
            .filter(|line| line.contains("VIOLATION"))
            .map(Into::into)
            .collect()
    }

    /// Waits until the log holds a text; the log.
    pub fn wait_for_log(&self, text: &str) -> String {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let log = self.log();
            if log.contains(text) {
                return log;
            }
            assert!(
                Instant::now() < end,
                "the peer never logged {text:?}:\n{log}"
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops the processes that serve connections, so that nothing answers any more, until the result is dropped.
    #[cfg(unix)]
    pub fn freeze(&self) -> Frozen {
        if let Some(wsman) = &self.wsman {
            let frozen = Frozen(vec![wsman.id().into()]);
            frozen.signal("-STOP");
            return frozen;
        }
        let processes: Vec<_> = fs::read_dir("/proc")
            .expect("processes")
            .filter_map(|entry| Process::read(&entry.ok()?.path()))
            .collect();
        let mut family = vec![self.info["pid"].as_u64().expect("a process")];
        let mut frozen = Vec::new();
        while let Some(parent) = family.pop() {
            for child in processes.iter().filter(|one| one.parent == parent) {
                family.push(child.id);
                if child.name.starts_with("sshd") {
                    frozen.push(child.id);
                }
            }
        }
        assert!(!frozen.is_empty(), "no sshd serves a connection");
        let frozen = Frozen(frozen);
        frozen.signal("-STOP");
        frozen
    }

    /// The statistics of the peer's process, which must have ended or be ending.
    pub fn statistics(&self) -> serde_json::Value {
        let log = self.wait_for_log("STATS {");
        let at = log.rfind("STATS {").expect("statistics");
        let line = log[at + 6..].lines().next().unwrap_or_default();
        serde_json::from_str(line).expect("statistics are JSON")
    }
}

impl Builder {
    /// The subsystem that a client asks for; `powershell` unless said. The fixture has `restricted`, `nopeer`, `notxml`
    /// and `badpath` too.
    pub fn subsystem(mut self, name: &str) -> Self {
        self.subsystem = Some(name.into());
        self
    }

    /// The account that a client asks for.
    pub fn user(mut self, name: &str) -> Self {
        self.user = Some(name.into());
        self
    }

    /// A setting of the peer (`PSRP_PEER_…`).
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// A setting of the WSMan peer (`tests/peers/WSMAN.md`).
    pub fn set(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.wsman = self.wsman.set(name, value);
        self
    }

    /// Keeps every request and answer of the WSMan peer, for [`WsmanPeer::trace`].
    pub fn traced(mut self) -> Self {
        self.wsman = self.wsman.traced();
        self
    }

    /// The protocol version that the peer answers with, `2.1` to `2.4`.
    pub fn protocol(self, version: &str) -> Self {
        self.env("PSRP_PEER_PROTOCOL", version)
    }

    /// Faults of the peer, with semicolons between them (`tests/peers/README.md`).
    pub fn faults(self, text: &str) -> Self {
        self.env("PSRP_PEER_FAULTS", text)
    }

    /// Lets accounts of this machine in by password and keyboard-interactive.
    pub fn password(mut self) -> Self {
        self.fixture.push("--password".into());
        self
    }

    /// More lines for `sshd_config`.
    pub fn sshd_config(mut self, lines: &str) -> Self {
        self.fixture.extend(["--extra".into(), lines.into()]);
        self
    }

    /// How much `sshd` logs.
    pub fn log_level(mut self, level: &str) -> Self {
        self.fixture.extend(["--log-level".into(), level.into()]);
        self
    }

    /// The text that `sshd` shows before authentication.
    pub fn banner(mut self, text: &str) -> Self {
        self.fixture.extend(["--banner".into(), text.into()]);
        self
    }

    /// Starts it; `None` when it cannot be had here, which is printed.
    pub fn start(self) -> Option<Peer> {
        if self.kind == Kind::Wsman {
            return self.start_wsman();
        }
        let python = need("psrp", python())?;
        let name = if self.kind == Kind::Ssh {
            "ssh"
        } else {
            "psrp"
        };
        need(name, self.try_start(&python))
    }

    fn start_wsman(self) -> Option<Peer> {
        let settings = self.environment.iter();
        let wsman = settings.fold(self.wsman, |wsman, (name, value)| set(wsman, name, value));
        let wsman = wsman.start()?;
        let folder = tempfile::tempdir().expect("a folder");
        let info = serde_json::json!({ "user": wsman::USER, "host": "127.0.0.1" });
        Some(Peer {
            kind: self.kind,
            server: None,
            wsman: Some(wsman),
            info,
            folder,
            subsystem: None,
            user: None,
        })
    }

    fn try_start(mut self, python: &Path) -> Result<Peer, String> {
        let folder = tempfile::Builder::new()
            .prefix("psdeck-peer-")
            .tempdir()
            .map_err(|e| e.to_string())?;
        let log = folder.path().join("peer.log");
        // Another account may run the peer, and has to reach its log.
        #[cfg(unix)]
        if self.fixture.iter().any(|argument| argument == "--password") {
            use std::os::unix::fs::PermissionsExt as _;
            let _ = fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777));
        }
        if !self
            .environment
            .iter()
            .any(|(name, _)| name == "PSRP_PEER_LOG")
        {
            self.environment
                .push(("PSRP_PEER_LOG".into(), log.display().to_string()));
        }
        let mut peer = Peer {
            kind: self.kind,
            server: None,
            wsman: None,
            info: serde_json::Value::Null,
            folder,
            subsystem: self.subsystem.clone(),
            user: self.user.clone(),
        };
        if self.kind == Kind::Local {
            write_program(peer.folder(), &peer_script(python, &self.environment));
            return Ok(peer);
        }
        // The fixture looks for a free port and then takes it; another test may come between.
        let mut tries = 0;
        loop {
            match self.fixture(python) {
                Ok((server, info)) => {
                    (peer.server, peer.info) = (Some(server), info);
                    return Ok(peer);
                }
                Err(reason) if tries == 3 || reason.contains("is not here") => return Err(reason),
                Err(_) => tries += 1,
            }
        }
    }

    fn fixture(&self, python: &Path) -> Result<(Child, serde_json::Value), String> {
        let mut command = Command::new(python);
        command
            .arg(peers().join("sshd_fixture.py"))
            .args(&self.fixture);
        for (name, value) in &self.environment {
            command.arg("--env").arg(format!("{name}={value}"));
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut server = command.spawn().map_err(|e| e.to_string())?;
        let mut line = String::new();
        let output = server.stdout.take().expect("a pipe");
        let read = BufReader::new(output)
            .read_line(&mut line)
            .map_err(|e| e.to_string());
        if read.is_ok_and(|count| count > 0) {
            let info = serde_json::from_str(&line).map_err(|e| format!("{e}: {line}"))?;
            return Ok((server, info));
        }
        let mut why = String::new();
        let _ = server
            .stderr
            .take()
            .expect("a pipe")
            .read_to_string(&mut why);
        let _ = server.wait();
        Err(why.trim().to_owned())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            // The fixture ends, and takes its sshd along, when its input ends.
            drop(server.stdin.take());
            let _ = server.wait();
        }
        if thread::panicking() {
            let log = self.log();
            let start = (0..=log.len().saturating_sub(4000))
                .rev()
                .find(|at| log.is_char_boundary(*at))
                .unwrap_or(0);
            eprintln!("---- the peer logged, at the end:\n{}", &log[start..]);
        }
    }
}

/// Processes that are stopped; they go on when this is dropped.
#[cfg(unix)]
pub struct Frozen(Vec<u64>);

#[cfg(unix)]
impl Frozen {
    fn signal(&self, name: &str) {
        let ids = self.0.iter().map(ToString::to_string);
        let sent = Command::new("kill").arg(name).args(ids).status();
        assert!(thread::panicking() || sent.expect("kill").success());
    }
}

#[cfg(unix)]
impl Drop for Frozen {
    fn drop(&mut self) {
        self.signal("-CONT");
    }
}

/// What `/proc` says of a process.
#[cfg(unix)]
struct Process {
    id: u64,
    parent: u64,
    name: String,
}

#[cfg(unix)]
impl Process {
    fn read(folder: &Path) -> Option<Self> {
        let id = folder.file_name()?.to_str()?.parse().ok()?;
        let status = fs::read_to_string(folder.join("status")).ok()?;
        let field = |name: &str| {
            let mut lines = status.lines();
            lines.find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
        };
        Some(Self {
            id,
            parent: field("PPid:")?.parse().ok()?,
            name: field("Name:")?,
        })
    }
}

/// The setting of the WSMan peer that a variable of the other peers' environment stands for.
fn set(wsman: WsmanBuilder, variable: &str, value: &str) -> WsmanBuilder {
    match variable {
        "PSRP_PEER_PROTOCOL" => wsman.set("protocol", value),
        "PSRP_PEER_FAULTS" => wsman.set("engine_faults", value),
        "PSRP_PEER_RESTRICTED" => wsman.set(
            "restricted_configurations",
            serde_json::json!(["Microsoft.PowerShell"]),
        ),
        _ => panic!("the WSMan peer has nothing like {variable}"),
    }
}

/// A program of that folder that does what a shell script says.
pub fn write_program(folder: &Path, script: &str) -> PathBuf {
    let program = folder.join("pwsh");
    fs::write(folder.join("settings"), script).expect("a script");
    #[cfg(unix)]
    if !program.exists() {
        std::os::unix::fs::symlink(peers().join("pwsh"), &program).expect("a link");
    }
    program
}

fn peer_script(python: &Path, environment: &[(String, String)]) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let exports: String = environment
        .iter()
        .map(|(name, value)| format!("export {name}={}\n", quoted(value)))
        .collect();
    let python = quoted(&python.display().to_string());
    let peer = quoted(&peers().join("pwsh_peer.py").display().to_string());
    format!("{exports}exec {python} {peer} \"$@\"\n")
}
