//! What is told of commands: `TabExpansion2`, and their metadata.

use super::{Call, all};
use crate::clixml::Value;
use crate::clixml::records::{CommandCompletion, CommandMetadata, CompletionResult};
use crate::server::demo::evaluator::{Evaluator, begins};
use crate::server::demo::values::like;

impl Evaluator<'_> {
    /// Commands, parameters, variables or paths for a line; the cursor counts UTF-16 units.
    pub(super) fn complete(&self, call: &Call<'_>) -> Value {
        let units: Vec<u16> = call.text("inputscript").encode_utf16().collect();
        let cursor = usize::try_from(call.get("cursorcolumn").as_i64().unwrap_or_default());
        let before = units.get(..cursor.unwrap_or_default()).unwrap_or(&units);
        let line = String::from_utf16_lossy(before);
        let command = after(&line, &['|', ';', '{', '(', '\n', '=']).trim_start();
        let word = after(command, &[' ', ',', '"', '\'']);
        let runspace = &self.runspace;
        let code = command
            .split(' ')
            .next()
            .and_then(|name| runspace.function(name));
        let mut matches = if let Some(name) = word.strip_prefix('$') {
            let names = runspace.scopes.iter().flat_map(|scope| scope.keys());
            fitting("Variable", "$", names, name)
        } else if let (Some(name), Some(code)) = (word.strip_prefix('-'), code) {
            let names = code.parameters().iter().map(|parameter| &parameter.name);
            fitting("ParameterName", "-", names, name)
        } else if command == word && !word.contains(['/', '\\', '.']) {
            let names = runspace.functions.values().map(|code| &code.name);
            fitting("Command", "", names, word)
        } else {
            let machine = &runspace.machine;
            let name = after(word, &['/', '\\']);
            let here = format!(".{}", machine.separator());
            let folder = word.strip_suffix(name).filter(|folder| !folder.is_empty());
            let folder = folder.unwrap_or(&here);
            let entries = machine.children(&machine.resolve(&runspace.location, folder), false);
            let names = entries.iter().map(|entry| &entry.name);
            fitting("ProviderItem", folder, names, name)
        };
        matches.sort_by(|left, right| left.completion_text.cmp(&right.completion_text));
        matches.dedup();
        let replacement_length = word.encode_utf16().count();
        let replacement_index = before.len().saturating_sub(replacement_length);
        CommandCompletion {
            replacement_index,
            replacement_length,
            matches,
        }
        .to_value()
    }
}

/// The names that begin with what is typed.
fn fitting<'n>(
    kind: &str,
    before: &str,
    names: impl Iterator<Item = &'n String>,
    typed: &str,
) -> Vec<CompletionResult> {
    let names = names.filter(|name| begins(name, typed));
    let result = |name: &String| {
        let text = format!("{before}{name}");
        CompletionResult {
            completion_text: if text.contains(' ') {
                format!("'{text}'")
            } else {
                text
            },
            list_item_text: name.clone(),
            result_type: kind.to_owned(),
            tool_tip: name.clone(),
        }
    };
    names.map(result).collect()
}

/// What stands behind the last of these characters.
fn after<'t>(text: &'t str, marks: &[char]) -> &'t str {
    text.rsplit(marks).next().unwrap_or_default()
}

/// What `GET_COMMAND_METADATA` tells of the commands that fit one of the patterns.
pub(in crate::server::demo) fn metadata(patterns: Option<&[String]>) -> Vec<CommandMetadata> {
    let names = all().filter_map(|(names, _)| names.first().copied());
    let wanted = |name: &&str| {
        patterns.is_none_or(|patterns| patterns.iter().any(|pattern| like(name, pattern)))
    };
    let told = names.filter(wanted).map(|name| CommandMetadata {
        name: name.to_owned(),
        // A cmdlet.
        command_type: 8,
        ..CommandMetadata::default()
    });
    told.collect()
}
