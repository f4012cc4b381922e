//! The demonstration's commands: one table, from which they are found, given their arguments, completed and told of.

mod complete;
mod host;
mod objects;
mod system;

use std::collections::HashMap;
use std::time::Duration;

use super::evaluator::{Code, Evaluator, Run};
use super::values::{collected, object};
use crate::clixml::Value;
use crate::psrp::host::HostMethod;

/// A command being run.
pub(super) struct Call<'c> {
    pub(super) code: &'c Code,
    /// Its arguments by their parameters, in lower case.
    pub(super) bound: HashMap<String, Value>,
    pub(super) input: Vec<Value>,
}

/// Each command's name and aliases, and its parameters; those with a type are given by name only.
const COMMANDS: &str = "\
Exit-PSSession:
ForEach-Object foreach %: $Process
Get-ChildItem dir ls: $Path = '.'
Get-Credential: $UserName, [string]$Message = 'Enter your credentials.'
Get-Location pwd:
Get-Process gps: $Name = '*'
Get-Service gsv: $Name = '*'
Measure-Object measure: $Property, [switch]$Average, [switch]$Sum
Out-Default: $InputObject
prompt:
Read-Host: $Prompt, [switch]$AsSecureString
Select-Object select: $Property, [int]$First = 1000000, [string]$ExpandProperty
Set-Location cd: $Path = '~'
Sort-Object sort: $Property, [switch]$Descending
Start-Sleep sleep: $Seconds, [double]$Milliseconds
TabExpansion2: $InputScript, $CursorColumn, $Options
Where-Object where ?: $FilterScript, $EQ, $NE, $GT, $LT, $Like
Write-Debug: $Message, [switch]$Debug
Write-Error: $Message
Write-Host: $Object
Write-Information: $MessageData
Write-Output echo: $InputObject
Write-Progress: $Activity, $Status = 'Processing', [int]$PercentComplete = -1, [switch]$Completed
Write-Verbose: $Message, [switch]$Verbose
Write-Warning: $Message";

/// The commands' names with their aliases, and their parameters.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    COMMANDS.lines().filter_map(|line| line.split_once(':'))
}

impl Call<'_> {
    fn get(&self, name: &str) -> Value {
        self.bound.get(name).cloned().unwrap_or_default()
    }

    fn is(&self, name: &str) -> bool {
        self.get(name).truth()
    }

    /// The first parameter's argument.
    fn first(&self) -> Value {
        let first = self.code.block.parameters.first();
        first.map_or(Value::Null, |first| self.get(&first.name.to_lowercase()))
    }

    /// What it is about: its arguments, or else each object that came in.
    fn subjects(&self) -> Vec<Value> {
        let mut given = self.first().items();
        if given.is_empty() {
            return self.input.clone();
        }
        given.extend(self.get("args").items());
        vec![collected(given)]
    }
}

impl Evaluator<'_> {
    pub(super) fn command(&mut self, call: &Call<'_>) -> Run<()> {
        let mut subjects = call.subjects().into_iter();
        let values = match call.code.name.as_str() {
            "Exit-PSSession" => return Ok(self.outside.show(HostMethod::PopRunspace {})?),
            "ForEach-Object" => {
                let mut items = call.input.iter();
                return items.try_for_each(|item| self.made(item, &call.first()));
            }
            "Get-ChildItem" => self.children(call)?,
            "Get-Credential" | "Read-Host" => vec![self.question(call)?],
            "Get-Location" => {
                let path = [("Path", self.runspace.location.as_str().into())];
                vec![object("System.Management.Automation.PathInfo", path)]
            }
            "Get-Process" | "Get-Service" => self.named(call)?,
            "Measure-Object" | "Select-Object" | "Sort-Object" | "Where-Object" => {
                self.chosen(call)?
            }
            "prompt" => vec![format!("PS {}> ", self.runspace.location).into()],
            "Set-Location" => return self.set_location(call),
            "Start-Sleep" => {
                self.flush()?;
                let number = |name| call.get(name).number().unwrap_or_default();
                let seconds = number("seconds") + number("milliseconds") / 1000.0;
                let time = Duration::from_secs_f64(seconds.clamp(0.0, 86_400.0));
                return Ok(self.outside.sleep(time)?);
            }
            "TabExpansion2" => vec![self.complete(call)],
            "Out-Default" | "Write-Output" => subjects.flat_map(Value::items).collect(),
            _ => return subjects.try_for_each(|item| self.write(call, item)),
        };
        self.put_all(values)
    }
}
