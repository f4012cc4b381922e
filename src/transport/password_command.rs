//! A program of the user's that prints a password.

use std::fmt;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;
use tokio::process::{ChildStdout, Command};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::{Failure, FailureKind, Secret, Stage};

/// How long it may take.
const LIMIT: Duration = Duration::from_secs(30);
/// The longest password that is taken, in bytes.
const LONGEST: usize = 4096;

/// A profile's `password_command`: a program and its arguments.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct PasswordCommand {
    words: Vec<String>,
    /// The profile whose computer it is for, for errors.
    profile: String,
}

impl TryFrom<Vec<String>> for PasswordCommand {
    type Error = &'static str;

    fn try_from(words: Vec<String>) -> Result<Self, Self::Error> {
        if words.first().is_none_or(String::is_empty) {
            return Err("a program is expected here, such as [\"pass\", \"show\", \"server01\"]");
        }
        let profile = String::new();
        Ok(Self { words, profile })
    }
}

impl From<PasswordCommand> for Vec<String> {
    fn from(command: PasswordCommand) -> Self {
        command.words
    }
}

impl PasswordCommand {
    /// The same, for the computer of this profile.
    #[must_use]
    pub fn of(mut self, profile: &str) -> Self {
        profile.clone_into(&mut self.profile);
        self
    }

    /// The program and its arguments: what is equal here prints the same password.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The profile whose computer it is for; empty outside one.
    pub fn profile(&self) -> &str {
        &self.profile
    }

    fn program(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// Runs it: the first line of its standard output, or why there is none. It gets no standard input. Dropping the
    /// future ends the program, as do 30 seconds.
    pub async fn run(&self, stderr: Stdio) -> Result<Secret, String> {
        self.within(LIMIT, stderr).await
    }

    /// The failure that a reason of [`run`](Self::run) is; it names the program, and not its arguments.
    pub fn failure(&self, reason: &str) -> Failure {
        let message = format!("the password command of '{}' failed", self.profile);
        Failure::new(FailureKind::Refused, message)
            .at(Stage::Authenticate)
            .detail(format!("{} {reason}", self.program()))
            .hint("run the profile's password_command by hand: the first line that it prints is to be the password")
    }

    async fn within(&self, limit: Duration, stderr: Stdio) -> Result<Secret, String> {
        timeout(limit, self.printed(stderr))
            .await
            .unwrap_or_else(|_| Err(format!("did not end within {} s", limit.as_secs())))
    }

    async fn printed(&self, stderr: Stdio) -> Result<Secret, String> {
        let cannot = |error: io::Error| format!("cannot be run: {error}");
        let mut child = Command::new(self.program())
            .args(self.words.iter().skip(1))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .kill_on_drop(true)
            .spawn()
            .map_err(cannot)?;
        let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
        if let Some(mut stdout) = child.stdout.take() {
            first_line(&mut stdout, &mut line).await.map_err(cannot)?;
            // What follows is for nobody, and not to stop the program either.
            tokio::spawn(async move { tokio::io::copy(&mut stdout, &mut tokio::io::sink()).await });
        }
        let status = child.wait().await.map_err(cannot)?;
        if !status.success() {
            return Err(format!("ended with {status}"));
        }
        match str::from_utf8(&line) {
            Ok("") => Err("printed no password".to_owned()),
            Ok(text) => Ok(Secret::new(text.to_owned())),
            Err(_) => Err("printed what is not UTF-8".to_owned()),
        }
    }
}

impl fmt::Debug for PasswordCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its arguments are nobody's business.
        write!(f, "PasswordCommand({} …)", self.program())
    }
}

/// Reads up to the first line's end, which is left out, as `line` has room: it must not grow, or copies stay behind.
async fn first_line(from: &mut ChildStdout, line: &mut Vec<u8>) -> io::Result<()> {
    let mut piece = Zeroizing::new([0; 512]);
    loop {
        let count = from.read(piece.as_mut_slice()).await?;
        let piece = piece.get(..count).unwrap_or_default();
        let (kept, whole) = match memchr::memchr(b'\n', piece) {
            Some(end) => (piece.get(..end).unwrap_or_default(), true),
            None => (piece, count == 0),
        };
        if line.len() + kept.len() > LONGEST {
            return Err(io::Error::other("its first line is too long"));
        }
        line.extend_from_slice(kept);
        if whole {
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            return Ok(());
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn shell(script: &str) -> PasswordCommand {
        let words = ["sh", "-c", script].map(str::to_owned).to_vec();
        PasswordCommand::try_from(words).unwrap().of("Server01")
    }

    async fn printed(script: &str) -> Result<String, String> {
        let secret = shell(script).run(Stdio::null()).await?;
        Ok(secret.expose().to_owned())
    }

    #[tokio::test]
    async fn the_first_line_is_the_password_without_its_end() {
        for (script, password) in [
            ("echo pass; echo user: x", "pass"),
            ("printf 'no end'", "no end"),
            ("printf 'dos\\r\\nmore'", "dos"),
            ("echo ' kept '", " kept "),
            // More than a pipe holds, and the program is not to fail for it.
            ("echo a && head -c 300000 /dev/zero", "a"),
        ] {
            assert_eq!(printed(script).await.unwrap(), password, "{script}");
        }
    }

    #[tokio::test]
    async fn what_is_no_password_says_why() {
        for (script, why) in [
            ("echo secret; exit 3", "ended with exit status: 3"),
            ("true", "printed no password"),
            ("echo; echo late", "printed no password"),
            ("printf '\\377\\n'", "printed what is not UTF-8"),
            (
                "head -c 5000 /dev/zero",
                "cannot be run: its first line is too long",
            ),
        ] {
            assert_eq!(printed(script).await.unwrap_err(), why, "{script}");
        }
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_ended() {
        let limit = Duration::from_millis(50);
        let why = shell("exec sleep 600").within(limit, Stdio::null()).await;
        assert_eq!(why.unwrap_err(), "did not end within 0 s");
    }

    #[test]
    fn the_failure_names_profile_and_program_and_no_argument() {
        let failure = shell("echo hunter2").failure("ended with exit status: 1");
        assert_eq!(failure.kind, FailureKind::Refused);
        assert_eq!(failure.message, "the password command of 'Server01' failed");
        assert_eq!(failure.details, ["sh ended with exit status: 1"]);
        let told = format!("{failure:?} {:?}", shell("echo hunter2"));
        assert!(!told.contains("hunter2"), "{told}");
    }

    #[test]
    fn a_command_without_a_program_is_refused() {
        assert!(PasswordCommand::try_from(Vec::new()).is_err());
    }
}
