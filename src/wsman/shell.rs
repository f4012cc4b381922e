//! Shells and commands as servers describe them.

use std::time::Duration;

use super::duration;
use super::xml::Element;

/// A shell: a runspace pool on a server (MS-WSMV 2.2.4.37). Servers leave members out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shell {
    /// Its id.
    pub id: String,
    /// The session's name.
    pub name: Option<String>,
    /// The session configuration's resource.
    pub resource: Option<String>,
    /// Whose it is: `DOMAIN\user`.
    pub owner: Option<String>,
    /// Where its client is or was.
    pub client: Option<String>,
    /// The server's process.
    pub process: Option<u32>,
    /// `Connected` or `Disconnected`.
    pub state: Option<String>,
    /// How long it is kept without a client.
    pub idle_timeout: Option<Duration>,
    /// The most that may be asked for.
    pub max_idle_timeout: Option<Duration>,
    /// `Block` or `Drop`.
    pub buffering: Option<String>,
    /// The culture of messages.
    pub locale: Option<String>,
    /// The culture of data.
    pub data_locale: Option<String>,
    /// How long it has been there.
    pub run_time: Option<Duration>,
    /// How long ago its last request was.
    pub inactivity: Option<Duration>,
}

/// A command of a shell: a pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandInfo {
    /// Its id.
    pub id: String,
    /// What its client called it.
    pub line: Option<String>,
    /// `Running`, `Pending` or `Done`, without what precedes it on the wire.
    pub state: Option<String>,
}

impl Shell {
    pub(super) fn read(element: &Element<'_>) -> Self {
        let text = |name: &str| element.text_of(name).map(str::to_owned);
        // No server means more; dates are made of it, which have an end.
        let time = |name: &str| {
            let time = element.text_of(name).and_then(duration::read);
            time.filter(|time| time.as_secs() <= u32::MAX.into())
        };
        Self {
            id: text("ShellId")
                .or_else(|| element.attribute("ShellId").map(str::to_owned))
                .unwrap_or_default(),
            name: text("Name").or_else(|| element.attribute("Name").map(str::to_owned)),
            resource: text("ResourceUri"),
            owner: text("Owner"),
            client: text("ClientIP"),
            process: element.text_of("ProcessId").and_then(|id| id.parse().ok()),
            state: text("State"),
            idle_timeout: time("IdleTimeOut"),
            max_idle_timeout: time("MaxIdleTimeOut"),
            buffering: text("BufferMode"),
            locale: text("Locale"),
            data_locale: text("DataLocale"),
            run_time: time("ShellRunTime"),
            inactivity: time("ShellInactivity"),
        }
    }
}

impl CommandInfo {
    pub(super) fn read(element: &Element<'_>) -> Self {
        let member = |name: &str| {
            let text = element.text_of(name).or_else(|| element.attribute(name));
            text.map(str::to_owned)
        };
        Self {
            id: member("CommandId").unwrap_or_default(),
            line: member("CommandLine"),
            state: member("State")
                .or_else(|| member("CommandState"))
                .map(|state| state.rsplit('/').next().unwrap_or_default().to_owned()),
        }
    }
}
