//! Where in a script a record was made.

use super::fields::{Fields, string};
use crate::clixml::{Object, Value};

/// How the command that made a record was called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvocationInfo {
    /// The command's name.
    pub command: Option<String>,
    /// The name that it was called by.
    pub invocation_name: String,
    /// The script file.
    pub script_name: Option<String>,
    /// The line in the script, from 1.
    pub script_line_number: i32,
    /// The column in the line, from 1.
    pub offset_in_line: i32,
    /// The line's text.
    pub line: String,
    /// `At line:1 char:1` with the line and its marks, as PowerShell shows it.
    pub position_message: String,
    /// The command's number in the session's history.
    pub history_id: i64,
    /// The command's place in its pipeline, from 1.
    pub pipeline_position: i32,
    /// How many commands the pipeline has.
    pub pipeline_length: i32,
}

impl InvocationInfo {
    /// What an error or an informational record says: the set of members `InvocationInfo_…`, else the object
    /// `InvocationInfo`.
    pub(super) fn of_record(record: Fields<'_>) -> Option<Self> {
        let flat = |name: &str| record.get(&format!("InvocationInfo_{name}"));
        if flat("InvocationName").is_some() || flat("PositionMessage").is_some() {
            let command = record.optional_text("CommandInfo_Name");
            return Some(Self::read(command, flat));
        }
        let object = Fields::of(record.get("InvocationInfo")?, "InvocationInfo").ok()?;
        Some(Self::read(object.optional_text("MyCommand"), |name| {
            object.get(name)
        }))
    }

    fn read<'v>(command: Option<String>, member: impl Fn(&str) -> Option<&'v Value>) -> Self {
        let text = |name| member(name).and_then(string);
        let number = |name| member(name).and_then(Value::as_i64).unwrap_or_default();
        let small = |name| i32::try_from(number(name)).unwrap_or_default();
        Self {
            command,
            invocation_name: text("InvocationName").unwrap_or_default(),
            script_name: text("ScriptName").filter(|name| !name.is_empty()),
            script_line_number: small("ScriptLineNumber"),
            offset_in_line: small("OffsetInLine"),
            line: text("Line").unwrap_or_default(),
            position_message: text("PositionMessage").unwrap_or_default(),
            history_id: number("HistoryId"),
            pipeline_position: small("PipelinePosition"),
            pipeline_length: small("PipelineLength"),
        }
    }

    /// The object `InvocationInfo`.
    pub fn to_value(&self) -> Value {
        let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Into::into);
        let mut object = Object::default().with_types([
            "System.Management.Automation.InvocationInfo",
            "System.Object",
        ]);
        object.adapted = Object::bag([
            ("MyCommand", text(&self.command)),
            ("ScriptLineNumber", self.script_line_number.into()),
            ("OffsetInLine", self.offset_in_line.into()),
            ("HistoryId", self.history_id.into()),
            ("ScriptName", text(&self.script_name)),
            ("Line", self.line.as_str().into()),
            ("PositionMessage", self.position_message.as_str().into()),
            ("InvocationName", self.invocation_name.as_str().into()),
            ("PipelineLength", self.pipeline_length.into()),
            ("PipelinePosition", self.pipeline_position.into()),
        ])
        .extended;
        object.into()
    }
}
