//! `GET_COMMAND_METADATA` ([MS-PSRP] 2.2.2.14).

use crate::clixml::Value;
use crate::psrp::members::{Member, bag, enumeration, list, string_array};
use crate::psrp::{MemberError, MessageType};

/// Asks which commands a server has.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataQuery {
    /// Names, with wildcards; all if nothing is said.
    pub names: Option<Vec<String>>,
    /// Which kinds of commands.
    pub types: CommandTypes,
    /// Modules, with wildcards; all if nothing is said.
    pub namespaces: Option<Vec<String>>,
    /// Arguments that dynamic parameters depend on.
    pub arguments: Option<Vec<Value>>,
}

/// `CommandTypes`, flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandTypes(pub i32);

impl CommandTypes {
    /// What a session is asked for before it is entered: aliases, functions, filters, cmdlets, configurations.
    pub const ENTER: Self = Self(1 | 2 | 4 | 8 | 256);
    /// Everything.
    pub const ALL: Self = Self(383);

    fn encode(self) -> Value {
        const NAMES: [(i32, &str); 8] = [
            (1, "Alias"),
            (2, "Function"),
            (4, "Filter"),
            (8, "Cmdlet"),
            (16, "ExternalScript"),
            (32, "Application"),
            (64, "Script"),
            (256, "Configuration"),
        ];
        let name = if self == Self::ALL {
            "All".to_owned()
        } else {
            let set = NAMES.iter().filter(|(bit, _)| self.0 & bit != 0);
            set.map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
        };
        enumeration("System.Management.Automation.CommandTypes", name, self.0)
    }
}

impl MetadataQuery {
    /// Asks for commands of any kind by name.
    pub fn named<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self {
            names: Some(names.into_iter().map(Into::into).collect()),
            types: CommandTypes::ALL,
            namespaces: None,
            arguments: None,
        }
    }

    pub(crate) fn encode(&self) -> Value {
        bag([
            ("Name", string_array(self.names.as_deref())),
            ("CommandType", self.types.encode()),
            ("Namespace", string_array(self.namespaces.as_deref())),
            ("FullyQualifiedModule", Value::Null),
            (
                "ArgumentList",
                self.arguments.clone().map_or(Value::Null, list),
            ),
        ])
    }

    pub(crate) fn decode(value: &Value) -> Result<Self, MemberError> {
        let body = Member::body(MessageType::GetCommandMetadata, value);
        let strings = |name: &str| -> Result<Option<Vec<String>>, MemberError> {
            let member = body.get(name)?;
            if member.is_null() {
                return Ok(None);
            }
            let items = member.items()?;
            let items = items.map(|item| Ok(item.text()?.to_str_lossy().into_owned()));
            items.collect::<Result<_, _>>().map(Some)
        };
        let arguments = body.optional("ArgumentList");
        Ok(Self {
            names: strings("Name")?,
            types: CommandTypes(body.get("CommandType")?.enumeration()?),
            namespaces: strings("Namespace")?,
            arguments: match arguments {
                None => None,
                Some(list) => Some(list.items()?.map(|item| item.value().clone()).collect()),
            },
        })
    }
}
