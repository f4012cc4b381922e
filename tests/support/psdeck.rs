//! The program, run as a user would run it, with a home of its own.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Read, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// One run of the program, to be described and started.
pub struct Psdeck {
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    input: Vec<u8>,
    #[cfg(unix)]
    third: Option<PathBuf>,
    home: tempfile::TempDir,
    limit: Duration,
}

/// What a run came to.
#[derive(Debug)]
pub struct Ran {
    /// The exit status.
    pub status: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// A run that goes on.
pub struct Going {
    child: Child,
    /// Its standard input.
    pub input: Option<ChildStdin>,
    out: mpsc::Receiver<Vec<u8>>,
    err: mpsc::Receiver<Vec<u8>>,
    limit: Duration,
    _home: tempfile::TempDir,
}

impl Psdeck {
    /// The program without arguments.
    pub fn new() -> Self {
        Self {
            arguments: Vec::new(),
            environment: Vec::new(),
            input: Vec::new(),
            #[cfg(unix)]
            third: None,
            home: tempfile::tempdir().expect("a folder"),
            limit: Duration::from_mins(2),
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let arguments = arguments.into_iter().map(|one| one.as_ref().to_owned());
        self.arguments.extend(arguments);
        self
    }

    /// Sets a variable of the environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.into(), value.as_ref().into()));
        self
    }

    /// Gives it standard input; without this it is empty.
    pub fn input(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.input = text.into();
        self
    }

    /// Gives it a file with this text as file descriptor 3.
    #[cfg(unix)]
    pub fn third(mut self, text: &str) -> Self {
        self = self.file("third", text);
        self.third = Some(self.path("third"));
        self
    }

    /// Writes the configuration file.
    pub fn config(self, text: &str) -> Self {
        self.file(".config/psdeck/config.toml", text)
    }

    /// Writes a file below its home.
    pub fn file(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
        self
    }

    /// Where a file below its home is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Runs it to its end. One that takes minutes is killed, and the test fails.
    pub fn run(self) -> Ran {
        let input = self.input.clone();
        let mut going = self.start();
        let mut pipe = going.input.take().expect("a pipe");
        // A program that does not read all of its input is none of our business.
        let writer = thread::spawn(move || drop(pipe.write_all(&input)));
        let ran = going.wait();
        writer.join().expect("a writer");
        ran
    }

    /// Starts it; its input stays open.
    pub fn start(self) -> Going {
        let program = env!("CARGO_BIN_EXE_psdeck");
        let mut command = Command::new(program);
        #[cfg(unix)]
        if let Some(third) = &self.third {
            command = Command::new("sh");
            let script = "exec 3<\"$1\"; shift; exec \"$@\"";
            command.args(["-c", script, "sh"]).arg(third).arg(program);
        }
        command
            .args(&self.arguments)
            .env("HOME", self.home.path())
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_STATE_HOME")
            .env_remove("XDG_DATA_HOME")
            .env_remove("PSDECK_DATA")
            .env_remove("SSH_AUTH_SOCK")
            .env_remove("NO_COLOR")
            .envs(self.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // Out of the terminal that the tests may have: nothing may ask there.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().expect("the program starts");
        let input = child.stdin.take();
        let out = collect(child.stdout.take().expect("a pipe"));
        let err = collect(child.stderr.take().expect("a pipe"));
        Going {
            child,
            input,
            out,
            err,
            limit: self.limit,
            _home: self.home,
        }
    }
}

impl Going {
    /// Waits until standard output holds a text; all of it until then.
    pub fn wait_for(&mut self, text: &str) -> String {
        let mut seen = Vec::new();
        while let Ok(more) = self.out.recv_timeout(self.limit) {
            seen.extend(more);
            let all = String::from_utf8_lossy(&seen);
            if all.contains(text) {
                return all.into_owned();
            }
        }
        panic!("{text:?} never came: {}", String::from_utf8_lossy(&seen));
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it the signal of Ctrl+C.
    #[cfg(unix)]
    pub fn interrupt(&self) {
        let id = i32::try_from(self.id()).expect("an id");
        let id = rustix::process::Pid::from_raw(id).expect("an id");
        rustix::process::kill_process(id, rustix::process::Signal::INT).expect("a signal");
    }

    /// Kills it as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().expect("a process");
        self.child.wait().expect("its end");
    }

    /// Stops reading its output, and waits for its end.
    pub fn leave(&mut self) -> Ran {
        // The thread that reads ends with its receiver, and closes the pipe.
        self.out = mpsc::channel().1;
        self.wait()
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Ran {
        drop(self.input.take());
        let text = |from: &mpsc::Receiver<Vec<u8>>| {
            let mut all = Vec::new();
            loop {
                match from.recv_timeout(self.limit) {
                    Ok(more) => all.extend(more),
                    Err(mpsc::RecvTimeoutError::Disconnected) => break Ok(all),
                    Err(mpsc::RecvTimeoutError::Timeout) => break Err(all),
                }
            }
        };
        let (out, err) = (text(&self.out), text(&self.err));
        if out.is_err() || err.is_err() {
            let _ = self.child.kill();
        }
        let status = self.child.wait().expect("an end").code().unwrap_or(-1);
        let [out, err] = [out, err].map(|text| match text {
            Ok(text) => String::from_utf8(text).expect("UTF-8"),
            Err(text) => panic!("no end of it: {}", String::from_utf8_lossy(&text)),
        });
        Ran { status, out, err }
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ran {
    /// Asserts the status; shows everything where it is another.
    #[track_caller]
    pub fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{}\n---- {}", self.out, self.err);
        self
    }

    /// The lines of standard output, each read as JSON.
    pub fn json_lines(&self) -> Vec<serde_json::Value> {
        let lines = self.out.lines();
        lines
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect()
    }

    /// Standard output read as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// Reads a pipe on a thread of its own.
fn collect(mut pipe: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            if sender.send(buffer[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    receiver
}
