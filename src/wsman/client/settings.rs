//! What one session needs to know before it begins.

use std::time::Duration;

use uuid::Uuid;

/// What all requests of a session have in common, and how its shell is created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The endpoint's URL: `http://server:5985/wsman`.
    pub url: String,
    /// The session configuration's resource; see [`resource::configuration`](crate::wsman::resource::configuration).
    pub resource: String,
    /// Who asks: shells belong to it, so whoever takes one up again names the same.
    pub session: Uuid,
    /// The culture of messages (PowerShell's UI culture): `en-US`.
    pub locale: String,
    /// The culture of data (PowerShell's culture).
    pub data_locale: String,
    /// The protocol version of PSRP that is offered: `2.3`.
    pub protocol: String,
    /// Do not load the user's profile on the machine (`-NoMachineProfile`).
    pub no_profile: bool,
    /// How long the server may take for one operation; a Receive that finds nothing ends after it.
    pub operation_timeout: Duration,
    /// How long the server keeps the shell without a client; the server's own time, if none.
    pub idle_timeout: Option<Duration>,
    /// What a disconnected shell does with output that finds no room: `Block` or `Drop`; the server's own way, if none.
    pub buffering: Option<&'static str>,
    /// For how long a lost network is tried again.
    pub retry_window: Duration,
    /// Where the random pauses between retries begin.
    pub seed: u64,
}

impl Settings {
    /// The defaults of PowerShell, for the configuration `resource` at `url`.
    pub fn new(url: impl Into<String>, resource: impl Into<String>) -> Self {
        let session = Uuid::new_v4();
        Self {
            url: url.into(),
            resource: resource.into(),
            session,
            locale: "en-US".to_owned(),
            data_locale: "en-US".to_owned(),
            protocol: "2.3".to_owned(),
            no_profile: false,
            operation_timeout: Duration::from_mins(3),
            idle_timeout: None,
            buffering: None,
            retry_window: super::retry::WINDOW,
            seed: session.as_u64_pair().0,
        }
    }
}
