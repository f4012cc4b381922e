//! What a server offers.

use crate::clixml::{Limits, Value, Version};
use crate::psrp::client::PoolOptions;
use crate::psrp::members::{primitive_dictionary, typed_list};

/// What a server offers.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The protocol: 2.3, or 2.4 on connections that encrypt.
    pub protocol: Version,
    /// `$PSVersionTable.PSVersion` as clients see it.
    pub ps_version: Version,
    /// What `APPLICATION_PRIVATE_DATA` holds beside `PSVersionTable`.
    pub private_data: Vec<(Value, Value)>,
    /// The most bytes of one fragment that we send, its header included.
    pub fragment_size: usize,
    /// The most bytes of one object that we take, fragment headers included.
    pub max_object_size: usize,
    /// The most bytes that we take for one pipeline.
    pub max_pipeline_data: Option<u64>,
    /// The most pipelines that a client may have at once.
    pub max_pipelines: usize,
    /// How much one message's CLIXML may hold.
    pub clixml: Limits,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            protocol: PoolOptions::PROTOCOL,
            ps_version: Version {
                build: Some(0),
                ..Version::new(7, 6)
            },
            private_data: Vec::new(),
            fragment_size: PoolOptions::FRAGMENT_SIZE,
            max_object_size: PoolOptions::MAX_OBJECT_SIZE,
            max_pipeline_data: Some(50 << 20),
            max_pipelines: 1024,
            clixml: Limits::default(),
        }
    }
}

impl ServerOptions {
    /// The entries of `APPLICATION_PRIVATE_DATA`.
    pub(super) fn application_private_data(&self) -> Vec<(Value, Value)> {
        let version = |major, minor| Value::Version(Version::new(major, minor));
        let compatible = typed_list(
            ["System.Version[]", "System.Array", "System.Object"],
            [
                (1, 0),
                (2, 0),
                (3, 0),
                (4, 0),
                (5, 0),
                (5, 1),
                (6, 0),
                (7, 0),
            ]
            .map(|(major, minor)| version(major, minor))
            .into(),
        );
        let table = [
            ("PSVersion", Value::Version(self.ps_version)),
            ("PSEdition", "Core".into()),
            ("PSCompatibleVersions", compatible),
            ("PSRemotingProtocolVersion", Value::Version(self.protocol)),
            (
                "SerializationVersion",
                Value::Version(Version {
                    build: Some(0),
                    revision: Some(1),
                    ..Version::new(1, 1)
                }),
            ),
            ("WSManStackVersion", version(3, 0)),
        ];
        let table = table.map(|(name, value)| (name.into(), value)).into();
        let mut entries = self.private_data.clone();
        entries.push(("PSVersionTable".into(), primitive_dictionary(table)));
        entries
    }
}
