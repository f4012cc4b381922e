//! Commands that look at the computer.

use super::{COMMANDS, Call};
use crate::clixml::{Object, Value};
use crate::language::Span;
use crate::server::demo::evaluator::{Evaluator, Run, Sink};
use crate::server::demo::fault::Fault;
use crate::server::demo::values;

impl<'e> Evaluator<'e> {
    pub(super) fn system_command(
        &mut self,
        call: &mut Call,
        input: Option<Value>,
        out: Sink<'_, 'e>,
    ) -> Run<()> {
        let machine = std::sync::Arc::clone(&self.runspace.machine);
        let location = self.runspace.location.clone();
        match call.command.name {
            "prompt" => out(self, format!("PS {location}> ").into()),
            "Get-Location" => {
                let mut path = Object::bag([("Path", Value::from(location.as_str()))]);
                path.to_string = Some(location.into());
                out(
                    self,
                    path.with_types(["System.Management.Automation.PathInfo", "System.Object"])
                        .into(),
                )
            }
            "Set-Location" => {
                let path = input
                    .map(|path| values::text(&path))
                    .or_else(|| call.text("Path"));
                let full = machine.resolve(&location, &path.unwrap_or_else(|| "~".into()));
                match machine.entry(&full) {
                    Some(entry) if entry.directory => {
                        self.runspace.location.clone_from(&entry.path);
                    }
                    _ => return self.error(no_path(&full, call), call.action()),
                }
                Ok(())
            }
            "Get-ChildItem" => {
                let paths = call
                    .get("Path")
                    .cloned()
                    .map_or_else(|| vec![".".into()], values::items);
                paths
                    .iter()
                    .try_for_each(|path| self.list(call, &values::text(path), out))
            }
            "Get-Command" => {
                let commands: Vec<_> = COMMANDS
                    .iter()
                    .map(|command| {
                        let members = [
                            ("CommandType", "Cmdlet".into()),
                            ("Name", Value::from(command.name)),
                        ];
                        values::object(Some("System.Management.Automation.CmdletInfo"), members)
                    })
                    .collect();
                self.chosen(call, &commands, out)
            }
            "Get-Process" => self.chosen(call, &machine.processes(self.outside.now()), out),
            _ => match machine.services() {
                Some(services) => self.chosen(call, &services, out),
                None => Err(Fault::not_found("Get-Service", Span::default()).into()),
            },
        }
    }

    /// Puts out what is in a folder.
    fn list(&mut self, call: &Call, path: &str, out: Sink<'_, 'e>) -> Run<()> {
        let machine = std::sync::Arc::clone(&self.runspace.machine);
        let full = machine.resolve(&self.runspace.location, path);
        let (folder, last) = machine.split(&full);
        let (folder, name) = match machine.entry(&full) {
            Some(entry) if entry.directory => (full.as_str(), "*"),
            None if !last.contains(['*', '?']) => {
                return self.error(no_path(&full, call), call.action());
            }
            _ => (folder, last),
        };
        let filter = call.text("Filter").unwrap_or_else(|| "*".into());
        for entry in machine.children(folder, call.is("Recurse")) {
            let kind = if entry.directory {
                !call.is("File")
            } else {
                !call.is("Directory")
            };
            if kind && values::like(&entry.name, name) && values::like(&entry.name, &filter) {
                let value = if call.is("Name") {
                    entry.name.as_str().into()
                } else {
                    entry.to_value(&machine)
                };
                out(self, value)?;
            }
        }
        Ok(())
    }

    /// Puts out those whose name or number is asked for.
    fn chosen(&mut self, call: &Call, all: &[Value], out: Sink<'_, 'e>) -> Run<()> {
        let member = if call.get("Id").is_some() {
            "Id"
        } else {
            "Name"
        };
        let wanted = call
            .get(member)
            .cloned()
            .map_or_else(|| vec!["*".into()], values::items);
        for wanted in wanted.iter().map(values::text) {
            let mut any = false;
            for value in all
                .iter()
                .filter(|value| values::like(&values::text(&values::get(value, member)), &wanted))
            {
                any = true;
                out(self, value.clone())?;
            }
            if any || wanted.contains('*') {
                continue;
            }
            let class = call.command.class();
            let fault = match (call.command.name, member) {
                ("Get-Process", "Id") => Fault::new(
                    format!("NoProcessFoundForGivenId,{class}"),
                    format!("Cannot find a process with the process identifier {wanted}."),
                ),
                ("Get-Process", _) => Fault::new(
                    format!("NoProcessFoundForGivenName,{class}"),
                    format!(
                        "Cannot find a process with the name \"{wanted}\". Verify the process name and call the cmdlet again."
                    ),
                ),
                ("Get-Service", _) => Fault::new(
                    format!("NoServiceFoundForGivenName,{class}"),
                    format!("Cannot find any service with service name '{wanted}'."),
                ),
                _ => Fault::not_found(&wanted, Span::default()),
            };
            let fault = fault.kind("ProcessCommandException", 13).target(&wanted);
            self.error(fault.command(call.command.name), call.action())?;
        }
        Ok(())
    }
}

fn no_path(path: &str, call: &Call) -> Fault {
    let id = format!("PathNotFound,{}", call.command.class());
    Fault::new(
        id,
        format!("Cannot find path '{path}' because it does not exist."),
    )
    .kind("ItemNotFoundException", 13)
    .target(path)
    .command(call.command.name)
}
