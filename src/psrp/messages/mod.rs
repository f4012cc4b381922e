//! The bodies of messages ([MS-PSRP] 2.2.2, 2.2.3), typed.

mod command;
mod event;
mod metadata;
mod opening;
mod pipeline;
mod pool;

pub use command::{CommandSpec, Merge, ResultTypes};
pub use event::UserEvent;
pub use metadata::{CommandTypes, MetadataQuery};
pub use opening::{ApartmentState, ThreadOptions};
pub(crate) use opening::{Capability, ConnectPool, InitData, InitPool};
pub use pipeline::{PipelineSpec, StreamOptions};
pub(crate) use pool::{
    Availability, availability, call_id, encrypted_session_key, private_data, public_key,
    runspace_count, state,
};
