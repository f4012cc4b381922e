//! `TabExpansion2`.

use std::collections::BTreeSet;

use super::Call;
use crate::clixml::Value;
use crate::clixml::records::{CommandCompletion, CompletionResult};
use crate::server::demo::evaluator::{Evaluator, begins};

impl Evaluator<'_> {
    /// Commands, parameters, variables or paths for a line; the cursor counts UTF-16 units.
    pub(super) fn complete(&self, call: &Call<'_>) -> Value {
        let units: Vec<u16> = call.first().text().encode_utf16().collect();
        let cursor = usize::try_from(call.get("cursorcolumn").as_i64().unwrap_or_default());
        let before = units.get(..cursor.unwrap_or_default()).unwrap_or(&units);
        let line = String::from_utf16_lossy(before);
        let command = after(&line, &['|', ';', '{', '(', '=']).trim_start();
        let word = after(command, &[' ', ',']);
        let typed = word.trim_start_matches(['"', '\'']);
        let code = command.split(' ').next();
        let code = code.and_then(|name| self.runspace.function(name));
        let (kind, names): (_, BTreeSet<String>) = if word.starts_with('$') {
            let names = self.runspace.scopes.iter().flat_map(|scope| scope.keys());
            ("Variable", names.map(|name| format!("${name}")).collect())
        } else if let (true, Some(code)) = (word.starts_with('-'), code) {
            let names = code.block.parameters.iter();
            let names = names.map(|parameter| format!("-{}", parameter.name));
            ("ParameterName", names.collect())
        } else if command == word && !word.contains(['/', '\\', '.']) {
            let names = self.runspace.functions.values();
            ("Command", names.map(|code| code.name.clone()).collect())
        } else {
            let name = after(typed, &['/', '\\']);
            let folder = typed.strip_suffix(name).unwrap_or_default();
            let machine = &self.runspace.machine;
            let full = machine.resolve(&self.runspace.location, folder);
            let names = machine.children(&full).into_iter();
            let names = names.map(|entry| format!("{folder}{}", entry.name));
            ("ProviderItem", names.collect())
        };
        let names = names.into_iter().filter(|name| begins(name, typed));
        let result = |name: String| CompletionResult {
            completion_text: if name.contains(' ') {
                format!("'{name}'")
            } else {
                name.clone()
            },
            result_type: kind.to_owned(),
            tool_tip: name.clone(),
            list_item_text: name,
        };
        let replacement_length = word.encode_utf16().count();
        CommandCompletion {
            replacement_index: before.len().saturating_sub(replacement_length),
            replacement_length,
            matches: names.map(result).collect(),
        }
        .to_value()
    }
}

/// What stands behind the last of these characters.
fn after<'t>(text: &'t str, marks: &[char]) -> &'t str {
    text.rsplit(marks).next().unwrap_or_default()
}
