//! The demonstration's commands: one table, from which they are found, given their arguments, completed and told of.

mod complete;
mod host;
mod objects;
mod system;

use std::collections::HashMap;
use std::time::Duration;

pub(super) use self::complete::metadata;
use super::evaluator::{Code, Evaluator, Flow, Run, Sink};
use super::fault::Fault;
use super::values::object;
use crate::clixml::Value;
use crate::psrp::host::HostMethod;

/// An argument: named or by position.
pub(super) type Argument = (Option<String>, Value);

/// A command being run.
pub(super) struct Call<'c> {
    pub(super) code: &'c Code,
    /// Its arguments by their parameters, in lower case.
    pub(super) bound: HashMap<String, Value>,
    pub(super) input: Vec<Value>,
}

/// Each command's name and aliases, and its parameters.
const COMMANDS: &str = "\
Exit-PSSession exsn:
ForEach-Object foreach %: $Process
Get-ChildItem dir gci ls: $Path = '.', $Filter = '*', [switch]$Recurse
Get-Credential: $UserName, $Message = 'Enter your credentials.'
Get-Location gl pwd:
Get-Process gps ps: $Name = '*'
Get-Service gsv: $Name = '*'
Measure-Object measure: $Property, [switch]$Average, [switch]$Sum, [switch]$Maximum, [switch]$Minimum
Out-Default: $InputObject
prompt:
Read-Host: $Prompt, [switch]$AsSecureString
Select-Object select: $Property, [int]$First = 1000000, [int]$Skip = 0, $ExpandProperty
Set-Location cd chdir sl: $Path = '~'
Sort-Object sort: $Property, [switch]$Descending
Start-Sleep sleep: [double]$Seconds = 0, [double]$Milliseconds = 0
TabExpansion2: $InputScript, $CursorColumn, $Options
Where-Object where ?: $FilterScript, $Value, [switch]$EQ, [switch]$NE, [switch]$GT, [switch]$LT, [switch]$Like
Write-Debug: $Message
Write-Error: $Message
Write-Host: [Object[]]$Object, [ConsoleColor]$ForegroundColor, [switch]$NoNewline
Write-Information: $MessageData
Write-Output echo write: [Object[]]$InputObject
Write-Progress: $Activity, $Status = 'Processing', [int]$PercentComplete = -1, [switch]$Completed
Write-Verbose: $Message
Write-Warning: $Message";

/// What every command takes besides.
const COMMON: &str = "[switch]$Verbose, [switch]$Debug, [ActionPreference]$ErrorAction";

/// The commands' names with their aliases, and what declares their parameters.
pub(super) fn all() -> impl Iterator<Item = (Vec<&'static str>, String)> {
    COMMANDS.lines().map(|line| {
        let (names, parameters) = line.split_once(':').unwrap_or((line, ""));
        let comma = if parameters.is_empty() { "" } else { "," };
        let declared = format!("param({parameters}{comma} {COMMON})");
        (names.split(' ').collect(), declared)
    })
}

impl Call<'_> {
    fn get(&self, name: &str) -> Value {
        self.bound.get(name).cloned().unwrap_or_default()
    }

    fn text(&self, name: &str) -> String {
        self.get(name).text()
    }

    fn is(&self, name: &str) -> bool {
        self.get(name).truth()
    }

    /// Each object that came in, or else the first argument.
    fn each(&self) -> Vec<Value> {
        let first = self.code.parameters().first();
        let first = first.and_then(|first| self.bound.get(&first.name.to_lowercase()));
        first.map_or_else(|| self.input.clone(), |first| vec![first.clone()])
    }
}

impl Evaluator<'_> {
    pub(super) fn command(&mut self, call: &Call<'_>, out: Sink<'_>) -> Run<()> {
        match call.code.name.as_str() {
            "Exit-PSSession" => Ok(self.outside.show(HostMethod::PopRunspace {})?),
            "ForEach-Object" => {
                let mut items = call.input.iter();
                items.try_for_each(|item| self.of(item, &call.get("process"), out))
            }
            "Get-ChildItem" => self.get_child_item(call, out),
            "Get-Location" => {
                let path = [("Path", self.runspace.location.as_str().into())];
                out(self, object("System.Management.Automation.PathInfo", path))
            }
            "Get-Process" | "Get-Service" => self.get_named(call, out),
            "Measure-Object" => self.measure_object(call, out),
            "Out-Default" => {
                let mut items = call.each().into_iter();
                Ok(items.try_for_each(|item| self.display.show(item, self.outside))?)
            }
            "prompt" => out(self, format!("PS {}> ", self.runspace.location).into()),
            "Get-Credential" | "Read-Host" => {
                let answer = self.question(call).map_err(|flow| match flow {
                    Flow::Fault(fault) => fault.of(&call.code.name).into(),
                    flow => flow,
                })?;
                out(self, answer)
            }
            "Select-Object" => self.select_object(call, out),
            "Set-Location" => self.set_location(call),
            "Sort-Object" => self.sort_object(call, out),
            "Start-Sleep" => {
                self.flush()?;
                let number = |name| call.get(name).number().unwrap_or_default();
                let seconds = number("seconds") + number("milliseconds") / 1000.0;
                let time = Duration::from_secs_f64(seconds.clamp(0.0, 86_400.0));
                Ok(self.outside.sleep(time)?)
            }
            "TabExpansion2" => out(self, self.complete(call)),
            "Where-Object" => self.where_object(call, out),
            "Write-Output" => {
                let mut items = call.each().into_iter().flat_map(Value::items);
                items.try_for_each(|item| out(self, item))
            }
            _ => call
                .each()
                .into_iter()
                .try_for_each(|item| self.write(call, item)),
        }
    }

    /// Puts out an error of a command that does not end the pipeline, unless it is told otherwise.
    fn failed(&mut self, call: &Call<'_>, fault: Fault) -> Run<()> {
        let fault = fault.of(&call.code.name);
        match call.text("erroraction").to_lowercase().as_str() {
            "stop" => Err(fault.into()),
            "silentlycontinue" | "ignore" => Ok(()),
            _ => self.error(fault),
        }
    }
}
