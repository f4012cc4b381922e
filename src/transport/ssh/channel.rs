//! The subsystem's channel as a link of packets.

use std::time::Duration;

use bytes::Bytes;
use russh::client::{Handle, Msg};
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Disconnect};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::handler::{Callbacks, Side, describe};
use crate::stdio::Tail;
use crate::transport::packets::{End, Incoming, Link};
use crate::transport::tcp::{HangUp, seconds};
use crate::transport::{Failure, FailureKind, Stage};

/// How long goodbyes may take.
const GRACE: Duration = Duration::from_secs(1);
/// The most bytes of output before the subsystem was started.
const EARLY: usize = 1 << 20;
/// Standard error, of what carries it (subsystems of OpenSSH do not).
const STANDARD_ERROR: u32 = 1;

/// A channel on a connection of its own, and all that has to stay alive with it.
pub(super) struct Subsystem {
    name: String,
    host: String,
    handle: Handle<Callbacks>,
    side: Side,
    output: ChannelReadHalf,
    input: Option<mpsc::UnboundedSender<Bytes>>,
    /// What came while the subsystem was started.
    early: Vec<Incoming>,
    errors: Tail,
    exit: Option<String>,
    exit_status: Option<u32>,
    _hang_up: HangUp,
}

/// Why a subsystem could not be started.
pub(super) enum NotStarted {
    /// The server has none of that name.
    Missing,
    /// The server gives no channel.
    NoChannel(String),
    /// The connection ended.
    Ended(String),
}

impl Subsystem {
    /// Opens a channel and starts the subsystem on it.
    pub(super) async fn start(
        handle: Handle<Callbacks>,
        side: Side,
        hang_up: HangUp,
        host: String,
        name: String,
        environment: &[(String, String)],
    ) -> Result<Self, NotStarted> {
        let channel = handle
            .channel_open_session()
            .await
            .map_err(|error| match error {
                russh::Error::ChannelOpenFailure(reason) => {
                    NotStarted::NoChannel(format!("{reason:?}"))
                }
                other => NotStarted::Ended(side.goodbye().unwrap_or_else(|| describe(&other))),
            })?;
        let ended = |error: &russh::Error| {
            NotStarted::Ended(side.goodbye().unwrap_or_else(|| describe(error)))
        };
        for (name, value) in environment {
            // A server takes what its AcceptEnv names and is silent about the rest.
            channel
                .set_env(false, name, value)
                .await
                .map_err(|error| ended(&error))?;
        }
        channel
            .request_subsystem(true, &name)
            .await
            .map_err(|error| ended(&error))?;
        let mut channel: Channel<Msg> = channel;
        let mut early = Early::default();
        while !early.take(channel.wait().await, &side)? {}
        let mut early = early.pieces;
        let (output, writer) = channel.split();
        let (input, lines) = mpsc::unbounded_channel();
        tokio::spawn(write(writer, lines));
        let (errors, exit, exit_status) = (Tail::default(), None, None);
        early.reverse();
        Ok(Self {
            name,
            host,
            handle,
            side,
            output,
            input: Some(input),
            early,
            errors,
            exit,
            exit_status,
            _hang_up: hang_up,
        })
    }
}

impl Link for Subsystem {
    fn send(&mut self, lines: Bytes) {
        if let Some(input) = &self.input {
            // The writer is gone when the channel is, and then the end of the output says so.
            let _ = input.send(lines);
        }
    }

    async fn next(&mut self) -> Incoming {
        if let Some(early) = self.early.pop() {
            return early;
        }
        loop {
            match self.output.wait().await {
                Some(ChannelMsg::Data { data }) => return Incoming::Bytes(data),
                Some(ChannelMsg::ExtendedData {
                    data,
                    ext: STANDARD_ERROR,
                }) => self.errors.push(&data),
                Some(ChannelMsg::ExitStatus { exit_status }) => {
                    self.exit_status = Some(exit_status);
                    self.exit = Some(format!("exit status {exit_status}"));
                }
                Some(ChannelMsg::ExitSignal { signal_name, .. }) => {
                    self.exit = Some(format!("signal {signal_name:?}"));
                }
                // Eof and the exit status come in either order; Close comes after both.
                Some(ChannelMsg::Close) | None => return Incoming::Ended,
                Some(_) => {}
            }
        }
    }

    fn failure(&mut self, end: End) -> Failure {
        let Self { name, host, .. } = &*self;
        let mut noise = Vec::new();
        let mut failure = match end {
            End::Gone { noise: text, spoke } => {
                noise = text;
                match (&self.exit, self.side.goodbye()) {
                    (Some(exit), _) => self.process_ended(exit, spoke),
                    (None, Some(goodbye)) => Failure::new(
                        FailureKind::Unreachable,
                        format!("the connection to {host} was lost"),
                    )
                    .detail(goodbye)
                    .hint("what ran in the session is gone with it; a new one can be opened"),
                    (None, None) => self.process_ended("without a status", spoke),
                }
            }
            End::Silent {
                spoke,
                waited,
                noise: text,
            } => {
                noise = text;
                let what = if spoke {
                    "took no session"
                } else {
                    "served no session"
                };
                let message = format!(
                    "the subsystem '{name}' of {host} {what} within {}",
                    seconds(waited)
                );
                Failure::new(FailureKind::TimedOut, message)
                    .hint(format!(
                        "see that its line in sshd_config starts pwsh with -sshs: {}",
                        line(name, &self.side)
                    ))
                    .hint("--connect-timeout gives a slow start more time")
            }
            End::Broken(error) => {
                let message = format!("{host} broke off the session");
                Failure::new(FailureKind::Protocol, message)
                    .detail(error.to_string())
                    .hint(format!(
                        "see that the line of '{name}' in sshd_config starts PowerShell itself: {}",
                        line(name, &self.side)
                    ))
            }
        };
        failure
            .details
            .extend(noise.into_iter().map(|line| format!("output: {line}")));
        failure.details.extend(
            self.errors
                .last_lines(20)
                .into_iter()
                .map(|line| format!("standard error: {line}")),
        );
        failure
    }

    async fn finish(&mut self) {
        self.input = None;
        let goodbye = async {
            while !matches!(self.next().await, Incoming::Ended) {}
            let _ = self
                .handle
                .disconnect(Disconnect::ByApplication, "", "")
                .await;
            let _ = (&mut self.handle).await;
        };
        let _ = timeout(GRACE, goodbye).await;
    }
}

impl Subsystem {
    fn process_ended(&self, exit: &str, spoke: bool) -> Failure {
        let Self { name, host, .. } = self;
        if spoke {
            return Failure::new(
                FailureKind::Process,
                format!("the PowerShell server on {host} ended ({exit})"),
            )
            .hint("the session and what ran in it are gone; a new one can be opened");
        }
        if matches!(self.exit_status, Some(126 | 127)) {
            let message =
                format!("the program of the subsystem '{name}' cannot be run on {host} ({exit})");
            return Failure::new(FailureKind::Refused, message)
                .at(Stage::Start)
                .hint(format!(
                    "the line in its sshd_config must name pwsh where it is: {}",
                    line(name, &self.side)
                ));
        }
        Failure::new(
            FailureKind::Process,
            format!("the subsystem '{name}' of {host} ended before it served a session ({exit})"),
        )
        .hint(format!(
            "the line in its sshd_config should be: {}",
            line(name, &self.side)
        ))
        .hint("run that program on the server to see its reason; sshd does not pass it on")
    }
}

/// The line that a server's `sshd_config` needs. On Windows a path with blanks needs its short form.
pub(super) fn line(subsystem: &str, side: &Side) -> String {
    let program = if side.is_windows() {
        "c:/progra~1/powershell/7/pwsh.exe"
    } else {
        "/usr/bin/pwsh"
    };
    format!("Subsystem {subsystem} {program} -sshs -nologo")
}

/// What comes before the server says that the subsystem was started.
#[derive(Default)]
struct Early {
    pieces: Vec<Incoming>,
    bytes: usize,
}

impl Early {
    /// Takes what came; says whether the subsystem was started.
    fn take(&mut self, message: Option<ChannelMsg>, side: &Side) -> Result<bool, NotStarted> {
        match message {
            Some(ChannelMsg::Success) => return Ok(true),
            Some(ChannelMsg::Failure) => return Err(NotStarted::Missing),
            Some(ChannelMsg::Data { data }) => {
                self.bytes = self.bytes.saturating_add(data.len());
                if self.bytes > EARLY {
                    let reason = "it sent output without end before that".into();
                    return Err(NotStarted::Ended(reason));
                }
                self.pieces.push(Incoming::Bytes(data));
            }
            Some(ChannelMsg::Close) | None => {
                let reason = side
                    .goodbye()
                    .unwrap_or_else(|| "the server closed the channel".into());
                return Err(NotStarted::Ended(reason));
            }
            Some(_) => {}
        }
        Ok(false)
    }
}

async fn write(writer: ChannelWriteHalf<Msg>, mut lines: mpsc::UnboundedReceiver<Bytes>) {
    while let Some(lines) = lines.recv().await {
        if writer.data_bytes(lines).await.is_err() {
            return;
        }
    }
    let _ = writer.eof().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_without_end_before_the_start_is_refused() {
        let mut early = Early::default();
        let data = Bytes::from(vec![b'x'; 32 << 10]);
        let refused = (0..1000).find_map(|_| {
            let data = ChannelMsg::Data { data: data.clone() };
            early.take(Some(data), &Side::default()).err()
        });
        assert!(matches!(refused, Some(NotStarted::Ended(_))));
        assert!(early.pieces.len() < 40, "{} pieces", early.pieces.len());
    }

    #[test]
    fn the_line_for_sshd_config_suits_the_servers_system() {
        for (banner, line_there) in [
            (
                "SSH-2.0-OpenSSH_9.2p1 Debian-2",
                "Subsystem x /usr/bin/pwsh -sshs -nologo",
            ),
            (
                "SSH-2.0-OpenSSH_for_Windows_9.5",
                "Subsystem x c:/progra~1/powershell/7/pwsh.exe -sshs -nologo",
            ),
        ] {
            let side = Side::default();
            side.identify(banner.as_bytes());
            assert_eq!(line("x", &side), line_there);
        }
    }
}
