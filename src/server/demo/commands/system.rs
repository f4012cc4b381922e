//! Commands that look at the computer.

use std::sync::Arc;

use super::Call;
use crate::clixml::Value;
use crate::server::demo::evaluator::{Evaluator, Run, Sink};
use crate::server::demo::fault::Fault;
use crate::server::demo::values::like;

impl Evaluator<'_> {
    pub(super) fn set_location(&mut self, call: &Call<'_>) -> Run<()> {
        let machine = &self.runspace.machine;
        let full = machine.resolve(&self.runspace.location, &call.text("path"));
        if machine.entry(&full).is_none_or(|entry| !entry.directory) {
            return self.no_path(call, &full);
        }
        self.runspace.location = full;
        Ok(())
    }

    pub(super) fn get_child_item(&mut self, call: &Call<'_>, out: Sink<'_>) -> Run<()> {
        let machine = Arc::clone(&self.runspace.machine);
        let full = machine.resolve(&self.runspace.location, &call.text("path"));
        let (folder, name) = match (machine.entry(&full), machine.split(&full)) {
            (Some(entry), _) if entry.directory => (full.as_str(), "*"),
            (None, (_, name)) if !name.contains('*') => return self.no_path(call, &full),
            (_, parts) => parts,
        };
        for entry in machine.children(folder, call.is("recurse")) {
            if like(&entry.name, name) && like(&entry.name, &call.text("filter")) {
                out(self, entry.to_value(&machine))?;
            }
        }
        Ok(())
    }

    fn no_path(&mut self, call: &Call<'_>, path: &str) -> Run<()> {
        let message = format!("Cannot find path '{path}' because it does not exist.");
        let fault = Fault::new("PathNotFound", message);
        self.failed(call, fault.kind("ItemNotFoundException", 13, path))
    }

    /// Puts out the processes or services whose name is asked for.
    pub(super) fn get_named(&mut self, call: &Call<'_>, out: Sink<'_>) -> Run<()> {
        let machine = &self.runspace.machine;
        let (all, kind, hint) = if call.code.name == "Get-Service" {
            let services = machine.services();
            let services = services.ok_or_else(|| Fault::not_found(&call.code.name))?;
            (services, "Service", "")
        } else {
            let hint = " Verify the process name and call the cmdlet again.";
            (machine.processes(self.outside.now()), "Process", hint)
        };
        for wanted in call.get("name").items().iter().map(Value::text) {
            let fits = |value: &&Value| like(&value.get("Name").text(), &wanted);
            let mut fitting = all.iter().filter(fits).peekable();
            if fitting.peek().is_none() && !wanted.contains('*') {
                let message = format!(
                    "Cannot find a {} with the name \"{wanted}\".{hint}",
                    kind.to_lowercase()
                );
                let fault = Fault::new(format!("No{kind}FoundForGivenName"), message);
                self.failed(
                    call,
                    fault.kind(&format!("{kind}CommandException"), 13, &wanted),
                )?;
            }
            fitting.try_for_each(|value| out(self, value.clone()))?;
        }
        Ok(())
    }
}
