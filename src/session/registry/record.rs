//! What is remembered of a session: enough to find it and to connect it again, and no secret.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::moment;
use crate::transport::{Buffering, Options, TargetAddress};

/// The most bytes of a record's text.
pub(super) const LONGEST: usize = 64 << 10;
/// The version of the text. One that is newer is read as far as it is understood.
const VERSION: u32 = 1;

/// What is remembered of one session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    version: u32,
    /// Its number.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// The runspace pool's id, and the shell's.
    pub instance_id: Uuid,
    /// Who we are to the server for it (`SessionId` of WSMan).
    pub client: Uuid,
    /// Where it is.
    pub target: TargetAddress,
    /// How to get in; without what could hold a secret.
    pub options: Options,
    /// The profile whose `password_command` leads in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// What the user calls its computer, where that is not what the target says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computer_name: Option<String>,
    /// The endpoint.
    pub configuration_name: String,
    /// The account on the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// How it was when this was written.
    pub state: RecordState,
    /// When it was opened.
    #[serde(default, with = "moment", skip_serializing_if = "Option::is_none")]
    pub opened: Option<SystemTime>,
    /// When it was left.
    #[serde(default, with = "moment", skip_serializing_if = "Option::is_none")]
    pub disconnected: Option<SystemTime>,
    /// When the server drops it, at the latest.
    #[serde(default, with = "moment", skip_serializing_if = "Option::is_none")]
    pub expires: Option<SystemTime>,
    /// Seconds for which the server keeps it without a client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<u64>,
    /// What becomes of output that finds no room meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffering: Option<Buffering>,
    /// Whether it was running something.
    #[serde(default)]
    pub running: bool,
    /// The first line of that; written only for who asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// How often it was written: two writers are told apart by it.
    #[serde(default)]
    pub revision: u64,
}

/// How a remembered session was when its record was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RecordState {
    /// The server was about to be asked for it.
    Opening,
    /// A psdeck had it. If none holds it now, that one is dead, and the server may not know it yet.
    Opened,
    /// It was left in good order, or its server was heard to say that nobody has it.
    Disconnected,
}

impl Record {
    /// A record of a session that is about to be asked for. `options` may hold anything: what could be a secret is left out.
    pub fn new(
        id: u32,
        name: impl Into<String>,
        instance_id: Uuid,
        client: Uuid,
        target: TargetAddress,
        options: &Options,
    ) -> Self {
        let profile = options.password_command.as_ref();
        let profile = profile.map(|command| command.profile().to_owned());
        let mut options = options.clone();
        // The words of a command, and variables, can hold secrets.
        options.password_command = None;
        options.environment.clear();
        Self {
            version: VERSION,
            id,
            name: name.into(),
            instance_id,
            client,
            target,
            computer_name: options.computer_name.take(),
            options,
            profile: profile.filter(|profile| !profile.is_empty()),
            configuration_name: String::new(),
            user: None,
            state: RecordState::Opening,
            opened: None,
            disconnected: None,
            expires: None,
            idle_timeout: None,
            buffering: None,
            running: false,
            command: None,
            revision: 0,
        }
    }

    /// Reads the text of the record of that number; what is wrong with it.
    pub(super) fn read(id: u32, text: &str) -> Result<Self, String> {
        let record: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if record.id != id {
            return Err(format!("it is that of session {}", record.id));
        }
        Ok(record)
    }

    pub(super) fn text(&self) -> String {
        // Nothing in it can fail to be written: maps have text for keys.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn record() -> Record {
        let target = "https://alice@server01:5986/wsman".parse().unwrap();
        let words = vec!["echo".to_owned(), "hunter2".to_owned()];
        let options = Options {
            user: Some("alice".into()),
            environment: vec![("TOKEN".into(), "hunter2".into())],
            password_command: Some(
                crate::transport::PasswordCommand::try_from(words)
                    .unwrap()
                    .of("Server01"),
            ),
            idle_timeout: Some(Duration::from_mins(90)),
            ..Options::default()
        };
        let ids = (Uuid::new_v4(), Uuid::new_v4());
        Record::new(7, "ITTask", ids.0, ids.1, target, &options)
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let mut record = record();
        record.opened = Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1_790_000_000_123));
        record.running = true;
        assert_eq!(Record::read(7, &record.text()), Ok(record.clone()));
        assert!(record.text().contains("\"2026-09-21T"), "{}", record.text());
    }

    #[test]
    fn what_could_be_a_secret_is_not_written() {
        let text = record().text();
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains("\"profile\": \"Server01\""), "{text}");
    }

    #[test]
    fn what_is_no_record_says_why() {
        let text = record().text();
        for (wrong, why) in [
            ("", "EOF"),
            (&text[..text.len() / 2], "EOF"),
            (&text.replace("Opening", "Melting"), "Melting"),
            (&text.replace("\"id\": 7", "\"id\": 8"), "session 8"),
        ] {
            let error = Record::read(7, wrong).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn what_a_later_psdeck_adds_is_no_damage() {
        let text = record().text();
        let text = text.replace("\"id\": 7", "\"id\": 7, \"colour\": \"red\"");
        assert!(Record::read(7, &text).is_ok());
    }
}
