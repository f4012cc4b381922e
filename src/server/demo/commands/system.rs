//! Commands that look at the computer.

use super::Call;
use crate::clixml::Value;
use crate::server::demo::evaluator::{Evaluator, Run};
use crate::server::demo::fault::Fault;
use crate::server::demo::outside::Emission;
use crate::server::demo::values::like;

impl Evaluator<'_> {
    pub(super) fn set_location(&mut self, call: &Call<'_>) -> Run<()> {
        let machine = &self.runspace.machine;
        let full = machine.resolve(&self.runspace.location, &call.first().text());
        if machine.entry(&full).is_none_or(|entry| !entry.directory) {
            return self.no_path(call, &full);
        }
        self.runspace.location = full;
        Ok(())
    }

    /// The entries of a folder, or those there that fit a pattern.
    pub(super) fn children(&mut self, call: &Call<'_>) -> Run<Vec<Value>> {
        let machine = &self.runspace.machine;
        let full = machine.resolve(&self.runspace.location, &call.first().text());
        let (folder, name) = match machine.entry(&full) {
            Some(entry) if entry.directory => (full.as_str(), "*"),
            _ => machine.split(&full),
        };
        let mut entries = machine.children(folder);
        entries.retain(|entry| like(&entry.name, name));
        let entries: Vec<_> = entries
            .iter()
            .map(|entry| entry.to_value(machine))
            .collect();
        if entries.is_empty() && !name.contains('*') {
            self.no_path(call, &full)?;
        }
        Ok(entries)
    }

    fn no_path(&mut self, call: &Call<'_>, path: &str) -> Run<()> {
        let message = format!("Cannot find path '{path}' because it does not exist.");
        let fault = Fault::new("PathNotFound", message).kind("ItemNotFoundException", 13, path);
        self.tell(Emission::Error(fault.of(&call.code.name)))
    }

    /// The processes or services whose name is asked for.
    pub(super) fn named(&mut self, call: &Call<'_>) -> Run<Vec<Value>> {
        let (command, machine) = (&call.code.name, &self.runspace.machine);
        let (kind, all) = if command == "Get-Process" {
            ("Process", Some(machine.processes(self.outside.now())))
        } else {
            ("Service", machine.services())
        };
        let all = all.ok_or_else(|| Fault::not_found(command))?;
        let mut found = Vec::new();
        for wanted in call.first().items().iter().map(Value::text) {
            let before = found.len();
            let fits = |value: &&Value| like(&value.get("Name").text(), &wanted);
            found.extend(all.iter().filter(fits).cloned());
            if found.len() == before && !wanted.contains('*') {
                let message = match kind {
                    "Service" => format!("Cannot find any service with service name '{wanted}'."),
                    _ => format!(
                        "Cannot find a process with the name \"{wanted}\". Verify the process name and call the cmdlet again."
                    ),
                };
                let fault = Fault::new(&format!("No{kind}FoundForGivenName"), message);
                let fault = fault.kind(&format!("{kind}CommandException"), 13, &wanted);
                self.tell(Emission::Error(fault.of(command)))?;
            }
        }
        Ok(found)
    }
}
