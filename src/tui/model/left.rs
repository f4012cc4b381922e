//! Sessions that were left at their servers: since when, and until when they can be had.

use std::time::SystemTime;

use crate::session::{Availability, SessionInfo, SessionState};

/// Since when nobody has it, and until when its server keeps it so. While another client has it, its time stands still.
pub(crate) fn times(info: &SessionInfo) -> (Option<SystemTime>, Option<SystemTime>) {
    if is_busy(info) {
        (None, None)
    } else {
        (info.disconnected, info.expires)
    }
}

/// Whether its server has dropped it, as far as the clock says.
pub(crate) fn is_expired(info: &SessionInfo, now: SystemTime) -> bool {
    let (_, expires) = times(info);
    info.state == SessionState::Disconnected && expires.is_some_and(|at| at <= now)
}

/// Whether another client has it.
pub(crate) fn is_busy(info: &SessionInfo) -> bool {
    info.state == SessionState::Disconnected && info.availability == Availability::Busy
}
