//! What the server is told of the window.

use super::Size;
use crate::clixml::records::{HostDefaultData, HostInfo};

/// A host with a console of that size. Fresh for each pipeline, so that a resize arrives.
pub(super) fn host_info(window: Size) -> HostInfo {
    HostInfo::with_screen(HostDefaultData::with_size(window.columns, window.rows))
}
