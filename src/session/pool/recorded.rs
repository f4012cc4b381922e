//! What a list shows of a session, in its record and out of it again.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use crate::session::registry::{Holding, Record, RecordState, Registry, RegistryError, Remembered};
use crate::session::{Availability, Holder, SessionInfo, SessionState};

/// The longest that servers take to notice that a client is gone.
const NOTICED: Duration = Duration::from_mins(5);
/// The longest that a server can be asked to keep a session without a client, in milliseconds.
const LONGEST_IDLE: Duration = Duration::from_millis(2_147_483_647);
/// The most characters of a command that are remembered.
const LONGEST_COMMAND: usize = 200;
/// What runs, where nobody says what it is.
pub(super) const A_COMMAND: &str = "a command";
/// So long after its time a session is still looked for: clocks differ.
const SLACK: Duration = Duration::from_mins(10);

/// Why a session that another psdeck holds cannot be had.
pub(super) const ELSEWHERE: &str = "another psdeck on this computer has it";
/// What is said of a session that nobody left.
const ABANDONED: &str = "its psdeck ended without leaving it";
pub(super) const UNNOTICED: &str =
    "its psdeck ended without leaving it: held until the server notices";

/// Puts what a list shows into a record.
pub(super) fn fill(record: &mut Record, info: &SessionInfo) {
    record.state = match info.state {
        SessionState::Opening => RecordState::Opening,
        SessionState::Disconnected => RecordState::Disconnected,
        _ => RecordState::Opened,
    };
    record
        .configuration_name
        .clone_from(&info.configuration_name);
    record.user.clone_from(&info.user);
    record.opened = info.opened;
    record.disconnected = info.disconnected;
    record.expires = info.expires;
    record.idle_timeout = info.keeping.idle_timeout.map(|idle| idle.as_secs());
    record.buffering = info.keeping.buffering;
    record.running = info.running.is_some();
    let command = info.running.as_ref().and_then(|text| text.lines().next());
    record.command = command.map(|line| line.chars().take(LONGEST_COMMAND).collect());
}

/// Puts what a server told of a session that nobody here has into its record; whether that says anything new.
pub(super) fn learn(record: &mut Record, info: &SessionInfo) -> bool {
    let is_busy = info.availability == Availability::Busy;
    if is_busy && is_abandoned(record.state) {
        // The server has not missed its psdeck yet.
        return false;
    }
    let known = record.clone();
    fill(record, info);
    record.opened = record.opened.or(known.opened);
    if !is_busy && info.expires.is_none() {
        // Not every server tells.
        record.disconnected = known.disconnected;
        record.expires = known.expires;
    }
    let same = |one, other| one == other || is_same_moment(one, other);
    (known.state, known.running) != (record.state, record.running)
        || !same(known.disconnected, record.disconnected)
        || !same(known.expires, record.expires)
}

/// Whether a server's word of when a session was left is about what we know: its clock, and how it counts, are its own.
pub(super) fn is_same_moment(one: Option<SystemTime>, other: Option<SystemTime>) -> bool {
    let (Some(one), Some(other)) = (one, other) else {
        return false;
    };
    let apart = one.duration_since(other).or(other.duration_since(one));
    apart.is_ok_and(|apart| apart < Duration::from_secs(30))
}

/// Puts a record into what a list shows; whether that changes anything. `is_news`: it was written since it was read last,
/// else what a server told meanwhile is better.
pub(super) fn apply(
    info: &mut SessionInfo,
    record: &Record,
    holding: Holding,
    is_news: bool,
) -> bool {
    let before = (info.availability, info.reason.clone(), info.expires);
    let holder = match holding {
        Holding::Other => Holder::Elsewhere,
        _ if is_abandoned(record.state) => Holder::Dead,
        _ => Holder::Unknown,
    };
    let was = std::mem::replace(&mut info.holder, holder);
    if is_news {
        let same = is_same_moment(info.disconnected, record.disconnected);
        let known = info.running.take().filter(|_| same);
        let running = known.or_else(|| record.command.clone());
        let running = running.unwrap_or_else(|| A_COMMAND.to_owned());
        info.running = record.running.then_some(running);
        info.opened = record.opened;
        info.disconnected = record.disconnected;
        info.expires = record.expires;
        info.keeping.idle_timeout = record.idle_timeout.map(Duration::from_secs);
        info.keeping.buffering = record.buffering;
        info.user.clone_from(&record.user);
        if !record.configuration_name.is_empty() {
            info.configuration_name
                .clone_from(&record.configuration_name);
        }
    }
    info.expires = info.expires.or(record.expires);
    if holder == Holder::Elsewhere {
        info.availability = Availability::Busy;
        info.reason = Some(ELSEWHERE.to_owned());
    } else if was == Holder::Elsewhere || info.reason.is_none() {
        info.availability = Availability::None;
        info.reason = (holder == Holder::Dead).then(|| ABANDONED.to_owned());
    }
    before != (info.availability, info.reason.clone(), info.expires)
}

/// Whether the psdeck that had it ended without leaving it, if none holds it.
pub(super) fn is_abandoned(state: RecordState) -> bool {
    state != RecordState::Disconnected
}

/// What there is in the files now. Sessions whose time is over are forgotten, but for those that their server was just
/// heard to have, and abandoned ones get a time.
pub(super) fn look(
    registry: &Registry,
    living: &HashSet<Uuid>,
) -> Result<Remembered, RegistryError> {
    let now = SystemTime::now();
    let mut found = registry.records()?;
    found.records.retain_mut(|(record, holding)| {
        if *holding != Holding::Nobody {
            return true;
        }
        let is_over = record.expires.is_some_and(|expires| expires + SLACK < now)
            && !living.contains(&record.instance_id);
        let written = if is_over {
            registry.forget_unchanged(record.id, record.revision)
        } else if is_abandoned(record.state) && record.expires.is_none() {
            record.expires = Some(at_the_latest(record, now));
            registry.amend(record).map(drop)
        } else {
            Ok(())
        };
        if let Err(error) = written {
            tracing::warn!(id = record.id, %error, "the session's record is not written");
        }
        !is_over
    });
    Ok(found)
}

/// When a session that its psdeck has abandoned is gone for sure.
fn at_the_latest(record: &Record, now: SystemTime) -> SystemTime {
    let idle = record
        .idle_timeout
        .map_or(LONGEST_IDLE, Duration::from_secs);
    now + NOTICED + idle
}
