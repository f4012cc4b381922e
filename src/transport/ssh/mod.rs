//! PowerShell over SSH: a subsystem of the server's `sshd`, on a connection of its own.
//!
//! Each stage has its deadline, which does not run while the user is asked. A future that is dropped hangs up.

mod channel;
mod config;
mod handler;
mod host_key;
mod hosts;
mod keys;
mod known_hosts;
mod login;
mod patience;
mod settings;
mod survey;

use std::sync::Arc;
use std::time::Duration;

use russh::Preferred;
use russh::client::{self, Handle};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use self::channel::{NotStarted, Subsystem, line};
use self::handler::{Callbacks, KeyQuestion, Side, describe};
pub use self::hosts::hosts;
use self::known_hosts::KnownHosts;
use self::patience::Patience;
use self::settings::{IpVersion, Settings};
pub use self::survey::{KeyState, Survey, survey};
use super::packets::Packets;
use super::tcp::{self, HangUp, Place, seconds};
use super::{Ask, Connection, Failure, FailureKind, Options, Stage};

/// A connection that is ready for the first message.
pub struct Connected {
    /// The connection.
    pub connection: Box<dyn Connection>,
    /// The account on the server.
    pub user: String,
    /// How we proved who we are: `publickey`, `password` and so on; several with `+` between them.
    pub authentication: String,
}

/// Connects to `host` (as the target names it), logs in and starts the subsystem.
///
/// `user` and `port` are the target's and go before the options and the ssh configuration.
pub async fn connect(
    host: &str,
    user: Option<&str>,
    port: Option<u16>,
    options: &Options,
    ask: &dyn Ask,
    stages: impl Fn(Stage),
) -> Result<Connected, Failure> {
    stages(Stage::Resolve);
    let settings = config::load(host, user, port, options).await?;
    let patience = Patience::new(ask, settings.batch);
    let limit = settings.stage_timeout;
    let place = Place {
        host: &settings.host,
        port: settings.port,
        limit,
    };
    let addresses = tcp::resolve(place, |address| match settings.ip_version {
        Some(IpVersion::V4) => address.is_ipv4(),
        Some(IpVersion::V6) => address.is_ipv6(),
        None => true,
    })
    .await?;

    stages(Stage::Connect);
    let Place { host, port, .. } = place;
    let refused = format!(
        "see whether sshd runs on {host} and listens on port {port} (ssh:{host}:PORT names another)"
    );
    let stream = tcp::connect(place, &addresses, &refused).await?;
    let (stream, hang_up) = HangUp::on(stream).map_err(|error| {
        Failure::new(FailureKind::Unreachable, error.to_string()).at(Stage::Connect)
    })?;

    stages(Stage::Handshake);
    let side = Side::default();
    let handshake = handshake(stream, &settings, &patience, side.clone());
    let mut handle = match patience.within(limit, handshake).await {
        Some(handle) => handle?,
        None => return Err(silent(&settings, limit)),
    };

    stages(Stage::Authenticate);
    let login = login::login(&mut handle, &settings, options, &patience);
    let authentication = match patience.within(limit, login).await {
        Some(Ok(method)) => method,
        Some(Err(failure)) => return Err(with_side(failure, &side)),
        None => {
            let message = format!(
                "{} did not finish the login within {}",
                settings.host,
                seconds(limit)
            );
            let failure = Failure::new(FailureKind::TimedOut, message).at(Stage::Authenticate);
            return Err(with_side(failure, &side).hint("--connect-timeout waits longer"));
        }
    };

    stages(Stage::Start);
    let name = options
        .subsystem
        .clone()
        .or_else(|| options.configuration_name.clone())
        .unwrap_or_else(|| "powershell".into());
    let start = Subsystem::start(
        handle,
        side.clone(),
        hang_up,
        settings.host.clone(),
        name.clone(),
        &settings.environment,
    );
    let link = match patience.within(limit, start).await {
        Some(Ok(link)) => link,
        Some(Err(reason)) => return Err(not_started(&settings, &name, reason, &side)),
        None => {
            let message = format!(
                "{} did not start the subsystem '{name}' within {}",
                settings.host,
                seconds(limit)
            );
            return Err(Failure::new(FailureKind::TimedOut, message)
                .at(Stage::Start)
                .hint("--connect-timeout gives a slow start more time"));
        }
    };
    let keep_alive = settings
        .alive_interval
        .map(|interval| interval * alive_rounds(&settings));
    let connection = Box::new(Packets::start(link, limit, keep_alive, side.banner()));
    Ok(Connected {
        connection,
        user: settings.user,
        authentication,
    })
}

/// Agrees on keys with the server and makes sure of it.
async fn handshake(
    stream: TcpStream,
    settings: &Settings,
    ask: &Patience<'_>,
    side: Side,
) -> Result<Handle<Callbacks>, Failure> {
    let files: Vec<_> = settings
        .user_known_hosts
        .iter()
        .chain(&settings.global_known_hosts)
        .cloned()
        .collect();
    let known = KnownHosts::read(&files, &settings.known_hosts_name());
    let config = client::Config {
        nodelay: true,
        keepalive_interval: settings.alive_interval,
        keepalive_max: settings.alive_count,
        preferred: Preferred {
            key: host_key::preferred(&known),
            ..Preferred::DEFAULT
        },
        ..client::Config::default()
    };
    let (keys, mut questions) = mpsc::unbounded_channel::<KeyQuestion>();
    let mut connecting = std::pin::pin!(client::connect_stream(
        Arc::new(config),
        stream,
        Callbacks { keys, side }
    ));
    loop {
        tokio::select! {
            biased;
            Some((key, answer)) = questions.recv() => match host_key::check(&key, &known, settings, ask).await {
                // The handshake may have ended meanwhile; it says so itself.
                Ok(()) => drop(answer.send(true)),
                Err(failure) => return Err(failure),
            },
            connected = &mut connecting => return connected.map_err(|error| no_handshake(settings, &error)),
        }
    }
}

fn no_handshake(settings: &Settings, error: &russh::Error) -> Failure {
    let Settings { host, port, .. } = settings;
    let (message, hint) = match error {
        russh::Error::NoCommonAlgo { kind, theirs, .. } => {
            let theirs: Vec<String> = theirs
                .iter()
                .take(8)
                .map(|name| crate::stdio::printable(name.as_bytes()))
                .collect();
            let failure = Failure::new(
                FailureKind::Refused,
                format!("{host} offers no {kind:?} algorithm that is safe to use"),
            );
            return failure
                .at(Stage::Handshake)
                .detail(format!("the server offers: {}", theirs.join(", ")))
                .hint("update the server");
        }
        russh::Error::Disconnect | russh::Error::HUP | russh::Error::IO(_) => (
            format!("{host} closed the connection on port {port} before the handshake was done"),
            "the server may limit connections (MaxStartups), or ban this address",
        ),
        _ => (
            format!("port {port} of {host} does not speak SSH as it should"),
            "see that the port is that of sshd: ssh:HOST:PORT names another",
        ),
    };
    let kind = match error {
        russh::Error::Disconnect | russh::Error::HUP | russh::Error::IO(_) => {
            FailureKind::Unreachable
        }
        _ => FailureKind::Protocol,
    };
    Failure::new(kind, message)
        .at(Stage::Handshake)
        .detail(describe(error))
        .hint(hint)
}

fn silent(settings: &Settings, limit: Duration) -> Failure {
    let Settings { host, port, .. } = settings;
    let message = format!(
        "port {port} of {host} took the connection but did not finish the handshake within {}",
        seconds(limit)
    );
    Failure::new(FailureKind::TimedOut, message)
        .at(Stage::Handshake)
        .hint("see that the port is that of sshd, and that the server is not overloaded")
}

fn not_started(settings: &Settings, name: &str, reason: NotStarted, side: &Side) -> Failure {
    let host = &settings.host;
    let failure = match reason {
        NotStarted::Missing => Failure::new(FailureKind::Refused, format!("{host} has no subsystem '{name}'"))
            .hint(format!("add this line to sshd_config on {host}, with the path of its pwsh, and restart sshd: {}", line(name, side)))
            .hint("--subsystem asks for another name"),
        NotStarted::NoChannel(reason) => Failure::new(FailureKind::Refused, format!("{host} opens no session channel"))
            .detail(reason)
            .hint("MaxSessions in its sshd_config may be 0, or the account restricted"),
        NotStarted::Ended(reason) => {
            Failure::new(FailureKind::Unreachable, format!("{host} closed the connection while starting '{name}'")).detail(reason)
                .hint("the log of sshd on the server says why")
        }
    };
    failure.at(Stage::Start)
}

fn with_side(mut failure: Failure, side: &Side) -> Failure {
    if let Some(goodbye) = side.goodbye()
        && !failure.details.contains(&goodbye)
    {
        failure.details.insert(0, goodbye);
    }
    failure.details.extend(
        side.banner()
            .into_iter()
            .map(|line| format!("banner: {line}")),
    );
    failure
}

/// Keep-alives that go unanswered before a connection counts as lost, the one that finds it out included.
fn alive_rounds(settings: &Settings) -> u32 {
    u32::try_from(settings.alive_count.saturating_add(1)).unwrap_or(u32::MAX)
}
