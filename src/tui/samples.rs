//! Sessions for tests.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use crate::session::{Availability, Holder, SessionId, SessionInfo, SessionState, TransportKind};
use crate::transport::Keeping;

/// The moment that tests call now.
pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(400_000)
}

/// A list with something of everything.
pub(crate) fn sessions() -> Arc<[SessionInfo]> {
    let ssh = TransportKind::Ssh;
    let mut list = vec![
        session(
            1,
            "ITTask",
            TransportKind::WSMan,
            "Server01",
            SessionState::Opened,
        ),
        session(
            2,
            "Backups",
            TransportKind::WSMan,
            "Server02",
            SessionState::Disconnected,
        ),
        session(3, "deploy", ssh, "LinuxServer02", SessionState::Opened),
        session(
            4,
            "nightly",
            TransportKind::WSMan,
            "Server03",
            SessionState::Disconnected,
        ),
        session(
            5,
            "Runspace5",
            ssh,
            "web-07.lab.example",
            SessionState::Broken,
        ),
        session(
            6,
            "Runspace6",
            ssh,
            "web-08.lab.example",
            SessionState::Opening,
        ),
    ];
    for (index, change) in [
        (0, Availability::Available),
        (2, Availability::Busy),
        (3, Availability::Busy),
    ] {
        if let Some(info) = list.get_mut(index) {
            info.availability = change;
        }
    }
    if let Some(info) = list.first_mut() {
        "ITTasks".clone_into(&mut info.configuration_name);
    }
    if let Some(info) = list.get_mut(2) {
        info.running = Some("Get-ChildItem -Recurse / | Measure-Object".to_owned());
    }
    if let Some(info) = list.get_mut(4) {
        info.reason = Some("the server closed the connection".to_owned());
    }
    list.into()
}

/// One session.
pub(crate) fn session(
    id: u32,
    name: &str,
    transport: TransportKind,
    computer: &str,
    state: SessionState,
) -> SessionInfo {
    SessionInfo {
        id: SessionId(id),
        name: name.to_owned(),
        instance_id: Uuid::from_u128(u128::from(id)),
        transport,
        computer_name: computer.to_owned(),
        computer_type: "RemoteMachine",
        user: Some("alice".to_owned()),
        authentication: Some("publickey".to_owned()),
        state,
        availability: Availability::None,
        configuration_name: "Microsoft.PowerShell".to_owned(),
        protocol: Some("2.3".to_owned()),
        ps_version: Some("7.6.5".to_owned()),
        opened: Some(now() - Duration::from_mins(90)),
        last_activity: Some(now() - Duration::from_secs(12)),
        disconnected: None,
        holder: Holder::default(),
        keeping: Keeping::default(),
        interruption: None,
        expires: (state == SessionState::Disconnected).then(|| now() + Duration::from_hours(2)),
        running: None,
        reason: None,
    }
}
