//! How a runspace pool is opened.

use uuid::Uuid;

use crate::clixml::records::HostInfo;
use crate::clixml::{Limits, Value, Version};
use crate::psrp::{ApartmentState, ThreadOptions};

/// How a runspace pool is opened.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    /// The pool's id; the id of the session on the server.
    pub id: Uuid,
    /// The protocol that is offered: 2.3, or 2.4 on connections that encrypt.
    pub protocol: Version,
    /// The least runspaces that the server keeps; 1 at least.
    pub min_runspaces: i32,
    /// The most runspaces, so the most pipelines that run at once; `min_runspaces` at least.
    pub max_runspaces: i32,
    /// Which threads pipelines run on.
    pub thread_options: ThreadOptions,
    /// How those threads take part in COM.
    pub apartment_state: ApartmentState,
    /// `$PSSenderInfo.ApplicationArguments`: string keys, primitive values.
    pub application_arguments: Option<Vec<(Value, Value)>>,
    /// The host of pipelines that bring none of their own.
    pub host: HostInfo,
    /// The most bytes of one fragment that we send, its header included.
    pub fragment_size: usize,
    /// The most bytes of fragments that open a pipeline's channel; the rest follows.
    pub opening_size: usize,
    /// The most bytes of one object that we take, fragment headers included.
    pub max_object_size: usize,
    /// The most bytes that we take from one pipeline, if limited.
    pub max_pipeline_data: Option<u64>,
    /// How much one message's CLIXML may hold.
    pub clixml: Limits,
}

impl PoolOptions {
    /// The version of the protocol that is offered if nobody asks for another one.
    pub const PROTOCOL: Version = Version::new(2, 3);
    /// PowerShell's fragment size where the transport has no smaller limit.
    pub const FRAGMENT_SIZE: usize = 32 * 1024;
    /// PowerShell's limit for one object over standard input and output.
    pub const MAX_OBJECT_SIZE: usize = 10 << 20;
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            id: Uuid::new_v4(),
            protocol: Self::PROTOCOL,
            min_runspaces: 1,
            max_runspaces: 1,
            thread_options: ThreadOptions::Default,
            apartment_state: ApartmentState::Unknown,
            application_arguments: None,
            host: HostInfo::default(),
            fragment_size: Self::FRAGMENT_SIZE,
            opening_size: Self::FRAGMENT_SIZE,
            max_object_size: Self::MAX_OBJECT_SIZE,
            max_pipeline_data: None,
            clixml: Limits::default(),
        }
    }
}
