//! `TabExpansion2`: commands, parameters, variables, members, paths.

use super::{COMMANDS, begins, find};
use crate::clixml::Value;
use crate::clixml::records::{CommandCompletion, CompletionResult};
use crate::server::demo::evaluator::Evaluator;
use crate::server::demo::values;

impl Evaluator<'_> {
    /// The `CommandCompletion` for a line; the cursor counts UTF-16 units.
    pub(super) fn complete(&self, line: &str, cursor: usize) -> Value {
        let units: Vec<u16> = line.encode_utf16().take(cursor).collect();
        let before = String::from_utf16_lossy(&units);
        let segment = after(&before, &['|', ';', '{', '(', '\n', '=']);
        let word = after(segment, &[' ', ',', '"', '\'']);
        let command = segment.split_whitespace().next().unwrap_or_default();
        let first = segment.trim_start() == word;
        let mut typed = word;
        let mut matches = if let Some(name) = word.strip_prefix('$') {
            match name.rsplit_once('.') {
                Some((holder, member)) => {
                    typed = member;
                    self.members(holder, member)
                }
                None => self.variables(name),
            }
        } else if let (Some(typed), Some(command)) = (word.strip_prefix('-'), find(command)) {
            let fitting = command.parameters().filter(|(name, _)| begins(name, typed));
            let made = |(name, _)| proposal(format!("-{name}"), name, "ParameterName", name);
            fitting.map(made).collect()
        } else if first && !word.contains(['/', '\\', '.']) {
            self.commands(word)
        } else {
            self.paths(word)
        };
        matches.sort_by(|left, right| left.completion_text.cmp(&right.completion_text));
        matches.dedup();
        matches.truncate(200);
        let replacement_length = typed.encode_utf16().count();
        let completion = CommandCompletion {
            replacement_index: units.len().saturating_sub(replacement_length),
            replacement_length,
            matches,
        };
        completion.to_value()
    }

    fn commands(&self, typed: &str) -> Vec<CompletionResult> {
        let own = self.runspace.functions.values();
        let own = own.map(|code| code.name.as_str());
        let known = COMMANDS.iter().map(|command| command.name);
        let known = known.filter(|name| name.contains('-')).chain(own);
        let fitting = known.filter(|name| begins(name, typed));
        let made = |name: &str| proposal(name.to_owned(), name, "Command", name);
        fitting.map(made).collect()
    }

    fn variables(&self, typed: &str) -> Vec<CompletionResult> {
        let known = "true false null PWD HOME Host PSVersionTable".split(' ');
        let set = self.runspace.scopes.iter().flat_map(|scope| scope.keys());
        let names = set.map(String::as_str).chain(known);
        let fitting = names.filter(|name| begins(name, typed));
        let made = |name: &str| proposal(format!("${name}"), name, "Variable", name);
        fitting.map(made).collect()
    }

    fn members(&self, holder: &str, typed: &str) -> Vec<CompletionResult> {
        let mut path = holder.split('.');
        let mut value = match path.next().unwrap_or_default() {
            host if host.eq_ignore_ascii_case("host") => self.host(),
            name => self.get(name),
        };
        for name in path {
            value = values::get(&value, name);
        }
        let sample = value.as_list().and_then(|items| items.first());
        let keys = value.as_dictionary().unwrap_or_default().iter();
        let mut names: Vec<String> = keys.map(|(key, _)| values::text(key)).collect();
        let members = values::properties(sample.unwrap_or(&value));
        names.extend(members.into_iter().map(|(name, _)| name));
        match value {
            Value::String(_) => names.push("Length".into()),
            Value::Object(_) if sample.is_some() => names.push("Count".into()),
            _ => {}
        }
        let fitting = names.iter().filter(|name| begins(name, typed));
        let made = |name: &String| proposal(name.clone(), name, "Property", name);
        fitting.map(made).collect()
    }

    fn paths(&self, typed: &str) -> Vec<CompletionResult> {
        let machine = &self.runspace.machine;
        let part = after(typed, &['/', '\\']);
        let here = format!(".{}", machine.separator());
        let folder = match typed.get(..typed.len() - part.len()) {
            None | Some("") => here.as_str(),
            Some(folder) => folder,
        };
        let base = machine.resolve(&self.runspace.location, folder);
        let entries = machine.children(&base, false).into_iter();
        let fitting = entries.filter(|entry| begins(&entry.name, part));
        let made = |entry: &crate::server::demo::machine::Entry| {
            let text = format!("{folder}{}", entry.name);
            let text = if text.contains(' ') {
                format!("'{text}'")
            } else {
                text
            };
            let kind = if entry.directory {
                "ProviderContainer"
            } else {
                "ProviderItem"
            };
            proposal(text, &entry.name, kind, &entry.path)
        };
        fitting.map(made).collect()
    }
}

/// What stands behind the last of these characters.
fn after<'t>(text: &'t str, marks: &[char]) -> &'t str {
    let start = text.rfind(marks).map_or(0, |at| at + 1);
    text.get(start..).unwrap_or_default()
}

fn proposal(text: String, label: &str, kind: &str, tip: &str) -> CompletionResult {
    CompletionResult {
        completion_text: text,
        list_item_text: label.to_owned(),
        result_type: kind.to_owned(),
        tool_tip: tip.to_owned(),
    }
}
