//! The demonstration's commands: their parameters, and who runs them.

mod complete;
mod host;
mod objects;
mod system;

use std::sync::Arc;

use super::evaluator::{Code, Evaluator, Run, Sink};
use super::fault::Fault;
use super::values;
use crate::clixml::Value;
use crate::clixml::records::{CommandMetadata, ParameterMetadata};

/// A command.
pub(super) struct Command {
    pub(super) name: &'static str,
    /// Its parameters: those with a position first, marked `+`; switches are marked `-`.
    parameters: &'static str,
}

/// A command with its arguments, in a pipeline.
pub(super) struct Call {
    pub(super) command: &'static Command,
    bound: Vec<(&'static str, Value)>,
    /// What came in, as far as the command keeps it.
    kept: Vec<Value>,
    /// How much came in.
    count: usize,
    /// Its script block, once read.
    code: Option<Arc<Code>>,
    /// The pipeline it stands in, and where there.
    pub(super) pipeline: u64,
    pub(super) place: usize,
}

const fn command(name: &'static str, parameters: &'static str) -> Command {
    Command { name, parameters }
}

const COMMANDS: &[Command] = &[
    command("Clear-Host", ""),
    command("Exit-PSSession", ""),
    command("ForEach-Object", "+Process MemberName"),
    command(
        "Get-ChildItem",
        "+Path +Filter -Recurse -File -Directory -Name",
    ),
    command("Get-Command", "+Name"),
    command("Get-Credential", "+UserName Message"),
    command("Get-Date", "Format"),
    command("Get-Location", ""),
    command("Get-Process", "+Name Id"),
    command("Get-Service", "+Name"),
    command(
        "Measure-Object",
        "+Property -Sum -Average -Maximum -Minimum",
    ),
    command("Out-Default", "InputObject"),
    command("Out-Null", "InputObject"),
    command("prompt", ""),
    command("Read-Host", "+Prompt -AsSecureString"),
    command("Select-Object", "+Property First Skip ExpandProperty"),
    command("Set-Location", "+Path"),
    command("Sort-Object", "+Property -Descending"),
    command("Start-Sleep", "+Seconds Milliseconds"),
    command("TabExpansion2", "+inputScript +cursorColumn +options"),
    command(
        "Where-Object",
        "+FilterScript +Property +Value -EQ -NE -GT -GE -LT -LE -Like -NotLike -Contains -In",
    ),
    command("Write-Debug", "+Message"),
    command("Write-Error", "+Message"),
    command(
        "Write-Host",
        "+Object ForegroundColor BackgroundColor -NoNewline",
    ),
    command("Write-Information", "+MessageData Tags"),
    command("Write-Output", "+InputObject"),
    command(
        "Write-Progress",
        "+Activity +Status Id PercentComplete SecondsRemaining CurrentOperation -Completed",
    ),
    command("Write-Verbose", "+Message"),
    command("Write-Warning", "+Message"),
];

const COMMON: &str = "-Verbose -Debug ErrorAction WarningAction InformationAction";

const ALIASES: &[(&str, &str)] = &[
    ("%", "ForEach-Object"),
    ("?", "Where-Object"),
    ("cd", "Set-Location"),
    ("chdir", "Set-Location"),
    ("clear", "Clear-Host"),
    ("cls", "Clear-Host"),
    ("dir", "Get-ChildItem"),
    ("echo", "Write-Output"),
    ("exsn", "Exit-PSSession"),
    ("foreach", "ForEach-Object"),
    ("gci", "Get-ChildItem"),
    ("gcm", "Get-Command"),
    ("gl", "Get-Location"),
    ("gps", "Get-Process"),
    ("gsv", "Get-Service"),
    ("ls", "Get-ChildItem"),
    ("measure", "Measure-Object"),
    ("ps", "Get-Process"),
    ("pwd", "Get-Location"),
    ("select", "Select-Object"),
    ("sl", "Set-Location"),
    ("sleep", "Start-Sleep"),
    ("sort", "Sort-Object"),
    ("where", "Where-Object"),
    ("write", "Write-Output"),
];

impl<'e> Evaluator<'e> {
    /// Gives a command an object, or the end of them.
    pub(super) fn command(
        &mut self,
        call: &mut Call,
        input: Option<Value>,
        out: Sink<'_, 'e>,
    ) -> Run<()> {
        match (call.command.name, input) {
            ("Where-Object", Some(item)) => self.where_object(call, item, out),
            ("ForEach-Object", Some(item)) => self.for_each_object(call, item, out),
            ("Select-Object", Some(item)) => self.select_object(call, item, out),
            ("Sort-Object" | "Measure-Object", Some(item)) => {
                call.kept.push(item);
                Ok(())
            }
            ("Sort-Object", None) => self.sort_object(call, out),
            ("Measure-Object", None) => self.measure_object(call, out),
            ("Out-Default", Some(item)) => Ok(self.display.show(item, self.outside)?),
            ("Out-Default", None) => self.flush(),
            ("Where-Object" | "ForEach-Object" | "Select-Object" | "Out-Null", _) => Ok(()),
            ("Write-Output", Some(item)) => out(self, item),
            ("Write-Output", None) => {
                let value = call.get("InputObject").cloned().unwrap_or(Value::Null);
                values::items(value)
                    .into_iter()
                    .try_for_each(|value| out(self, value))
            }
            (
                "Get-ChildItem" | "Get-Process" | "Get-Service" | "Get-Command" | "Get-Location"
                | "Set-Location" | "prompt",
                input,
            ) => self.system_command(call, input, out),
            ("TabExpansion2", _) => {
                let line = call.text("inputScript").unwrap_or_default();
                let cursor = call
                    .get("cursorColumn")
                    .and_then(Value::as_i64)
                    .and_then(|at| at.try_into().ok());
                let found = self.complete(&line, cursor.unwrap_or(usize::MAX));
                out(self, found)
            }
            (_, input) => self.host_command(call, input, out),
        }
    }
}

impl Command {
    /// Its parameters' names with their marks.
    fn parameters(&self) -> impl Iterator<Item = (&'static str, Option<char>)> {
        let words = self
            .parameters
            .split_whitespace()
            .chain(COMMON.split_whitespace());
        words.map(|word| match word.strip_prefix(['+', '-']) {
            Some(name) => (name, word.chars().next()),
            None => (word, None),
        })
    }

    fn parameter(&self, name: &str) -> Option<(&'static str, Option<char>)> {
        let exact = self
            .parameters()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        exact.or_else(|| self.parameters().find(|(known, _)| begins(known, name)))
    }

    pub(super) fn is_switch(&self, name: &str) -> bool {
        self.parameter(name)
            .is_some_and(|(_, mark)| mark == Some('-'))
    }

    pub(super) fn takes_path(&self) -> bool {
        self.parameters.starts_with("+Path")
    }

    /// An error id's second half.
    fn class(&self) -> String {
        format!(
            "Microsoft.PowerShell.Commands.{}Command",
            self.name.replace('-', "")
        )
    }
}

impl Call {
    /// Gives arguments to parameters.
    pub(super) fn new(
        command: &'static Command,
        arguments: Vec<(Option<String>, Value)>,
    ) -> Result<Self, Fault> {
        let wrong = |id: &str, message: String| {
            let fault =
                Fault::new(format!("{id},{}", command.class()), message).command(command.name);
            Err(fault.kind("ParameterBindingException", 5))
        };
        let mut bound: Vec<(&'static str, Value)> = Vec::new();
        let mut free = Vec::new();
        for (name, value) in arguments {
            match name
                .as_deref()
                .map(|name| command.parameter(name).ok_or(name))
            {
                Some(Ok((known, _))) => bound.push((known, value)),
                Some(Err(name)) => {
                    let message = format!(
                        "A parameter cannot be found that matches parameter name '{name}'."
                    );
                    return wrong("NamedParameterNotFound", message);
                }
                None => free.push(value),
            }
        }
        let mut places = command.parameters().filter(|(_, mark)| *mark == Some('+'));
        for value in free {
            let place = places.find(|(name, _)| {
                // `Where-Object Name -eq x` begins with the property.
                let skipped = *name == "FilterScript" && !matches!(value, Value::ScriptBlock(_));
                !skipped && !bound.iter().any(|(taken, _)| taken == name)
            });
            match (place, bound.first_mut()) {
                (Some((name, _)), _) => bound.push((name, value)),
                (None, Some((_, first)))
                    if matches!(command.name, "Write-Host" | "Write-Output") =>
                {
                    let mut items = values::items(first.clone());
                    items.push(value);
                    *first = values::array(items);
                }
                _ => {
                    let text = values::text(&value);
                    let message = format!(
                        "A positional parameter cannot be found that accepts argument '{text}'."
                    );
                    return wrong("PositionalParameterNotFound", message);
                }
            }
        }
        Ok(Self {
            command,
            bound,
            kept: Vec::new(),
            count: 0,
            code: None,
            pipeline: 0,
            place: 0,
        })
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.bound
            .iter()
            .find(|(bound, _)| *bound == name)
            .map(|(_, value)| value)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(values::text)
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.get(name).and_then(values::number)
    }

    fn is(&self, name: &str) -> bool {
        self.get(name).is_some_and(values::truth)
    }

    /// What `-ErrorAction` says.
    fn action(&self) -> Option<String> {
        self.text("ErrorAction")
    }
}

/// The command of that name or alias.
pub(super) fn find(name: &str) -> Option<&'static Command> {
    let alias = ALIASES
        .iter()
        .find(|(alias, _)| alias.eq_ignore_ascii_case(name));
    let name = alias.map_or(name, |(_, name)| name);
    COMMANDS
        .iter()
        .find(|command| command.name.eq_ignore_ascii_case(name))
}

/// Whether `whole` begins with `part`, whatever their case.
pub(super) fn begins(whole: &str, part: &str) -> bool {
    whole
        .get(..part.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(part))
}

/// What `GET_COMMAND_METADATA` tells of the commands that fit one of the patterns.
pub(super) fn metadata(names: Option<&[String]>) -> Vec<CommandMetadata> {
    let wanted = |name: &str| {
        names.is_none_or(|names| names.iter().any(|pattern| values::like(name, pattern)))
    };
    let found = COMMANDS.iter().filter(|command| wanted(command.name));
    let told = found.map(|command| CommandMetadata {
        name: command.name.to_owned(),
        namespace: "Microsoft.PowerShell.Core".to_owned(),
        // A cmdlet.
        command_type: 8,
        parameters: command
            .parameters()
            .map(|(name, mark)| ParameterMetadata {
                name: name.to_owned(),
                parameter_type: if mark == Some('-') {
                    "System.Management.Automation.SwitchParameter"
                } else {
                    "System.Object"
                }
                .to_owned(),
                switch_parameter: mark == Some('-'),
                ..ParameterMetadata::default()
            })
            .collect(),
        ..CommandMetadata::default()
    });
    told.collect()
}
