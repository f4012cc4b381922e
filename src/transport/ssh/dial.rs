//! From a host's name to a TCP stream.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};

use super::settings::{IpVersion, Settings};
use crate::transport::{Failure, FailureKind, Stage};

/// Shuts a stream down when dropped, whoever holds its other halves: so a handshake that nobody waits for any more ends.
pub(super) struct HangUp(std::net::TcpStream);

impl Drop for HangUp {
    fn drop(&mut self) {
        // It may be closed already.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// The addresses of the host, of the wanted kind.
pub(super) async fn resolve(settings: &Settings) -> Result<Vec<SocketAddr>, Failure> {
    let host = &settings.host;
    let failed = |reason: String| {
        Failure::new(
            FailureKind::Unreachable,
            format!("the name {host} has no address"),
        )
        .at(Stage::Resolve)
        .detail(reason)
        .hint("check the spelling, and that this computer's name service knows the host")
    };
    let found = match tokio::time::timeout(
        settings.stage_timeout,
        lookup_host((&**host, settings.port)),
    )
    .await
    {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return Err(failed(error.to_string())),
        Err(_) => {
            let message = format!(
                "no name service answered for {host} within {} s",
                settings.stage_timeout.as_secs()
            );
            return Err(Failure::new(FailureKind::TimedOut, message)
                .at(Stage::Resolve)
                .hint("an address in place of the name needs no name service"));
        }
    };
    let wanted = |address: &SocketAddr| match settings.ip_version {
        Some(IpVersion::V4) => address.is_ipv4(),
        Some(IpVersion::V6) => address.is_ipv6(),
        None => true,
    };
    let found: Vec<SocketAddr> = found.filter(wanted).collect();
    if found.is_empty() {
        Err(failed("no address of the wanted family".into()))
    } else {
        Ok(found)
    }
}

/// Tries the addresses one after another; each gets its share of the time that is left.
pub(super) async fn connect(
    settings: &Settings,
    addresses: &[SocketAddr],
) -> Result<(TcpStream, HangUp), Failure> {
    let end = Instant::now() + settings.stage_timeout;
    let mut reasons = Vec::new();
    let mut only_silence = true;
    for (address, left) in addresses.iter().zip((1..=addresses.len()).rev()) {
        let share =
            end.saturating_duration_since(Instant::now()) / u32::try_from(left).unwrap_or(u32::MAX);
        match timeout_at(Instant::now() + share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => match ready(stream) {
                Ok(connected) => return Ok(connected),
                Err(error) => reasons.push(format!("{address}: {error}")),
            },
            Ok(Err(error)) => {
                only_silence = false;
                reasons.push(format!("{address}: {}", reason(&error)));
            }
            Err(_) => reasons.push(format!("{address}: no answer within {}", seconds(share))),
        }
    }
    let (host, port) = (&settings.host, settings.port);
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
        Failure::new(FailureKind::Unreachable, message)
            .hint(format!("see whether sshd runs on {host} and listens on port {port} (ssh:{host}:PORT names another)"))
    };
    // The reason of a single address is said already.
    if reasons.len() > 1 {
        failure.details = reasons;
    }
    Err(failure.at(Stage::Connect))
}

fn ready(stream: TcpStream) -> io::Result<(TcpStream, HangUp)> {
    stream.set_nodelay(true)?;
    let stream = stream.into_std()?;
    let hang_up = HangUp(stream.try_clone()?);
    Ok((TcpStream::from_std(stream)?, hang_up))
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
