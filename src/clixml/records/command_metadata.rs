//! What a server says about a command ([MS-PSRP] 2.2.3.20 to 2.2.3.23).

use super::fields::{Fields, string};
use crate::clixml::{Content, Error, Object, Property, Value, enum_value};

/// The names of `CommandTypes` and their bits.
const TYPES: [(i32, &str); 8] = [
    (1, "Alias"),
    (2, "Function"),
    (4, "Filter"),
    (8, "Cmdlet"),
    (16, "ExternalScript"),
    (32, "Application"),
    (64, "Script"),
    (256, "Configuration"),
];

/// A command and its parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandMetadata {
    /// The name.
    pub name: String,
    /// The module or snap-in.
    pub namespace: String,
    /// Where its help is.
    pub help_uri: String,
    /// A number of the enumeration `CommandTypes`: 1 alias, 2 function, 4 filter, 8 cmdlet, and more.
    pub command_type: i32,
    /// Of an alias: the command that it stands for.
    pub resolved_command_name: Option<String>,
    /// The names of the types of its output.
    pub output_type: Vec<String>,
    /// Its parameters.
    pub parameters: Vec<ParameterMetadata>,
}

/// A parameter of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParameterMetadata {
    /// The name.
    pub name: String,
    /// The full name of its type.
    pub parameter_type: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// Whether it is a switch.
    pub switch_parameter: bool,
    /// Whether it depends on the other arguments.
    pub is_dynamic: bool,
}

impl CommandMetadata {
    /// Reads one command. The first answer holds a `Count` only and is none.
    ///
    /// # Errors
    ///
    /// If the value has no name.
    pub fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::of(value, "CommandMetadata")?;
        let parameters = fields.get("Parameters").and_then(Value::as_dictionary);
        let output_type = fields.get("OutputType").and_then(Value::as_list);
        Ok(Self {
            name: fields.text("Name")?,
            namespace: fields.optional_text("Namespace").unwrap_or_default(),
            help_uri: fields.optional_text("HelpUri").unwrap_or_default(),
            command_type: fields.number("CommandType").unwrap_or_default(),
            resolved_command_name: fields.optional_text("ResolvedCommandName"),
            output_type: output_type
                .unwrap_or_default()
                .iter()
                .filter_map(|item| {
                    item.member("Name")
                        .and_then(string)
                        .or_else(|| string(item))
                })
                .collect(),
            parameters: parameters
                .unwrap_or_default()
                .iter()
                .map(|(_, parameter)| ParameterMetadata::from_value(parameter))
                .collect::<Result<_, _>>()?,
        })
    }

    /// One command as PowerShell sends it.
    pub fn to_value(&self) -> Value {
        let names = TYPES.iter().filter(|(bit, _)| self.command_type & bit != 0);
        let names: Vec<&str> = names.map(|(_, name)| *name).collect();
        let parameters = self.parameters.iter();
        let parameters = parameters.map(|one| (Value::from(one.name.as_str()), one.to_value()));
        let mut dictionary = Object::default().with_types([
            "System.Collections.Generic.Dictionary`2[[System.String],[System.Management.Automation.ParameterMetadata]]",
            "System.Object",
        ]);
        dictionary.content = Content::Dictionary(parameters.collect());
        let alias_of = self.resolved_command_name.as_deref();
        Object::bag([
            ("Name", self.name.as_str().into()),
            ("Namespace", self.namespace.as_str().into()),
            ("HelpUri", self.help_uri.as_str().into()),
            (
                "CommandType",
                enum_value(
                    "System.Management.Automation.CommandTypes",
                    &names.join(", "),
                    self.command_type,
                ),
            ),
            (
                "ResolvedCommandName",
                alias_of.map_or(Value::Null, Into::into),
            ),
            ("OutputType", list(&self.output_type)),
            ("Parameters", dictionary.into()),
        ])
        .with_types([
            "Selected.System.Management.Automation.CmdletInfo",
            "System.Management.Automation.PSCustomObject",
            "System.Object",
        ])
        .into()
    }
}

impl ParameterMetadata {
    fn to_value(&self) -> Value {
        let name = "System.Management.Automation.ParameterMetadata";
        let mut object = Object::default().with_types([name, "System.Object"]);
        object.to_string = Some(name.into());
        object.adapted = [
            ("Name", self.name.as_str().into()),
            ("ParameterType", self.parameter_type.as_str().into()),
            ("Aliases", list(&self.aliases)),
            ("IsDynamic", self.is_dynamic.into()),
            ("SwitchParameter", self.switch_parameter.into()),
        ]
        .map(|(name, value)| Property::new(name, value))
        .into();
        object.into()
    }

    fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::of(value, "ParameterMetadata")?;
        Ok(Self {
            name: fields.text("Name")?,
            parameter_type: fields.optional_text("ParameterType").unwrap_or_default(),
            aliases: fields.strings("Aliases"),
            switch_parameter: fields.flag("SwitchParameter"),
            is_dynamic: fields.flag("IsDynamic"),
        })
    }
}

fn list(items: &[String]) -> Value {
    Object::list(items.iter().map(|item| item.as_str().into()))
        .with_types([
            "System.Collections.ObjectModel.Collection`1[[System.String]]",
            "System.Object",
        ])
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_reads_as_it_was_written() {
        let made = CommandMetadata {
            name: "Out-Default".into(),
            command_type: 8,
            output_type: vec!["System.Object".into()],
            parameters: vec![ParameterMetadata {
                name: "Verbose".into(),
                aliases: vec!["vb".into()],
                switch_parameter: true,
                ..ParameterMetadata::default()
            }],
            ..CommandMetadata::default()
        };
        assert_eq!(CommandMetadata::from_value(&made.to_value()).unwrap(), made);
    }
}
