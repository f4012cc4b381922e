//! A PowerShell child of this computer: the `local` target.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::packets::{End, Incoming, Link, Packets};
use super::{Connection, Failure, FailureKind, Options, Stage};
use crate::stdio::Tail;

/// How long a child may take to end by itself.
const GRACE: Duration = Duration::from_secs(2);
/// How many lines of standard error a report shows.
const LAST_LINES: usize = 20;

/// Starts `pwsh -s` (or the program of the options) and leaves it waiting for the first message. The child ends when
/// the connection is dropped.
pub fn connect(options: &Options, stages: impl Fn(Stage)) -> Result<Box<dyn Connection>, Failure> {
    stages(Stage::Connect);
    let program = options
        .program
        .clone()
        .map_or_else(|| OsString::from("pwsh"), OsString::from);
    let mut command = Command::new(&program);
    command.args(["-s", "-NoLogo", "-NoProfile"]);
    if let Some(folder) = &options.working_directory {
        command.arg("-wd").arg(folder);
    }
    command.envs(
        options
            .environment
            .iter()
            .map(|(name, value)| (name, value)),
    );
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // Ctrl+C at our terminal is ours to interpret.
    #[cfg(unix)]
    command.process_group(0);
    let name = Path::new(&program).display().to_string();
    let child = command
        .spawn()
        .map_err(|error| not_started(&name, &error).at(Stage::Connect))?;
    let link = Process::new(child, name).map_err(|failure| failure.at(Stage::Connect))?;
    let patience = options.connect_timeout.unwrap_or(Options::STAGE_TIMEOUT);
    Ok(Box::new(Packets::start(link, patience, None, Vec::new())))
}

/// A child and its three streams.
struct Process {
    name: String,
    child: Child,
    input: Option<mpsc::UnboundedSender<Bytes>>,
    output: ChildStdout,
    buffer: BytesMut,
    errors: Arc<Mutex<Tail>>,
    /// Reads standard error to its end; none once it has ended.
    drain: Option<JoinHandle<()>>,
    status: Option<ExitStatus>,
    /// When the child ended.
    ended: Option<Instant>,
}

impl Process {
    fn new(mut child: Child, name: String) -> Result<Self, Failure> {
        let (Some(stdin), Some(output), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(Failure::new(
                FailureKind::Process,
                format!("{name} started without its streams"),
            ));
        };
        let (input, lines) = mpsc::unbounded_channel();
        tokio::spawn(write(stdin, lines));
        let errors = Arc::new(Mutex::new(Tail::default()));
        let drain = tokio::spawn(drain(stderr, Arc::clone(&errors)));
        let input = Some(input);
        Ok(Self {
            name,
            child,
            input,
            output,
            buffer: BytesMut::new(),
            errors,
            drain: Some(drain),
            status: None,
            ended: None,
        })
    }

    /// Waits a moment for the child's end and its last words.
    async fn reap(&mut self) {
        self.input = None;
        if let Ok(Ok(status)) = timeout(GRACE, self.child.wait()).await {
            self.status = Some(status);
            if let Some(drain) = &mut self.drain
                && timeout(GRACE, drain).await.is_ok()
            {
                self.drain = None;
            }
        }
    }
}

impl Link for Process {
    fn send(&mut self, lines: Bytes) {
        if let Some(input) = &self.input {
            // The writer is gone when the child is, and then the end of its output says so.
            let _ = input.send(lines);
        }
    }

    async fn next(&mut self) -> Incoming {
        self.buffer.reserve(64 << 10);
        loop {
            let until = self.ended.map(|ended| ended + GRACE);
            tokio::select! {
                biased;
                read = self.output.read_buf(&mut self.buffer) => {
                    if read.is_ok_and(|count| count > 0) {
                        return Incoming::Bytes(self.buffer.split().freeze());
                    }
                    break;
                }
                // What the child has started may keep its output open for ever.
                status = self.child.wait(), if until.is_none() => {
                    self.status = status.ok();
                    self.ended = Some(Instant::now());
                }
                () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => break,
            }
        }
        self.reap().await;
        Incoming::Ended
    }

    fn failure(&mut self, end: End) -> Failure {
        let name = &self.name;
        let last_words = self
            .errors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .last_lines(LAST_LINES);
        let ended = match self.status {
            Some(status) => format!("{name} ended ({})", words(status)),
            None => format!("{name} closed its output"),
        };
        let (mut failure, noise) = match end {
            End::Gone { spoke: true, noise } => {
                let failure = Failure::new(FailureKind::Process, ended)
                    .hint("the session and what ran in it are gone; a new one can be opened");
                (failure, noise)
            }
            End::Gone {
                spoke: false,
                noise,
            } => {
                let failure = Failure::new(
                    FailureKind::Process,
                    format!("{ended} before it served a session"),
                )
                .hint(format!("see what '{name} -s -NoLogo -NoProfile' prints"));
                (failure, noise)
            }
            End::Silent {
                spoke,
                waited,
                noise,
            } => {
                let what = if spoke {
                    "took no session"
                } else {
                    "served no session"
                };
                let failure = Failure::new(FailureKind::TimedOut, format!("{name} {what} within {} s", waited.as_secs()))
                    .hint("a program that stands for pwsh must understand -s; --connect-timeout gives it more time");
                (failure, noise)
            }
            End::Broken(error) => {
                let failure = Failure::new(
                    FailureKind::Protocol,
                    format!("{name} broke off the session"),
                );
                (
                    failure
                        .detail(error.to_string())
                        .hint("see that the program is a PowerShell of version 6 or later"),
                    Vec::new(),
                )
            }
        };
        failure
            .details
            .extend(noise.into_iter().map(|line| format!("output: {line}")));
        failure.details.extend(
            last_words
                .into_iter()
                .map(|line| format!("standard error: {line}")),
        );
        failure
    }

    async fn finish(&mut self) {
        self.reap().await;
    }
}

async fn write(mut stdin: ChildStdin, mut lines: mpsc::UnboundedReceiver<Bytes>) {
    while let Some(lines) = lines.recv().await {
        if stdin.write_all(&lines).await.is_err() {
            return;
        }
    }
}

async fn drain(mut stderr: impl AsyncRead + Unpin, tail: Arc<Mutex<Tail>>) {
    let mut buffer = vec![0; 8 << 10];
    while let Ok(count) = stderr.read(&mut buffer).await {
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
            return;
        };
        tail.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(bytes);
    }
}

fn not_started(name: &str, error: &io::Error) -> Failure {
    let failure = match error.kind() {
        io::ErrorKind::NotFound => Failure::new(
            FailureKind::Process,
            format!("{name} was not found on this computer"),
        ),
        _ => Failure::new(FailureKind::Process, format!("{name} cannot be started"))
            .detail(error.to_string()),
    };
    failure
        .hint("install PowerShell (https://aka.ms/powershell), or name the program with --program")
        .hint("demo:Server01 needs no PowerShell at all")
}

fn words(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("signal {signal}");
    }
    status
        .code()
        .map_or_else(|| status.to_string(), |code| format!("exit status {code}"))
}
