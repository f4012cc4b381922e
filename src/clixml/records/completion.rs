//! What `TabExpansion2` answers.

use super::fields::Fields;
use crate::clixml::{Error, Object, Property, Value};

/// The completions of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandCompletion {
    /// Where in the line the completed text starts, in UTF-16 code units.
    pub replacement_index: usize,
    /// How long it is, in UTF-16 code units.
    pub replacement_length: usize,
    /// What it may be replaced with, the best first.
    pub matches: Vec<CompletionResult>,
}

/// One completion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompletionResult {
    /// What to put into the line.
    pub completion_text: String,
    /// What to show in a list.
    pub list_item_text: String,
    /// `Command`, `ParameterName`, `ProviderItem`, …
    pub result_type: String,
    /// A longer explanation, possibly of several lines.
    pub tool_tip: String,
}

impl CommandCompletion {
    /// Reads the answer.
    ///
    /// # Errors
    ///
    /// If the value has no replacement or no matches.
    pub fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::of(value, "CommandCompletion")?;
        let matches = fields.needed("CompletionMatches")?;
        // A single match comes without its list.
        let items = matches.as_list().unwrap_or(std::slice::from_ref(matches));
        Ok(Self {
            replacement_index: fields.needed_number("ReplacementIndex")?,
            replacement_length: fields.needed_number("ReplacementLength")?,
            matches: items
                .iter()
                .map(CompletionResult::from_value)
                .collect::<Result<_, _>>()?,
        })
    }

    /// The answer as PowerShell sends it.
    pub fn to_value(&self) -> Value {
        let number = |number: usize| Value::Int32(number.try_into().unwrap_or(i32::MAX));
        let mut matches = Object::list(self.matches.iter().map(CompletionResult::to_value));
        matches = matches.with_types([
            "System.Collections.ObjectModel.Collection`1[[System.Management.Automation.CompletionResult]]",
            "System.Object",
        ]);
        object(
            "System.Management.Automation.CommandCompletion",
            vec![
                Property::new("CurrentMatchIndex", Value::Int32(-1)),
                Property::new("ReplacementIndex", number(self.replacement_index)),
                Property::new("ReplacementLength", number(self.replacement_length)),
                Property::new("CompletionMatches", matches.into()),
            ],
        )
    }
}

impl CompletionResult {
    /// Reads one completion.
    ///
    /// # Errors
    ///
    /// If the value has no completion text.
    pub fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::of(value, "CompletionResult")?;
        let completion_text = fields.text("CompletionText")?;
        let list_item_text = fields.optional_text("ListItemText");
        Ok(Self {
            list_item_text: list_item_text.unwrap_or_else(|| completion_text.clone()),
            completion_text,
            result_type: fields.optional_text("ResultType").unwrap_or_default(),
            tool_tip: fields.optional_text("ToolTip").unwrap_or_default(),
        })
    }

    /// One completion as PowerShell sends it.
    pub fn to_value(&self) -> Value {
        object(
            "System.Management.Automation.CompletionResult",
            vec![
                Property::new("CompletionText", self.completion_text.as_str().into()),
                Property::new("ListItemText", self.list_item_text.as_str().into()),
                Property::new("ResultType", self.result_type.as_str().into()),
                Property::new("ToolTip", self.tool_tip.as_str().into()),
            ],
        )
    }
}

fn object(type_name: &str, adapted: Vec<Property>) -> Value {
    let mut object = Object::default().with_types([type_name, "System.Object"]);
    object.to_string = Some(type_name.into());
    object.adapted = adapted;
    object.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completions_read_as_they_were_written() {
        let made = CommandCompletion {
            replacement_index: 4,
            replacement_length: 2,
            matches: vec![CompletionResult {
                completion_text: "Get-Process".into(),
                list_item_text: "Get-Process".into(),
                result_type: "Command".into(),
                tool_tip: "Get-Process [-Name]".into(),
            }],
        };
        assert_eq!(
            CommandCompletion::from_value(&made.to_value()).unwrap(),
            made
        );
    }
}
