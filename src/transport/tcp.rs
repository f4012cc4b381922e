//! From a host's name to a TCP stream.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};

use super::{Failure, FailureKind, Stage};

/// Shuts a stream down when dropped, whoever holds its other halves: so a handshake that nobody waits for any more ends.
pub(super) struct HangUp(std::net::TcpStream);

impl HangUp {
    /// The stream, and what shuts it down.
    pub(super) fn on(stream: TcpStream) -> io::Result<(TcpStream, Self)> {
        let stream = stream.into_std()?;
        let hang_up = Self(stream.try_clone()?);
        Ok((TcpStream::from_std(stream)?, hang_up))
    }
}

impl Drop for HangUp {
    fn drop(&mut self) {
        // It may be closed already.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// A port of a host, and how long each step towards it may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) limit: Duration,
}

/// The addresses of the host that are wanted.
pub(super) async fn resolve(
    place: Place<'_>,
    wanted: impl Fn(&SocketAddr) -> bool,
) -> Result<Vec<SocketAddr>, Failure> {
    let Place { host, port, limit } = place;
    let failed = |reason: String| {
        Failure::new(
            FailureKind::Unreachable,
            format!("the name {host} has no address"),
        )
        .at(Stage::Resolve)
        .detail(reason)
        .hint("check the spelling, and that this computer's name service knows the host")
    };
    let found = match tokio::time::timeout(limit, lookup_host((host, port))).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return Err(failed(error.to_string())),
        Err(_) => {
            let message = format!(
                "no name service answered for {host} within {}",
                seconds(limit)
            );
            return Err(Failure::new(FailureKind::TimedOut, message)
                .at(Stage::Resolve)
                .hint("an address in place of the name needs no name service"));
        }
    };
    let found: Vec<SocketAddr> = found.filter(wanted).collect();
    if found.is_empty() {
        Err(failed("no address of the wanted family".into()))
    } else {
        Ok(found)
    }
}

/// Tries the addresses one after another; each gets its share of the time that is left. `refused` is what to do when
/// nothing listens there.
pub(super) async fn connect(
    place: Place<'_>,
    addresses: &[SocketAddr],
    refused: &str,
) -> Result<TcpStream, Failure> {
    let end = Instant::now() + place.limit;
    let mut reasons = Vec::new();
    let mut only_silence = true;
    for (address, left) in addresses.iter().zip((1..=addresses.len()).rev()) {
        let share =
            end.saturating_duration_since(Instant::now()) / u32::try_from(left).unwrap_or(u32::MAX);
        match timeout_at(Instant::now() + share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => match stream.set_nodelay(true) {
                Ok(()) => return Ok(stream),
                Err(error) => reasons.push(format!("{address}: {error}")),
            },
            Ok(Err(error)) => {
                only_silence = false;
                reasons.push(format!("{address}: {}", reason(&error)));
            }
            Err(_) => reasons.push(format!("{address}: no answer within {}", seconds(share))),
        }
    }
    let Place { host, port, .. } = place;
    let mut failure = if only_silence {
        let message = format!("port {port} of {host} did not answer");
        Failure::new(FailureKind::TimedOut, message)
            .hint("a firewall may drop the packets; --connect-timeout waits longer")
    } else {
        let why = reasons
            .first()
            .and_then(|reason| reason.split(": ").nth(1))
            .unwrap_or_default();
        let message = format!("port {port} of {host} cannot be reached: {why}");
        Failure::new(FailureKind::Unreachable, message).hint(refused)
    };
    // The reason of a single address is said already.
    if reasons.len() > 1 {
        failure.details = reasons;
    }
    Err(failure.at(Stage::Connect))
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".into(),
        io::ErrorKind::HostUnreachable => "no route to the host".into(),
        io::ErrorKind::NetworkUnreachable => "no route to the network".into(),
        _ => error.to_string(),
    }
}

/// A duration as a reader wants it.
pub(super) fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(10) {
        format!("{:.1} s", duration.as_secs_f32())
    } else {
        format!("{} s", duration.as_secs())
    }
}
