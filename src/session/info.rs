//! What a list of sessions shows, in PowerShell's words.

use std::fmt::{self, Write as _};
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::Description;
use crate::transport::Keeping;

/// The number of a session, from 1, unique in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u32);

/// State of a session (`RunspaceState`), told from this psdeck's point of view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionState {
    /// Being opened.
    Opening,
    /// Usable.
    Opened,
    /// Being left.
    Disconnecting,
    /// Runs on the server without us.
    Disconnected,
    /// Being taken up.
    Connecting,
    /// Being closed.
    Closing,
    /// Closed in good order.
    Closed,
    /// Lost, or never opened.
    Broken,
}

impl SessionState {
    /// Whether it is not to be had any more.
    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Closing | Self::Closed | Self::Broken)
    }
}

/// Whether a session takes a command now (`RunspaceAvailability`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Availability {
    /// Not usable; of a disconnected session: free to be connected.
    None,
    /// Takes a command.
    Available,
    /// Takes a nested command only.
    AvailableForNestedCommand,
    /// Runs a command; of a disconnected session: held by another client.
    Busy,
    /// Stopped in the remote debugger.
    RemoteDebug,
}

/// Who has a session that is disconnected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Holder {
    /// Nobody, or whoever its server tells of.
    #[default]
    Unknown,
    /// Another psdeck on this computer.
    Elsewhere,
    /// A psdeck that ended without leaving it; its server may not have noticed.
    Dead,
}

/// How a session's bytes travel, in PowerShell's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransportKind {
    /// HTTP, `WSMan`.
    WSMan,
    /// The `powershell` subsystem of an SSH server.
    Ssh,
    /// A child process of this computer.
    Process,
    /// The embedded demonstration.
    Demo,
}

/// A network that is lost, and tried again until it is too late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interruption {
    /// Since when.
    pub since: SystemTime,
    /// Until when; then the session counts as disconnected.
    pub until: SystemTime,
    /// What happened.
    pub why: String,
}

impl Interruption {
    /// What is said of it at that time.
    pub(super) fn told(&self, host: &str, now: SystemTime) -> String {
        let window = self.until.duration_since(now).unwrap_or_default();
        format!(
            "the connection to {host} is interrupted ({}); it is tried again for {} at most",
            self.why,
            span(window)
        )
    }

    /// What is said when it is over.
    pub(super) fn over(host: &str) -> String {
        format!("{host} answers again")
    }
}

/// A time in words: `4m`, `1h30m`, `90s` is `1m30s`.
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [
        (seconds / 3600, 'h'),
        (seconds / 60 % 60, 'm'),
        (seconds % 60, 's'),
    ];
    let mut words = String::new();
    for (count, unit) in units.iter().filter(|(count, _)| *count > 0) {
        let _ = write!(words, "{count}{unit}");
    }
    if words.is_empty() {
        "0s".to_owned()
    } else {
        words
    }
}

/// A snapshot of one session.
#[derive(Clone, Debug)]
pub struct SessionInfo {
    /// Its number.
    pub id: SessionId,
    /// Its name; `Runspace1` and so on by default.
    pub name: String,
    /// The runspace pool's id.
    pub instance_id: Uuid,
    /// How its bytes travel.
    pub transport: TransportKind,
    /// The computer, as the user named it.
    pub computer_name: String,
    /// What kind of computer it is: `RemoteMachine`, `Container` and so on.
    pub computer_type: &'static str,
    /// The account on the server, where known.
    pub user: Option<String>,
    /// How we proved who we are: `publickey`, `password` and so on.
    pub authentication: Option<String>,
    /// Its state.
    pub state: SessionState,
    /// Whether it takes a command.
    pub availability: Availability,
    /// The endpoint: `Microsoft.PowerShell`, `DefaultShell` and so on.
    pub configuration_name: String,
    /// The negotiated protocol version, `2.3` say.
    pub protocol: Option<String>,
    /// The server's PowerShell version, `7.6.5` say.
    pub ps_version: Option<String>,
    /// When it was opened.
    pub opened: Option<SystemTime>,
    /// When something last happened.
    pub last_activity: Option<SystemTime>,
    /// When its client left it, if it is disconnected and that is known.
    pub disconnected: Option<SystemTime>,
    /// When the server drops it, if it is disconnected and that is known.
    pub expires: Option<SystemTime>,
    /// Who has it, if it is disconnected.
    pub holder: Holder,
    /// How the server keeps it without a client.
    pub keeping: Keeping,
    /// The network is lost, and tried again.
    pub interruption: Option<Interruption>,
    /// The first line of what it runs.
    pub running: Option<String>,
    /// Why it is `Broken`, or why it cannot be connected.
    pub reason: Option<String>,
}

impl SessionInfo {
    /// What is known of a session before it is open.
    pub(super) fn new(
        id: SessionId,
        name: String,
        instance_id: Uuid,
        description: Description,
        state: SessionState,
    ) -> Self {
        Self {
            id,
            name,
            instance_id,
            transport: description.transport,
            computer_name: description.computer_name,
            computer_type: description.computer_type,
            user: description.user,
            authentication: None,
            state,
            availability: Availability::None,
            configuration_name: description.configuration_name,
            protocol: None,
            ps_version: None,
            opened: None,
            last_activity: None,
            disconnected: None,
            expires: None,
            holder: Holder::default(),
            keeping: Keeping::default(),
            interruption: None,
            running: None,
            reason: None,
        }
    }

    /// What is said of a network that is lost now: what is begun has to wait for it.
    pub fn interrupted(&self) -> Option<String> {
        let lost = self.interruption.as_ref()?;
        Some(lost.told(&self.computer_name, SystemTime::now()))
    }

    /// The name of its configuration, without the prefix of a resource URI.
    pub fn short_configuration_name(&self) -> &str {
        short(&self.configuration_name)
    }

    /// Whether it is of that configuration, named shortly or by its resource URI.
    pub fn has_configuration(&self, name: &str) -> bool {
        short(name).eq_ignore_ascii_case(self.short_configuration_name())
    }
}

fn short(configuration: &str) -> &str {
    const PREFIX: &str = "http://schemas.microsoft.com/powershell/";
    match configuration.get(..PREFIX.len()) {
        Some(start) if start.eq_ignore_ascii_case(PREFIX) => {
            configuration.get(PREFIX.len()..).unwrap_or_default()
        }
        _ => configuration,
    }
}

impl fmt::Display for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Opening => "Opening",
            Self::Opened => "Opened",
            Self::Disconnecting => "Disconnecting",
            Self::Disconnected => "Disconnected",
            Self::Connecting => "Connecting",
            Self::Closing => "Closing",
            Self::Closed => "Closed",
            Self::Broken => "Broken",
        })
    }
}

impl fmt::Display for Availability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "None",
            Self::Available => "Available",
            Self::AvailableForNestedCommand => "AvailableForNestedCommand",
            Self::Busy => "Busy",
            Self::RemoteDebug => "RemoteDebug",
        })
    }
}

impl fmt::Display for TransportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::WSMan => "WSMan",
            Self::Ssh => "SSH",
            Self::Process => "Process",
            Self::Demo => "Demo",
        })
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
