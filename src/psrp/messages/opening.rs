//! The messages that open a runspace pool or take it up ([MS-PSRP] 2.2.2.1, 2.2.2.2, 2.2.2.28, 2.2.2.31).

use crate::clixml::records::HostInfo;
use crate::clixml::{Value, Version};
use crate::psrp::members::{Member, bag, enumeration, primitive_dictionary};
use crate::psrp::{MemberError, MessageType};

/// `SESSION_CAPABILITY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Capability {
    pub(crate) protocol: Version,
    pub(crate) ps_version: Version,
    pub(crate) serialization: Version,
}

impl Capability {
    /// A capability whose other versions are those that everybody sends and wants to see.
    pub(crate) fn new(protocol: Version) -> Self {
        Self {
            protocol,
            ps_version: Version::new(2, 0),
            serialization: Version {
                major: 1,
                minor: 1,
                build: Some(0),
                revision: Some(1),
            },
        }
    }

    pub(crate) fn encode(self) -> Value {
        bag([
            ("protocolversion", Value::Version(self.protocol)),
            ("PSVersion", Value::Version(self.ps_version)),
            ("SerializationVersion", Value::Version(self.serialization)),
        ])
    }

    pub(crate) fn decode(value: &Value) -> Result<Self, MemberError> {
        let body = Member::body(MessageType::SessionCapability, value);
        Ok(Self {
            protocol: body.get("protocolversion")?.version()?,
            ps_version: body.get("PSVersion")?.version()?,
            serialization: body.get("SerializationVersion")?.version()?,
        })
    }
}

macro_rules! enums {
    ($($(#[$doc:meta])* $type:ident $full:literal { $($(#[$variant_doc:meta])* $variant:ident = $number:literal,)* })*) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(i32)]
        pub enum $type { $($(#[$variant_doc])* $variant = $number,)* }

        impl $type {
            pub(crate) fn encode(self) -> Value {
                let name = match self { $(Self::$variant => stringify!($variant),)* };
                enumeration($full, name, self as i32)
            }

            /// Reads the number or the name.
            pub(crate) fn decode(member: &Member<'_>) -> Result<Self, MemberError> {
                if let Some(name) = member.value().as_str() {
                    $(if name.eq_ignore_ascii_case(stringify!($variant)) {
                        return Ok(Self::$variant);
                    })*
                }
                match member.enumeration()? {
                    $($number => Ok(Self::$variant),)*
                    _ => Err(member.wrong($full)),
                }
            }
        })*
    };
}

enums! {
    /// `PSThreadOptions`: which threads a pool's pipelines run on. Other than the default needs an administrator.
    ThreadOptions "System.Management.Automation.Runspaces.PSThreadOptions" {
        /// The server's choice.
        Default = 0,
        /// A new one for each pipeline.
        UseNewThread = 1,
        /// One for all.
        ReuseThread = 2,
        /// The one that asks.
        UseCurrentThread = 3,
    }
    /// `ApartmentState`: how those threads take part in COM.
    ApartmentState "System.Threading.ApartmentState" {
        /// Single-threaded.
        STA = 0,
        /// Multi-threaded.
        MTA = 1,
        /// The server's choice.
        Unknown = 2,
    }
}

/// `INIT_RUNSPACEPOOL`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InitPool {
    pub(crate) min_runspaces: i32,
    pub(crate) max_runspaces: i32,
    pub(crate) thread_options: ThreadOptions,
    pub(crate) apartment_state: ApartmentState,
    /// The entries of a `PSPrimitiveDictionary`, or null.
    pub(crate) application_arguments: Option<Vec<(Value, Value)>>,
    pub(crate) host: HostInfo,
}

impl InitPool {
    pub(crate) fn encode(&self) -> Value {
        bag([
            ("MinRunspaces", self.min_runspaces.into()),
            ("MaxRunspaces", self.max_runspaces.into()),
            ("PSThreadOptions", self.thread_options.encode()),
            ("ApartmentState", self.apartment_state.encode()),
            (
                "ApplicationArguments",
                self.application_arguments
                    .clone()
                    .map_or(Value::Null, primitive_dictionary),
            ),
            ("HostInfo", self.host.to_value()),
        ])
    }

    pub(crate) fn decode(value: &Value) -> Result<Self, MemberError> {
        let body = Member::body(MessageType::InitRunspacePool, value);
        let arguments = body.get("ApplicationArguments")?;
        Ok(Self {
            min_runspaces: body.get("MinRunspaces")?.i32()?,
            max_runspaces: body.get("MaxRunspaces")?.i32()?,
            thread_options: ThreadOptions::decode(&body.get("PSThreadOptions")?)?,
            apartment_state: ApartmentState::decode(&body.get("ApartmentState")?)?,
            application_arguments: if arguments.is_null() {
                None
            } else {
                Some(arguments.entries()?.to_vec())
            },
            host: host_info(&body.get("HostInfo")?)?,
        })
    }
}

/// The `HostInfo` member of pools and pipelines.
pub(super) fn host_info(member: &Member<'_>) -> Result<HostInfo, MemberError> {
    HostInfo::from_value(member.value()).map_err(|_| member.wrong("HostInfo"))
}

/// `CONNECT_RUNSPACEPOOL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnectPool {
    /// Least and most runspaces, if the client knows them.
    pub(crate) runspaces: Option<(i32, i32)>,
}

impl ConnectPool {
    pub(crate) fn encode(self) -> Value {
        match self.runspaces {
            None => "".into(),
            Some((min, max)) => bag([("MinRunspaces", min.into()), ("MaxRunspaces", max.into())]),
        }
    }

    pub(crate) fn decode(value: &Value) -> Result<Self, MemberError> {
        let body = Member::body(MessageType::ConnectRunspacePool, value);
        let runspaces = if value.as_text().is_some() {
            None
        } else {
            Some((
                body.get("MinRunspaces")?.i32()?,
                body.get("MaxRunspaces")?.i32()?,
            ))
        };
        Ok(Self { runspaces })
    }
}

/// `RUNSPACEPOOL_INIT_DATA`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InitData {
    pub(crate) min_runspaces: i32,
    pub(crate) max_runspaces: i32,
}

impl InitData {
    pub(crate) fn encode(self) -> Value {
        bag([
            ("MinRunspaces", self.min_runspaces.into()),
            ("MaxRunspaces", self.max_runspaces.into()),
        ])
    }

    /// PowerShell's server writes the larger number as `MinRunspaces`; so the names are not believed.
    pub(crate) fn decode(value: &Value) -> Result<Self, MemberError> {
        let body = Member::body(MessageType::RunspacePoolInitData, value);
        let one = body.get("MinRunspaces")?.i32()?;
        let other = body.get("MaxRunspaces")?.i32()?;
        Ok(Self {
            min_runspaces: one.min(other),
            max_runspaces: one.max(other),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_swapped_runspace_counts() {
        let swapped = InitData {
            min_runspaces: 5,
            max_runspaces: 2,
        };
        assert_eq!(
            InitData::decode(&swapped.encode()).unwrap(),
            InitData {
                min_runspaces: 2,
                max_runspaces: 5
            }
        );
    }

    #[test]
    fn wants_versions_as_versions() {
        let value = bag([("protocolversion", "2.3".into())]);
        assert_eq!(
            Capability::decode(&value).unwrap_err().to_string(),
            "member protocolversion of SESSION_CAPABILITY is no Version"
        );
    }
}
