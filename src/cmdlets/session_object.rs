//! Sessions as objects, with PowerShell's members and its table.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::clixml::{self, DateTime, DateTimeKind, Object, TICKS_PER_SECOND, TimeSpan, enum_value};
use crate::session::{Availability, Pool, SessionId, SessionInfo, SessionState, TransportKind};

/// A session in a variable or a pipeline: as it is now, however it was when it was taken.
#[derive(Clone)]
pub(super) struct PSSession {
    pool: Pool,
    id: SessionId,
    seen: Arc<Mutex<SessionInfo>>,
}

impl PSSession {
    pub(super) fn new(pool: &Pool, info: SessionInfo) -> Self {
        Self {
            pool: pool.clone(),
            id: info.id,
            seen: Arc::new(Mutex::new(info)),
        }
    }

    pub(super) fn id(&self) -> SessionId {
        self.id
    }

    /// How it is. One that has left the list is closed.
    pub(super) fn info(&self) -> SessionInfo {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match self.pool.info(self.id) {
            Some(info) => *seen = info,
            None if seen.state != SessionState::Broken => {
                seen.state = SessionState::Closed;
                seen.availability = Availability::None;
            }
            None => {}
        }
        seen.clone()
    }
}

impl std::fmt::Debug for PSSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PSSession").field(&self.id).finish()
    }
}

/// A session as PowerShell's object: its type, and its members in the order of `Format-List`. Its table has the columns
/// `Id Name Transport ComputerName ComputerType State ConfigurationName Availability`.
pub fn session_object(info: &SessionInfo) -> Object {
    let state = |name: &str, at| {
        enum_value(
            "System.Management.Automation.Runspaces.RunspaceState",
            name,
            at,
        )
    };
    let (state_name, state_number) = match info.state {
        SessionState::Opening => ("Opening", 1),
        SessionState::Opened => ("Opened", 2),
        SessionState::Closed => ("Closed", 3),
        SessionState::Closing => ("Closing", 4),
        SessionState::Broken => ("Broken", 5),
        SessionState::Disconnecting => ("Disconnecting", 6),
        SessionState::Disconnected => ("Disconnected", 7),
        SessionState::Connecting => ("Connecting", 8),
    };
    let (availability, availability_number) = match info.availability {
        Availability::None => ("None", 0),
        Availability::Available => ("Available", 1),
        Availability::AvailableForNestedCommand => ("AvailableForNestedCommand", 2),
        Availability::Busy => ("Busy", 3),
        Availability::RemoteDebug => ("RemoteDebug", 4),
    };
    let time = |time: Option<SystemTime>| time.map_or(clixml::Value::Null, date);
    let keeping = &info.keeping;
    let buffering = keeping.buffering.map_or("None", |mode| mode.name());
    let idle = keeping
        .idle_timeout
        .map(|idle| i64::try_from(idle.as_millis()).unwrap_or(i64::MAX));
    let idle = idle.map(|idle| match i32::try_from(idle) {
        Ok(small) => small.into(),
        Err(_) => idle.into(),
    });
    let wsman = info.transport == TransportKind::WSMan;
    let mut object = Object::bag([
        ("State", state(state_name, state_number)),
        ("IdleTimeout", idle.unwrap_or(clixml::Value::Null)),
        ("OutputBufferingMode", buffering.into()),
        ("DisconnectedOn", time(info.disconnected)),
        ("ExpiresOn", time(info.expires)),
        (
            "ComputerType",
            enum_value(
                "System.Management.Automation.Runspaces.TargetMachineType",
                info.computer_type,
                0,
            ),
        ),
        ("ComputerName", info.computer_name.as_str().into()),
        ("ContainerId", clixml::Value::Null),
        ("VMName", clixml::Value::Null),
        ("VMId", clixml::Value::Null),
        ("ConfigurationName", info.short_configuration_name().into()),
        ("InstanceId", clixml::Value::Guid(info.instance_id)),
        ("Id", i32::try_from(info.id.0).unwrap_or(i32::MAX).into()),
        ("Name", info.name.as_str().into()),
        (
            "Availability",
            enum_value(
                "System.Management.Automation.Runspaces.RunspaceAvailability",
                availability,
                availability_number,
            ),
        ),
        ("Transport", info.transport.to_string().into()),
    ])
    .with_types([
        "System.Management.Automation.Runspaces.PSSession",
        "System.Object",
    ]);
    if !wsman && keeping.idle_timeout.is_none() {
        object
            .extended
            .retain(|member| member.name != "OutputBufferingMode");
    }
    object.to_string = Some(format!("[PSSession]{}", info.name).into());
    object
}

/// A property of a time span.
pub(super) fn span(span: TimeSpan, name: &str) -> Option<clixml::Value> {
    #[expect(clippy::cast_precision_loss, reason = "as .NET computes it")]
    let total = |unit: i64| clixml::Value::Double(span.ticks as f64 / unit as f64);
    Some(match name.to_ascii_lowercase().as_str() {
        "ticks" => span.ticks.into(),
        "totalmilliseconds" => total(TICKS_PER_SECOND / 1000),
        "totalseconds" => total(TICKS_PER_SECOND),
        "totalminutes" => total(60 * TICKS_PER_SECOND),
        "totalhours" => total(3600 * TICKS_PER_SECOND),
        _ => return None,
    })
}

/// A moment as a date here, as PowerShell has it.
fn date(time: SystemTime) -> clixml::Value {
    const EPOCH: i64 = 621_355_968_000_000_000;
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let ticks = i64::try_from(since.as_nanos() / 100).unwrap_or(i64::MAX - EPOCH);
    let offset = chrono::DateTime::<chrono::Local>::from(time)
        .offset()
        .local_minus_utc()
        / 60;
    clixml::Value::DateTime(DateTime {
        ticks: EPOCH
            .saturating_add(ticks)
            .saturating_add(i64::from(offset) * 60 * TICKS_PER_SECOND),
        kind: DateTimeKind::Local(i16::try_from(offset).unwrap_or_default()),
    })
}
